"""What residents see and touch: the home page and a visit, one step a page."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from flask import Blueprint, Response, make_response, request

from drivers.contracts.errors import Fault
from drivers.contracts.fingerprint import CaptureEvent
from kiosk.ui import words
from kiosk.ui.front import POINT, VISIT, Front, Page, revision
from services.certification.acts import OutOfStep
from services.certification.views import FingerPosition, Problem, Step, VisitView
from services.devices import Health
from services.identity import IdentityError

_CAPTURES: Final = {
    CaptureEvent.LIFT: "capture-lift",
    CaptureEvent.READING: "capture-reading",
    CaptureEvent.POOR: "capture-poor",
    CaptureEvent.DONE: "capture-done",
}
#: Steps from which the way back is another try, those from which it is a new beginning; from all others it is home.
_BACK_TO_FINGER: Final = (Step.TRY_AGAIN, Step.OTHER_FINGER, Step.IDENTIFY, Step.CLERK_NEEDED, Step.ATTEST_SECOND_CLERK)
_BACK_TO_CONSENT: Final = (Step.PLACE_FINGER, Step.CHECKING, Step.CONFIRM_PERSON, Step.READER_UNAVAILABLE)
_SAYS_ALL: Final = (Step.READER_UNAVAILABLE, Step.CANNOT_SAVE)  # their problem says what to do
_REPRINTED: Final = "reprinted"

Act = Callable[[str], VisitView]


def resident_pages(front: Front) -> Blueprint:
    """The routes."""
    resident = _Resident(front)
    pages = Blueprint("resident", __name__)
    pages.add_url_rule("/", view_func=resident.here)
    pages.add_url_rule("/visit/start", view_func=resident.start, methods=["POST"])
    pages.add_url_rule("/visit/back", view_func=resident.back, methods=["POST"])
    pages.add_url_rule("/visit/number", view_func=resident.number, methods=["POST"])
    pages.add_url_rule("/visit/<act>", view_func=resident.act, methods=["POST"])
    pages.add_url_rule("/exit", view_func=resident.leave, methods=["POST"])
    pages.add_url_rule("/awake", view_func=resident.awake, methods=["POST"])
    return pages


class _Resident:
    """What a resident can post."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._visits = visits = front.certification.visits
        self._acts: dict[str, Act] = {
            "consent": lambda visit_id: visits.consent(visit_id, given=True),
            "refuse": lambda visit_id: visits.consent(visit_id, given=False),
            "yes": lambda visit_id: visits.confirm(visit_id, is_me=True),
            "no": lambda visit_id: visits.confirm(visit_id, is_me=False),
            "retry": visits.retry,
            "other_finger": visits.other_finger,
            "call_clerk": visits.call_clerk,
            "reprint": visits.reprint,
        }

    def here(self) -> Response:
        return show(self._front)

    def start(self) -> Response:
        front, session = self._front, self._front.session
        with session.lock:
            if front.visit() is None and not session.occupied:
                try:
                    session.visit_id = self._visits.start().visit_id
                except OutOfStep:
                    return front.render(_home(front, "home-busy"))
                front.sessions.touch(session)
        return front.shown()

    def act(self, act: str) -> Response:
        front = self._front
        with front.session.lock:
            view = current(front)
            if view is None or act not in self._acts:
                return front.shown()
            try:
                ended = self._acts[act](view.visit_id).step is Step.ENDED
            except OutOfStep:
                return front.shown()
            if ended:
                front.clear(front.session)
                return front.render(ended_page())
            if act == "reprint":
                front.session.draft[_REPRINTED] = "1"
        return front.shown()

    def back(self) -> Response:
        with self._front.session.lock:
            view = current(self._front)
            if view is not None:
                with suppress(OutOfStep):  # the reader was quicker
                    _go_back(self._front, view)
        return self._front.shown()

    def number(self) -> Response:
        text = request.form.get("number", "")
        with self._front.session.lock:
            view = current(self._front)
            if view is not None:
                try:
                    self._visits.enter_number(view.visit_id, text)
                except IdentityError as error:
                    return self._front.render(number_page(view, words.rejection(error), text))
                except OutOfStep:
                    pass
        return self._front.shown()

    def leave(self) -> Response:
        with self._front.session.lock:
            self._front.clear(self._front.session)
        return self._front.shown()

    @staticmethod
    def awake() -> Response:
        return make_response("", 204)  # the guard has taken note of it


def current(front: Front) -> VisitView | None:
    """The visit, if the form that was posted is from the step that it is in; a second tap comes from another one."""
    view = front.visit()
    fits = view is not None and (request.form.get("visit"), request.form.get("step")) == (view.visit_id, view.step)
    return view if fits else None


