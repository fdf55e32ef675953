"""The EF01 packet: bytes to packets and back, with no port, no clock and no meaning of the payload.

    EF01 | address 4 | kind 1 | length 2 | payload | sum 2

All numbers are big-endian. `length` counts the payload and the sum; the sum is that of every byte from the kind to the
end of the payload, modulo 65,536, so it covers neither the header nor the address. Source: the data sheets of ZFM-20,
R305 and R503, which agree word for word here.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

HEADER: Final = b"\xef\x01"
#: The longest payload of any packet: a data packet of size code 3.
MAX_PAYLOAD: Final = 256

_PREFIX: Final = struct.Struct(">2sIBH")
_SUM_BYTES: Final = 2


class PacketKind(IntEnum):
    """What a packet is; the data sheets call it the package identifier."""

    COMMAND = 0x01
    DATA = 0x02
    ACKNOWLEDGE = 0x07
    END_OF_DATA = 0x08


_KINDS: Final = frozenset(int(kind) for kind in PacketKind)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet.

    Attributes:
        kind: what it is.
        payload: at most 256 bytes.
        address: the module it comes from or goes to, 32 bits.
        after_loss: whether bytes between the packet before and this one belonged to no sound packet.
    """

    kind: PacketKind
    payload: bytes
    address: int
    after_loss: bool = field(default=False, compare=False)


def checksum(kind: int, payload: bytes) -> int:
    """The 16-bit sum over kind, length and payload."""
    length = len(payload) + _SUM_BYTES
    return (kind + (length >> 8) + (length & 0xFF) + sum(payload)) & 0xFFFF


def encode(packet: Packet) -> bytes:
    """The bytes of a packet on the line.

    Raises:
        ValueError: when the payload or the address does not fit.
    """
    if len(packet.payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(packet.payload)} bytes does not fit into a packet")
    if not 0 <= packet.address <= 0xFFFFFFFF:
        raise ValueError(f"{packet.address:#x} is no 32-bit address")
    prefix = _PREFIX.pack(HEADER, packet.address, packet.kind, len(packet.payload) + _SUM_BYTES)
    return prefix + packet.payload + checksum(packet.kind, packet.payload).to_bytes(_SUM_BYTES, "big")


class Decoder:
    """Finds packets in a stream that may be cut anywhere and hold garbage.

    Whatever is no packet is skipped up to the next header, and so is the header of a packet with a wrong sum: a sound
    packet behind a false start is still found.

    Attributes:
        noise: how many bytes were skipped because they belong to no packet.
        damaged: how many packets came whole but with a wrong sum.
        loss: whether bytes were skipped since the last packet.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise = 0
        self.damaged = 0
        self.loss = False

    @property
    def pending(self) -> bool:
        """Whether a packet has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes of the stream; returns the packets that they complete."""
        self._buffer += data
        packets = []
        while self._find_header():
            if len(self._buffer) < _PREFIX.size:
                break
            _, address, kind, length = _PREFIX.unpack_from(self._buffer)
            if kind not in _KINDS or not _SUM_BYTES <= length <= MAX_PAYLOAD + _SUM_BYTES:
                self._skip(1)
                continue
            end = _PREFIX.size + length
            if len(self._buffer) < end:
                break
            payload = bytes(self._buffer[_PREFIX.size : end - _SUM_BYTES])
            if checksum(kind, payload) != int.from_bytes(self._buffer[end - _SUM_BYTES : end], "big"):
                self.damaged += 1
                self._skip(1)
                continue
            del self._buffer[:end]
            packets.append(Packet(PacketKind(kind), payload, address, self.loss))
            self.loss = False
        return packets

    def abandon(self) -> list[Packet]:
        """Give up the packet that has begun, because the line fell quiet; returns whole packets found behind it."""
        packets: list[Packet] = []
        while self._buffer and not packets:
            self._skip(1)
            packets = self.feed(b"")
        return packets

    def _find_header(self) -> bool:
        """Drop what cannot be the start of a packet; whether at least the header is there."""
        at = self._buffer.find(HEADER)
        if at >= 0:
            self._skip(at)
            return True
        split_header = self._buffer.endswith(HEADER[:1])
        self._skip(len(self._buffer) - split_header)
        return False

    def _skip(self, count: int) -> None:
        self.loss = self.loss or count > 0
        self.noise += count
        del self._buffer[:count]
