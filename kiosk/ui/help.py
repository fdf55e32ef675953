"""What a clerk does in a resident's visit: vouch, ask for a home visit, confirm the date. Helping is no signing in."""

from datetime import date
from typing import Final

from flask import Blueprint, Response, request

from kiosk.ui import sign_in, words
from kiosk.ui.front import VISIT, Front, Page, revision
from kiosk.ui.resident import number_page
from services.certification.acts import ActError, DateDiffersError, OutOfStep
from services.certification.views import Step, VisitView
from services.clerks import Clerk

_PURPOSES: Final = ("attest", "home_visit", "date")
_SECOND: Final = "second"


def help_pages(front: Front) -> Blueprint:
    """The routes."""
    helping = _Help(front)
    pages = Blueprint("help", __name__, url_prefix="/help")
    pages.add_url_rule("/number", view_func=helping.number)
    pages.add_url_rule("/wrong_date", view_func=helping.wrong_date)
    pages.add_url_rule("/<purpose>", view_func=helping.with_)
    pages.add_url_rule("/<purpose>", view_func=helping.act, methods=["POST"])
    pages.add_url_rule("/<purpose>/<clerk_id>", view_func=helping.pin)
    pages.add_url_rule("/<purpose>/<clerk_id>", view_func=helping.prove, methods=["POST"])
    return pages


class _Help:
    """What a clerk can ask for and post in a visit."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def number(self) -> Response:
        view = _view(self._front, Step.CLERK_NEEDED)
        return self._front.render(number_page(view, "")) if view else self._front.shown()

    def wrong_date(self) -> Response:
        return self._front.render(_wrong_date_page())

    def with_(self, purpose: str) -> Response:
        front = self._front
        if _view(front, Step.ATTEST_SECOND_CLERK if purpose == _SECOND else Step.CLERK_NEEDED) is None:
            return front.shown()
        if purpose == _SECOND or (purpose in _PURPOSES and front.session.helper is None):
            return _who(front, purpose)
        return front.render(self._page(purpose)) if purpose in _PURPOSES else front.shown()

    def _page(self, purpose: str, lead: str | None = None, entered: str = "") -> Page:
        view = self._front.visit()
        if view is None:
            raise OutOfStep("the visit has ended")
        return _date_page(self._front, view) if purpose == "date" else _reason_page(view, purpose, lead, entered)

    def pin(self, purpose: str, clerk_id: str) -> Response:
        if self._front.visit() is None:
            return self._front.shown()
        return sign_in.pin(self._front, f"/help/{purpose}/{clerk_id}", clerk_id, f"/help/{purpose}")

    def prove(self, purpose: str, clerk_id: str) -> Response:
        front = self._front

        def proven(clerk: Clerk) -> Response:
            return _second(front, clerk) if purpose == _SECOND else _first(front, purpose, clerk)

        with front.session.lock:
            if front.visit() is None:
                return front.shown()
            return sign_in.prove(front, f"/help/{purpose}/{clerk_id}", clerk_id, f"/help/{purpose}", proven)

    def act(self, purpose: str) -> Response:
        front, reason = self._front, request.form.get("reason", "")
        with front.session.lock:
            view, helper = _view(front, Step.CLERK_NEEDED), front.session.helper
            if view is None or helper is None or request.form.get("visit") != view.visit_id:
                return front.shown()
            try:
                self._do(purpose, view.visit_id, helper, reason)
            except OutOfStep:
                pass
            except DateDiffersError:
                return front.render(_wrong_date_page())
            except ActError as error:
                return front.render(_reason_page(view, purpose, words.rejection(error), reason))
        return front.shown()

    def _do(self, purpose: str, visit_id: str, helper: Clerk, reason: str) -> None:
        visits = self._front.certification.visits
        if purpose == "attest":
            visits.attest(visit_id, helper, reason)
        elif purpose == "home_visit":
            visits.request_home_visit(visit_id, helper, reason)
        elif purpose == "date":
            visits.confirm_date(visit_id, helper, _day())


def _first(front: Front, purpose: str, clerk: Clerk) -> Response:
    front.session.helper = clerk
    return front.go(f"/help/{purpose}")


def _second(front: Front, clerk: Clerk) -> Response:
    view = _view(front, Step.ATTEST_SECOND_CLERK)
    if view is not None:
        try:
            front.certification.visits.confirm_attestation(view.visit_id, clerk)
        except OutOfStep:
            pass
        except ActError as error:
            return _who(front, _SECOND, words.rejection(error))
    return front.shown()


def _view(front: Front, step: Step) -> VisitView | None:
    view = front.visit()
    return view if view is not None and view.step is step else None


def _who(front: Front, purpose: str, lead: str | None = None) -> Response:
    title = "visit-attest_second_clerk" if purpose == _SECOND else "sign_in"
    besides = front.session.helper if purpose == _SECOND else None
    return sign_in.who(front, f"/help/{purpose}", "/", title, (lead,) if lead else (), besides=besides)


def _reason_page(view: VisitView, purpose: str, lead: str | None = None, entered: str = "") -> Page:
    other = "other" in request.args or lead is not None
    title = {"attest": "help-reason", "home_visit": "help-home_reason"}[purpose]
    address = f"/help/{purpose}"
    return Page(
        "clerk/reason_text" if other else "clerk/reason", "help-other" if other else title, (lead,) if lead else (),
        here=address, back=address if other else "/", follows=VISIT, revision=revision(view),
        data={
            "address": address, "view": view, "entered": entered,
            "reasons": words.REASONS if purpose == "attest" else words.HOME_REASONS,
        },
        status=422 if lead else 200,
    )  # fmt: skip


def _date_page(front: Front, view: VisitView) -> Page:
    return Page(
        "clerk/date", "date", ("date-how",), here="/help/date", follows=VISIT, revision=revision(view),
        data={"address": "/help/date", "view": view, "date": front.certification.calendar.today()},
    )  # fmt: skip


def _wrong_date_page() -> Page:
    return Page("clerk/date_wrong", "date-wrong", ("date-wrong-how",), here="/help/wrong_date")


def _day() -> date:
    """The day that was shown when it was confirmed."""
    try:
        return date.fromisoformat(request.form.get("day", ""))
    except ValueError as error:
        raise DateDiffersError("no day was given") from error
