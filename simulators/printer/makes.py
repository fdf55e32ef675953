"""Makes of receipt printers, which differ in what they understand and in what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DOTS_PER_MM = 8
"""203 dpi, as nearly every receipt printer has."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A roll's width and the part of it that the head can reach."""

    name: str
    columns: int
    """Characters of 12 dots in a line."""
    paper_dots: int

    @property
    def dots(self) -> int:
        """Width that can be printed on."""
        return self.columns * 12

    @property
    def margin(self) -> int:
        """Blank paper on either side, in dots."""
        return (self.paper_dots - self.dots) // 2


PAPERS: Mapping[int, Paper] = MappingProxyType(
    {
        paper.columns: paper
        for paper in (Paper("58 mm", 32, 57 * DOTS_PER_MM + 4), Paper("80 mm", 48, 79 * DOTS_PER_MM + 4))
    }
)
"""The two usual papers by the columns they hold."""


@dataclass(frozen=True, slots=True)
class Make:
    """One make of printer."""

    name: str
    maker: str = "Simulated"
    answers: bool = True
    """Whether the way back from the printer exists at all."""
    identifies: bool = True
    """Whether it knows ``GS I``, ``GS ( H``, ``GS a`` and ``DLE DC4``, as an Epson TM does."""
    draws_qr: bool = True
    """Whether it knows ``GS ( k``."""
    four_bytes: bool = True
    """Whether its character generator has the four-byte characters of GB18030."""
    chinese_at_start: bool = False
    """Whether it is in Chinese mode after power-up; Chinese models mostly are, Western and Japanese ones are not."""
    buffer_size: int = 4096
    """Bytes that wait to be printed before the printer stops the line."""


FULL = Make("TM-T82X")
"""Understands all that this simulator does."""

PLAIN = Make("XP-58", identifies=False, draws_qr=False, four_bytes=False, chinese_at_start=True)
"""A cheap printer: real-time status and ``GS r``, the characters of GBK, QR codes as images only."""

MUTE = Make("PT-21", answers=False, identifies=False, draws_qr=False, four_bytes=False, chinese_at_start=True)
"""A cheap printer on a cable without the way back."""

MAKES: Mapping[str, Make] = MappingProxyType({make.name: make for make in (FULL, PLAIN, MUTE)})
"""Every make by its name."""
