"""How a clerk enrols a resident: person, consent, two fingers or more of three impressions each, then one transaction.

Impressions are kept in memory only. What is stored in the end are templates, under AES-256-GCM.
"""

import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, FingerprintSample, Template
from services import identity
from services.biometrics.contract import Matcher, Outcome
from services.biometrics.quality import quality
from services.certification.acts import NameRejectedError, NotEligibleError, OutOfStep
from services.certification.calendar import Calendar
from services.certification.enrolment_ledger import EnrolmentLedger
from services.certification.monitor import Monitor
from services.certification.reader import Capture, ReaderHandle, Station, problem_of
from services.certification.residents import Finger, Residents
from services.certification.rules import Rules
from services.certification.views import EnrolmentStep, EnrolmentView, FingerPosition, Problem
from services.clerks import Clerk
from services.identity import IdentityNumber
from services.store.database import StoreError

_LOG = logging.getLogger(__name__)

#: Faults of an impression, not of the reader: the clerk chooses the finger again.
_FINGER_PROBLEMS: Final = frozenset({Problem.NO_FINGER, Problem.POOR_IMAGE, Problem.IMPRESSIONS_DIFFER})

_CHOOSING: Final = (
    EnrolmentStep.CHOOSE_FINGER,
    EnrolmentStep.IMPRESSION,
    EnrolmentStep.DUPLICATE,
    EnrolmentStep.REVIEW,
    EnrolmentStep.READER_UNAVAILABLE,
)


@dataclass
class _Enrolment:
    """Everything about the enrolment that is under way; dropped as a whole when it ends."""

    enrolment_id: str
    clerk: Clerk
    rules: Rules
    step: EnrolmentStep = EnrolmentStep.PERSON
    problem: Problem | None = None
    revision: int = 0
    number: IdentityNumber | None = None
    name: str = ""
    resident_id: str | None = None  # of a resident who is enrolled anew
    consented: bool = False
    capture: Capture | None = None
    event: CaptureEvent | None = None
    finger: FingerPosition | None = None
    samples: list[FingerprintSample] = field(default_factory=list)
    qualities: list[int] = field(default_factory=list)
    quality: int | None = None
    done: dict[FingerPosition, Finger] = field(default_factory=dict)
    shown: EnrolmentView = field(init=False)

    def __post_init__(self) -> None:
        self.shown = self.view()

    def view(self) -> EnrolmentView:
        return EnrolmentView(
            enrolment_id=self.enrolment_id,
            revision=self.revision,
            step=self.step,
            capture=self.event if self.step is EnrolmentStep.IMPRESSION else None,
            problem=self.problem,
            masked_name=identity.mask_name(self.name) if self.name else None,
            masked_number=self.number.masked if self.number else None,
            finger=self.finger,
            impression=min(len(self.samples) + 1, self.rules.impressions),
            impressions_needed=self.rules.impressions,
            quality=self.quality,
            fingers_done=tuple(self.done),
            fingers_needed=self.rules.fingers_enrolled,
            enrolled_before=self.resident_id is not None,
        )


