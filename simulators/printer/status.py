"""How the printer is, and the bytes that it says so with.

The bits are those of the status commands in Epson's ESC/POS reference: ``DLE EOT`` 1 to 4, ``GS r`` 1 and the automatic
status back of ``GS a``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """What the sensors and the errors say at one moment."""

    paper: bool = True
    paper_low: bool = False
    cover_open: bool = False
    cutter_error: bool = False
    overheated: bool = False
    failed: bool = False

    @property
    def error(self) -> bool:
        """Whether the error lamp is lit."""
        return self.cutter_error or self.overheated or self.failed

    @property
    def recoverable(self) -> bool:
        """Whether ``DLE ENQ`` has something to recover from."""
        return self.cutter_error or self.cover_open

    @property
    def online(self) -> bool:
        """Whether it prints what it gets."""
        return self.paper and not self.cover_open and not self.error

    def real_time(self, kind: int) -> bytes:
        """The answer to ``DLE EOT kind``; nothing for a kind there is not."""
        fixed = 0b0001_0010
        match kind:
            case 1:
                bits = 0x08 * (not self.online)
            case 2:
                bits = 0x04 * self.cover_open | 0x20 * (not self.paper) | 0x40 * self.error
            case 3:
                bits = 0x08 * self.cutter_error | 0x20 * self.failed | 0x40 * self.overheated
            case 4:
                bits = 0x0C * (self.paper_low or not self.paper) | 0x60 * (not self.paper)
            case _:
                return b""
        return bytes([fixed | bits])

    def paper_sensor(self) -> bytes:
        """The answer to ``GS r 1``."""
        return bytes([0x03 * (self.paper_low or not self.paper) | 0x0C * (not self.paper)])

    def automatic(self) -> bytes:
        """The four bytes of automatic status back."""
        return bytes(
            [
                0x10 | 0x08 * (not self.online) | 0x20 * self.cover_open,
                0x08 * self.cutter_error | 0x20 * self.failed | 0x40 * self.overheated,
                self.paper_sensor()[0],
                0x0F,
            ]
        )
