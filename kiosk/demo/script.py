"""What clerks and residents do, scripted: through the facades of the touchscreen, with a hand on the hardware."""

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Generic, Protocol, TypeVar

from drivers.contracts.fingerprint import CaptureEvent
from kiosk.compose import Appliance
from kiosk.demo.people import CLERKS, FINGERS, Person
from services import identity
from services.certification.views import EnrolmentStep, EnrolmentView, SlipState, Step, VisitView
from services.certification.visits import Visits
from services.clerks import Clerk
from services.northbound.outbox import Settlement

_STEP_S: Final = 60.0
_HANDS_MOVE: Final = frozenset({CaptureEvent.PLACE, CaptureEvent.LIFT})


class ScriptError(Exception):
    """Something else happened than the script says; the message tells what was seen last."""


class Hand(Protocol):
    """Puts fingers on the reader."""

    def place(self, finger: str, impression: int = 0) -> None:
        """Put a finger down, such as `样例甲/right_thumb`."""
        ...

    def lift(self) -> None:
        """Take it away."""
        ...


class Shown(Protocol):
    """What every view has."""

    @property
    def revision(self) -> int:
        """Grows with every change."""
        ...


V = TypeVar("V", bound=Shown)


class Screen(Generic[V]):
    """What the touchscreen would show: views as they come."""

    def __init__(self, changed: Callable[[V], None]) -> None:
        self._views: queue.Queue[V] = queue.Queue()
        self._changed = changed
        self._last: V | None = None

    def show(self, view: V) -> None:
        """A new view; called in service threads."""
        self._views.put(view)

    def until(self, right: Callable[[V], bool]) -> V:
        """The next view that is right.

        Raises:
            ScriptError: none came.
        """
        while True:
            try:
                view = self._views.get(timeout=_STEP_S)
            except queue.Empty:
                raise ScriptError(f"nothing happened any more after {self._last}") from None
            self._last = view
            self._changed(view)
            if right(view):
                return view


@contextmanager
def shown(
    subscribe: Callable[[Callable[[V], None]], Callable[[], None]], changed: Callable[[V], None]
) -> Generator[Screen[V]]:
    """A screen that shows what a facade tells, inside the block."""
    screen: Screen[V] = Screen(changed)
    unsubscribe = subscribe(screen.show)
    try:
        yield screen
    finally:
        unsubscribe()


def take_clerks_on(appliance: Appliance) -> tuple[Clerk, ...]:
    """The demonstration's clerks, taken on where they are not yet; they vouch for the date where it is in doubt."""
    known = {clerk.name: clerk for clerk in appliance.clerks.all()}
    clerks = tuple(known.get(clerk.name) or appliance.clerks.add(clerk.name, clerk.role, clerk.pin) for clerk in CLERKS)
    calendar = appliance.certification.calendar
    if calendar.is_doubtful():
        calendar.confirm_today(clerks[0], calendar.today())
    return clerks


def is_enrolled(appliance: Appliance, person: Person) -> bool:
    """Whether a resident's fingers are enrolled already."""
    number = identity.parse(person.number, appliance.certification.calendar.today())
    resident = appliance.residents.find(number)
    return resident is not None and bool(appliance.residents.fingers_of(resident.resident_id))


def load_library(appliance: Appliance) -> None:
    """Have every finger in the reader's library by now, whatever the gallery's own thread is doing."""
    appliance.matcher.load(appliance.residents.all_fingers())


