"""A host that puts its packets together by hand, so that a mistake in the simulator's own codec cannot hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import serial

if TYPE_CHECKING:
    from types import TracebackType

    from simulators.fingerprint import FingerprintModule


class Host:
    """A serial port with the least needed to speak to a module."""

    def __init__(self, module: FingerprintModule, baud: int = 57600, address: str = "FFFFFFFF") -> None:
        self.port = serial.Serial(module.path, baud, timeout=10)
        self.address = bytes.fromhex(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.port.close()

    def packet(self, kind: int, payload: bytes) -> bytes:
        body = bytes([kind]) + (len(payload) + 2).to_bytes(2, "big") + payload
        return b"\xef\x01" + self.address + body + (sum(body) & 0xFFFF).to_bytes(2, "big")

    def send(self, *payload: int) -> None:
        self.port.write(self.packet(0x01, bytes(payload)))

    def receive(self) -> tuple[int, bytes]:
        """The next packet's identifier and payload."""
        head = self.port.read(9)
        assert len(head) == 9, f"only {head.hex()} came"
        assert head[:6] == b"\xef\x01" + self.address
        rest = self.port.read(int.from_bytes(head[7:9], "big"))
        body = head[6:] + rest[:-2]
        assert sum(body) & 0xFFFF == int.from_bytes(rest[-2:], "big")
        return head[6], rest[:-2]

    def ask(self, *payload: int) -> bytes:
        """Send a command; the payload of its acknowledgement, confirmation code first."""
        self.send(*payload)
        kind, answer = self.receive()
        assert kind == 0x07
        return answer

    def data(self) -> list[bytes]:
        """Data packets up to the end of data."""
        payloads = []
        kind = 0x02
        while kind != 0x08:
            kind, payload = self.receive()
            assert kind in (0x02, 0x08)
            payloads.append(payload)
        return payloads

    def enrol(self, slot: int) -> None:
        """Merge and store what is in the first two buffers."""
        assert self.ask(0x05) == b"\x00"
        assert self.ask(0x06, 1, slot >> 8, slot & 0xFF) == b"\x00"
