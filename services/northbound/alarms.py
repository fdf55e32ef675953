"""Alarms are records made at change alone: once when something begins to need attention, once when it ends."""

import sqlite3
from dataclasses import dataclass

from services.clock import Clock
from services.northbound.journal import Journal
from services.northbound.messages import Alarm
from services.store.database import Database


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """Something needs attention.

    Attributes:
        source: what, such as `printer` or `county`.
        fault: why, a word.
        since: since when, UTC in ISO 8601.
    """

    source: str
    fault: str
    since: str


class Alarms:
    """The alarms of a point."""

    def __init__(self, database: Database, journal: Journal, clock: Clock) -> None:
        """Nothing is read before it is asked for."""
        self._database = database
        self._journal = journal
        self._clock = clock

    def report(self, source: str, fault: str, *, active: bool, detail: str = "") -> bool:
        """Say how it is; a record is made when that is news.

        Args:
            source: what the alarm is about, such as a device's name.
            fault: what is wrong with it, a word.
            active: whether it is wrong now.
            detail: for people; no personal data.

        Returns:
            Whether it was news.
        """
        with self._database.read() as connection:
            if self._is_active(connection, source, fault) is active:
                return False
        with self._database.transaction() as transaction:
            news = self.report_in(transaction, source, fault, active=active, detail=detail)
        if news:
            self._journal.announce()
        return news

    def report_in(
        self, transaction: sqlite3.Connection, source: str, fault: str, *, active: bool, detail: str = ""
    ) -> bool:
        """As `report`, within the caller's transaction; the caller announces it after the commit."""
        if self._is_active(transaction, source, fault) is active:
            return False
        now = self._clock.now()
        if active:
            transaction.execute(
                "INSERT INTO active_alarm (source, fault, since) VALUES (?, ?, ?)", (source, fault, now.isoformat())
            )
        else:
            transaction.execute("DELETE FROM active_alarm WHERE source = ? AND fault = ?", (source, fault))
        body = Alarm(source=source, fault=fault, active=active, since=now, detail=detail[:1000])
        self._journal.append(transaction, body)
        return True

    def active(self) -> tuple[ActiveAlarm, ...]:
        """What needs attention now, longest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT source, fault, since FROM active_alarm ORDER BY since").fetchall()
        return tuple(ActiveAlarm(**row) for row in rows)

    @staticmethod
    def _is_active(connection: sqlite3.Connection, source: str, fault: str) -> bool:
        query = "SELECT 1 FROM active_alarm WHERE source = ? AND fault = ?"
        return connection.execute(query, (source, fault)).fetchone() is not None
