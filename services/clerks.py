"""The point's clerks: who they are, and the PIN that proves it (argon2id, RFC 9106; lockout after five wrong ones)."""

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.clock import Clock
from services.store import audit
from services.store.database import Database

_TRIES: Final = 5
_LOCK: Final = timedelta(minutes=15)
_PIN_LENGTH: Final = 6
_LONGEST_NAME: Final = 40


class Role(StrEnum):
    """The two posts of a point; their holders stand in for each other."""

    A = "A"
    B = "B"


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody who works at the point.

    Attributes:
        clerk_id: the point's id of the clerk.
        name: as residents know the clerk.
        role: the post.
    """

    clerk_id: str
    name: str
    role: Role

    @property
    def actor(self) -> str:
        """How audit rows name the clerk."""
        return f"clerk:{self.clerk_id}"

    @property
    def signature(self) -> str:
        """How records name the clerk."""
        return f"{self.role} {self.name}"


class SignInError(Exception):
    """The clerk is not signed in."""


class UnknownClerkError(SignInError):
    """No clerk at work has this id."""


class WrongPinError(SignInError):
    """The PIN is not the clerk's.

    Attributes:
        tries_left: how many wrong ones are left before the lockout.
    """

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"wrong PIN, {tries_left} tries left")
        self.tries_left = tries_left


class LockedError(SignInError):
    """Too many wrong PINs.

    Attributes:
        until: when the clerk may try again, UTC.
    """

    def __init__(self, until: datetime) -> None:
        super().__init__(f"locked until {until.isoformat()}")
        self.until = until


class PinRejectedError(ValueError):
    """The PIN is not six digits, or one of those that everybody tries first."""


class Clerks:
    """Keeps the clerks. May be used by any thread."""

    def __init__(self, database: Database, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        """Nothing is read yet.

        Args:
            database: where they are kept.
            clock: for lockouts and audit rows.
            hasher: argon2id with the library's parameters (RFC 9106, low memory) where none is given.
        """
        self._database = database
        self._clock = clock
        self._hasher = hasher or PasswordHasher()

    def all(self) -> tuple[Clerk, ...]:
        """Everybody at work, by post and name."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM clerk WHERE left_at IS NULL ORDER BY role, name, id").fetchall()
        return tuple(_clerk(row) for row in rows)

    def get(self, clerk_id: str) -> Clerk:
        """One clerk at work.

        Raises:
            UnknownClerkError: there is none of this id.
        """
        with self._database.read() as connection:
            return _clerk(_row(connection, clerk_id))

    def add(self, name: str, role: Role, pin: str, by: str = "system") -> Clerk:
        """Take somebody on.

        Args:
            name: 1 to 40 characters.
            role: the post.
            pin: see `check_pin`.
            by: the actor for the audit.

        Raises:
            PinRejectedError: the PIN is too easy.
            ValueError: the name is empty or too long.
        """
        name = name.strip()
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ValueError(f"a clerk's name has 1 to {_LONGEST_NAME} characters")
        check_pin(pin)
        clerk = Clerk(str(uuid.uuid4()), name, role)
        pin_hash = self._hasher.hash(pin)
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO clerk (id, name, role, pin_hash) VALUES (?, ?, ?, ?)",
                (clerk.clerk_id, clerk.name, clerk.role, pin_hash),
            )
            self._audit(transaction, by, "clerk.add", clerk)
        return clerk

    def change_pin(self, clerk: Clerk, pin: str, by: str) -> None:
        """Give a clerk a new PIN and end a lockout.

        Raises:
            PinRejectedError: the PIN is too easy.
            UnknownClerkError: the clerk has left.
        """
        check_pin(pin)
        pin_hash = self._hasher.hash(pin)
        with self._database.transaction() as transaction:
            _row(transaction, clerk.clerk_id)
            transaction.execute(
                "UPDATE clerk SET pin_hash = ?, failures = 0, locked_until = NULL WHERE id = ?",
                (pin_hash, clerk.clerk_id),
            )
            self._audit(transaction, by, "clerk.change_pin", clerk)

    def remove(self, clerk: Clerk, by: str) -> None:
        """Somebody leaves; what the clerk did stays on record.

        Raises:
            UnknownClerkError: the clerk has left already.
        """
        with self._database.transaction() as transaction:
            _row(transaction, clerk.clerk_id)
            transaction.execute(
                "UPDATE clerk SET left_at = ? WHERE id = ?", (self._clock.now().isoformat(), clerk.clerk_id)
            )
            self._audit(transaction, by, "clerk.remove", clerk)

    def sign_in(self, clerk_id: str, pin: str) -> Clerk:
        """Prove to be a clerk.

        A try is counted, on disk, before the PIN is looked at: cutting the power buys no further tries.

        Raises:
            WrongPinError: not the PIN.
            LockedError: too many wrong ones, now or before.
            UnknownClerkError: no such clerk is at work.
        """
        row, tries_left, locked_until = self._count_try(clerk_id)
        if self._is_pin(row["pin_hash"], pin):
            self._succeed(row, pin)
            return _clerk(row)
        if tries_left:
            raise WrongPinError(tries_left)
        with self._database.transaction() as transaction:
            self._audit(transaction, "system", "clerk.lock", _clerk(row))
        raise LockedError(locked_until)

    def _count_try(self, clerk_id: str) -> tuple[sqlite3.Row, int, datetime]:
        """Count one more try; the last one locks at once, and only the right PIN unlocks."""
        with self._database.transaction() as transaction:
            row = _row(transaction, clerk_id)
            until = self._locked_until(row)
            if until is not None:
                raise LockedError(until)
            failures = int(row["failures"]) % _TRIES + 1  # begins anew after a lockout
            until = self._clock.now() + _LOCK
            transaction.execute(
                "UPDATE clerk SET failures = ?, locked_until = ? WHERE id = ?",
                (failures, until.isoformat() if failures == _TRIES else None, clerk_id),
            )
        return row, _TRIES - failures, until

    def _succeed(self, row: sqlite3.Row, pin: str) -> None:
        pin_hash = row["pin_hash"]
        if self._hasher.check_needs_rehash(pin_hash):
            pin_hash = self._hasher.hash(pin)
        with self._database.transaction() as transaction:
            if _row(transaction, row["id"])["pin_hash"] != row["pin_hash"]:
                raise WrongPinError(_TRIES)  # somebody gave the clerk a new one meanwhile
            transaction.execute(
                "UPDATE clerk SET failures = 0, locked_until = NULL, pin_hash = ? WHERE id = ?", (pin_hash, row["id"])
            )
            self._audit(transaction, _clerk(row).actor, "clerk.sign_in", _clerk(row))

    def _is_pin(self, pin_hash: str, pin: str) -> bool:
        try:
            return self._hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return False

    def _locked_until(self, row: sqlite3.Row) -> datetime | None:
        if row["locked_until"] is None:
            return None
        now = self._clock.now()
        until = datetime.fromisoformat(row["locked_until"])
        until = min(until, now + _LOCK)  # a clock that was set back must not lock for years
        return until if until > now else None

    def _audit(self, transaction: sqlite3.Connection, actor: str, action: str, clerk: Clerk) -> None:
        audit.write(transaction, self._clock, actor=actor, action=action, subject=clerk.clerk_id)


