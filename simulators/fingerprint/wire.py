"""The EF01 packet as a module reads and writes it.

``EF01 | address 4 | identifier 1 | length 2 | payload | sum 2``, big-endian. The length counts the payload and
the sum; the sum adds every byte from the identifier to the end of the payload, modulo 65536. Source: the data
packet format in the user manuals of the ZFM-20 (Zhian), the AS608 (Synochip) and the R503 (Grow).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

HEADER = b"\xef\x01"
MAX_PAYLOAD = 256
"""Most payload bytes of one packet; the largest packet size a module can be set to."""

_PREFIX = 9  # header, address, identifier, length
_SUM = 2


class PacketKind(enum.IntEnum):
    """Packet identifiers."""

    COMMAND = 0x01
    DATA = 0x02
    ACKNOWLEDGE = 0x07
    END_OF_DATA = 0x08


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet whose sum was right."""

    address: int
    kind: PacketKind
    payload: bytes


@dataclass(frozen=True, slots=True)
class BrokenPacket:
    """A packet that began with the header and then contradicted itself: wrong sum, identifier or length."""

    address: int
    reason: str


def checksum(body: bytes) -> int:
    """The 16-bit sum of ``body`` (identifier, length and payload)."""
    return sum(body) & 0xFFFF


def encode(packet: Packet) -> bytes:
    """The bytes of ``packet`` on the wire.

    Raises:
        ValueError: The payload is longer than ``MAX_PAYLOAD`` or the address does not fit 32 bits.
    """
    if len(packet.payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload has at most {MAX_PAYLOAD} bytes, not {len(packet.payload)}")
    if not 0 <= packet.address <= 0xFFFFFFFF:
        raise ValueError(f"an address has 32 bits, not {packet.address:#x}")
    body = bytes([packet.kind]) + (len(packet.payload) + _SUM).to_bytes(2, "big") + packet.payload
    return HEADER + packet.address.to_bytes(4, "big") + body + checksum(body).to_bytes(2, "big")


def encode_data(address: int, content: bytes, packet_size: int) -> list[bytes]:
    """``content`` as data packets of ``packet_size`` bytes each, the last one marked as the end of data."""
    pieces = [content[start : start + packet_size] for start in range(0, len(content), packet_size)] or [b""]
    kinds = [PacketKind.DATA] * (len(pieces) - 1) + [PacketKind.END_OF_DATA]
    return [encode(Packet(address, kind, piece)) for kind, piece in zip(kinds, pieces, strict=True)]


class PacketReader:
    """Finds packets in a stream of bytes; whatever stands between packets is dropped."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def partial(self) -> bool:
        """Whether the beginning of a packet is waiting for its rest."""
        return bool(self._pending)

    def reset(self) -> None:
        """Forget a packet that has only begun."""
        self._pending.clear()

    def feed(self, data: bytes) -> list[Packet | BrokenPacket]:
        """Take ``data`` in and return the packets it completed, in order."""
        self._pending += data
        found: list[Packet | BrokenPacket] = []
        while (packet := self._next()) is not None:
            found.append(packet)
        return found

    def _next(self) -> Packet | BrokenPacket | None:
        self._skip_to_header()
        if len(self._pending) < _PREFIX:
            return None
        address = int.from_bytes(self._pending[2:6], "big")
        length = int.from_bytes(self._pending[7:9], "big")
        if not _SUM <= length <= MAX_PAYLOAD + _SUM:
            del self._pending[: len(HEADER)]
            return BrokenPacket(address, f"length {length}")
        end = _PREFIX + length
        if len(self._pending) < end:
            return None
        body, tail = bytes(self._pending[6 : end - _SUM]), bytes(self._pending[end - _SUM : end])
        del self._pending[:end]
        if checksum(body) != int.from_bytes(tail, "big"):
            return BrokenPacket(address, "wrong sum")
        try:
            kind = PacketKind(body[0])
        except ValueError:
            return BrokenPacket(address, f"identifier {body[0]:#04x}")
        return Packet(address, kind, body[3:])

    def _skip_to_header(self) -> None:
        start = self._pending.find(HEADER)
        if start < 0:  # the first half of a header may be the last byte
            keep = 1 if self._pending.endswith(HEADER[:1]) else 0
            del self._pending[: len(self._pending) - keep]
        else:
            del self._pending[:start]
