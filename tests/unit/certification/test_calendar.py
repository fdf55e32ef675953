"""When the clock's date is believed, and what a clerk's word about it changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services import keys
from services.certification.acts import DateDiffersError, DateDoubtfulError
from services.certification.calendar import Calendar
from services.clerks import Clerk, Clerks, Role
from services.northbound.alarms import Alarms
from services.northbound.journal import Journal
from services.store.backup import back_up, restore
from services.store.database import Database
from tests.support.certification import QUICK_HASHER
from tests.support.clocks import ManualClock
from tests.support.way import certification

BUILT_ON = date(2026, 1, 15)
START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Office:
    """A point of which only journal and calendar are there."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(wall=START))

    def __post_init__(self) -> None:
        self.keys = keys.create(self.folder / "keys")
        self.open()
        self.clerk: Clerk = Clerks(self.database, self.clock, QUICK_HASHER).add("样例甲", Role.A, "284615")

    def open(self) -> None:
        self.database = Database.open(self.folder / "point.sqlite")
        self.journal = Journal("p-001", self.keys, self.clock, self.database.epoch)
        self.calendar = Calendar(self.database, self.clock, BUILT_ON)

    def at(self, wall: datetime, *, believed: bool) -> "Office":
        self.clock.wall, self.clock.synchronised = wall, believed
        return self

    def act(self) -> None:
        """Somebody is certified."""
        with self.database.transaction() as transaction:
            self.journal.append(transaction, certification())

    def alarm(self, fault: str) -> None:
        assert Alarms(self.database, self.journal, self.clock).report("printer", fault, active=True)

    def doubts(self) -> bool:
        doubtful = self.calendar.is_doubtful()
        with self.database.read() as connection:
            if doubtful:
                with pytest.raises(DateDoubtfulError, match=str(self.calendar.today())):
                    self.calendar.guard(connection)
            else:
                self.calendar.guard(connection)
        return doubtful

    def confirm(self) -> None:
        self.calendar.confirm_today(self.clerk, self.calendar.today())

    def begin_epoch(self) -> None:
        """The database is restored from a backup of a moment ago."""
        path = self.database.path
        back_up(path, self.folder / "copy.sqlite")
        self.database.close()
        restore(self.folder / "copy.sqlite", path, self.clock.now())
        self.open()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.database.close()


def test_today_is_the_day_in_shanghai(office: Office) -> None:
    assert office.at(datetime(2026, 3, 1, 15, 59, tzinfo=UTC), believed=True).calendar.today() == date(2026, 3, 1)
    assert office.at(datetime(2026, 3, 1, 16, 0, tzinfo=UTC), believed=True).calendar.today() == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("day", "believed", "doubtful"),
    [
        (date(2026, 1, 14), True, True),
        (date(1970, 1, 1), False, True),
        (date(2026, 1, 15), False, False),
        (date(2026, 3, 16), False, False),
        (date(2026, 3, 17), False, True),  # 61 days later, and nothing tells the date
        (date(2036, 1, 1), True, False),
    ],
)
def test_a_new_point_knows_when_its_program_was_built(
    office: Office, day: date, believed: bool, doubtful: bool
) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert office.at(moment, believed=believed).doubts() is doubtful


@pytest.mark.parametrize("believed", [True, False])
def test_a_clock_before_the_newest_act_is_doubtful(office: Office, believed: bool) -> None:
    office.at(START, believed=True).act()
    assert not office.at(START - 10 * MINUTE, believed=believed).doubts()
    assert office.at(START - 11 * MINUTE, believed=believed).doubts()


def test_an_unbelieved_clock_long_after_the_newest_act_is_doubtful(office: Office) -> None:
    office.at(START, believed=True).act()
    assert not office.at(START + 60 * DAY, believed=False).doubts()
    assert office.at(START + 61 * DAY, believed=False).doubts()
    assert not office.at(START + 61 * DAY, believed=True).doubts()


def test_acts_on_a_date_that_fitted_carry_an_unbelieved_clock_on(office: Office) -> None:
    for days in (0, 50, 100):
        assert not office.at(START + days * DAY, believed=False).doubts()
        office.act()
    assert not office.at(START + 160 * DAY, believed=False).doubts()
    assert office.at(START + 161 * DAY, believed=False).doubts()


def test_a_believed_clock_overrules_acts_on_one_that_was_not(office: Office) -> None:
    office.at(START + 30 * DAY, believed=False).act()
    assert not office.at(START, believed=True).doubts()
    assert office.at(START, believed=False).doubts()


def test_alarms_tell_the_date_only_while_the_clock_is_believed(office: Office) -> None:
    office.at(START + 1000 * DAY, believed=False).alarm("paper_out")
    assert not office.at(START, believed=False).doubts()
    office.at(START + 40 * DAY, believed=True).alarm("cover_open")
    assert office.at(START, believed=False).doubts()
    assert not office.at(START + 90 * DAY, believed=False).doubts()


def test_a_clerk_who_confirms_the_date_ends_the_doubt(office: Office) -> None:
    office.at(START, believed=True).act()
    assert office.at(START + 400 * DAY, believed=False).doubts()
    office.confirm()
    assert not office.doubts()
    assert not office.at(START + 460 * DAY, believed=False).doubts()
    assert office.at(START + 461 * DAY, believed=False).doubts()
    assert office.at(START + 399 * DAY, believed=False).doubts()


def test_a_clerk_may_say_that_it_is_earlier_than_was_thought(office: Office) -> None:
    office.at(START + 400 * DAY, believed=True).act()  # a time server was wrong
    assert office.at(START, believed=True).doubts()
    office.confirm()
    assert not office.doubts()
    assert not office.at(START, believed=False).doubts()


def test_no_date_before_the_program_was_built_can_be_confirmed_away(office: Office) -> None:
    office.at(datetime(2026, 1, 1, tzinfo=UTC), believed=False).confirm()
    assert office.doubts()


def test_another_day_than_the_clocks_is_not_confirmed(office: Office) -> None:
    office.at(START + 400 * DAY, believed=False)
    with pytest.raises(DateDiffersError, match=str(office.calendar.today())):
        office.calendar.confirm_today(office.clerk, date(2026, 3, 2))
    assert office.doubts()


def test_a_confirmation_leaves_an_audit_row(office: Office) -> None:
    office.confirm()
    with office.database.read() as connection:
        row = connection.execute("SELECT actor, detail FROM audit WHERE action = 'clock.confirm'").fetchone()
    assert tuple(row) == (office.clerk.actor, '{"day": "2026-03-02"}')


def test_a_restored_database_knows_acts_of_before_and_after(office: Office) -> None:
    office.at(START, believed=True).act()
    office.act()
    office.begin_epoch()
    assert office.at(START - DAY, believed=True).doubts()
    office.at(START + 50 * DAY, believed=True).act()  # the first record of the new epoch
    assert office.at(START + 49 * DAY, believed=True).doubts()
    assert not office.at(START + 110 * DAY, believed=False).doubts()


def test_a_confirmation_of_the_old_epoch_hides_no_act_of_the_new_one(office: Office) -> None:
    for _ in range(3):
        office.act()
    office.confirm()
    office.begin_epoch()
    office.at(START + 50 * DAY, believed=True).act()
    assert office.at(START + 49 * DAY, believed=True).doubts()