class Enrolments:
    """The one enrolment that is under way. Acts may come from any thread; listeners are called in service threads.

    Every act returns the view after it. An act that does not fit the step raises `OutOfStep` and changes nothing.
    """

    def __init__(
        self,
        *,
        reader: ReaderHandle,
        matcher: Matcher,
        residents: Residents,
        ledger: EnrolmentLedger,
        calendar: Calendar,
        rules: Rules,
        station: Station,
        enrolled: Callable[[], None],
    ) -> None:
        """Nothing is under way before `start`.

        Args:
            reader: captures the impressions.
            matcher: makes templates of them, and knows whose fingers are enrolled.
            residents: knows who is enrolled.
            ledger: stores enrolments.
            calendar: says how old somebody is today.
            rules: say how many fingers and impressions are needed, and how good.
            station: the place before the reader, shared with visits.
            enrolled: called after fingers were stored, so that the gallery takes them in.
        """
        self._reader = reader
        self._matcher = matcher
        self._residents = residents
        self._ledger = ledger
        self._calendar = calendar
        self._rules = rules
        self._station = station
        self._enrolled = enrolled
        self._monitor: Monitor[EnrolmentView] = Monitor()
        self._enrolment: _Enrolment | None = None
        self._revision = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="enrolment")

    def start(self, clerk: Clerk) -> EnrolmentView:
        """A clerk begins.

        Raises:
            OutOfStep: a visit or an enrolment is under way.
        """
        with self._monitor:
            if self._enrolment is not None:
                raise OutOfStep("an enrolment is under way")
            enrolment = _Enrolment(str(uuid.uuid4()), clerk, self._rules)
            self._station.take(enrolment.enrolment_id)
            self._enrolment = enrolment
            with self._change(enrolment):
                pass
        return enrolment.shown

    def enter_person(self, enrolment_id: str, name: str, number: str) -> EnrolmentView:
        """The clerk types who it is.

        Raises:
            IdentityError: the number is none; the step stays.
            NameRejectedError: the name is none; the step stays.
            DateDoubtfulError: nobody's age is known while the date is in doubt (`Calendar.confirm_today`).
        """
        with self._act(enrolment_id, EnrolmentStep.PERSON, EnrolmentStep.NOT_ELIGIBLE) as enrolment:
            checked = identity.parse(number, self._calendar.today())
            try:
                cleaned = identity.clean_name(name)
            except ValueError as error:
                raise NameRejectedError(str(error)) from error
            self._ledger.require_date()
            known = self._residents.find(checked)
            enrolment.number, enrolment.name = checked, cleaned
            enrolment.resident_id = known.resident_id if known else None
            old_enough = checked.age_on(self._calendar.today()) >= self._rules.minimum_age
            enrolment.step = EnrolmentStep.CONSENT if old_enough else EnrolmentStep.NOT_ELIGIBLE
            enrolment.problem = None
        return enrolment.shown

    def consent(self, enrolment_id: str, given: bool) -> EnrolmentView:
        """The resident agrees, or not, to have fingers enrolled. Consent is stored before any finger is read."""
        with self._act(enrolment_id, EnrolmentStep.CONSENT, EnrolmentStep.CANNOT_SAVE) as enrolment:
            if enrolment.consented:
                raise OutOfStep("consent is stored already")
            if given:
                try:
                    self._ledger.start(enrolment_id, enrolment.clerk)
                except (StoreError, sqlite3.Error):
                    self._cannot_save(enrolment)
                else:
                    enrolment.consented = True
                    enrolment.step, enrolment.problem = EnrolmentStep.CHOOSE_FINGER, None
        return enrolment.shown if given else self.leave(enrolment_id)

    def choose_finger(self, enrolment_id: str, position: FingerPosition) -> EnrolmentView:
        """Begin with a finger, anew where it was begun before."""
        with self._act(enrolment_id, *_CHOOSING) as enrolment:
            self._stop_capture(enrolment)
            enrolment.done.pop(position, None)
            enrolment.finger, enrolment.quality = position, None
            enrolment.samples, enrolment.qualities = [], []
            self._ask_for_impression(enrolment, None)
        return enrolment.shown

    def finish(self, enrolment_id: str) -> EnrolmentView:
        """Store the resident and the fingers that are done; fingers of before are replaced by them."""
        with self._act(enrolment_id, EnrolmentStep.REVIEW, EnrolmentStep.CANNOT_SAVE) as enrolment:
            if enrolment.number is None or len(enrolment.done) < self._rules.fingers_enrolled:
                raise OutOfStep("there are not enough fingers yet")
            try:
                self._ledger.save(
                    enrolment_id, enrolment.clerk, enrolment.number, enrolment.name, tuple(enrolment.done.values())
                )
            except (StoreError, sqlite3.Error):
                self._cannot_save(enrolment)
            except NotEligibleError:
                enrolment.step, enrolment.problem = EnrolmentStep.NOT_ELIGIBLE, None
            else:
                enrolment.step, enrolment.problem = EnrolmentStep.SAVED, None
                self._enrolled()
        return enrolment.shown

    def leave(self, enrolment_id: str) -> EnrolmentView:
        """End it, saved or not: everything personal is dropped at once. May be repeated."""
        with self._monitor:
            enrolment = self._enrolment
            if enrolment is None or enrolment.enrolment_id != enrolment_id:
                return EnrolmentView(enrolment_id, self._revision, EnrolmentStep.ENDED)
            self._stop_capture(enrolment)
            self._enrolment = None
            self._revision += 1
            ended = EnrolmentView(enrolment_id, self._revision, EnrolmentStep.ENDED)
            self._station.leave(enrolment_id)
            self._monitor.publish(ended)
        if enrolment.consented and enrolment.step is not EnrolmentStep.SAVED:
            try:
                self._ledger.leave(enrolment_id, enrolment.clerk)
            except (StoreError, sqlite3.Error):
                _LOG.exception("the end of an enrolment is not stored; it will be found interrupted at the next start")
        return ended

    def view(self) -> EnrolmentView | None:
        """The enrolment that is under way, if any."""
        with self._monitor:
            return self._enrolment.shown if self._enrolment else None

    def subscribe(self, listener: Callable[[EnrolmentView], None]) -> Callable[[], None]:
        """Tell a listener every change; it only enqueues. Returns a function that ends the subscription."""
        return self._monitor.subscribe(listener)

    def close(self) -> None:
        """The appliance stops."""
        view = self.view()
        if view is not None:
            self.leave(view.enrolment_id)
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------------------------- impressions

    def _ask_for_impression(self, enrolment: _Enrolment, problem: Problem | None) -> None:
        enrolment.step, enrolment.problem, enrolment.event = EnrolmentStep.IMPRESSION, problem, None
        enrolment.capture = Capture()
        enrolment.capture.begin(
            self._reader,
            seconds=self._rules.capture_s,
            with_image=True,
            lift_first=True,
            tell=self._capture_tells,
            done=lambda capture, future: self._later(lambda: self._impression_came(capture, future)),
        )

    def _capture_tells(self, capture: Capture, event: CaptureEvent) -> None:
        with self._if_current(capture) as enrolment:
            if enrolment is not None:
                enrolment.event = event

    def _impression_came(self, capture: Capture, future: Future[FingerprintSample]) -> None:
        """An impression was read, or not; in the enrolment's own thread."""
        try:
            sample = future.result()
            score = quality(sample.image) if sample.image is not None else None
            with self._if_current(capture) as enrolment:
                if enrolment is None or not self._take(enrolment, sample, score):
                    return
                samples, done = tuple(enrolment.samples), tuple(enrolment.done.values())
                resident_id = enrolment.resident_id
            templates = self._matcher.enrol(samples)
            problem = self._owner_problem(samples[-1], done, resident_id)
        except DeviceError as error:
            with self._if_current(capture) as enrolment:
                if enrolment is not None:
                    self._not_read(enrolment, error)
            return
        with self._if_current(capture) as enrolment:
            if enrolment is not None:
                self._complete(enrolment, templates, problem)

    def _take(self, enrolment: _Enrolment, sample: FingerprintSample, score: int | None) -> bool:
        """Keep an impression that is good enough; says whether the finger has all it needs."""
        enrolment.quality = score
        if score is not None and score < self._rules.quality_floor:
            self._ask_for_impression(enrolment, Problem.LOW_QUALITY)
            return False
        enrolment.samples.append(
            FingerprintSample(sample.features, sample.image if self._matcher.wants_image else None)
        )
        if score is not None:
            enrolment.qualities.append(score)
        if len(enrolment.samples) < self._rules.impressions:
            self._ask_for_impression(enrolment, None)
            return False
        return True

    def _owner_problem(
        self, sample: FingerprintSample, done: tuple[Finger, ...], resident_id: str | None
    ) -> Problem | None:
        """Whether the finger is known already: from a moment ago, or as somebody else's."""
        if done and self._matcher.verify(sample, [finger.enrolled for finger in done]).outcome is Outcome.MATCH:
            return Problem.SAME_FINGER
        try:
            verdict = self._matcher.identify(sample)
        except DeviceError as error:
            if error.fault is not Fault.UNSUPPORTED:
                raise
            return None  # a reader without a search; the county's review has to find duplicates
        holder = self._residents.holder_of(verdict.finger_id) if verdict.finger_id else None
        return Problem.OTHER_RESIDENT if holder and holder[0].resident_id != resident_id else None

    def _complete(self, enrolment: _Enrolment, templates: tuple[Template, ...], problem: Problem | None) -> None:
        enrolment.capture = None
        if problem is not None:
            enrolment.samples = []
            self._go_on(enrolment, EnrolmentStep.DUPLICATE, problem)
            return
        if enrolment.finger is None:
            raise OutOfStep("no finger was chosen")
        worst = min(enrolment.qualities, default=None)
        enrolment.done[enrolment.finger] = Finger(str(uuid.uuid4()), enrolment.finger, templates, worst)
        enrolment.finger, enrolment.samples = None, []
        self._go_on(enrolment, EnrolmentStep.CHOOSE_FINGER, None)

    def _not_read(self, enrolment: _Enrolment, error: DeviceError) -> None:
        problem = problem_of(error)
        enrolment.capture, enrolment.samples, enrolment.qualities = None, [], []
        again = problem in _FINGER_PROBLEMS
        self._go_on(enrolment, EnrolmentStep.CHOOSE_FINGER if again else EnrolmentStep.READER_UNAVAILABLE, problem)

    def _go_on(self, enrolment: _Enrolment, step: EnrolmentStep, problem: Problem | None) -> None:
        """Whatever became of one more finger, an enrolment that has enough of them can be finished."""
        enough = len(enrolment.done) >= self._rules.fingers_enrolled
        enrolment.step, enrolment.problem = EnrolmentStep.REVIEW if enough else step, problem

    # ------------------------------------------------------------------------------- how changes are made

    @contextmanager
    def _act(self, enrolment_id: str, *steps: EnrolmentStep) -> Iterator[_Enrolment]:
        """An act of the clerk: only in these steps of this enrolment."""
        with self._monitor:
            enrolment = self._enrolment
            if enrolment is None or enrolment.enrolment_id != enrolment_id or enrolment.step not in steps:
                raise OutOfStep(f"not in step {enrolment.step if enrolment else EnrolmentStep.ENDED}")
            with self._change(enrolment):
                yield enrolment

    @contextmanager
    def _if_current(self, capture: Capture) -> Iterator[_Enrolment | None]:
        """News of a capture: of no interest once it was cancelled or another one was begun."""
        with self._monitor:
            enrolment = self._enrolment
            if enrolment is None or enrolment.capture is not capture:
                yield None
                return
            with self._change(enrolment):
                yield enrolment

    @contextmanager
    def _change(self, enrolment: _Enrolment) -> Iterator[None]:
        with self._monitor:
            yield
            self._revision += 1
            enrolment.revision = self._revision
            enrolment.shown = enrolment.view()
            self._monitor.publish(enrolment.shown)

    @staticmethod
    def _cannot_save(enrolment: _Enrolment) -> None:
        _LOG.exception("enrolment %s", enrolment.enrolment_id)
        enrolment.step, enrolment.problem = EnrolmentStep.CANNOT_SAVE, Problem.STORE_FULL

    @staticmethod
    def _stop_capture(enrolment: _Enrolment) -> None:
        capture, enrolment.capture = enrolment.capture, None
        if capture is not None:
            capture.cancel()

    def _later(self, job: Callable[[], None]) -> None:
        """Have the enrolment's own thread do something."""

        def guarded() -> None:
            try:
                job()
            except Exception:
                _LOG.exception("the finger has to be chosen again")
                self._choose_again()

        with suppress(RuntimeError):  # stopping
            self._thread.submit(guarded)

    def _choose_again(self) -> None:
        with self._monitor:
            enrolment = self._enrolment
            if enrolment is not None and enrolment.step is EnrolmentStep.IMPRESSION:
                with self._change(enrolment):
                    self._stop_capture(enrolment)
                    self._go_on(enrolment, EnrolmentStep.CHOOSE_FINGER, Problem.UNFORESEEN)