def check_pin(pin: str) -> None:
    """Refuse a PIN that is not six digits, repeats one or two digits, counts up or down, or is a date.

    Raises:
        PinRejectedError: it is one of those.
    """
    if len(pin) != _PIN_LENGTH or not pin.isascii() or not pin.isdigit():
        raise PinRejectedError(f"a PIN has {_PIN_LENGTH} digits")
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    halves_repeat = pin[:3] == pin[3:] or pin[:2] * 3 == pin
    if len(set(pin)) < 3 or steps in ({1}, {9}) or halves_repeat or _is_date(pin):
        raise PinRejectedError("this PIN is too easy to guess")


def _is_date(pin: str) -> bool:
    for form in ("%y%m%d", "%d%m%y", "%Y%m"):
        try:
            datetime.strptime(pin, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if form != "%Y%m" or pin[:2] in {"19", "20"}:
            return True
    return False


def _row(connection: sqlite3.Connection, clerk_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM clerk WHERE id = ? AND left_at IS NULL", (clerk_id,)
    ).fetchone()
    if row is None:
        raise UnknownClerkError(f"no clerk {clerk_id} is at work")
    return row


def _clerk(row: sqlite3.Row) -> Clerk:
    return Clerk(row["id"], row["name"], Role(row["role"]))
