"""Which day it is, and whether that can be believed: nobody is ever certified for a wrong year in silence.

A clock that is synchronised is believed unless it lies before what a synchronised clock has signed already. Any other
clock has to fit what is known: it must not lie before the newest act that was done on a believed date, nor long after
it. A clerk who confirms the date that the clock shows puts an end to what was known before.
"""

import sqlite3
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from services import identity
from services.certification.acts import DateDiffersError, DateDoubtfulError
from services.clerks import Clerk
from services.clock import Clock
from services.store import audit
from services.store.database import Database

_STEP_BACK: Final = timedelta(minutes=10)  # clocks are set back by a little when they are synchronised
_LONGEST_GAP: Final = timedelta(days=60)  # between two acts, without anything that tells the date


class Calendar:
    """Tells the date in Asia/Shanghai and guards it. May be used by any thread."""

    def __init__(self, database: Database, clock: Clock, built_on: date) -> None:
        """Nothing is read yet.

        Args:
            database: knows what was done when.
            clock: is held against that.
            built_on: when this program was built; no date before it is right.
        """
        self._database = database
        self._clock = clock
        self._built_at = datetime.combine(built_on, time(), UTC)

    def today(self) -> date:
        """The clock's date in Asia/Shanghai, believed or not."""
        return identity.today(self._clock.now())

    def is_doubtful(self) -> bool:
        """Whether a clerk has to confirm the date before anybody is certified."""
        with self._database.read() as connection:
            return self._doubt(connection)

    def guard(self, connection: sqlite3.Connection) -> None:
        """Refuse a doubtful date, in the transaction of the act that rests on it.

        Raises:
            DateDoubtfulError: a clerk has to confirm the date first.
        """
        if self._doubt(connection):
            raise DateDoubtfulError(f"the clock shows {self.today()}, which does not fit what was done before")

    def confirm_today(self, clerk: Clerk, day: date) -> None:
        """A clerk says what day it is; from then on that is known.

        Raises:
            DateDiffersError: the clock shows another day: it has to be set.
        """
        if day != self.today():
            raise DateDiffersError(f"the clock shows {self.today()}")
        with self._database.transaction() as transaction:
            newest = transaction.execute("SELECT coalesce(max(rowid), 0) FROM record").fetchone()[0]
            transaction.execute(
                "INSERT INTO date_confirmation (at, clerk_id, after_record) VALUES (?, ?, ?)",
                (self._clock.now().isoformat(), clerk.clerk_id, newest),
            )
            audit.write(
                transaction, self._clock, actor=clerk.actor, action="clock.confirm", subject="clock",
                detail={"day": day.isoformat()},
            )  # fmt: skip

    def _doubt(self, connection: sqlite3.Connection) -> bool:
        now = self._clock.now()
        known = self._known(connection, trusted_only=self._clock.trusted())
        too_early = now < known - _STEP_BACK
        return too_early or (not self._clock.trusted() and now > known + _LONGEST_GAP)

    def _known(self, connection: sqlite3.Connection, *, trusted_only: bool) -> datetime:
        """The newest moment that is known to have passed.

        Records are taken in the order in which they were made: sequences begin anew with every epoch.
        """
        confirmed = connection.execute(
            "SELECT at, after_record FROM date_confirmation ORDER BY id DESC LIMIT 1"
        ).fetchone()
        act = connection.execute(
            """
            SELECT json_extract(envelope, '$.time') AS at FROM record
            WHERE rowid > ? AND (json_extract(envelope, '$.clock_trusted') OR (kind LIKE 'pension.%' AND NOT ?))
            ORDER BY rowid DESC LIMIT 1
            """,
            (confirmed["after_record"] if confirmed else 0, trusted_only),
        ).fetchone()
        moments = [self._built_at]
        if confirmed is not None and not trusted_only:
            moments.append(datetime.fromisoformat(confirmed["at"]))
        if act is not None:
            moments.append(datetime.fromisoformat(act["at"]))
        return max(moments)
