"""Commands that are carried out as they arrive, whatever waits in the buffer.

They are looked for in every byte that comes, also inside images, as printers do.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

_DLE, _EOT, _ENQ, _DC4 = 0x10, 0x04, 0x05, 0x14
_CLEAR = bytes([_DLE, _DC4, 8, 1, 3, 20, 1, 6, 2, 8])
"""``DLE DC4 8``: clear the buffers."""


class Order(enum.Enum):
    """What a real-time command asks for."""

    STATUS = "DLE EOT"
    RECOVER = "DLE ENQ 1"
    RECOVER_AND_CLEAR = "DLE ENQ 2"
    CLEAR = "DLE DC4 8"


@dataclass(frozen=True, slots=True)
class Request:
    """A real-time command that has arrived."""

    order: Order
    kind: int = 0
    """For a status, which one."""


class Scanner:
    """Parts what arrives into bytes for the buffer and real-time commands."""

    def __init__(self, *, clears: bool) -> None:
        """Begin with a line on which nothing has come.

        Args:
            clears: Whether the make knows ``DLE DC4 8``.
        """
        self._clears = clears
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes | Request]:
        """What ``data`` is, in order; the beginning of a command is held back until the rest has come."""
        found: list[bytes | Request] = []
        plain = bytearray()
        for byte in data:
            self._held.append(byte)
            while self._held and not self._begins_command():
                plain.append(self._held.pop(0))
            request = self._request()
            if request is not None:
                if plain:
                    found.append(bytes(plain))
                    plain.clear()
                found.append(request)
                self._held.clear()
        if plain:
            found.append(bytes(plain))
        return found

    def _begins_command(self) -> bool:
        held = bytes(self._held)
        if held[0] != _DLE:
            return False
        if len(held) == 1:
            return True
        match held[1]:
            case 0x04:
                return len(held) == 2 or (len(held) == 3 and 1 <= held[2] <= 4)
            case 0x05:
                return len(held) == 2 or (len(held) == 3 and held[2] in (1, 2))
            case 0x14:
                return self._clears and _CLEAR.startswith(held)
        return False

    def _request(self) -> Request | None:
        held = bytes(self._held)
        if held == _CLEAR:
            return Request(Order.CLEAR)
        if len(held) != 3:
            return None
        if held[1] == _EOT:
            return Request(Order.STATUS, held[2])
        if held[1] == _ENQ:
            return Request(Order.RECOVER if held[2] == 1 else Order.RECOVER_AND_CLEAR)
        return None
