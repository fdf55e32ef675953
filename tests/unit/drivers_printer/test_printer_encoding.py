"""Text as bytes, for printers with the characters of GBK and for names that those do not have."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contracts.errors import Fault
from drivers.printer.encoding import GLYPH, encode
from drivers.printer.faults import PrinterError
from drivers.printer.options import SCREEN_FONT

needs_font = pytest.mark.skipif(not SCREEN_FONT.exists(), reason="the Debian package fonts-noto-cjk is not installed")
_RARE = "㛃"  # a family name's character of extension A: four bytes in GB18030
_NO_FONT = Path("/nonexistent/font.ttc")


def test_chinese_goes_out_in_two_bytes_and_ascii_in_one() -> None:
    assert encode("样 A1￥。", _NO_FONT) == bytes.fromhex("d1f9 20 41 31 a3a4 a1a3")


@given(st.integers(0x4E00, 0x9FA5).map(chr))
def test_the_common_characters_need_no_font(character: str) -> None:
    assert encode(character, _NO_FONT).decode("gbk") == character


@needs_font
def test_a_rare_character_is_drawn_into_the_line() -> None:
    data = encode(f"甲{_RARE}乙", SCREEN_FONT)
    assert data[:2] == "甲".encode("gbk")
    assert data[-2:] == "乙".encode("gbk")
    image = data[2:-2]
    assert image[:5] == b"\x1b*\x21\x18\x00"  # ESC * in the mode of 24 dots, 24 columns
    assert len(image) == 5 + GLYPH * GLYPH // 8
    black = sum(byte.bit_count() for byte in image[5:])
    assert 60 < black < 300


@needs_font
@given(st.integers(0x3400, 0x4DB5).map(chr))
def test_no_drawn_character_holds_a_real_time_command(character: str) -> None:
    data = encode(character, SCREEN_FONT)
    assert not any(b"\x10" + following in data for following in (b"\x04", b"\x05", b"\x14"))


@needs_font
@pytest.mark.parametrize("character", ["\U0010ffff", "\ue000", "😀"])
def test_what_no_font_has_cannot_be_printed(character: str) -> None:
    with pytest.raises(PrinterError) as raised:
        encode(character, SCREEN_FONT)
    assert raised.value.fault is Fault.UNPRINTABLE


@pytest.mark.parametrize("text", [_RARE, "\ud800"])
def test_without_a_font_a_rare_character_is_refused(text: str) -> None:
    with pytest.raises(PrinterError) as raised:
        encode(text, _NO_FONT)
    assert raised.value.fault is Fault.UNPRINTABLE
