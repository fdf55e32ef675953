"""Matching on the reader's own module: its library is an index for the search, the point's templates decide.

What the module's flash holds is never believed by itself. Before every use its label is held against the database, so
that a module that was replaced is noticed, and a hit of the search counts only once the same finger also matches the
template that the database keeps.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import FingerprintSample, MatchingReader, SlotMatch, Template
from services.biometrics.contract import EnrolledFinger, Outcome, Verdict
from services.biometrics.slots import SlotMap

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_TURN_S: Final = 10.0  # until a call that a resident waits for has to have its turn
_PATIENCE_S: Final = 120.0  # until a call that fills the library has to have its turn: captures go first


class Handle(Protocol):
    """The part of a `DeviceHandle` that is used here."""

    def submit(self, operation: Callable[[MatchingReader], T], *, name: str, deadline: Deadline) -> Future[T]:
        """Have the owning thread do something with the reader."""
        ...


class _ForeignLibraryError(Exception):
    """The module carries another label than ours."""


class ModuleMatcher:
    """A `Matcher` that has the module compare. Calls may come from any thread but the reader's own."""

    wants_image = False

    def __init__(self, handle: Handle, slots: SlotMap, enrolled: Callable[[str], EnrolledFinger | None]) -> None:
        """Nothing is asked of the module yet.

        Args:
            handle: leads to the module.
            slots: knows what its library holds.
            enrolled: finds a finger's templates by its id.
        """
        self._handle = handle
        self._slots = slots
        self._enrolled = enrolled
        self._filling = threading.Lock()
        self._complete = threading.Event()

    @property
    def algorithm(self) -> str:
        """The name of the templates that the module which is plugged in makes.

        Raises:
            DeviceError: none is.
        """
        return self._do("algorithm", lambda reader: reader.algorithm)

    @property
    def is_complete(self) -> bool:
        """Whether the library holds every finger that was to be in it: only then does no hit mean nobody."""
        return self._complete.is_set()

    def enrol(self, samples: Sequence[FingerprintSample]) -> tuple[Template, ...]:
        """Have the module make one template of several impressions; see `Matcher.enrol`."""
        features = [sample.features for sample in samples if sample.features is not None]
        if len(features) < len(samples):
            raise DeviceError("fingerprint", "enrol", Fault.TOO_FEW_FEATURES, "an impression has no features")
        return (self._do("merge", lambda reader: reader.merge(features)),)

    def verify(self, sample: FingerprintSample, fingers: Iterable[EnrolledFinger]) -> Verdict:
        """Have the module compare with each finger; see `Matcher.verify`.

        Inconclusive when there is nothing of the module's own algorithm to compare with.
        """
        probe = sample.features
        candidates = tuple(
            (finger.finger_id, template)
            for finger in fingers
            for template in finger.templates
            if probe is not None and template.algorithm == probe.algorithm
        )
        if probe is None or not candidates:
            return Verdict(Outcome.INCONCLUSIVE)

        def compare(reader: MatchingReader) -> Verdict:
            for finger_id, template in candidates:
                score = reader.compare(probe, template)
                if score is not None:
                    return Verdict(Outcome.MATCH, finger_id, float(score))
            return Verdict(Outcome.NO_MATCH)

        return self._do("compare", compare)

    def identify(self, sample: FingerprintSample) -> Verdict:
        """Have the module search its library; see `Matcher.identify`.

        Inconclusive when nothing is found while the library does not hold everybody, or is not ours.
        """
        probe = sample.features
        if probe is None:
            return Verdict(Outcome.INCONCLUSIVE)
        label = self._slots.label

        def search(reader: MatchingReader) -> SlotMatch | None:
            _require(label, reader)
            return reader.search(probe)

        try:
            hit = self._do("search", search)
        except _ForeignLibraryError:
            self._complete.clear()
            return Verdict(Outcome.INCONCLUSIVE)
        if hit is None:
            # A finger that was enrolled a moment ago may not be in the library yet.
            knows_all = self.is_complete and not self._slots.lacks_any(probe.algorithm)
            return Verdict(Outcome.NO_MATCH if knows_all else Outcome.INCONCLUSIVE)
        return self._confirm(sample, hit)

    def load(self, fingers: Iterable[EnrolledFinger]) -> None:
        """Make the library these fingers, as many as there is room for; see `Matcher.load`.

        Every template is a call of its own, so that a resident's capture waits for one of them at most.
        """
        with self._filling:
            algorithm = self._do("algorithm", lambda reader: reader.algorithm, _PATIENCE_S)
            own = {
                finger.finger_id: finger
                for finger in fingers
                if finger.templates and finger.templates[0].algorithm == algorithm
            }
            try:
                unplaced = self._fill(own)
            except _ForeignLibraryError as error:
                raise DeviceError("fingerprint", "load", Fault.UNPLUGGED, "the module was replaced") from error
            if unplaced:
                _LOG.warning("the reader's library has no room for %d of %d fingers", len(unplaced), len(own))
            else:
                self._complete.set()

    def add(self, finger: EnrolledFinger) -> None:
        """Put one more finger into the library; see `Matcher.add`."""
        with self._filling:
            capacity = self._do("capacity", lambda reader: reader.capacity)
            slot = self._slots.assign(finger.finger_id, capacity)
            if slot is None:
                self._complete.clear()
                raise DeviceError("fingerprint", "add", Fault.NO_ROOM, f"all {capacity} slots are taken")
            try:
                self._store(slot, finger, self._slots.label)
            except (DeviceError, _ForeignLibraryError) as error:
                self._complete.clear()
                if isinstance(error, DeviceError):
                    raise
                raise DeviceError("fingerprint", "add", Fault.UNPLUGGED, "the module was replaced") from error

    def remove(self, finger_id: str) -> None:
        """Take a finger out of the library; see `Matcher.remove`."""
        with self._filling:
            slot = self._slots.release(finger_id)
            if slot is not None:
                with suppress(_ForeignLibraryError):  # then there is nothing of ours to delete
                    self._do("delete", _deletion(slot, self._slots.label), _PATIENCE_S)

    def improved(self, templates: Sequence[Template], sample: FingerprintSample) -> tuple[Template, ...] | None:
        """Nothing: a module's template is as the module has made it; see `Matcher.improved`."""
        del templates, sample
        return None

    def _fill(self, fingers: dict[str, EnrolledFinger]) -> tuple[str, ...]:
        occupied, capacity = self._claim()
        label = self._slots.label
        plan = self._slots.plan(fingers, capacity, occupied)
        if plan.missing or plan.unplaced:
            self._complete.clear()
        for slot in sorted(occupied - plan.held):
            self._do("delete", _deletion(slot, label), _PATIENCE_S)
        for slot, finger_id in plan.missing:
            self._store(slot, fingers[finger_id], label)
        return plan.unplaced

    def _claim(self) -> tuple[frozenset[int], int]:
        """Make the module ours if it is not; says what it holds and how much it could."""
        label = self._slots.label

        def look(reader: MatchingReader) -> tuple[bool, frozenset[int], int]:
            return reader.read_label() == label, reader.occupied(), reader.capacity

        ours, occupied, capacity = self._do("look", look, _PATIENCE_S)
        if ours:
            return occupied, capacity
        _LOG.info("the reader's library is not ours: it is filled anew")
        self._complete.clear()
        self._slots.begin_anew()  # first, so that no power cut leaves our label on a library that is not ours
        label = self._slots.label

        def make_ours(reader: MatchingReader) -> None:
            reader.clear()
            reader.write_label(label)

        self._do("clear", make_ours, _PATIENCE_S)
        return frozenset(), capacity

    def _store(self, slot: int, finger: EnrolledFinger, label: bytes) -> None:
        """Store a template, then note it: the other way round, a power cut would leave a finger noted and missing."""

        def store(reader: MatchingReader) -> None:
            _require(label, reader)
            reader.store(slot, finger.templates[0])

        self._do("store", store, _PATIENCE_S)
        self._slots.mark(slot, finger.finger_id, stored=True)

    def _confirm(self, sample: FingerprintSample, hit: SlotMatch) -> Verdict:
        finger_id = self._slots.finger_in(hit.slot)
        finger = self._enrolled(finger_id) if finger_id is not None else None
        if finger is None:
            return Verdict(Outcome.INCONCLUSIVE)  # a finger that is being taken out of the library
        verdict = self.verify(sample, (finger,))
        if verdict.outcome is Outcome.MATCH:
            return verdict
        _LOG.warning("slot %d of the reader's library does not hold what was stored there", hit.slot)
        self._slots.mark(hit.slot, finger.finger_id, stored=False)
        self._complete.clear()
        return Verdict(Outcome.INCONCLUSIVE)

    def _do(self, name: str, operation: Callable[[MatchingReader], T], seconds: float = _TURN_S) -> T:
        def act(reader: MatchingReader) -> T | _ForeignLibraryError:
            try:
                return operation(reader)
            except _ForeignLibraryError as error:  # no fault of the device, so not for its owner's log
                return error

        done = self._handle.submit(act, name=name, deadline=Deadline.after(seconds)).result()
        if isinstance(done, _ForeignLibraryError):
            raise done
        return done


def _require(label: bytes, reader: MatchingReader) -> None:
    if reader.read_label() != label:
        raise _ForeignLibraryError


def _deletion(slot: int, label: bytes) -> Callable[[MatchingReader], None]:
    def delete(reader: MatchingReader) -> None:
        _require(label, reader)
        reader.delete(slot)

    return delete
