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
    pages = Blueprint("help", __name__, url_prefix="/help")
    visits = front.certification.visits

    @pages.get("/number")
    def number() -> Response:
        view = _view(front, Step.CLERK_NEEDED)
        return front.render(number_page(view, "")) if view else front.shown()

    @pages.get("/wrong_date")
    def wrong_date() -> Response:
        return front.render(_wrong_date_page())

    @pages.get("/<purpose>")
    def help_with(purpose: str) -> Response:
        if purpose == _SECOND:
            view = _view(front, Step.ATTEST_SECOND_CLERK)
            return _who(front, purpose) if view else front.shown()
        view = _view(front, Step.CLERK_NEEDED)
        if view is None or purpose not in _PURPOSES:
            return front.shown()
        if front.session.helper is None:
            return _who(front, purpose)
        return front.render(_date_page(front, view) if purpose == "date" else _reason_page(view, purpose))

    @pages.get("/<purpose>/<clerk_id>")
    def pin(purpose: str, clerk_id: str) -> Response:
        if front.visit() is None:
            return front.shown()
        return sign_in.pin(front, f"/help/{purpose}/{clerk_id}", clerk_id, f"/help/{purpose}")

    @pages.post("/<purpose>/<clerk_id>")
    def prove(purpose: str, clerk_id: str) -> Response:
        def proven(clerk: Clerk) -> Response:
            return _second(front, clerk) if purpose == _SECOND else _first(front, purpose, clerk)

        with front.session.lock:
            if front.visit() is None:
                return front.shown()
            return sign_in.prove(front, f"/help/{purpose}/{clerk_id}", clerk_id, f"/help/{purpose}", proven)

    @pages.post("/<purpose>")
    def act(purpose: str) -> Response:
        with front.session.lock:
            view, helper = _view(front, Step.CLERK_NEEDED), front.session.helper
            if view is None or helper is None or request.form.get("visit") != view.visit_id:
                return front.shown()
            reason = request.form.get("reason", "")
            try:
                if purpose == "attest":
                    visits.attest(view.visit_id, helper, reason)
                elif purpose == "home_visit":
                    visits.request_home_visit(view.visit_id, helper, reason)
                elif purpose == "date":
                    visits.confirm_date(view.visit_id, helper, _day())
            except OutOfStep:
                pass
            except DateDiffersError:
                return front.render(_wrong_date_page())
            except ActError as error:
                return front.render(_reason_page(view, purpose, words.rejection(error), reason))
        return front.shown()

    return pages


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
    return sign_in.who(front, f"/help/{purpose}", "/", title, (lead,) if lead else (), besides)


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
