"""The character generator: 12 x 24 dots for ASCII and code pages, 24 x 24 for Chinese."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simulators.printer.charset import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT = 24
NARROW = 12
WIDE = 24
_RAISED = 8  # the font stands this far below the top of its cell
_WEIGHT = 400
_SIMPLIFIED_CHINESE = 2  # which face of the collection


@cache
def _font() -> ImageFont.FreeTypeFont:
    file = resources.files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    with resources.as_file(file) as path:
        font = ImageFont.truetype(str(path), HEIGHT, index=_SIMPLIFIED_CHINESE, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes([_WEIGHT])
    return font


@lru_cache(maxsize=4096)
def glyph(character: str, width: int) -> NDArray[np.bool_]:
    """The dots of a character in a cell of ``width`` by 24; blank for one the font does not have."""
    if character in (UNKNOWN, " "):
        return np.zeros((HEIGHT, width), dtype=np.bool_)
    cell = Image.new("1", (width, HEIGHT), 0)
    draw = ImageDraw.Draw(cell)
    draw.fontmode = "1"
    draw.text((0, -_RAISED), character, font=_font(), fill=1, features=["hwid"] if width == NARROW else None)
    return np.asarray(cell, dtype=np.bool_)
