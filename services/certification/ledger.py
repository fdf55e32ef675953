"""The one place where certifications are made: the row, its audit row, its record and its outbox row, or nothing.

The invariants that every method here keeps are numbered in `docs/storage.md`.
"""

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import date, datetime

from services.certification.acts import AlreadyCertifiedError, NotEligibleError
from services.certification.calendar import Calendar
from services.certification.residents import Resident, Residents
from services.certification.rules import Rules
from services.certification.views import CertificationView, FingerPosition, Problem, SlipState
from services.clerks import Clerk
from services.clock import Clock
from services.northbound.journal import Journal
from services.northbound.messages import Certification, Footage, HomeVisitRequest, Method
from services.store import audit
from services.store.database import Database


@dataclass(frozen=True, slots=True)
class ByFinger:
    """A finger matched.

    Attributes:
        finger: which one.
        algorithm: who compared it.
        score: the matcher's own measure.
    """

    finger: FingerPosition
    algorithm: str
    score: float | None


@dataclass(frozen=True, slots=True)
class ByClerks:
    """Two clerks vouch for the resident.

    Attributes:
        first: who gave the reason.
        second: who confirmed it.
        reason: why no finger could be matched.
    """

    first: Clerk
    second: Clerk
    reason: str


@dataclass(frozen=True, slots=True)
class Certified:
    """A certification as it is stored; `view` makes it fit for a screen.

    Attributes:
        certification_id: the point's id of it.
        record_id: its record.
        record_hash: the record's hash.
        resident_id: who is certified.
        year: for which year.
        method: how.
        certified_at: when, UTC.
        clock_trusted: whether the clock was synchronised then.
        slip: how far the slip is.
        slip_attempts: how often its printing was begun.
        slip_problem: why it failed.
        acknowledged: whether the county has answered that it is stored.
    """

    certification_id: str
    record_id: str
    record_hash: str
    resident_id: str
    year: int
    method: Method
    certified_at: datetime
    clock_trusted: bool
    slip: SlipState
    slip_attempts: int
    slip_problem: Problem | None
    acknowledged: bool

    def view(self, resident: Resident) -> CertificationView:
        """The certification as a screen may show it."""
        shown = resident.view
        return CertificationView(
            certification_id=self.certification_id,
            record_id=self.record_id,
            year=self.year,
            certified_at=self.certified_at,
            clock_trusted=self.clock_trusted,
            method=self.method,
            masked_name=shown.masked_name,
            masked_number=shown.masked_number,
            slip=self.slip,
            slip_problem=self.slip_problem,
            acknowledged=self.acknowledged,
        )


_SELECT = """
    SELECT certification.*, record.hash AS record_hash, slip.state AS slip_state, slip.attempts, slip.problem,
           coalesce(settlement.verdict = 'stored', 0) AS acknowledged
    FROM certification
    JOIN record ON record.id = certification.record_id
    JOIN slip ON slip.certification_id = certification.id
    LEFT JOIN settlement ON settlement.record_id = certification.record_id
"""