def enrol(
    appliance: Appliance,
    hand: Hand,
    clerk: Clerk,
    person: Person,
    changed: Callable[[EnrolmentView], None] = lambda _: None,
) -> None:
    """A clerk enrols a resident.

    Args:
        appliance: the point.
        hand: where the resident puts the fingers.
        clerk: who enrols.
        person: who is enrolled.
        changed: told every view.

    Raises:
        ScriptError: it went another way.
    """
    enrolments = appliance.certification.enrolments
    with shown(enrolments.subscribe, changed) as screen:
        enrolment_id = enrolments.start(clerk).enrolment_id
        enrolments.enter_person(enrolment_id, person.name, person.number)
        enrolments.consent(enrolment_id, given=True)
        for count, position in enumerate(FINGERS, 1):
            enrolments.choose_finger(enrolment_id, position)
            _give_impressions(screen, hand, f"{person.name}/{position.term}", count)
        saved = enrolments.finish(enrolment_id)
        enrolments.leave(enrolment_id)
        if saved.step is not EnrolmentStep.SAVED:
            raise ScriptError(f"{person.name} is not enrolled: {saved}")


def _give_impressions(screen: Screen[EnrolmentView], hand: Hand, finger: str, count: int) -> None:
    """Put the finger down whenever the reader asks for it, and lift it whenever the reader has it, until it is done."""
    impression = 0
    while True:
        view = screen.until(
            lambda view: len(view.fingers_done) == count or view.problem is not None or view.capture in _HANDS_MOVE
        )
        if len(view.fingers_done) == count:
            hand.lift()
            return
        if view.capture is CaptureEvent.PLACE:
            hand.place(finger, impression)
            impression += 1
        elif view.capture is CaptureEvent.LIFT:
            hand.lift()
        elif view.step is not EnrolmentStep.IMPRESSION:
            raise ScriptError(f"{finger} is not enrolled: {view}")


def certify(
    appliance: Appliance,
    hand: Hand,
    person: Person,
    changed: Callable[[VisitView], None] = lambda _: None,
) -> VisitView:
    """A resident certifies, up to the slip in the hand.

    Args:
        appliance: the point.
        hand: where the resident puts the finger.
        person: who comes.
        changed: told every view.

    Returns:
        The visit at its end.

    Raises:
        ScriptError: it went another way.
    """
    visits = appliance.certification.visits
    with shown(visits.subscribe, changed) as screen:
        visit_id = visits.start().visit_id
        visits.consent(visit_id, given=True)
        while not (view := screen.until(_resident_moves)).certification:
            _answer(visits, view, hand, person)
        if view.certification.slip is not SlipState.PRINTED:
            view = screen.until(_slip_is_done)
        visits.leave(visit_id)
        return view


def _resident_moves(view: VisitView) -> bool:
    return view.capture in _HANDS_MOVE or view.step not in {Step.CONSENT, Step.PLACE_FINGER, Step.CHECKING}


def _answer(visits: Visits, view: VisitView, hand: Hand, person: Person) -> None:
    """Do what the screen asks for."""
    if view.capture is CaptureEvent.PLACE:
        hand.place(f"{person.name}/{FINGERS[0].term}", impression=7)
    elif view.capture is CaptureEvent.LIFT:
        hand.lift()
    elif view.step is Step.CONFIRM_PERSON:
        hand.lift()
        visits.confirm(view.visit_id, is_me=True)
    elif view.step is Step.IDENTIFY:  # the reader's library is still being loaded
        hand.lift()
        visits.enter_number(view.visit_id, person.number)
    elif view.step not in {Step.PLACE_FINGER, Step.CHECKING}:
        raise ScriptError(f"{person.name} was not certified: {view}")


def _slip_is_done(view: VisitView) -> bool:
    return view.certification is not None and view.certification.slip in {SlipState.PRINTED, SlipState.FAILED}


def await_settlement(appliance: Appliance, record_id: str, seconds: float) -> Settlement | None:
    """The county's answer for a record; `None` when none comes in time."""
    answered = threading.Event()
    unsubscribe = appliance.northbound.subscribe_settled(
        lambda settled: answered.set() if any(entry.record_id == record_id for entry in settled) else None
    )
    try:
        if appliance.northbound.settlement(record_id) is None:
            answered.wait(seconds)
    finally:
        unsubscribe()
    return appliance.northbound.settlement(record_id)
