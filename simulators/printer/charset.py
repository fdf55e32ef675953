"""What the bytes of a text mean: ASCII with national variants, code pages, and GB18030 in Chinese mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""A code that the character generator has nothing for; it prints as a blank."""

_CODE_PAGES: Mapping[int, str] = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
}
"""``ESC t``: pages and their numbers on Epson printers."""

_NATIONAL: Mapping[int, Mapping[int, str]] = {
    3: {0x23: "£"},
    8: {0x5C: "¥"},
    13: {0x5C: "₩"},
    15: {0x24: "¥"},
}
"""``ESC R``: what England, Japan, Korea and China put in the place of ASCII's signs."""


def single(code: int, page: int, nation: int) -> str:
    """The character of one byte outside Chinese mode, or below 80h in it."""
    if code < 0x80:
        return _NATIONAL.get(nation, {}).get(code, chr(code))
    return bytes([code]).decode(_CODE_PAGES.get(page, "cp437"), "replace")


def is_lead(code: int) -> bool:
    """Whether a byte in Chinese mode begins a character of two or four bytes."""
    return 0x81 <= code <= 0xFE


def length(lead: int, second: int, *, four_bytes: bool) -> int | None:
    """How many bytes a character has; None when ``second`` cannot follow ``lead`` on this make."""
    if 0x40 <= second <= 0xFE and second != 0x7F:
        return 2
    if four_bytes and lead <= 0xFE and 0x30 <= second <= 0x39:
        return 4
    return None


def multiple(code: bytes) -> str:
    """The character of a whole two- or four-byte code."""
    try:
        text = code.decode("gb18030")
    except UnicodeDecodeError:
        return UNKNOWN
    return text if len(text) == 1 else UNKNOWN
