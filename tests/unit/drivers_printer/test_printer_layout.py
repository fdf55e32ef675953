"""Lines of a width, broken where text may be broken."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contracts.printer import Align, Field, Rule, Text
from drivers.printer.encoding import clean, width
from drivers.printer.layout import break_text, lines

_CHINESE = st.sampled_from("养老金认证，。（）“”、￥样例甲乙")
_LATIN = st.sampled_from("abcXYZ019-/.:* ")
PROSE = st.text(_CHINESE | _LATIN, min_size=1, max_size=120)
COLUMNS = st.sampled_from([16, 24, 32, 48])


def blackened(text: str) -> str:
    """Everything but the blanks."""
    return re.sub(r"\s", "", text)


@given(PROSE, COLUMNS)
def test_no_line_is_too_wide_and_nothing_is_lost(text: str, columns: int) -> None:
    broken = break_text(clean(text), columns)
    assert all(width(line) <= columns for line in broken)
    assert blackened("".join(broken)) == blackened(clean(text))


@given(PROSE, COLUMNS, st.booleans(), st.sampled_from(Align))
def test_paragraphs_fit_whatever_their_style(text: str, columns: int, large: bool, align: Align) -> None:
    made = lines(Text(text, align=align, large=large), columns)
    assert all(width(line.text) * (2 if large else 1) <= columns for line in made)
    assert blackened("".join(line.text for line in made)) == blackened(clean(text))


@given(PROSE, PROSE, COLUMNS)
def test_values_end_at_the_right_edge(label: str, value: str, columns: int) -> None:
    made = [line.text for line in lines(Field(label, value), columns)]
    assert all(width(line) <= columns for line in made)
    assert blackened("".join(made)) == blackened(clean(label + value))
    if blackened(value):
        assert width(made[-1]) == columns


def test_a_field_takes_one_line_where_it_fits_and_two_where_not() -> None:
    assert [line.text for line in lines(Field("姓名", "样*"), 16)] == ["姓名         样*"]
    assert [line.text for line in lines(Field("记录编号", "12345678"), 16)] == ["记录编号", "        12345678"]
    assert [line.text for line in lines(Field("记录编号", "1234567"), 16)] == ["记录编号 1234567"]


def test_a_record_id_is_parted_at_a_hyphen() -> None:
    made = [line.text.strip() for line in lines(Field("记录编号", "01934d2e-7c5a-7abc-8def-0123456789ab"), 32)]
    assert made == ["记录编号", "01934d2e-7c5a-7abc-", "8def-0123456789ab"]


def test_a_centred_heading_leaves_no_single_character_behind() -> None:
    heading = Text("养老金资格认证回执", align=Align.CENTRE, large=True)
    assert [line.text for line in lines(heading, 32)] == ["养老金资格", "认证回执"]
    assert [line.text for line in lines(heading, 48)] == ["养老金资格认证回执"]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("一二三四五六七八，九", ["一二三四五六七", "八，九"]),
        ("一二三四五六七（八）九", ["一二三四五六七", "（八）九"]),
        ("电话 000-0000000 号", ["电话 000-0000000", "号"]),
        ("联系电话 000-0000000", ["联系电话 000-", "0000000"]),
        ("averyveryverylongword", ["averyveryverylon", "gword"]),
        ("上\n下", ["上", "下"]),
    ],
)
def test_punctuation_and_words_stay_where_they_belong(text: str, broken: list[str]) -> None:
    assert break_text(text, 16) == broken


def test_a_rule_crosses_the_paper() -> None:
    assert [line.text for line in lines(Rule(), 48)] == ["-" * 48]


@given(st.text(max_size=60))
def test_no_text_can_command_the_printer(text: str) -> None:
    cleaned = clean(text)
    assert not [character for character in cleaned if unicodedata.category(character) in {"Cc", "Cf"} - {"\n"}
                and character != "\n"]  # fmt: skip


def test_what_is_not_to_be_seen_goes_and_the_yen_is_the_wide_one() -> None:
    assert clean("\x1b@甲\u200b乙\ufeff\x10\x04\x01") == "?@甲乙???"
    assert clean("¥5 ￥6 \\7") == "￥5 ￥6 \\7"
    assert clean("a\u00a0b\u3000c") == "a b\u3000c"
    assert clean("e\u0301") == "é"