class Ledger:
    """Keeps visits, certifications and home visits. May be used by any thread."""

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        residents: Residents,
        calendar: Calendar,
        rules: Rules,
        clock: Clock,
    ) -> None:
        """Nothing is read yet."""
        self._database = database
        self._journal = journal
        self._residents = residents
        self._calendar = calendar
        self._rules = rules
        self._clock = clock

    def recover(self) -> None:
        """Tidy up after a power cut: visits that were under way ended, slips that were being printed are in doubt."""
        now = self._clock.now().isoformat()
        with self._database.transaction() as transaction:
            for row in transaction.execute("SELECT id FROM visit WHERE state = 'started'").fetchall():
                self._end_visit(transaction, row["id"], "interrupted")
            transaction.execute("UPDATE enrolment SET state = 'left' WHERE state = 'started'")
            transaction.execute(
                "UPDATE slip SET state = 'failed', problem = ?, changed_at = ? WHERE state = 'printing'",
                (Problem.SLIP_INTERRUPTED, now),
            )

    def start_visit(self, visit_id: str) -> datetime:
        """Store that a visit has begun with the resident's consent, before anything else happens.

        Returns:
            When.
        """
        now = self._clock.now()
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO visit (id, consent, started_at, trusted, state) VALUES (?, ?, ?, ?, 'started')",
                (visit_id, self._rules.certification_consent, now.isoformat(), self._clock.trusted()),
            )
            self._audit(transaction, "resident", "visit.consent", visit_id, text=self._rules.certification_consent)
        return now

    def end_visit(self, visit_id: str) -> None:
        """Store that a visit ended without a certification; one that was certified stays as it is."""
        with self._database.transaction() as transaction:
            self._end_visit(transaction, visit_id, "left")

    def note(self, actor: str, action: str, subject: str, **detail: str | int | bool | None) -> None:
        """Write an audit row of its own."""
        with self._database.transaction() as transaction:
            self._audit(transaction, actor, action, subject, **detail)

    def require_age(self, resident: Resident, on: date) -> None:
        """Make sure that a resident has to certify at all.

        Raises:
            NotEligibleError: too young on that day.
        """
        if resident.number.age_on(on) < self._rules.minimum_age:
            raise NotEligibleError(f"younger than {self._rules.minimum_age}")

    def certify_visit(
        self, visit_id: str, resident: Resident, evidence: ByFinger | ByClerks, since: datetime
    ) -> Certified:
        """Certify a resident who is at the point, for this year.

        Args:
            visit_id: the visit, whose consent is stored.
            resident: who is certified.
            evidence: how it was established that the resident is alive.
            since: when the visit began; the footage from then on shows it.

        Raises:
            AlreadyCertifiedError: this year's certification exists.
            NotEligibleError: the resident is too young.
            DateDoubtfulError: a clerk has to confirm the date first.
            FullError: the disk has no room; nothing was stored.
        """
        with self._database.transaction() as transaction:
            certification_id = self._certify(
                transaction, resident, evidence, year=self._calendar.today().year,
                method=Method.FINGER if isinstance(evidence, ByFinger) else Method.ATTESTED,
                consent=self._rules.certification_consent, footage=self._footage(since), visit_id=visit_id,
            )  # fmt: skip
            transaction.execute("UPDATE visit SET state = 'certified' WHERE id = ?", (visit_id,))
            transaction.execute(
                "UPDATE home_visit SET state = 'needless' WHERE resident_id = ? AND state = 'open'",
                (resident.resident_id,),
            )
        self._journal.announce()
        return self.get(certification_id)

    def certify_home_visit(
        self, request_id: str, resident: Resident, evidence: ByClerks, visited_on: date
    ) -> Certified:
        """Certify a resident whom somebody has visited, for the year of that day; the request is done with.

        Raises:
            AlreadyCertifiedError: that year's certification exists.
            NotEligibleError, DateDoubtfulError, FullError: as with `certify_visit`.
        """
        with self._database.transaction() as transaction:
            certification_id = self._certify(
                transaction, resident, evidence, year=visited_on.year, method=Method.HOME_VISIT,
                consent=self._rules.home_visit_consent, footage=None, home_visit_id=request_id,
            )  # fmt: skip
            transaction.execute(
                "UPDATE home_visit SET state = 'done', visited_on = ? WHERE id = ?",
                (visited_on.isoformat(), request_id),
            )
        self._journal.announce()
        return self.get(certification_id)

    def request_home_visit(
        self, resident: Resident, clerk: Clerk, reason: str, transaction: sqlite3.Connection | None = None
    ) -> str:
        """Ask for a home visit; a request that is open already stays the only one.

        Args:
            resident: whom to visit.
            clerk: who asks.
            reason: why the resident cannot be certified at the point.
            transaction: joins this one; the caller then announces. Without it, one of its own.

        Returns:
            The request's id.

        Raises:
            DateDoubtfulError: a clerk has to confirm the date first.
        """
        if transaction is None:
            with self._database.transaction() as own:
                request_id = self.request_home_visit(resident, clerk, reason, own)
            self._journal.announce()
            return request_id
        row = transaction.execute(
            "SELECT id FROM home_visit WHERE resident_id = ? AND state = 'open'", (resident.resident_id,)
        ).fetchone()
        if row:
            return str(row["id"])
        self._calendar.guard(transaction)
        request_id, now, year = str(uuid.uuid4()), self._clock.now(), self._calendar.today().year
        record = self._journal.append(
            transaction,
            HomeVisitRequest(
                request_id=request_id, person=self._residents.person(resident), year=year, reason=reason,
                clerk=clerk.signature, requested_at=now,
            ),
        )  # fmt: skip
        transaction.execute(
            "INSERT INTO home_visit (id, resident_id, year, reason, clerk_id, requested_at, record_id, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'open')",
            (request_id, resident.resident_id, year, reason, clerk.clerk_id, now.isoformat(), record.id),
        )
        self._audit(transaction, clerk.actor, "home_visit.request", request_id)
        return request_id

    def of_year(self, resident: Resident, year: int) -> Certified | None:
        """A resident's certification for a year."""
        return self._one("WHERE certification.resident_id = ? AND certification.year = ?", (resident.resident_id, year))

    def get(self, certification_id: str) -> Certified:
        """A certification that is known to exist."""
        found = self._one("WHERE certification.id = ?", (certification_id,))
        if found is None:
            raise LookupError(f"no certification {certification_id}")
        return found

    def _certify(
        self, transaction: sqlite3.Connection, resident: Resident, evidence: ByFinger | ByClerks, *,
        year: int, method: Method, consent: str, footage: Footage | None,
        visit_id: str | None = None, home_visit_id: str | None = None,
    ) -> str:  # fmt: skip
        self._calendar.guard(transaction)
        self.require_age(resident, self._calendar.today())
        if transaction.execute(
            "SELECT 1 FROM certification WHERE resident_id = ? AND year = ?", (resident.resident_id, year)
        ).fetchone():
            raise AlreadyCertifiedError(f"resident {resident.resident_id} is certified for {year}")
        finger = evidence if isinstance(evidence, ByFinger) else None
        clerks = evidence if isinstance(evidence, ByClerks) else None
        certification_id, now = str(uuid.uuid4()), self._clock.now()
        record = self._journal.append(
            transaction,
            Certification(
                certification_id=certification_id,
                year=year,
                person=self._residents.person(resident),
                method=method,
                finger=finger.finger.term if finger else None,
                algorithm=finger.algorithm if finger else None,
                score_milli=round(finger.score * 1000) if finger and finger.score is not None else None,
                consent=consent,
                certified_at=now,
                clerks=(clerks.first.signature, clerks.second.signature) if clerks else (),
                reason=clerks.reason if clerks else None,
                review_required=clerks is not None,
                footage=footage,
            ),
        )
        transaction.execute(
            "INSERT INTO certification (id, resident_id, year, method, visit_id, home_visit_id, finger, clerk_id,"
            " second_clerk_id, review_required, certified_at, trusted, record_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                certification_id, resident.resident_id, year, method, visit_id, home_visit_id,
                finger.finger.term if finger else None,
                clerks.first.clerk_id if clerks else None, clerks.second.clerk_id if clerks else None,
                clerks is not None, now.isoformat(), record.clock_trusted, record.id,
            ),
        )  # fmt: skip
        transaction.execute(
            "INSERT INTO slip (certification_id, state, changed_at) VALUES (?, 'waiting', ?)",
            (certification_id, now.isoformat()),
        )
        actor = clerks.second.actor if clerks else "resident"
        self._audit(transaction, actor, "certification.make", certification_id, method=method, record=record.id)
        return certification_id

    def _footage(self, since: datetime) -> Footage | None:
        now = self._clock.now()
        if not self._rules.camera:
            return None
        return Footage(camera=self._rules.camera, begin=min(since, now), end=now)

    def _end_visit(self, transaction: sqlite3.Connection, visit_id: str, how: str) -> None:
        ended = transaction.execute("UPDATE visit SET state = 'left' WHERE id = ? AND state = 'started'", (visit_id,))
        if ended.rowcount:
            self._audit(transaction, "system" if how == "interrupted" else "resident", f"visit.{how}", visit_id)

    def _one(self, where: str, values: tuple[str | int, ...]) -> Certified | None:
        with self._database.read() as connection:
            row = connection.execute(_SELECT + where, values).fetchone()
        return _certified(row) if row else None

    def _audit(
        self, transaction: sqlite3.Connection, actor: str, action: str, subject: str, **detail: str | int | bool | None
    ) -> None:
        audit.write(transaction, self._clock, actor=actor, action=action, subject=subject, detail=detail)


def _certified(row: sqlite3.Row) -> Certified:
    return Certified(
        certification_id=row["id"],
        record_id=row["record_id"],
        record_hash=row["record_hash"],
        resident_id=row["resident_id"],
        year=row["year"],
        method=Method(row["method"]),
        certified_at=datetime.fromisoformat(row["certified_at"]),
        clock_trusted=bool(row["trusted"]),
        slip=SlipState(row["slip_state"]),
        slip_attempts=row["attempts"],
        slip_problem=Problem(row["problem"]) if row["problem"] else None,
        acknowledged=bool(row["acknowledged"]),
    )
