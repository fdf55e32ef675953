"""The line in the making and what becomes of it on paper: characters of a style, images, line feeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simulators.printer import glyphs
from simulators.printer.paper import Band

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from simulators.printer.makes import Paper

DEFAULT_SPACING = 30
"""Dots from line to line."""
LEFT, CENTRE, RIGHT = 0, 1, 2
_TAB = 8  # columns
_BAND_ROWS = 24  # an image comes out in bands of this many rows


@dataclass(slots=True)
class Style:
    """How characters look."""

    wide: int = 1
    high: int = 1
    chinese_wide: int = 1
    chinese_high: int = 1
    bold: bool = False
    underline: int = 0
    inverse: bool = False


@dataclass(slots=True)
class _Line:
    cells: list[tuple[int, NDArray[np.bool_]]] = field(default_factory=list)
    """Dots and where they begin."""
    text: str = ""
    position: int = 0
    """Where the next cell begins."""

    @property
    def width(self) -> int:
        """Dots from the beginning to the rightmost cell's end."""
        return max((x + dots.shape[1] for x, dots in self.cells), default=0)

    @property
    def height(self) -> int:
        """Dots of the tallest cell."""
        return max((len(dots) for _, dots in self.cells), default=0)


class Press:
    """Composes bands and hands them to whatever moves the paper."""

    def __init__(self, paper: Paper, move: Callable[[Band], None]) -> None:
        """Begin with an empty line.

        Args:
            paper: What is printed on.
            move: Prints a band; returns when it is on paper.
        """
        self._paper = paper
        self._move = move
        self.style = Style()
        self.align = LEFT
        self.spacing = DEFAULT_SPACING
        self._line = _Line()

    def reset(self) -> None:
        """Forget styles and the line in the making."""
        self.style = Style()
        self.align = LEFT
        self.spacing = DEFAULT_SPACING
        self.drop_line()

    def drop_line(self) -> None:
        """Forget the line in the making."""
        self._line = _Line()

    @property
    def at_line_start(self) -> bool:
        """Whether nothing is in the line yet."""
        return not self._line.cells

    def character(self, character: str, *, chinese: bool) -> None:
        """Put a character into the line; the line before it is printed when there is no room."""
        style = self.style
        dots = glyphs.glyph(character, glyphs.WIDE if chinese else glyphs.NARROW)
        if style.bold:
            dots = dots | np.pad(dots, ((0, 0), (1, 0)))[:, :-1]
        if style.underline:
            dots = dots.copy()
            dots[-style.underline :] = True
        if style.inverse:
            dots = ~dots
        wide, high = (style.chinese_wide, style.chinese_high) if chinese else (style.wide, style.high)
        self.cell(dots.repeat(high, axis=0).repeat(wide, axis=1), character)

    def cell(self, dots: NDArray[np.bool_], text: str = "") -> None:
        """Put dots into the line, as wide as they are."""
        width = dots.shape[1]
        if self._line.position + width > self._paper.dots and self._line.cells:
            self.feed_line()
        self._line.cells.append((self._line.position, dots[:, : self._paper.dots]))
        self._line.position += width
        self._line.text += text

    def go_to(self, position: int) -> None:
        """Let the next cell begin ``position`` dots from the line's beginning; beyond the paper nothing happens."""
        if 0 <= position < self._paper.dots:
            if position > self._line.position and self._line.cells:
                self._line.text += " "
            self._line.position = position

    def go_by(self, distance: int) -> None:
        """Let the next cell begin ``distance`` dots further right, or left where it is negative."""
        self.go_to(self._line.position + distance)

    def tab(self) -> None:
        """Go on at the next tab stop."""
        stop = _TAB * glyphs.NARROW
        self.go_to((self._line.position // stop + 1) * stop)

    def feed_line(self) -> None:
        """Print the line and move on to the next."""
        self._print_line(max(self._line.height, self.spacing))

    def feed(self, rows: int) -> None:
        """Print the line and move on by ``rows`` dots."""
        height = max(self._line.height, rows)
        if height:
            self._print_line(height)

    def image(self, dots: NDArray[np.bool_], code: str | None = None) -> None:
        """Print an image, cut off at the paper's width; a line in the making goes first."""
        if not self.at_line_start:
            self.feed_line()
        dots = dots[:, : self._paper.dots]
        left = self._left(dots.shape[1])
        padded = np.pad(dots, ((0, 0), (left, self._paper.dots - left - dots.shape[1])))
        for top in range(0, len(padded), _BAND_ROWS):
            last = top + _BAND_ROWS >= len(padded)
            self._move(Band(padded[top : top + _BAND_ROWS], code=code if last else None))

    def _print_line(self, height: int) -> None:
        line, self._line = self._line, _Line()
        dots = np.zeros((height, self._paper.dots), dtype=np.bool_)
        left = self._left(min(line.width, self._paper.dots))
        for x, cell in line.cells:
            piece = cell[:, : max(0, self._paper.dots - left - x)]
            dots[line.height - len(cell) : line.height, left + x : left + x + piece.shape[1]] |= piece
        self._move(Band(dots, text=line.text))

    def _left(self, width: int) -> int:
        room = self._paper.dots - width
        return {CENTRE: room // 2, RIGHT: room}.get(self.align, 0)
