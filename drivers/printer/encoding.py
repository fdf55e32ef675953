"""Text as the printer takes it: GB18030 in Chinese mode, two columns for a Chinese character.

In Chinese mode (`FS &`) bytes below 80h are ASCII and anything above begins a character of two bytes, which is printed
24 dots wide whatever it is. Printers sold in China have the characters of GBK; the four-byte ones of GB18030 are in few
of them, and what is not there comes out as other characters. Those are drawn here and sent as an image in the line.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from drivers.contracts.errors import Fault
from drivers.printer.faults import PrinterError

#: Dots of a Chinese character, both ways.
GLYPH: Final = 24

_YEN: Final = {"\N{YEN SIGN}": "\N{FULLWIDTH YEN SIGN}"}  # U+00A5 has four bytes; 5Ch is a backslash, or a yen in Japan
_EM_ASCENT: Final = 0.88  # where the baseline of Chinese fonts lies in their em box
_REPLACED: Final = "?"
_ASCII_END: Final = 0x7F
_MISSING: Final = "\ufffe"  # never a character: drawn as what a font shows for those it does not have


def clean(text: str) -> str:
    """Text that holds nothing a printer would obey: line breaks stay, controls become `?`, format characters go."""
    return "".join(_clean(character) for character in unicodedata.normalize("NFC", text))


def width(text: str) -> int:
    """Columns that cleaned text takes, at single size."""
    return sum(1 if ord(character) < _ASCII_END else 2 for character in text)


def encode(text: str, font: Path) -> bytes:
    """The bytes of cleaned text within a line.

    Raises:
        PrinterError: `UNPRINTABLE` for a character that neither the printer nor the font has.
    """
    return b"".join(_encode(character, font) for character in text)


def _clean(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n":
        return character
    if character in _YEN:
        return _YEN[character]
    if category in {"Cf", "Mn", "Me"}:
        return ""
    if category in {"Cc", "Zl", "Zp"}:
        return _REPLACED
    return " " if category == "Zs" and character != "\N{IDEOGRAPHIC SPACE}" else character


def _encode(character: str, font: Path) -> bytes:
    try:
        code = character.encode("gb18030")
        # Python knows codes for private characters, which mean something else in every printer.
        private = unicodedata.category(character) == "Co"
    except UnicodeEncodeError as error:
        raise PrinterError(Fault.UNPRINTABLE, f"{character!r} is half a character") from error
    return code if len(code) <= 2 and not private else _column_image(character, font)


@lru_cache(maxsize=256)
def _column_image(character: str, font: Path) -> bytes:
    """The character by `ESC *` in the mode of 24 dots, which stands in the line like any other."""
    cell = _draw(character, font)
    columns = bytearray()
    for x in range(GLYPH):
        column = 0
        for y in range(GLYPH):
            column = column << 1 | (cell.getpixel((x, y)) != 0)
        columns += column.to_bytes(GLYPH // 8, "big")
    return b"\x1b*!" + GLYPH.to_bytes(2, "little") + _harmless(bytes(columns))


def _draw(character: str, font: Path) -> Image.Image:
    try:
        face = ImageFont.truetype(str(font), GLYPH)
    except OSError as error:
        raise PrinterError(Fault.UNPRINTABLE, f"{character!r} needs the font {font}: {error}") from error
    drawn, missing = (_cell(which, face) for which in (character, _MISSING))
    if drawn.tobytes() == missing.tobytes() or drawn.getbbox() is None:
        raise PrinterError(Fault.UNPRINTABLE, f"{character!r} is not in {font}")
    return drawn


def _cell(character: str, face: ImageFont.FreeTypeFont) -> Image.Image:
    """One character in a cell of dots, its font's em box filled as that of the printer's own characters is."""
    cell = Image.new("1", (GLYPH, GLYPH), 0)
    draw = ImageDraw.Draw(cell)
    draw.fontmode = "1"
    ascent, _ = face.getmetrics()
    draw.text((0, round(GLYPH * _EM_ASCENT) - ascent), character, font=face, fill=1)
    return cell


def _harmless(data: bytes) -> bytes:
    """Image data in which no printer can see a real-time command (DLE with EOT, ENQ or DC4): one dot is added."""
    for following in (b"\x04", b"\x05", b"\x14"):
        data = data.replace(b"\x10" + following, b"\x18" + following)
    return data
