"""Resident identity numbers (GB 11643-1999) and names: read, checked, and masked before anybody sees them.

Regions are looked up in python-stdnum's list of GB/T 2260 without its periods of validity: numbers are given out at
registration, not at birth, so a county that was founded in 1997 has residents born in 1940.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from stdnum import numdb
from stdnum.cn import ric

#: The one time zone of every date that a resident reads.
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

_LENGTH: Final = 18
_OLD_LENGTH: Final = 15  # before GB 11643-1999: a year of two digits and no check digit
_EARLIEST_BIRTH: Final = date(1880, 1, 1)
_SHOWN_HEAD, _SHOWN_TAIL = 6, 2

# Residence permits of residents from Hong Kong, Macao and Taiwan are numbered in the same form.
_PERMIT_REGIONS: Final = frozenset({"810000", "820000", "830000"})

_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９ｘＸx", "0123456789XXX")
_BETWEEN: Final = str.maketrans("", "", " \u3000\t\r\n-－")

_DOTS: Final = str.maketrans("•‧・･∙⋅．.", "·" * 8)
_LONGEST_NAME: Final = 40

#: Ranges of Unicode that hold Chinese characters, with the rare ones of the supplementary planes.
_HAN: Final = (
    range(0x3007, 0x3008),  # the round zero, which is a name's character, too
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xF900, 0xFB00),
    range(0x20000, 0x323B0),
)

_COMPOUND: Final = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶"
    "太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘亓官司寇巫马公西颛孙壤驷公良漆雕"
    "乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘左丘西门第五南荣东里"
    "东宫即墨达奚褚师哥舒完颜耶律纳兰叱干"
)

#: Family names of two characters.
_COMPOUND_SURNAMES: Final = frozenset(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))


class Reason(StrEnum):
    """Why it is not an identity number; the screen has words for each."""

    LENGTH = "length"
    OLD_NUMBER = "old_number"  # 15 digits, of the cards before 2013
    CHARACTERS = "characters"
    DATE = "date"
    REGION = "region"
    CHECK_DIGIT = "check_digit"
    FUTURE = "future"  # born after today


class IdentityError(ValueError):
    """The text is no identity number. The text itself is in no message, for the sake of logs.

    Attributes:
        reason: what is wrong with it.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"not an identity number: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A checked number of 18 characters; made by `parse` alone.

    Attributes:
        text: the number in its standard form.
        born: the date of birth in it.
    """

    text: str = field(repr=False)
    born: date = field(repr=False)

    @property
    def masked(self) -> str:
        """The region and the last two characters; everything between them is hidden."""
        return mask_number(self.text)

    def age_on(self, day: date) -> int:
        """Completed years on a day; somebody born on 29 February completes a year on 1 March of common years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


def today(now: datetime) -> date:
    """The date in Asia/Shanghai at a moment."""
    return now.astimezone(SHANGHAI).date()


def parse(text: str, on: date) -> IdentityNumber:
    """Read a number as it was typed: full-width digits, a small x, spaces and hyphens are all right.

    Args:
        text: what was typed.
        on: today, in Asia/Shanghai.

    Raises:
        IdentityError: it is none; the first thing that is wrong is told.
    """
    number = text.translate(_BETWEEN).translate(_FULL_WIDTH)
    if len(number) == _OLD_LENGTH and number.isascii() and number.isdigit():
        raise IdentityError(Reason.OLD_NUMBER)
    if len(number) != _LENGTH:
        raise IdentityError(Reason.LENGTH)
    if not number.isascii() or not number[:-1].isdigit() or number[-1] not in "0123456789X":
        raise IdentityError(Reason.CHARACTERS)
    if not _is_region(number[:6]):
        raise IdentityError(Reason.REGION)
    born = _born(number)
    if number[-1] != ric.calc_check_digit(number):
        raise IdentityError(Reason.CHECK_DIGIT)
    if born > on:
        raise IdentityError(Reason.FUTURE)
    return IdentityNumber(number, born)


def mask_number(number: str) -> str:
    """A number as it may be shown, such as `500236**********12`."""
    return number[:_SHOWN_HEAD] + "*" * (len(number) - _SHOWN_HEAD - _SHOWN_TAIL) + number[-_SHOWN_TAIL:]


def clean_name(text: str) -> str:
    """A name in its standard form: no blanks, and one kind of dot in names such as `阿依古丽·买买提`.

    Raises:
        ValueError: it is not the name of a person: 2 to 40 Chinese characters, with single dots between them.
    """
    name = "".join(text.split()).translate(_DOTS)
    parts = name.split("·")
    han = sum(len(part) for part in parts)
    if len(name) > _LONGEST_NAME or han < 2 or not all(parts) or not all(map(_is_han, "".join(parts))):
        raise ValueError("a name has 2 to 40 Chinese characters, with single dots between them")
    return name


def mask_name(name: str) -> str:
    """A name as it may be shown: the family name stays, every other character is a star, dots stay."""
    shown = 2 if len(name) > 2 and name[:2] in _COMPOUND_SURNAMES else 1
    return name[:shown] + "".join("·" if character == "·" else "*" for character in name[shown:])


def _is_han(character: str) -> bool:
    return any(ord(character) in span for span in _HAN)


def _is_region(code: str) -> bool:
    if code in _PERMIT_REGIONS:
        return True
    return any("county" in facts for _, facts in numdb.get("cn/loc").info(code))


def _born(number: str) -> date:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise IdentityError(Reason.DATE) from error
    if born < _EARLIEST_BIRTH:
        raise IdentityError(Reason.DATE)
    return born
