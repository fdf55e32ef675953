"""What a resident does at the point, from the first touch to the slip, and the ways out on the way.

    consent -> finger -> (whose is it? -> is it you?) -> certified -> slip

A finger that is not recognised leads to another try, another finger, the identity number, a clerk or a home visit.
Acts come from the screen in any thread, fingers from the reader; one monitor puts them in order. Nothing is waited for
in it: captures go on in the reader's thread, comparisons in the visit's own.
"""

import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, FingerprintSample
from services import identity
from services.biometrics.contract import Matcher, Outcome, Verdict
from services.certification.acts import (
    AlreadyCertifiedError,
    DateDoubtfulError,
    NotEligibleError,
    OutOfStep,
    SameClerkError,
    clean_reason,
)
from services.certification.calendar import Calendar
from services.certification.ledger import ByClerks, ByFinger, Certified, Ledger
from services.certification.monitor import Monitor
from services.certification.printing import SlipDesk
from services.certification.reader import Capture, ReaderHandle, Station, problem_of
from services.certification.residents import Finger, Resident, Residents
from services.certification.rules import Rules
from services.certification.views import FingerPosition, Problem, SlipState, Step, VisitView
from services.clerks import Clerk
from services.devices import DeviceState, Health
from services.keys import SealBrokenError
from services.store.database import FullError, StoreError

_LOG = logging.getLogger(__name__)

#: Problems of a touch that are not the resident's doing and so use up no try.
_NO_TRY_USED: Final = frozenset({Problem.NO_FINGER})
_TOUCHED: Final = frozenset({Problem.POOR_IMAGE, *_NO_TRY_USED})

_RETRIED: Final = (
    Step.TRY_AGAIN,
    Step.OTHER_FINGER,
    Step.IDENTIFY,
    Step.READER_UNAVAILABLE,
    Step.CANNOT_SAVE,
    Step.CLERK_NEEDED,
    Step.ATTEST_SECOND_CLERK,
)
_WITH_SLIP: Final = (Step.CERTIFIED, Step.ALREADY_CERTIFIED)
_BEFORE_CLERK: Final = (
    Step.PLACE_FINGER,
    Step.TRY_AGAIN,
    Step.OTHER_FINGER,
    Step.IDENTIFY,
    Step.READER_UNAVAILABLE,
)


@dataclass
class _Visit:
    """Everything about the visit that is under way; dropped as a whole when the resident leaves."""

    visit_id: str
    tries_left: int
    step: Step = Step.CONSENT
    problem: Problem | None = None
    revision: int = 0
    since: datetime | None = None  # when consent was stored
    capture: Capture | None = None
    event: CaptureEvent | None = None
    touched: bool = False  # a finger may still lie on the reader
    resident: Resident | None = None
    fingers: tuple[Finger, ...] = ()  # the resident's, that are still to be asked for
    candidate: ByFinger | None = None  # matched, and to be confirmed or saved
    touch: tuple[str, FingerprintSample] | None = None  # the finger that matched, and by what
    attestation: tuple[Clerk, str] | None = None
    vouched: ByClerks | None = None  # attested twice, and to be saved
    certified: Certified | None = None
    unsaved: Callable[["_Visit"], None] | None = None  # what `retry` saves again
    shown: VisitView = field(init=False)

    def __post_init__(self) -> None:
        self.shown = self.view()

    @property
    def finger(self) -> FingerPosition | None:
        return self.fingers[0].position if self.fingers else None

    def view(self) -> VisitView:
        shown = self.resident.view if self.resident else None
        return VisitView(
            visit_id=self.visit_id,
            revision=self.revision,
            step=self.step,
            capture=self.event if self.step is Step.PLACE_FINGER else None,
            problem=self.problem,
            masked_name=shown.masked_name if shown else None,
            masked_number=shown.masked_number if shown else None,
            finger=self.finger,
            tries_left=self.tries_left,
            certification=self.certified.view(self.resident) if self.certified and self.resident else None,
        )


