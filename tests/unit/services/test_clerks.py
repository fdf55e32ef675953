"""Who is a clerk, which PINs are taken, and what wrong ones lead to."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from hypothesis import assume, given
from hypothesis import strategies as st

from services.clerks import (
    Clerk,
    Clerks,
    LockedError,
    PinRejectedError,
    Role,
    UnknownClerkError,
    WrongPinError,
    check_pin,
)
from services.store.check import check
from services.store.database import Database
from tests.support.certification import QUICK_HASHER
from tests.support.clocks import ManualClock

PIN, WRONG, NEW = "284615", "739152", "960274"
DIGITS = st.sampled_from("0123456789")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "point.sqlite")
    yield database
    assert check(database) == []
    database.close()


@pytest.fixture
def clerks(database: Database, clock: ManualClock) -> Clerks:
    return Clerks(database, clock, QUICK_HASHER)


@pytest.fixture
def clerk(clerks: Clerks) -> Clerk:
    return clerks.add("样例甲", Role.A, PIN)


def _column(database: Database, query: str) -> list[object]:
    with database.read() as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


def _lock(clerks: Clerks, clerk: Clerk) -> LockedError:
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongPinError) as wrong:
            clerks.sign_in(clerk.clerk_id, WRONG)
        assert wrong.value.tries_left == left
    with pytest.raises(LockedError) as locked:
        clerks.sign_in(clerk.clerk_id, WRONG)
    return locked.value


# --- PINs


def _refused(pin: str) -> bool:
    try:
        check_pin(pin)
    except PinRejectedError:
        return True
    return False


@given(st.text(max_size=8).filter(lambda text: not (len(text) == 6 and text.isascii() and text.isdigit())))
def test_anything_but_six_digits_is_refused(pin: str) -> None:
    assert _refused(pin)


@pytest.mark.parametrize("pin", ["２８４６１５", "28461", "2846155", " 28461", "28461\n", "٢٨٤٦١٥"])
def test_six_digits_are_six_plain_digits(pin: str) -> None:
    assert _refused(pin)


@given(st.lists(DIGITS, min_size=2, max_size=2), st.lists(st.booleans(), min_size=6, max_size=6))
def test_one_or_two_digits_are_too_few(pair: list[str], choices: list[bool]) -> None:
    assert _refused("".join(pair[choice] for choice in choices))


@given(st.integers(0, 9), st.sampled_from([1, -1]))
def test_counting_up_or_down_is_too_easy(first: int, step: int) -> None:
    assert _refused("".join(str((first + step * place) % 10) for place in range(6)))


@given(st.text(DIGITS, min_size=3, max_size=3))
def test_a_repeated_half_is_too_easy(half: str) -> None:
    assert _refused(half * 2)


@given(st.dates(date(1930, 1, 1), date(2029, 12, 31)))
def test_birthdays_are_too_easy(day: date) -> None:
    assert all(_refused(f"{day:{form}}") for form in ("%y%m%d", "%d%m%y", "%Y%m"))


@given(st.text(DIGITS, min_size=6, max_size=6))
def test_other_pins_are_taken(pin: str) -> None:
    assume(len(set(pin)) > 4)  # no pair, no repeated half
    assume(int(pin[2:4]) > 12 and pin[:2] not in {"19", "20"})  # no date
    assume(pin not in "01234567890123456789" and pin not in "98765432109876543210")
    assert not _refused(pin)


# --- who there is


def test_clerks_are_kept_by_post_and_name(clerks: Clerks, clerk: Clerk) -> None:
    second = clerks.add(" 样例乙 ", Role.B, NEW)
    assert second.name == "样例乙"
    assert clerks.all() == (clerk, second)
    assert clerks.get(clerk.clerk_id) == clerk
    assert (clerk.signature, clerk.actor) == ("A 样例甲", f"clerk:{clerk.clerk_id}")


@pytest.mark.parametrize("name", ["", "  ", "样" * 41, "样\u202e例", "样\n例"])
def test_a_name_that_cannot_be_shown_is_refused(clerks: Clerks, name: str) -> None:
    with pytest.raises(ValueError, match="1 to 40"):
        clerks.add(name, Role.A, PIN)
    assert clerks.all() == ()


def test_an_easy_pin_adds_and_changes_nothing(clerks: Clerks, clerk: Clerk) -> None:
    with pytest.raises(PinRejectedError):
        clerks.add("样例乙", Role.B, "123456")
    with pytest.raises(PinRejectedError):
        clerks.change_pin(clerk, "123456", clerk.actor)
    assert clerks.sign_in(clerk.clerk_id, PIN) == clerks.all()[0]


def test_the_pin_is_kept_as_argon2id_alone(database: Database, clock: ManualClock) -> None:
    Clerks(database, clock).add("样例甲", Role.A, PIN)
    (stored,) = _column(database, "SELECT pin_hash FROM clerk")
    parameters = extract_parameters(str(stored))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost) >= (64 * 1024, 3)  # RFC 9106, second recommendation
    files = b"".join(file.read_bytes() for file in database.path.parent.iterdir())
    assert PIN.encode() not in files


def test_equal_pins_are_kept_differently(clerks: Clerks, database: Database) -> None:
    clerks.add("样例甲", Role.A, PIN)
    clerks.add("样例乙", Role.B, PIN)
    assert len(set(_column(database, "SELECT pin_hash FROM clerk"))) == 2


def test_weaker_hashes_of_before_are_renewed(clerks: Clerks, clerk: Clerk, database: Database) -> None:
    stronger = Clerks(database, ManualClock(), PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    stronger.sign_in(clerk.clerk_id, PIN)
    (stored,) = _column(database, "SELECT pin_hash FROM clerk")
    assert extract_parameters(str(stored)).time_cost == 2
    stronger.sign_in(clerk.clerk_id, PIN)


def test_who_leaves_is_a_clerk_no_more(clerks: Clerks, clerk: Clerk, database: Database) -> None:
    clerks.remove(clerk, "system")
    assert clerks.all() == ()
    for act in (
        lambda: clerks.get(clerk.clerk_id),
        lambda: clerks.sign_in(clerk.clerk_id, PIN),
        lambda: clerks.change_pin(clerk, NEW, "system"),
        lambda: clerks.remove(clerk, "system"),
    ):
        with pytest.raises(UnknownClerkError):
            act()
    assert _column(database, "SELECT name FROM clerk") == ["样例甲"]


# --- signing in


def test_the_fifth_wrong_pin_locks_even_the_right_one_out(clerks: Clerks, clerk: Clerk, clock: ManualClock) -> None:
    assert _lock(clerks, clerk).until == clock.now() + timedelta(minutes=15)
    with pytest.raises(LockedError):
        clerks.sign_in(clerk.clerk_id, PIN)


def test_the_right_pin_ends_the_count(clerks: Clerks, clerk: Clerk) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongPinError):
                clerks.sign_in(clerk.clerk_id, WRONG)
        assert clerks.sign_in(clerk.clerk_id, PIN) == clerk


def test_a_lockout_ends_after_fifteen_minutes_and_counts_anew(clerks: Clerks, clerk: Clerk, clock: ManualClock) -> None:
    _lock(clerks, clerk)
    clock.advance(15 * 60 - 1)
    with pytest.raises(LockedError):
        clerks.sign_in(clerk.clerk_id, PIN)
    clock.advance(1)
    _lock(clerks, clerk)
    clock.advance(15 * 60)
    assert clerks.sign_in(clerk.clerk_id, PIN) == clerk


def test_a_lockout_outlives_a_restart(clerks: Clerks, clerk: Clerk, database: Database, clock: ManualClock) -> None:
    _lock(clerks, clerk)
    database.close()
    reopened = Database.open(database.path)
    with pytest.raises(LockedError):
        Clerks(reopened, clock, QUICK_HASHER).sign_in(clerk.clerk_id, PIN)
    reopened.close()


def test_a_clock_that_was_set_back_does_not_lock_for_years(clerks: Clerks, clerk: Clerk, clock: ManualClock) -> None:
    clock.wall += timedelta(days=3650)
    _lock(clerks, clerk)
    clock.wall -= timedelta(days=3650)
    with pytest.raises(LockedError) as locked:
        clerks.sign_in(clerk.clerk_id, PIN)
    assert locked.value.until == clock.now() + timedelta(minutes=15)


class _Interrupted(PasswordHasher):
    """The power goes while a PIN is being looked at."""

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's own name
        raise KeyboardInterrupt


def test_a_try_is_counted_before_the_pin_is_looked_at(clerks: Clerks, clerk: Clerk, database: Database) -> None:
    interrupted = Clerks(database, ManualClock(), _Interrupted())
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            interrupted.sign_in(clerk.clerk_id, WRONG)
    with pytest.raises(LockedError):
        clerks.sign_in(clerk.clerk_id, PIN)


def test_a_try_that_cannot_be_counted_is_none(clerks: Clerks, clerk: Clerk, database: Database) -> None:
    with database.transaction() as transaction:
        transaction.execute("CREATE TEMP TRIGGER full BEFORE UPDATE ON clerk BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        Clerks(database, ManualClock(), _Interrupted()).sign_in(clerk.clerk_id, PIN)


def test_a_new_pin_ends_a_lockout(clerks: Clerks, clerk: Clerk) -> None:
    _lock(clerks, clerk)
    clerks.change_pin(clerk, NEW, "system")
    with pytest.raises(WrongPinError):
        clerks.sign_in(clerk.clerk_id, PIN)
    assert clerks.sign_in(clerk.clerk_id, NEW) == clerk


class _Meanwhile(PasswordHasher):
    """Somebody gives the clerk a new PIN while the old one is being looked at."""

    def __init__(self, clerks: Clerks, clerk: Clerk) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._clerks, self._clerk = clerks, clerk

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's own name
        self._clerks.change_pin(self._clerk, NEW, "system")
        return super().verify(hash, password)


def test_a_pin_that_is_changed_meanwhile_is_not_brought_back(clerks: Clerks, clerk: Clerk, database: Database) -> None:
    with pytest.raises(WrongPinError):
        Clerks(database, ManualClock(), _Meanwhile(clerks, clerk)).sign_in(clerk.clerk_id, PIN)
    assert clerks.sign_in(clerk.clerk_id, NEW) == clerk


def test_everything_leaves_an_audit_row(clerks: Clerks, clerk: Clerk, database: Database, clock: ManualClock) -> None:
    clerks.sign_in(clerk.clerk_id, PIN)
    _lock(clerks, clerk)
    clerks.change_pin(clerk, NEW, "clerk:other")
    clerks.remove(clerk, "clerk:other")
    with database.read() as connection:
        rows = [tuple(row) for row in connection.execute("SELECT action, actor, subject FROM audit ORDER BY id")]
    assert rows == [
        ("clerk.add", "system", clerk.clerk_id),
        ("clerk.sign_in", clerk.actor, clerk.clerk_id),
        ("clerk.lock", "system", clerk.clerk_id),
        ("clerk.change_pin", "clerk:other", clerk.clerk_id),
        ("clerk.remove", "clerk:other", clerk.clerk_id),
    ]
