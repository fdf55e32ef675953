"""The one place where enrolments are stored: resident, fingers, audit row and record in one transaction, or nothing."""

import sqlite3

from services.certification.acts import NotEligibleError
from services.certification.calendar import Calendar
from services.certification.residents import Finger, Residents
from services.certification.rules import Rules
from services.clerks import Clerk
from services.clock import Clock
from services.identity import IdentityNumber
from services.northbound.journal import Journal
from services.northbound.messages import Enrolment
from services.store import audit
from services.store.database import Database


class EnrolmentLedger:
    """Keeps enrolments. May be used by any thread."""

    def __init__(
        self, *, database: Database, journal: Journal, residents: Residents, calendar: Calendar, rules: Rules,
        clock: Clock,
    ) -> None:  # fmt: skip
        """Nothing is read yet."""
        self._database = database
        self._journal = journal
        self._residents = residents
        self._calendar = calendar
        self._rules = rules
        self._clock = clock

    def require_date(self) -> None:
        """Make sure that it is known what day it is.

        Raises:
            DateDoubtfulError: a clerk has to confirm the date first.
        """
        with self._database.read() as connection:
            self._calendar.guard(connection)

    def start(self, enrolment_id: str, clerk: Clerk) -> None:
        """Store that the resident has agreed, before any finger is read."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO enrolment (id, clerk_id, consent, started_at, trusted, state)"
                " VALUES (?, ?, ?, ?, ?, 'started')",
                (
                    enrolment_id,
                    clerk.clerk_id,
                    self._rules.enrolment_consent,
                    self._clock.now().isoformat(),
                    self._clock.trusted(),
                ),
            )
            self._audit(transaction, clerk, "enrolment.consent", enrolment_id)

    def save(
        self, enrolment_id: str, clerk: Clerk, number: IdentityNumber, name: str, fingers: tuple[Finger, ...]
    ) -> None:
        """Store the resident and these fingers as the only ones.

        Raises:
            NotEligibleError: the resident is too young.
            DateDoubtfulError: a clerk has to confirm the date first.
            FullError: the disk has no room; nothing was stored.
        """
        with self._database.transaction() as transaction:
            self._calendar.guard(transaction)
            if number.age_on(self._calendar.today()) < self._rules.minimum_age:
                raise NotEligibleError(f"younger than {self._rules.minimum_age}")
            resident = self._residents.add(transaction, number, name)
            self._residents.replace_fingers(transaction, resident, fingers)
            record = self._journal.append(
                transaction,
                Enrolment(
                    person=self._residents.person(resident),
                    fingers=tuple(finger.position.term for finger in fingers),
                    algorithm=fingers[0].templates[0].algorithm,
                    consent=self._rules.enrolment_consent,
                    enrolled_at=self._clock.now(),
                    clerk=clerk.signature,
                ),
            )
            transaction.execute(
                "UPDATE enrolment SET state = 'saved', resident_id = ?, record_id = ? WHERE id = ?",
                (resident.resident_id, record.id, enrolment_id),
            )
            self._audit(transaction, clerk, "enrolment.save", enrolment_id)
        self._journal.announce()

    def leave(self, enrolment_id: str, clerk: Clerk) -> None:
        """Store that the enrolment ended without fingers."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE enrolment SET state = 'left' WHERE id = ? AND state = 'started'", (enrolment_id,)
            )
            self._audit(transaction, clerk, "enrolment.leave", enrolment_id)

    def _audit(self, transaction: sqlite3.Connection, clerk: Clerk, action: str, subject: str) -> None:
        audit.write(transaction, self._clock, actor=clerk.actor, action=action, subject=subject)
