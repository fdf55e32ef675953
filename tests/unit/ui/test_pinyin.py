"""Characters by their sound."""

import pytest

from kiosk.ui.pinyin import Pinyin, spelt

PINYIN = Pinyin()


@pytest.mark.parametrize(
    ("reading", "typed"), [("zhāng", "zhang"), ("lǜ", "lv"), ("nǚ", "nv"), ("ér", "er"), ("ń", "n"), ("yue", "yue")]
)
def test_a_reading_is_typed_without_its_tone(reading: str, typed: str) -> None:
    assert spelt(reading) == typed


@pytest.mark.parametrize(
    ("sound", "characters"),
    [("zhang", "张章"), ("wang", "王汪"), ("li", "李黎"), ("ou", "欧"), ("lv", "吕绿"), ("shan", "单"), ("qiu", "仇"),
     ("yao", "峣")],
)  # fmt: skip
def test_names_can_be_written(sound: str, characters: str) -> None:
    assert set(characters) <= set(PINYIN.characters(sound))


def test_what_everybody_knows_comes_first() -> None:
    found = PINYIN.characters("zhang")
    assert found[0] == "张"
    assert found.index("章") < 20 < found.index("鄣")


@pytest.mark.parametrize("sound", ["", "x", "zhong guo", "ZHANG", "张", "zh%"])
def test_what_is_no_sound_has_no_characters(sound: str) -> None:
    assert PINYIN.characters(sound) == ""
