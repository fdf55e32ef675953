"""How a clerk enrols a resident on the screen, one step a page."""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, request

from drivers.contracts.fingerprint import CaptureEvent
from kiosk.ui import words
from kiosk.ui.clerk import signed_in
from kiosk.ui.front import ENROLMENT, Front, Page, revision
from services import identity
from services.certification.acts import ActError, NameRejectedError, OutOfStep
from services.certification.views import EnrolmentStep, EnrolmentView, FingerPosition
from services.identity import IdentityError

_HERE: Final = "/enrolment"
_NAME: Final = "name"
_CAPTURES: Final = {
    CaptureEvent.LIFT: "capture-lift",
    CaptureEvent.READING: "capture-reading",
    CaptureEvent.POOR: "capture-poor",
    CaptureEvent.DONE: "capture-done",
}
_TITLES: Final = {"enrolment/person": "enrolment-person", "enrolment/number": "enrolment-number"}
_PERSON: Final = (EnrolmentStep.PERSON, EnrolmentStep.NOT_ELIGIBLE)
_CHOOSING: Final = (
    EnrolmentStep.CHOOSE_FINGER,
    EnrolmentStep.DUPLICATE,
    EnrolmentStep.IMPRESSION,
    EnrolmentStep.REVIEW,
    EnrolmentStep.READER_UNAVAILABLE,
)
_SAYS_ALL: Final = (EnrolmentStep.DUPLICATE, EnrolmentStep.READER_UNAVAILABLE, EnrolmentStep.CANNOT_SAVE)
#: The fingers of a hand, the most useful ones first.
HANDS: Final = {
    "right": ("右手", tuple(position for position in FingerPosition if position <= FingerPosition.RIGHT_LITTLE)),
    "left": ("左手", tuple(position for position in FingerPosition if position > FingerPosition.RIGHT_LITTLE)),
}


def enrolment_pages(front: Front) -> Blueprint:
    """The routes."""
    enrolment = _Enrolment(front)
    pages = Blueprint("enrolment", __name__)
    for address, view, method in (
        ("/enrolment/start", enrolment.start, "POST"),
        (_HERE, enrolment.show, "GET"),
        ("/enrolment/<act>", enrolment.act, "POST"),
    ):
        pages.add_url_rule(address, view_func=signed_in(front, view), methods=[method])
    return pages


