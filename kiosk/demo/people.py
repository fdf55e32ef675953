"""The people of the demonstration. Nobody of them exists: names are counting words, numbers are computed."""

from dataclasses import dataclass
from typing import Final

from stdnum.cn import ric

from services.certification.views import FingerPosition
from services.clerks import Role

_REGION: Final = "500236"  # the county's own code


@dataclass(frozen=True, slots=True)
class Person:
    """A resident of the village.

    Attributes:
        name: as the simulated hardware knows the hand, too.
        born: the date of birth, as eight digits.
        serial: the three digits before the check digit.
    """

    name: str
    born: str
    serial: str

    @property
    def number(self) -> str:
        """An identity number that is sound and nobody's."""
        head = f"{_REGION}{self.born}{self.serial}"
        return head + str(ric.calc_check_digit(head + "0"))


@dataclass(frozen=True, slots=True)
class DemoClerk:
    """Somebody who works at the point."""

    name: str
    role: Role
    pin: str


RESIDENTS: Final = (
    Person("样例甲", "19480816", "001"),
    Person("样例乙", "19511103", "002"),
    Person("样例丙", "19550427", "003"),
)
"""Those who are enrolled when the demonstration begins."""

NEWCOMER: Final = Person("样例丁", "19590209", "004")
"""Somebody whom a clerk can enrol."""

FINGERS: Final = (FingerPosition.RIGHT_THUMB, FingerPosition.RIGHT_INDEX)
"""The fingers that are enrolled."""

CLERKS: Final = (DemoClerk("办事员甲", Role.A, "284615"), DemoClerk("办事员乙", Role.B, "739152"))
