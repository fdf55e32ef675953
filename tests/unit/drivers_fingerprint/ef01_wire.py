"""A serial line without hardware and without waiting: time passes only while somebody reads."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from drivers.fingerprint.ef01.codec import Decoder, Packet, PacketKind, encode
from drivers.fingerprint.ef01.link import Link

if TYPE_CHECKING:
    import serial

ADDRESS = 0xFFFFFFFF
SLICE = 0.05
PARAMETERS = bytes.fromhex("00 0004 0009 03E8 0003 FFFFFFFF 0001 000C")
READ_SYS_PARA = 0x0F


def acknowledgement(payload: bytes, address: int = ADDRESS) -> bytes:
    return encode(Packet(PacketKind.ACKNOWLEDGE, payload, address))


class Wire:
    """Stands in for `serial.Serial`; a module at its far end answers what a test says.

    Attributes:
        now: the monotonic clock of this line, in seconds.
        answer: makes an answer to a command: the bytes and how many seconds later each of them comes.
        commands: the payloads that were sent.
    """

    def __init__(self, answer: Callable[[bytes], list[tuple[float, bytes]]]) -> None:
        self.now = 0.0
        self.answer = answer
        self.commands: list[bytes] = []
        self.baudrate = 57_600
        self._coming: list[tuple[float, bytes]] = []
        self._sent = Decoder()

    @property
    def in_waiting(self) -> int:
        return sum(len(data) for at, data in self._coming if at <= self.now)

    def read(self, size: int) -> bytes:
        if not self.in_waiting:
            later = [at for at, _ in self._coming]
            self.now = min([self.now + SLICE, *later])
        arrived = b"".join(data for at, data in self._coming if at <= self.now)
        self._coming = [(at, data) for at, data in self._coming if at > self.now]
        if arrived[size:]:
            self._coming.insert(0, (self.now, arrived[size:]))
        return arrived[:size]

    def write(self, data: bytes) -> None:
        for packet in self._sent.feed(data):
            if packet.kind is PacketKind.COMMAND:
                self.commands.append(packet.payload)
                self.comes(*self.answer(packet.payload))

    def comes(self, *chunks: tuple[float, bytes]) -> None:
        """Let bytes come, so many seconds from now."""
        self._coming += [(self.now + delay, data) for delay, data in chunks]
        self._coming.sort(key=lambda chunk: chunk[0])

    def reset_input_buffer(self) -> None:
        self._coming = [(at, data) for at, data in self._coming if at > self.now]

    def close(self) -> None:
        self._coming.clear()

    def link(self) -> Link:
        return Link(cast("serial.Serial", self), monotonic=lambda: self.now)