def show(front: Front) -> Response:
    """The page of what is under way in this session, or the home page."""
    view = front.visit()
    if view is not None:
        return front.render(visit_page(front, view))
    if front.enrolment() is not None:
        return front.go("/enrolment")
    if front.session.clerk is not None:
        return front.go("/clerk")
    return front.render(_home(front, "home-stale" if "stale" in request.args else None))


def _go_back(front: Front, view: VisitView) -> None:
    visits, session = front.certification.visits, front.session
    if view.step in _BACK_TO_FINGER and view.problem is not Problem.CLOCK_UNTRUSTED:
        visits.retry(view.visit_id)
        return
    front.clear(session)
    if view.step in _BACK_TO_CONSENT:
        session.visit_id = visits.start().visit_id


# ----------------------------------------------------------------------------------- the home page


def _home(front: Front, notice: str | None) -> Page:
    newest = front.hub.newest(POINT)  # before anything is looked at, so that no change is missed
    states = {name: device.state for name, device in front.parts.devices.items()}
    quiet = [
        (words.DEVICES.get(name, name), words.device_word(state), state.health is Health.READY)
        for name, state in states.items()
    ]
    connected = front.parts.northbound.state.connected
    quiet.append(("网络", "已连接" if connected else "没连上，照常办理", connected))
    notice = notice or _trouble(front)
    leads = ("home-start",) if notice is None else (notice, "home-start")
    return Page("home", "home", leads, follows=POINT, revision=newest, data={"quiet": quiet, "notice": notice})


def _trouble(front: Front) -> str | None:
    """The one thing that somebody should see to; certifying goes on whatever it is, as far as it can."""
    reader, printer = (front.parts.devices[name].state for name in ("fingerprint", "receipt_printer"))
    if front.certification.calendar.is_doubtful():
        return "home-date"
    if reader.health is not Health.READY:
        return "home-reader"
    if Fault.PAPER_OUT in printer.faults:
        return "home-paper"
    if Fault.COVER_OPEN in printer.faults:
        return "home-cover"
    return "home-printer" if printer.health is not Health.READY else None


# ----------------------------------------------------------------------------------- a visit


def visit_page(front: Front, view: VisitView) -> Page:
    """The page of a step."""
    title, leads = _said(view, reprinted=_REPRINTED in front.session.draft)
    if view.step is Step.IDENTIFY:
        return number_page(view, *leads)
    data: dict[str, object] = {"view": view, "certification": view.certification}
    return _page(view, f"visit/{view.step}", title, leads, data)


def number_page(view: VisitView, lead: str, entered: str = "") -> Page:
    """The keypad for the identity number, of a resident or of a clerk who helps."""
    if view.step is Step.IDENTIFY:
        return _page(view, "visit/identify", "visit-identify", (lead,), {"view": view, "entered": entered})
    data = {"view": view, "entered": entered}
    leads = (lead,) if lead else ()
    return Page(
        "visit/identify", "help-number", leads, here="/help/number", back="/", follows=VISIT,
        revision=revision(view), data=data,
    )  # fmt: skip


def ended_page() -> Page:
    """After somebody who did not agree: nothing was kept."""
    return Page("visit/ended", "visit-ended", ("visit-ended-how",))


def _page(view: VisitView, template: str, title: str, leads: tuple[str, ...], data: dict[str, object]) -> Page:
    return Page(
        template, title, leads, back="/visit/back", back_act=True, follows=VISIT, revision=revision(view), data=data
    )


def _said(view: VisitView, *, reprinted: bool) -> tuple[str, tuple[str, ...]]:
    """Title and prompts of a step: what happened, then what to do."""
    title = f"visit-{view.step}"
    if view.step is Step.PLACE_FINGER:
        return _capture(view.capture, view.finger)
    if view.certification is not None:
        asked_for_slip = view.step is Step.CERTIFIED or reprinted
        return title, (words.slip(view.certification) if asked_for_slip else f"{title}-how",)
    why = (words.problem(view.problem),) if view.problem is not None else ()
    if view.step is Step.OTHER_FINGER and view.finger is not None:
        return title, (*why, f"finger-{view.finger.term}")
    if view.problem is Problem.CLOCK_UNTRUSTED or view.step in _SAYS_ALL:
        return title, why
    if view.step is Step.IDENTIFY:
        return title, why or (f"{title}-how",)
    how = {Step.CONSENT: ("why",), Step.CONFIRM_PERSON: ("why",), Step.CHECKING: ()}.get(view.step, ("how",))
    return title, (*why, *(f"{title}-{part}" for part in how))


def _capture(event: CaptureEvent | None, finger: FingerPosition | None) -> tuple[str, tuple[str, ...]]:
    if event in _CAPTURES:
        return _CAPTURES[event], ()
    title = f"finger-{finger.term}" if finger is not None else "visit-place_finger"
    return title, ("visit-place_finger-how",)
