"""Home visits, as clerks ask for them and finish them: the second clerk confirms with a PIN of his own."""

from datetime import date, timedelta
from typing import Final

from flask import Blueprint, Response, request

from kiosk.ui import sign_in, words
from kiosk.ui.clerk import paged, signed_in
from kiosk.ui.front import Front, Page
from services import identity
from services.certification.acts import ActError, NameRejectedError, ReasonError
from services.certification.views import HomeVisitView
from services.clerks import Clerk
from services.identity import IdentityError

_ROWS: Final = 3
_DAYS: Final = 5  # that can be chosen: today and the days before; earlier ones by the arrow
_NAME, _NUMBER = "name", "number"
_LIST: Final = "/clerk/home_visits"
_NEW: Final = "/clerk/home_visits/new"


def home_visit_pages(front: Front) -> Blueprint:
    """The routes."""
    pages = Blueprint("home_visits", __name__)
    desk = front.certification.home_visits

    def listed() -> Response:
        requests = desk.open_requests()
        page, pages_in_all = paged(len(requests), _ROWS)
        data = {
            "rows": requests[page * _ROWS : (page + 1) * _ROWS], "page_number": page, "pages": pages_in_all,
            "address": _LIST,
        }  # fmt: skip
        leads = () if requests else ("home_visits-none",)
        here = f"{_LIST}?page={page}"
        return front.render(Page("clerk/home_visits", "home_visits", leads, here=here, back="/clerk", data=data))

    def new() -> Response:
        return front.render(_step_page(front))

    def take() -> Response:
        return front.render(_take(front))

    def chosen(request_id: str) -> Response:
        found = _find(front, request_id)
        return front.render(_days_page(front, found)) if found else front.go(_LIST)

    def second(request_id: str, day: str) -> Response:
        return _who(front, request_id, day)

    def pin(request_id: str, day: str, clerk_id: str) -> Response:
        address = f"{_LIST}/{request_id}/{day}"
        return sign_in.pin(front, f"{address}/{clerk_id}", clerk_id, address)

    def prove(request_id: str, day: str, clerk_id: str) -> Response:
        def proven(clerk: Clerk) -> Response:
            return _complete(front, request_id, day, clerk)

        address = f"{_LIST}/{request_id}/{day}"
        return sign_in.prove(front, f"{address}/{clerk_id}", clerk_id, address, proven)

    for address, view, method in (
        (_LIST, listed, "GET"),
        (_NEW, new, "GET"),
        (_NEW, take, "POST"),
        (f"{_LIST}/<request_id>", chosen, "GET"),
        (f"{_LIST}/<request_id>/<day>", second, "GET"),
        (f"{_LIST}/<request_id>/<day>/<clerk_id>", pin, "GET"),
        (f"{_LIST}/<request_id>/<day>/<clerk_id>", prove, "POST"),
    ):
        pages.add_url_rule(address, view_func=signed_in(front, view), methods=[method])
    return pages


# ----------------------------------------------------------------------------------- asking for one


def _step_page(front: Front, lead: str | None = None, entered: str = "") -> Page:
    """Name, number, reason: the first of them that is still wanted."""
    draft, leads, status = front.session.draft, (lead,) if lead else (), 422 if lead else 200
    if _NAME not in draft:
        return Page(
            "clerk/name", "home_visit-person", leads, here=_NEW, back=_LIST,
            data={"address": _NEW, "entered": entered}, status=status,
        )  # fmt: skip
    if _NUMBER not in draft:
        return Page(
            "clerk/number", "enrolment-number", leads, here=_NEW, back=_LIST,
            data={"address": _NEW, "entered": entered}, status=status,
        )  # fmt: skip
    other = "other" in request.args or lead is not None
    return Page(
        "clerk/reason_text" if other else "clerk/reason", "help-other" if other else "home_visit-reason", leads,
        here=_NEW, back=_NEW if other else _LIST, status=status,
        data={"address": _NEW, "view": None, "reasons": words.HOME_REASONS, "entered": entered},
    )  # fmt: skip


def _take(front: Front) -> Page:
    """What the clerk has entered on one of the three pages."""
    draft, form = front.session.draft, request.form
    try:
        if "name" in form:
            draft[_NAME] = _clean_name(form["name"])
        elif "number" in form:
            identity.parse(form["number"], front.certification.calendar.today())
            draft[_NUMBER] = form["number"]
        elif _NAME in draft and _NUMBER in draft:
            return _ask(front, form.get("reason", ""))
    except (IdentityError, ActError) as error:
        return _step_page(front, words.rejection(error), form.get("name") or form.get("number", ""))
    return _step_page(front)


def _clean_name(text: str) -> str:
    try:
        return identity.clean_name(text)
    except ValueError as error:
        raise NameRejectedError(str(error)) from error


def _ask(front: Front, reason: str) -> Page:
    draft = front.session.draft
    try:
        front.certification.home_visits.request(front.clerk, draft[_NAME], draft[_NUMBER], reason)
    except ReasonError as error:
        return _step_page(front, words.rejection(error), reason)
    except ActError as error:
        draft.clear()
        return Page("clerk/done", "unforeseen", (words.rejection(error),), here=_LIST, back=_LIST, status=422)
    draft.clear()
    return Page("clerk/done", "home_visit-asked", ("home_visit-asked-how",), here=_LIST, back=_LIST)


# ----------------------------------------------------------------------------------- finishing one


def _find(front: Front, request_id: str) -> HomeVisitView | None:
    requests = front.certification.home_visits.open_requests()
    return next((found for found in requests if found.request_id == request_id), None)


def _days_page(front: Front, found: HomeVisitView) -> Page:
    """The days on which the visit can have been, newest first, a few at a time."""
    today, first = front.certification.calendar.today(), identity.today(found.requested_at)
    possible = max(1, (today - first).days + 1)
    start = min(max(0, request.args.get("from", 0, type=int)), possible - 1)
    days = [today - timedelta(days=back) for back in range(start, min(start + _DAYS, possible))]
    earlier = start + _DAYS if start + _DAYS < possible else None
    address = f"{_LIST}/{found.request_id}"
    return Page(
        "clerk/visit_day", "home_visit", ("home_visit-how",), here=f"{address}?from={start}", back=_LIST,
        data={"found": found, "days": days, "earlier": earlier, "address": address, "newest": today},
    )  # fmt: skip


def _who(front: Front, request_id: str, day: str, lead: str | None = None) -> Response:
    address = f"{_LIST}/{request_id}/{day}"
    leads = (lead,) if lead else ()
    return sign_in.who(front, address, f"{_LIST}/{request_id}", "home_visit-second", leads, besides=front.clerk)


def _complete(front: Front, request_id: str, day: str, second: Clerk) -> Response:
    try:
        visited_on = date.fromisoformat(day)
    except ValueError:
        return front.go(f"{_LIST}/{request_id}")
    try:
        made = front.certification.home_visits.complete(request_id, front.clerk, second, visited_on)
    except ActError as error:
        return front.render(
            Page("clerk/done", "unforeseen", (words.rejection(error),), here=_LIST, back=_LIST, status=422)
        )
    data = {"certification": made}
    return front.render(
        Page("clerk/done", "home_visit-done", ("home_visit-done-how",), here=_LIST, back=_LIST, data=data)
    )
