"""Faults a fault console can give the module while it runs, and what they do to an answer on the wire."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.fingerprint.wire import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FaultKind(enum.StrEnum):
    """What is wrong with the module."""

    NO_FINGER = "no finger"
    """The sensor does not notice the finger that is on it."""
    SMUDGED_IMAGE = "smudged image"
    DRY_IMAGE = "dry image"
    SENSOR_FAILURE = "sensor failure"
    FLASH_ERROR = "flash error"
    STORAGE_FULL = "storage full"
    SILENT = "silent"
    """Commands are carried out; no byte of any answer leaves the module."""
    GARBAGE_BEFORE = "garbage before"
    GARBAGE_INSIDE = "garbage inside"
    """Bytes are inserted into the answer."""
    BAD_CHECKSUM = "bad checksum"
    WRONG_HEADER = "wrong header"
    HALF_PACKET = "half packet"
    """Half of the answer, or ``after_bytes`` of it, then silence."""
    SLOW = "slow"
    """Every answer waits for ``delay`` seconds first."""
    UNPLUGGED = "unplugged"
    """The plug is pulled: at once, or once ``after_bytes`` more bytes have left the module."""


IMAGE_FAULTS = frozenset({FaultKind.SMUDGED_IMAGE, FaultKind.DRY_IMAGE})


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and how far it reaches."""

    kind: FaultKind
    answers: int | None = None
    """How many answers it spoils before it is over; None until it is taken back."""
    after_bytes: int | None = None
    """For a pulled plug and half a packet: how many bytes leave the module first."""
    delay: float = 2.0
    """For a slow module: seconds before every answer."""
    instruction: int | None = None
    """Only the answers to this instruction code are touched; None touches every answer."""

    def __post_init__(self) -> None:
        if self.answers is not None and self.answers < 1:
            raise ValueError("a fault spoils at least one answer")
        if self.after_bytes is not None and self.after_bytes < 0:
            raise ValueError("after_bytes cannot be negative")
        if self.delay < 0:
            raise ValueError("delay cannot be negative")

    def concerns(self, instruction: int | None) -> bool:
        """Whether the answer to ``instruction`` is touched."""
        return self.instruction is None or self.instruction == instruction


_NOISE = bytes([0x00, 0x55, 0xEF, 0x7E, 0x01, 0xA5, 0xEF, 0xEF, 0x13])
# Holds lone halves of the header on purpose, never the whole of it.


def _wrong_header(answer: bytes) -> bytes:
    return b"\xef\x02" + answer[len(HEADER) :]


def _bad_checksum(answer: bytes) -> bytes:
    # The acknowledgement is the first packet; its length field says where its sum ends.
    end = 9 + int.from_bytes(answer[7:9], "big")
    return answer[: end - 1] + bytes([answer[end - 1] ^ 0x5A]) + answer[end:]


def _garbage_inside(answer: bytes) -> bytes:
    middle = len(answer) // 2
    return answer[:middle] + _NOISE + answer[middle:]


def _half(answer: bytes, fault: Fault) -> bytes:
    return answer[: len(answer) // 2 if fault.after_bytes is None else fault.after_bytes]


def distort(answer: bytes, fault: Fault) -> bytes:
    """The bytes that leave the module instead of ``answer``, a whole acknowledgement with its data packets."""
    if fault.kind is FaultKind.HALF_PACKET:
        return _half(answer, fault)
    return _DISTORTIONS.get(fault.kind, bytes)(answer)


_DISTORTIONS: Mapping[FaultKind, Callable[[bytes], bytes]] = {
    FaultKind.SILENT: lambda _: b"",
    FaultKind.GARBAGE_BEFORE: lambda answer: _NOISE + answer,
    FaultKind.GARBAGE_INSIDE: _garbage_inside,
    FaultKind.BAD_CHECKSUM: _bad_checksum,
    FaultKind.WRONG_HEADER: _wrong_header,
}
"""What happens on the wire; the other kinds leave an answer's bytes alone."""
