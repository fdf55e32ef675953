"""The paper: bands of dots that come out of the printer, and the slips that are cut off it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulators.printer.makes import Paper

_PAPER_COLOUR = (252, 251, 247)
_DOT_COLOUR = (38, 36, 40)

BLADE_GAP = 96
"""Dots from the head to the blade: what was printed last is still inside when the paper is cut without a feed."""


@dataclass(frozen=True, slots=True)
class Band:
    """Rows of dots that were printed in one go, and what they say."""

    dots: NDArray[np.bool_]
    text: str | None = None
    code: str | None = None
    """What the QR code says whose last rows these are."""


@dataclass(frozen=True, slots=True)
class PrintedSlip:
    """A piece of paper that was cut off."""

    number: int
    """Counts from 1 in the order they came out."""
    paper: Paper
    bands: tuple[Band, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """Its lines as plain text, without the blanks around them."""
        return "\n".join(band.text.strip() for band in self.bands if band.text is not None)

    @property
    def qr_codes(self) -> tuple[str, ...]:
        """What the QR codes say that the printer drew itself; codes in images are only to be seen."""
        return tuple(band.code for band in self.bands if band.code is not None)

    @property
    def dots(self) -> NDArray[np.bool_]:
        """Every dot of the printable width, true where it is black."""
        return _stack(self.bands, self.paper)

    def png(self) -> bytes:
        """The slip as it lies on the counter: one pixel a dot, with the paper's margins."""
        return as_png(self.dots, self.paper)


class Strip:
    """The paper that has left the head and is not cut off yet."""

    def __init__(self, paper: Paper) -> None:
        """Blank paper reaches from the head to the blade."""
        self._paper = paper
        self._bands: list[Band] = []
        self.reload()

    @property
    def text(self) -> str:
        """What is printed and not cut off."""
        return "\n".join(band.text.strip() for band in self._bands if band.text is not None)

    def add(self, band: Band) -> None:
        """Paper has moved on by a band."""
        self._bands.append(band)

    def cut(self, number: int) -> PrintedSlip | None:
        """Cut at the blade; nothing when the cut would only take blank paper off that no feed has moved."""
        beyond = sum(len(band.dots) for band in self._bands) - BLADE_GAP
        if beyond <= 0:
            return None
        off: list[Band] = []
        while beyond > 0:
            band = self._bands.pop(0)
            if len(band.dots) > beyond:
                off.append(Band(band.dots[:beyond]))
                band = Band(band.dots[beyond:], band.text, band.code)
                self._bands.insert(0, band)
                break
            off.append(band)
            beyond -= len(band.dots)
        return PrintedSlip(number, self._paper, tuple(off))

    def reload(self) -> None:
        """Put a new roll in: what was printed and not cut is torn off and thrown away."""
        self._bands = [Band(np.zeros((BLADE_GAP, self._paper.dots), dtype=np.bool_))]

    def png(self) -> bytes:
        """What hangs out of the printer."""
        return as_png(_stack(self._bands, self._paper), self._paper)


def _stack(bands: Sequence[Band], paper: Paper) -> NDArray[np.bool_]:
    return np.vstack([np.zeros((0, paper.dots), dtype=np.bool_), *(band.dots for band in bands)])


def as_png(dots: NDArray[np.bool_], paper: Paper) -> bytes:
    """Dots as a picture of paper."""
    height = max(1, len(dots))
    sheet = np.empty((height, paper.paper_dots, 3), dtype=np.uint8)
    sheet[:] = _PAPER_COLOUR
    sheet[: len(dots), paper.margin : paper.margin + paper.dots][dots] = _DOT_COLOUR
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG", optimize=True)
    return file.getvalue()
