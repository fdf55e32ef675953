"""Home visits: asked for at the point, made by two clerks, and entered when they are back."""

import sqlite3
from datetime import date, datetime

from services import identity
from services.certification.acts import (
    AlreadyCertifiedError,
    NameRejectedError,
    NotFoundError,
    SameClerkError,
    VisitDateError,
    clean_reason,
)
from services.certification.calendar import Calendar
from services.certification.ledger import ByClerks, Ledger
from services.certification.residents import Residents
from services.certification.views import CertificationView, HomeVisitView
from services.clerks import Clerk
from services.northbound.journal import Journal
from services.store.database import Database


class HomeVisits:
    """What clerks do about residents who cannot come. May be used by any thread."""

    def __init__(
        self, *, database: Database, journal: Journal, residents: Residents, ledger: Ledger, calendar: Calendar
    ) -> None:
        """Nothing is read yet."""
        self._database = database
        self._journal = journal
        self._residents = residents
        self._ledger = ledger
        self._calendar = calendar

    def open_requests(self) -> tuple[HomeVisitView, ...]:
        """The visits that are still to be made, the oldest request first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT home_visit.*, clerk.name AS clerk FROM home_visit JOIN clerk ON clerk.id = clerk_id"
                " WHERE state = 'open' ORDER BY requested_at, home_visit.id"
            ).fetchall()
            return tuple(
                HomeVisitView(
                    request_id=row["id"],
                    resident=self._residents.get(row["resident_id"]).view,
                    year=row["year"],
                    reason=row["reason"],
                    clerk=row["clerk"],
                    requested_at=datetime.fromisoformat(row["requested_at"]),
                )
                for row in rows
            )

    def request(self, clerk: Clerk, name: str, number: str, reason: str) -> str:
        """Ask for a visit to somebody who cannot come to the point, enrolled or not.

        Returns:
            The request's id; the same one while it is open.

        Raises:
            IdentityError: the number is none.
            NameRejectedError: the name is none.
            ReasonError: no reason is given.
            NotEligibleError: too young to have to certify.
            AlreadyCertifiedError: this year's certification exists.
            DateDoubtfulError: a clerk has to confirm the date first.
            FullError: the disk has no room; nothing was stored.
        """
        day = self._calendar.today()
        checked = identity.parse(number, day)
        try:
            cleaned = identity.clean_name(name)
        except ValueError as error:
            raise NameRejectedError(str(error)) from error
        words = clean_reason(reason)
        with self._database.transaction() as transaction:
            resident = self._residents.find(checked) or self._residents.add(transaction, checked, cleaned)
            self._ledger.require_age(resident, day)
            if self._ledger.of_year(resident, day.year) is not None:
                raise AlreadyCertifiedError(f"resident {resident.resident_id} is certified for {day.year}")
            request_id = self._ledger.request_home_visit(resident, clerk, words, transaction)
        self._journal.announce()
        return request_id

    def complete(self, request_id: str, clerk: Clerk, second_clerk: Clerk, visited_on: date) -> CertificationView:
        """Two clerks were there: certified for the year of that day, and marked for the county's review.

        Raises:
            NotFoundError: there is no such open request.
            SameClerkError: both are one person.
            VisitDateError: the day lies before the request or in the future.
            AlreadyCertifiedError, NotEligibleError, DateDoubtfulError, FullError: as with `Ledger.certify_visit`.
        """
        if clerk.clerk_id == second_clerk.clerk_id:
            raise SameClerkError("the second clerk has to be another person")
        row = self._request(request_id)
        requested_on = identity.today(datetime.fromisoformat(row["requested_at"]))
        if not requested_on <= visited_on <= self._calendar.today():
            raise VisitDateError(f"asked for on {requested_on}, today is {self._calendar.today()}")
        resident = self._residents.get(row["resident_id"])
        evidence = ByClerks(clerk, second_clerk, row["reason"])
        return self._ledger.certify_home_visit(request_id, resident, evidence, visited_on).view(resident)

    def _request(self, request_id: str) -> sqlite3.Row:
        with self._database.read() as connection:
            row: sqlite3.Row | None = connection.execute(
                "SELECT * FROM home_visit WHERE id = ? AND state = 'open'", (request_id,)
            ).fetchone()
        if row is None:
            raise NotFoundError(f"no open request {request_id}")
        return row
