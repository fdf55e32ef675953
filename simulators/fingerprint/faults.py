"""Faults a fault console can give the module while it runs, and what they do to an answer on the wire."""

from __future__ import annotations

import enum
import threading
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
    """Half of the answer, then silence."""
    SLOW = "slow"
    """Every answer waits for ``delay`` seconds first."""
    UNPLUGGED = "unplugged"
    """The plug is pulled: at once, or once ``after_bytes`` more bytes have left the module."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and how far it reaches."""

    kind: FaultKind
    answers: int | None = None
    """How many answers it spoils before it is over; None until it is taken back."""
    after_bytes: int | None = None
    """How many bytes leave the module before the fault bites. Without it a bad sum is in the acknowledgement, inserted
    garbage and silence come in the middle of the answer, and the plug is pulled at once."""
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


def _cut(answer: bytes, fault: Fault) -> int:
    return len(answer) // 2 if fault.after_bytes is None else min(fault.after_bytes, len(answer))


def _spoil_sum(answer: bytes, fault: Fault) -> bytes:
    """Spoil the sum of the packet in which byte ``after_bytes`` lies."""
    end = 0
    while end <= (fault.after_bytes or 0) and end < len(answer):
        end += 9 + int.from_bytes(answer[end + 7 : end + 9], "big")
    return answer[: end - 1] + bytes([answer[end - 1] ^ 0x5A]) + answer[end:]


_DISTORTIONS: Mapping[FaultKind, Callable[[bytes, Fault], bytes]] = {
    FaultKind.SILENT: lambda _answer, _fault: b"",
    FaultKind.GARBAGE_BEFORE: lambda answer, _: _NOISE + answer,
    FaultKind.GARBAGE_INSIDE: lambda answer, fault: (
        answer[: _cut(answer, fault)] + _NOISE + answer[_cut(answer, fault) :]
    ),
    FaultKind.BAD_CHECKSUM: _spoil_sum,
    FaultKind.WRONG_HEADER: lambda answer, _: b"\xef\x02" + answer[len(HEADER) :],
    FaultKind.HALF_PACKET: lambda answer, fault: answer[: _cut(answer, fault)],
}


def distort(answer: bytes, fault: Fault) -> bytes:
    """The bytes that leave the module instead of ``answer``, a whole acknowledgement with its data packets."""
    change = _DISTORTIONS.get(fault.kind)
    return answer if change is None else change(answer, fault)


class FaultSwitch:
    """The fault the module has now, if any. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._answers_left: int | None = None
        self._bytes_left: int | None = None
        self._instruction: int | None = None

    @property
    def fault(self) -> Fault | None:
        """The fault, whatever instruction it concerns."""
        with self._lock:
            return self._fault

    def set(self, fault: Fault | None) -> None:
        """Put ``fault`` in place of the present one."""
        with self._lock:
            self._fault = fault
            self._answers_left = None if fault is None else fault.answers
            pulled = fault is not None and fault.kind is FaultKind.UNPLUGGED
            self._bytes_left = fault.after_bytes if fault is not None and pulled else None

    def begin(self, instruction: int | None) -> None:
        """From now on ``instruction`` is being carried out."""
        with self._lock:
            self._instruction = instruction

    def kind(self) -> FaultKind | None:
        """What is wrong as far as the instruction being carried out is concerned."""
        with self._lock:
            fault = self._fault
            return fault.kind if fault is not None and fault.concerns(self._instruction) else None

    def spend(self) -> Fault | None:
        """The fault that touches the answer being given; counts the answer."""
        with self._lock:
            fault = self._fault
            if fault is None or not fault.concerns(self._instruction):
                return None
            if self._answers_left is not None:
                self._answers_left -= 1
                if self._answers_left == 0:
                    self._fault = None
            return fault

    def bytes_before_unplug(self, length: int) -> int | None:
        """How many of the next ``length`` bytes leave before the plug is pulled; None when it stays in."""
        with self._lock:
            if self._bytes_left is None:
                return None
            if length < self._bytes_left:
                self._bytes_left -= length
                return None
            return self._bytes_left