class _Enrolment:
    """What a clerk sees and posts."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def start(self) -> Response:
        front = self._front
        if front.enrolment() is None:
            try:
                front.session.enrolment_id = front.certification.enrolments.start(front.clerk).enrolment_id
            except OutOfStep:
                busy = Page("clerk/done", "clerk", ("clerk-busy",), here="/clerk", back="/clerk", status=409)
                return front.render(busy)
            front.session.draft.clear()
        return front.go(_HERE)

    def show(self) -> Response:
        view = self._front.enrolment()
        return self._front.render(enrolment_page(self._front, view)) if view else self._front.shown()

    def act(self, act: str) -> Response:
        front = self._front
        view = _current(front)
        if view is None:
            return front.go(_HERE)
        try:
            _do(front, view, act)
        except (IdentityError, ActError) as error:
            entered = request.form.get("name") or request.form.get("number", "")
            return front.render(enrolment_page(front, view, words.rejection(error), entered))
        except OutOfStep:
            pass
        if act == "refuse" and front.enrolment() is None:
            return front.render(_ended_page())
        return front.shown()


def _current(front: Front) -> EnrolmentView | None:
    """The enrolment, if the form that was posted is from the step that it is in."""
    view = front.enrolment()
    fits = view is not None and (request.form.get("enrolment"), request.form.get("step")) == (
        view.enrolment_id,
        view.step,
    )
    return view if fits else None


def _do(front: Front, view: EnrolmentView, act: str) -> None:
    """One act of the clerk, or of the resident who answers."""
    if act in _ACTS:
        _ACTS[act](front, view)


def _take_name(front: Front, view: EnrolmentView) -> None:
    if view.step in _PERSON:
        try:
            front.session.draft[_NAME] = identity.clean_name(request.form.get("name", ""))
        except ValueError as error:
            raise NameRejectedError(str(error)) from error


def _take_number(front: Front, view: EnrolmentView) -> None:
    draft = front.session.draft
    if _NAME in draft:
        number = request.form.get("number", "")
        front.certification.enrolments.enter_person(view.enrolment_id, draft[_NAME], number)
        del draft[_NAME]


def _finish(front: Front, view: EnrolmentView) -> None:
    """Store it; what could not be stored before may have been the consent, and then there is no finger yet."""
    if view.step is EnrolmentStep.CANNOT_SAVE and not view.fingers_done:
        front.certification.enrolments.consent(view.enrolment_id, given=True)
    else:
        front.certification.enrolments.finish(view.enrolment_id)


def _try(front: Front, view: EnrolmentView) -> None:
    """The clerk is signed out, and the resident certifies."""
    if view.step is EnrolmentStep.SAVED:
        front.clear(front.session)
        front.session.visit_id = front.certification.visits.start().visit_id


def _go_back(front: Front, view: EnrolmentView) -> None:
    """From the number to the name; from everything that cannot be undone, out of the enrolment."""
    if view.step in _PERSON and front.session.draft.pop(_NAME, None) is not None:
        return
    front.certification.enrolments.leave(view.enrolment_id)
    front.session.enrolment_id = None


def _position() -> FingerPosition:
    try:
        return FingerPosition(request.form.get("position", 0, type=int))
    except ValueError as error:
        raise OutOfStep("no such finger") from error


_ACTS: Final[dict[str, Callable[[Front, EnrolmentView], object]]] = {
    "name": _take_name,
    "number": _take_number,
    "consent": lambda front, view: front.certification.enrolments.consent(view.enrolment_id, given=True),
    "refuse": lambda front, view: front.certification.enrolments.consent(view.enrolment_id, given=False),
    "finger": lambda front, view: front.certification.enrolments.choose_finger(view.enrolment_id, _position()),
    "finish": _finish,
    "back": _go_back,
    "try": _try,
}


# ----------------------------------------------------------------------------------- pages


def enrolment_page(front: Front, view: EnrolmentView, lead: str | None = None, entered: str = "") -> Page:
    """The page of a step; a step with two things to enter or choose has two pages."""
    template, title, leads = _said(front, view)
    leads, status = ((lead,), 422) if lead else (leads, 200)
    hand = request.args.get("hand", "")
    data = {"view": view, "entered": entered, "address": _address(template), "hands": HANDS, "hand": hand}
    back, back_act = ("/enrolment", False) if hand in HANDS else ("/enrolment/back", True)
    here = f"{_HERE}?hand={hand}" if hand in HANDS else _HERE
    return Page(
        template, title, leads, here=here, back=back, back_act=back_act, follows=ENROLMENT, revision=revision(view),
        data=data, status=status,
    )  # fmt: skip


def _address(template: str) -> str:
    return "/enrolment/name?again=1" if template == "enrolment/person" else "/enrolment/number"


def _said(front: Front, view: EnrolmentView) -> tuple[str, str, tuple[str, ...]]:
    """Template, title and prompts of a step."""
    why = (words.problem(view.problem),) if view.problem is not None else ()
    entering = _entering(front, view)
    if entering is not None:
        return entering, _TITLES[entering], why
    if view.step in _CHOOSING and request.args.get("hand") in HANDS:
        return "enrolment/finger", "enrolment-choose_finger", ()
    if view.step is EnrolmentStep.IMPRESSION:
        return "enrolment/impression", *_impression(view, why)
    title = f"enrolment-{view.step}"
    if view.step is EnrolmentStep.CHOOSE_FINGER:
        return f"enrolment/{view.step}", "enrolment-hand", why or (f"{title}-how",)
    part = "why" if view.step is EnrolmentStep.CONSENT else "how"
    return f"enrolment/{view.step}", title, why if view.step in _SAYS_ALL else (*why, f"{title}-{part}")


def _entering(front: Front, view: EnrolmentView) -> str | None:
    """The template for what is still to be entered about the person."""
    if view.step in _PERSON and _NAME in front.session.draft:
        return "enrolment/number"
    if view.step is EnrolmentStep.PERSON or (view.step is EnrolmentStep.NOT_ELIGIBLE and "again" in request.args):
        return "enrolment/person"
    return None


def _impression(view: EnrolmentView, why: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if view.capture in _CAPTURES:
        return _CAPTURES[view.capture], ()
    title = f"finger-{view.finger.term}" if view.finger is not None else "enrolment-impression"
    if why:
        return title, why
    return title, ("enrolment-impression-how" if view.impression == 1 else "enrolment-impression-again",)


def _ended_page() -> Page:
    return Page("clerk/done", "enrolment-ended", ("enrolment-ended-how",), here="/clerk", back="/clerk")
