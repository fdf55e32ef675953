"""Which numbers and names are believed, and how much of them is shown."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.identity import IdentityError, Reason, clean_name, mask_name, mask_number, parse, today
from tests.support.certification import identity_number

TODAY = date(2026, 3, 2)
FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")
BETWEEN = " \u3000\t\r\n-－"
REGIONS = ("500236", "110101", "512224", "659001", "810000", "830000")

births = st.dates(date(1880, 1, 1), TODAY)
sound = st.builds(
    lambda serial, born, region: identity_number(serial, f"{born:%Y%m%d}", region),
    st.integers(0, 999),
    births,
    st.sampled_from(REGIONS),
)


def _reason(text: str, on: date = TODAY) -> Reason:
    with pytest.raises(IdentityError) as error:
        parse(text, on)
    assert not text or text not in str(error.value)
    return error.value.reason


def _ending_in_x() -> str:
    return next(number for number in map(identity_number, range(1, 1000)) if number.endswith("X"))


def test_the_examples_of_the_standard_are_sound() -> None:
    # The two that GB 11643-1999 itself gives.
    assert parse("11010519491231002X", TODAY).born == date(1949, 12, 31)
    assert parse("440524188001010014", TODAY).born == date(1880, 1, 1)


@given(number=sound)
def test_every_sound_number_is_read(number: str) -> None:
    checked = parse(number, TODAY)
    assert checked.text == number
    assert f"{checked.born:%Y%m%d}" == number[6:14]


@given(number=sound, data=st.data())
def test_spacing_width_and_case_do_not_matter(number: str, data: st.DataObject) -> None:
    gap = st.text(st.sampled_from(BETWEEN), max_size=2)
    wide = st.booleans()
    typed = "".join(
        data.draw(gap) + (character.translate(FULL_WIDTH) if data.draw(wide) else character.lower())
        for character in number
    )
    assert parse(typed + data.draw(gap), TODAY).text == number


@given(number=sound, place=st.integers(0, 17), other=st.sampled_from("0123456789X"))
def test_one_wrong_character_is_refused(number: str, place: int, other: str) -> None:
    assume(number[place] != other)
    with pytest.raises(IdentityError):
        parse(number[:place] + other + number[place + 1 :], TODAY)


@given(number=sound, place=st.integers(6, 15))
def test_two_digits_that_changed_places_are_refused(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    with pytest.raises(IdentityError):
        parse(number[:place] + number[place + 1] + number[place] + number[place + 2 :], TODAY)


@given(text=st.text(max_size=24))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        parse(text, TODAY)
    except IdentityError as error:
        assert error.reason in Reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.LENGTH),
        ("500236", Reason.LENGTH),
        (identity_number() + "0", Reason.LENGTH),
        ("500236500307001", Reason.OLD_NUMBER),
        ("500236 500307 001", Reason.OLD_NUMBER),
        ("X" + identity_number()[1:], Reason.CHARACTERS),
        (identity_number()[:-1] + "Y", Reason.CHARACTERS),
        (identity_number().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")), Reason.CHARACTERS),
        (identity_number(region="990101"), Reason.REGION),
        (identity_number(born="19500230"), Reason.DATE),
        (identity_number(born="19501301"), Reason.DATE),
        (identity_number(born="19000229"), Reason.DATE),
        (identity_number(born="18791231"), Reason.DATE),
        (identity_number()[:-1] + "5", Reason.CHECK_DIGIT),
        (identity_number(born="20260303"), Reason.FUTURE),
    ],
)
def test_what_is_wrong_is_named(text: str, reason: Reason) -> None:
    assert identity_number()[-1] != "5"
    assert _reason(text) is reason


def test_a_number_of_today_is_nobody_of_the_future() -> None:
    assert parse(identity_number(born="20260302"), TODAY).born == TODAY


@pytest.mark.parametrize("region", ["512224", "510202", "422825"])
def test_regions_that_exist_no_more_are_known(region: str) -> None:
    assert parse(identity_number(region=region), TODAY).text.startswith(region)


@given(number=sound)
def test_a_mask_shows_six_and_two_and_no_more(number: str) -> None:
    masked = mask_number(number)
    assert masked == number[:6] + "*" * 10 + number[16:]
    assert parse(number, TODAY).masked == masked
    assert number not in repr(parse(number, TODAY))


def test_an_x_is_shown_in_the_mask() -> None:
    assert mask_number(_ending_in_x()).endswith("X")


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("19660302", date(2026, 3, 2), 60),
        ("19660303", date(2026, 3, 2), 59),
        ("19660302", date(2026, 3, 1), 59),
        ("19640229", date(2024, 2, 28), 59),
        ("19640229", date(2024, 2, 29), 60),
        ("19640229", date(2025, 2, 28), 60),
        ("19640229", date(2025, 3, 1), 61),
    ],
)
def test_a_year_is_completed_on_the_birthday(born: str, day: date, age: int) -> None:
    assert parse(identity_number(born=born), TODAY).age_on(day) == age


@given(number=sound, day=st.dates(date(2026, 3, 2), date(2100, 1, 1)))
def test_ages_grow_by_one_a_year(number: str, day: date) -> None:
    assume((day.month, day.day) != (2, 29))
    checked = parse(number, TODAY)
    assert checked.age_on(day.replace(year=day.year + 1)) == checked.age_on(day) + 1


def test_the_day_begins_at_midnight_in_shanghai() -> None:
    assert today(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert today(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张三", "张三"),
        (" 张　三\n丰 ", "张三丰"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("阿依古丽 . 买买提", "阿依古丽·买买提"),
        ("张〇", "张〇"),
        ("张㛃", "张㛃"),
        ("张𠮷", "张𠮷"),  # beyond the basic plane
        ("张𬴊", "张𬴊"),
        ("样" * 40, "样" * 40),
    ],
)
def test_names_come_into_one_form(typed: str, name: str) -> None:
    assert clean_name(typed) == name
    assert clean_name(name) == name


@pytest.mark.parametrize("typed", ["", " ", "张", "·", "张·", "·张三", "张··三", "张3", "Zhang", "张,三", "样" * 41])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Chinese characters"):
        clean_name(typed)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳样", "欧阳*"),
        ("欧阳样例", "欧阳**"),
        ("欧阳", "欧*"),  # a family name alone: somebody called Yang of the family Ou
        ("阿依古丽·买买提", "阿***·***"),
        ("𠮷样", "𠮷*"),
    ],
)
def test_a_mask_shows_the_family_name_alone(name: str, masked: str) -> None:
    assert mask_name(name) == masked