class Visits:
    """The one visit that is under way. Acts may come from any thread; listeners are called in service threads.

    Every act returns the view after it. An act that does not fit the step raises `OutOfStep` and changes nothing.
    """

    def __init__(
        self,
        *,
        reader: ReaderHandle,
        matcher: Matcher,
        residents: Residents,
        ledger: Ledger,
        desk: SlipDesk,
        calendar: Calendar,
        rules: Rules,
        station: Station,
        library_incomplete: Callable[[], None],
        learn: Callable[[str, FingerprintSample, str], None],
    ) -> None:
        """Nothing is under way before `start`.

        Args:
            reader: captures fingers.
            matcher: compares them.
            residents: knows whose they are.
            ledger: makes certifications.
            desk: prints their slips.
            calendar: says which year it is, and whether that is certain.
            rules: say how many tries there are.
            station: the place before the reader, shared with enrolments.
            library_incomplete: called when the matcher could not search everybody, so that it is loaded anew.
            learn: gets the finger, the touch and the certification that it led to, where the rules want it.
        """
        self._reader = reader
        self._matcher = matcher
        self._residents = residents
        self._ledger = ledger
        self._desk = desk
        self._calendar = calendar
        self._rules = rules
        self._station = station
        self._library_incomplete = library_incomplete
        self._learn = learn
        self._monitor: Monitor[VisitView] = Monitor()
        self._visit: _Visit | None = None
        self._revision = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="visit")
        self._unsubscribe = reader.subscribe(self._reader_changed)

    # ------------------------------------------------------------------------------- a resident steps up

    def start(self) -> VisitView:
        """Somebody touches the screen.

        Raises:
            OutOfStep: a visit or an enrolment is under way.
        """
        with self._monitor:
            if self._visit is not None:
                raise OutOfStep("a visit is under way")
            visit = _Visit(str(uuid.uuid4()), tries_left=self._rules.tries_per_finger)
            self._station.take(visit.visit_id)
            self._visit = visit
            with self._change(visit):
                if self._calendar.is_doubtful():
                    visit.step, visit.problem = Step.CLERK_NEEDED, Problem.CLOCK_UNTRUSTED
        return visit.shown

    def consent(self, visit_id: str, given: bool) -> VisitView:
        """The resident agrees, or not, to be recognised by a finger. Consent is stored before anything else is done."""
        with self._act(visit_id, Step.CONSENT) as visit:
            if given:
                self._save(visit, self._begin)
        return visit.shown if given else self.leave(visit_id)

    def _begin(self, visit: _Visit) -> None:
        visit.since = self._ledger.start_visit(visit.visit_id)
        self._ask_for_finger(visit)

    # ------------------------------------------------------------------------------- a finger is wanted

    def _ask_for_finger(self, visit: _Visit) -> None:
        visit.step, visit.problem, visit.event = Step.PLACE_FINGER, None, None
        visit.capture = Capture()
        visit.capture.begin(
            self._reader,
            seconds=self._rules.capture_s,
            with_image=self._matcher.wants_image,
            lift_first=visit.touched,
            tell=self._capture_tells,
            done=lambda capture, future: self._later(lambda: self._finger_came(capture, future)),
        )

    def _capture_tells(self, capture: Capture, event: CaptureEvent) -> None:
        with self._if_current(capture) as visit:
            if visit is not None:
                visit.event = event
                visit.touched = visit.touched or event is CaptureEvent.READING

    def _finger_came(self, capture: Capture, future: Future[FingerprintSample]) -> None:
        """A finger was read, or not; in the visit's own thread."""
        with self._if_current(capture) as visit:
            if visit is None:
                return
            error = future.exception()
            if error is not None:
                self._not_read(visit, error)
                return
            visit.step, visit.touched = Step.CHECKING, True
            sample, resident = future.result(), visit.resident
        try:
            verdict = self._compare(sample, resident)
        except DeviceError as failure:
            with self._if_current(capture) as visit:
                if visit is not None:
                    self._not_read(visit, failure)
            return
        with self._if_current(capture) as visit:
            if visit is not None:
                visit.capture = None
                if self._rules.learn and verdict.finger_id is not None:
                    visit.touch = (verdict.finger_id, sample)
                self._judge(visit, verdict)

    def _not_read(self, visit: _Visit, error: BaseException) -> None:
        visit.capture = None
        if not isinstance(error, DeviceError):
            _LOG.error("the reader's driver failed in an unforeseen way", exc_info=error)
            visit.step, visit.problem = Step.READER_UNAVAILABLE, Problem.READER_BROKEN
            return
        problem = problem_of(error)
        if error.fault is Fault.UNSUPPORTED and visit.step is Step.CHECKING and visit.resident is None:
            visit.step, visit.problem = Step.IDENTIFY, Problem.LIBRARY_INCOMPLETE
        elif problem not in _TOUCHED:
            visit.step, visit.problem = Step.READER_UNAVAILABLE, problem
        else:
            self._missed(visit, problem)

    def _compare(self, sample: FingerprintSample, resident: Resident | None) -> Verdict:
        """One to many as long as it is not known who it is; then one to one, with any of the resident's fingers."""
        if resident is None:
            return self._matcher.identify(sample)
        fingers = self._residents.fingers_of(resident.resident_id)
        return self._matcher.verify(sample, tuple(finger.enrolled for finger in fingers))

    # ------------------------------------------------------------------------------- whose finger is it

    def _judge(self, visit: _Visit, verdict: Verdict) -> None:
        if verdict.outcome is Outcome.MATCH and verdict.finger_id is not None:
            self._recognised(visit, verdict.finger_id, verdict.score)
        elif verdict.outcome is Outcome.NO_MATCH:
            self._missed(visit, Problem.NO_MATCH)
        elif visit.resident is None:
            visit.step, visit.problem = Step.IDENTIFY, Problem.LIBRARY_INCOMPLETE
            self._library_incomplete()
        else:
            self._next_finger(visit, Problem.INCONCLUSIVE)

    def _recognised(self, visit: _Visit, finger_id: str, score: float | None) -> None:
        holder = self._residents.holder_of(finger_id)
        if holder is None:  # enrolled anew in this very moment
            self._missed(visit, Problem.INCONCLUSIVE)
            return
        resident, finger = holder
        visit.candidate = ByFinger(finger.position, finger.templates[0].algorithm, score)
        if visit.resident is None:
            visit.resident = resident
            visit.step, visit.problem = Step.CONFIRM_PERSON, None
        else:
            self._save(visit, self._certify)

    def confirm(self, visit_id: str, is_me: bool) -> VisitView:
        """The resident says whether the masked name is theirs."""
        with self._act(visit_id, Step.CONFIRM_PERSON) as visit:
            if is_me:
                self._save(visit, self._certify)
            else:
                visit.resident = visit.candidate = visit.touch = None
                visit.step, visit.problem = Step.IDENTIFY, Problem.NOT_ME
                with suppress(StoreError):
                    self._ledger.note("resident", "visit.not_me", visit.visit_id)
        return visit.shown

    def enter_number(self, visit_id: str, text: str) -> VisitView:
        """The resident, or a clerk, types the identity number.

        Raises:
            IdentityError: it is none; the step stays.
        """
        with self._act(visit_id, Step.IDENTIFY, Step.CLERK_NEEDED) as visit:
            if visit.problem is Problem.CLOCK_UNTRUSTED or visit.resident is not None:
                raise OutOfStep("no number is wanted now")
            number = identity.parse(text, self._calendar.today())
            resident = self._residents.find(number)
            if number.age_on(self._calendar.today()) < self._rules.minimum_age:
                visit.step, visit.problem = Step.NOT_ELIGIBLE, None
            elif resident is None:
                visit.step, visit.problem = Step.NOT_ENROLLED, None
            else:
                self._known(visit, resident)
        return visit.shown

    def _known(self, visit: _Visit, resident: Resident) -> None:
        """It is known who it is; now one of that resident's fingers, or a clerk, has to prove it."""
        fingers = self._residents.fingers_of(resident.resident_id)
        visit.resident = resident
        visit.certified = self._ledger.of_year(resident, self._calendar.today().year)
        if visit.certified is not None:
            visit.step, visit.problem = Step.ALREADY_CERTIFIED, None
        elif visit.step is Step.CLERK_NEEDED:
            visit.fingers = fingers[: self._rules.fingers_tried]
        elif not fingers:
            visit.step, visit.problem = Step.CLERK_NEEDED, Problem.INCONCLUSIVE
        else:
            visit.fingers = fingers[: self._rules.fingers_tried]
            visit.tries_left = self._rules.tries_per_finger
            self._ask_for_finger(visit)

    # ------------------------------------------------------------------------------- it was not recognised

    def _missed(self, visit: _Visit, problem: Problem) -> None:
        visit.tries_left -= problem not in _NO_TRY_USED
        if visit.tries_left > 0:
            visit.step, visit.problem = Step.TRY_AGAIN, problem
        elif visit.resident is None:
            visit.step, visit.problem = Step.IDENTIFY, problem
        else:
            self._next_finger(visit, problem)

    def _next_finger(self, visit: _Visit, problem: Problem) -> None:
        visit.fingers = visit.fingers[1:]
        visit.step, visit.problem = (Step.OTHER_FINGER if visit.fingers else Step.CLERK_NEEDED), problem
        visit.tries_left = self._rules.tries_per_finger if visit.fingers else 0

    def retry(self, visit_id: str) -> VisitView:
        """Try once more: the finger, or what could not be saved. From the clerk's steps, one step back."""
        with self._act(visit_id, *_RETRIED) as visit:
            if visit.problem is Problem.CLOCK_UNTRUSTED:
                raise OutOfStep("a clerk has to confirm the date")
            if visit.unsaved is not None:
                self._save(visit, visit.unsaved)
            elif visit.step is Step.ATTEST_SECOND_CLERK:
                visit.step, visit.attestation = Step.CLERK_NEEDED, None
            else:
                if visit.step is Step.IDENTIFY:
                    visit.tries_left = self._rules.tries_per_finger
                self._ask_for_finger(visit)
        return visit.shown

    def other_finger(self, visit_id: str) -> VisitView:
        """The resident would rather use another finger: the next one, once it is known who it is."""
        with self._act(visit_id, Step.TRY_AGAIN, Step.OTHER_FINGER) as visit:
            if visit.step is Step.TRY_AGAIN and visit.resident is not None:
                self._next_finger(visit, visit.problem or Problem.NO_MATCH)
            if visit.step is not Step.CLERK_NEEDED:
                self._ask_for_finger(visit)
        return visit.shown

    # ------------------------------------------------------------------------------- a clerk helps

    def call_clerk(self, visit_id: str) -> VisitView:
        """The resident cannot get on with fingers."""
        with self._act(visit_id, *_BEFORE_CLERK) as visit:
            self._stop_capture(visit)
            visit.step = Step.CLERK_NEEDED
        return visit.shown

    def confirm_date(self, visit_id: str, clerk: Clerk, day: date) -> VisitView:
        """A clerk says what day it is, because the clock alone cannot be believed; the visit goes on where it was.

        Raises:
            DateDiffersError: the clock shows another day and has to be set.
        """
        with self._act(visit_id, Step.CLERK_NEEDED) as visit:
            if visit.problem is not Problem.CLOCK_UNTRUSTED:
                raise OutOfStep("the date is not in doubt")
            self._calendar.confirm_today(clerk, day)
            visit.problem = None
            if visit.unsaved is not None:
                self._save(visit, visit.unsaved)
            else:
                visit.step = Step.CONSENT
        return visit.shown

    def attest(self, visit_id: str, clerk: Clerk, reason: str) -> VisitView:
        """A clerk vouches for the resident and says why no finger could; another one has to confirm it.

        Raises:
            ReasonError: no reason is given.
        """
        with self._act(visit_id, Step.CLERK_NEEDED) as visit:
            self._require_person(visit)
            visit.attestation = (clerk, clean_reason(reason))
            visit.step, visit.problem = Step.ATTEST_SECOND_CLERK, None
        return visit.shown

    def confirm_attestation(self, visit_id: str, second_clerk: Clerk) -> VisitView:
        """The second clerk vouches, too: certified, and marked for the county's review.

        Raises:
            SameClerkError: it is the first clerk again.
        """
        with self._act(visit_id, Step.ATTEST_SECOND_CLERK) as visit:
            if visit.attestation is None:
                raise OutOfStep("nothing was attested")
            clerk, reason = visit.attestation
            if clerk.clerk_id == second_clerk.clerk_id:
                raise SameClerkError("the second clerk has to be another person")
            visit.vouched = ByClerks(clerk, second_clerk, reason)
            self._save(visit, self._certify)
        return visit.shown

    def request_home_visit(self, visit_id: str, clerk: Clerk, reason: str) -> VisitView:
        """A clerk asks for somebody to visit the resident at home.

        Raises:
            ReasonError: no reason is given.
        """
        with self._act(visit_id, Step.CLERK_NEEDED) as visit:
            resident = self._require_person(visit)
            words = clean_reason(reason)

            def note(visit: _Visit) -> None:
                self._ledger.request_home_visit(resident, clerk, words)
                visit.step, visit.problem = Step.HOME_VISIT_NOTED, None

            self._save(visit, note)
        return visit.shown

    @staticmethod
    def _require_person(visit: _Visit) -> Resident:
        if visit.resident is None or visit.problem is Problem.CLOCK_UNTRUSTED:
            raise OutOfStep("it is not known who it is, or what day it is")
        return visit.resident

    # ------------------------------------------------------------------------------- certified

    def _certify(self, visit: _Visit) -> None:
        """Make the certification. Nothing but a finger that matched, or two clerks, leads here."""
        evidence = visit.vouched or visit.candidate
        if evidence is None or visit.resident is None or visit.since is None:
            raise OutOfStep("there is nothing to certify")
        try:
            certified = self._ledger.certify_visit(visit.visit_id, visit.resident, evidence, visit.since)
        except AlreadyCertifiedError:
            visit.certified = self._ledger.of_year(visit.resident, self._calendar.today().year)
            visit.step, visit.problem = Step.ALREADY_CERTIFIED, None
            return
        visit.certified = certified
        visit.step, visit.problem = Step.CERTIFIED, None
        self._desk.print(certified.certification_id, self._slip_changed)
        if visit.touch is not None and evidence is visit.candidate:
            (finger_id, sample), visit.touch = visit.touch, None
            self._later(lambda: self._learn(finger_id, sample, certified.certification_id))

    def reprint(self, visit_id: str) -> VisitView:
        """Print the slip once more; never makes a second record."""
        with self._act(visit_id, *_WITH_SLIP) as visit:
            if visit.certified is None or visit.certified.slip is SlipState.PRINTING:
                raise OutOfStep("the slip is being printed")
            visit.certified = replace(visit.certified, slip=SlipState.PRINTING)  # so that a second tap prints nothing
            self._desk.print(visit.certified.certification_id, self._slip_changed)
        return visit.shown

    def refresh(self) -> None:
        """Look again whether the county has answered; called when a receipt came in."""
        with self._monitor:
            certified = self._visit.certified if self._visit else None
        if certified is not None:
            self._slip_changed(certified.certification_id)

    def _slip_changed(self, certification_id: str) -> None:
        newest = self._ledger.get(certification_id)
        with self._monitor:
            visit = self._visit
            if visit is None or visit.certified is None or visit.certified.certification_id != certification_id:
                return
            with self._change(visit):
                visit.certified = newest

    # ------------------------------------------------------------------------------- the resident leaves

    def leave(self, visit_id: str) -> VisitView:
        """The resident leaves, or has left: everything personal is dropped at once. May be repeated."""
        with self._monitor:
            visit = self._visit
            if visit is None or visit.visit_id != visit_id:
                return VisitView(visit_id, self._revision, Step.ENDED)
            self._stop_capture(visit)
            self._visit = None
            self._revision += 1
            ended = VisitView(visit_id, self._revision, Step.ENDED)
            self._station.leave(visit_id)
            self._monitor.publish(ended)
        if visit.since is not None:
            try:
                self._ledger.end_visit(visit_id)
            except (StoreError, sqlite3.Error):
                _LOG.exception("the end of a visit is not stored; it will be found interrupted at the next start")
        return ended

    def view(self) -> VisitView | None:
        """The visit that is under way, if any."""
        with self._monitor:
            return self._visit.shown if self._visit else None

    def subscribe(self, listener: Callable[[VisitView], None]) -> Callable[[], None]:
        """Tell a listener every change; it only enqueues. Returns a function that ends the subscription."""
        return self._monitor.subscribe(listener)

    def close(self) -> None:
        """The appliance stops."""
        self._unsubscribe()
        view = self.view()
        if view is not None:
            self.leave(view.visit_id)
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------------------------- how changes are made

    @contextmanager
    def _act(self, visit_id: str, *steps: Step) -> Iterator[_Visit]:
        """An act of somebody at the screen: only in these steps of this visit."""
        with self._monitor:
            visit = self._visit
            if visit is None or visit.visit_id != visit_id or visit.step not in steps:
                raise OutOfStep(f"not in step {visit.step if visit else Step.ENDED}")
            with self._change(visit):
                yield visit

    @contextmanager
    def _if_current(self, capture: Capture) -> Iterator[_Visit | None]:
        """News of a capture: of no interest once it was cancelled or another one was begun."""
        with self._monitor:
            visit = self._visit
            if visit is None or visit.capture is not capture:
                yield None
                return
            with self._change(visit):
                yield visit

    @contextmanager
    def _change(self, visit: _Visit) -> Iterator[None]:
        """Change the visit; everybody is told afterwards, without the lock."""
        with self._monitor:
            try:
                yield
            except SealBrokenError:
                _LOG.exception("visit %s", visit.visit_id)
                visit.step, visit.problem = Step.CLERK_NEEDED, Problem.DATA_UNREADABLE
            self._revision += 1
            visit.revision = self._revision
            visit.shown = visit.view()
            self._monitor.publish(visit.shown)

    def _save(self, visit: _Visit, act: Callable[[_Visit], None]) -> None:
        """Do what stores something; when it cannot be stored, the screen says so and `retry` does it again."""
        visit.unsaved = act
        try:
            act(visit)
        except (FullError, sqlite3.Error):
            _LOG.exception("visit %s", visit.visit_id)
            visit.step, visit.problem = Step.CANNOT_SAVE, Problem.STORE_FULL
        except DateDoubtfulError:
            visit.step, visit.problem = Step.CLERK_NEEDED, Problem.CLOCK_UNTRUSTED
        except NotEligibleError:
            visit.step, visit.problem, visit.unsaved = Step.NOT_ELIGIBLE, None, None
        else:
            visit.unsaved = None

    @staticmethod
    def _stop_capture(visit: _Visit) -> None:
        capture, visit.capture = visit.capture, None
        if capture is not None:
            capture.cancel()

    def _reader_changed(self, state: DeviceState) -> None:
        if state.health is Health.READY:
            self._later(self._reader_is_back)

    def _reader_is_back(self) -> None:
        """Whoever stands before a reader that was away need not touch the screen."""
        with self._monitor:
            visit = self._visit
            if (
                visit is not None
                and visit.step is Step.READER_UNAVAILABLE
                and visit.problem is Problem.READER_UNPLUGGED
            ):
                with self._change(visit):
                    self._ask_for_finger(visit)

    def _later(self, job: Callable[[], None]) -> None:
        """Have the visit's own thread do something."""

        def guarded() -> None:
            try:
                job()
            except Exception:
                _LOG.exception("the visit goes on with a clerk")
                self._hand_to_clerk()

        with suppress(RuntimeError):  # stopping
            self._thread.submit(guarded)

    def _hand_to_clerk(self) -> None:
        with self._monitor:
            visit = self._visit
            if visit is not None and visit.step in {Step.PLACE_FINGER, Step.CHECKING}:
                with self._change(visit):
                    self._stop_capture(visit)
                    visit.step, visit.problem = Step.CLERK_NEEDED, Problem.UNFORESEEN
