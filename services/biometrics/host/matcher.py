"""Whether two fingers are one, decided on the host from images.

Decisions are made at a false match rate, never at a raw score: a score is in decades of improbability, and a question
that makes many comparisons has to be answered that much more surely. Nothing is claimed about liveness: whether a
living finger was on the glass is for the reader to say, and for the clerk to see.
"""

import logging
import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import FingerprintSample, Template
from services.biometrics.contract import EnrolledFinger, Outcome, Verdict
from services.biometrics.host.extraction import Extractor, Touch
from services.biometrics.host.faults import ImageError, ImageFault, TemplateError
from services.biometrics.host.impression import Impression, Pattern
from services.biometrics.host.minutiae import Minutiae
from services.biometrics.host.score import compare, fused
from services.biometrics.host.shortlist import Shortlist
from services.biometrics.host.template import ALGORITHM, decode, encode

MAX_TEMPLATES: Final = 6
"""Impressions of one finger that are kept."""
MAX_FINGERS: Final = 4000
"""Fingers in a gallery: two villages. Each impression takes about 7 KB of memory."""

_LOG = logging.getLogger(__name__)

_DOUBT: Final = 1.0  # decades below what is required in which nothing is decided
_STRONG: Final = 3.0  # decades beyond what is required from which on a template may be learnt from
_SAME: Final = 3.0  # decades at which impressions that are enrolled together count as one finger's
_TRIED: Final = 40  # fingers of a gallery that are compared in full
_CLOSELY: Final = 5  # of them that are compared with all their templates
_THIN_MINUTIAE: Final = 12
_THIN_BLOCKS: Final = 300  # 48 mm2
_TWO_TRIES: Final = math.log10(2)  # the quick and the thorough comparison are two chances to be wrong
_CACHED: Final = 128  # decoded templates with their cylinders, about 0.2 MB each

_FAULTS: Final = {
    ImageFault.BLANK: Fault.NO_FINGER,
    ImageFault.TOO_FEW_MINUTIAE: Fault.TOO_FEW_FEATURES,
    ImageFault.PARTIAL: Fault.TOO_FEW_FEATURES,
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """A finger of the gallery: what was loaded, and where the shortlist has it."""

    finger: EnrolledFinger
    slots: tuple[int, ...]


class HostMatcher:
    """A `Matcher` that compares images itself. Calls may come from any thread."""

    wants_image = True

    def __init__(self, false_match_rate: float = 1e-3, extractor: Extractor | None = None) -> None:
        """The gallery is empty and the network not yet loaded.

        Args:
            false_match_rate: how often somebody else may be taken for the resident, for each question that is asked:
                one verification, however many fingers the resident has enrolled, or one search of the whole gallery.
            extractor: shared with others; one of its own unless given.

        Raises:
            ValueError: the rate is not between 1e-9 and 0.05.
        """
        if not 1e-9 <= false_match_rate <= 0.05:
            raise ValueError(f"a false match rate of {false_match_rate}, not 1e-9 to 0.05")
        self._required = -math.log10(false_match_rate)
        self._extractor = extractor or Extractor()
        self._shortlist = Shortlist()
        self._kept: dict[str, _Kept] = {}
        self._owners: dict[int, str] = {}
        self._changing = threading.RLock()  # held while fingers come and go; searches go on meanwhile
        self._lock = threading.Lock()  # held for moments

    @property
    def algorithm(self) -> str:
        """The name of the templates."""
        return ALGORITHM

    def enrol(self, samples: Sequence[FingerprintSample]) -> tuple[Template, ...]:
        """Make a template of every impression, at most `MAX_TEMPLATES`; see `Matcher.enrol`."""
        if not 1 <= len(samples) <= MAX_TEMPLATES:
            raise DeviceError("fingerprint", "enrol", Fault.TOO_FEW_FEATURES, f"{len(samples)} impressions")
        impressions = [self._enrolled(sample) for sample in samples]
        for index, one in enumerate(impressions[1:], 1):
            if max(compare(one, other) for other in impressions[:index]) < _SAME:
                raise DeviceError("fingerprint", "enrol", Fault.IMPRESSIONS_DIFFER, f"impression {index + 1}")
        return tuple(Template(ALGORITHM, encode(impression)) for impression in impressions)

    def verify(self, sample: FingerprintSample, fingers: Iterable[EnrolledFinger]) -> Verdict:
        """Is the sample one of these fingers? See `Matcher.verify`.

        A match is often plain from the ridges alone; only otherwise the network is asked.
        """
        known = [(finger.finger_id, impressions) for finger in fingers if (impressions := _readable(finger))]
        touch = self._touch(sample)
        if touch is None or not known:
            return Verdict(Outcome.INCONCLUSIVE)
        required = self._required + math.log10(len(known)) + _TWO_TRIES
        quick = _quick(touch, known)
        if quick is not None and quick[0] >= required:
            return Verdict(Outcome.MATCH, quick[1], quick[0])
        try:
            probe = touch.full
        except ImageError as error:
            _LOG.info("the image is of no use: %s", error)
            return Verdict(Outcome.INCONCLUSIVE)
        score, finger_id = max((_best(probe, impressions), finger_id) for finger_id, impressions in known)
        if score >= required:
            return Verdict(Outcome.MATCH, finger_id, score)
        if score >= required - _DOUBT or _is_thin(probe) or _is_upside_down(probe, known, required):
            return Verdict(Outcome.INCONCLUSIVE, score=score)
        return Verdict(Outcome.NO_MATCH, score=score)

    def identify(self, sample: FingerprintSample) -> Verdict:
        """Whose finger of the gallery is it? See `Matcher.identify`.

        Inconclusive also when two fingers of the gallery are both near to a match: either may be it.
        """
        touch = self._touch(sample)
        try:
            probe = None if touch is None else touch.full
        except ImageError as error:
            _LOG.info("the image is of no use: %s", error)
            probe = None
        return Verdict(Outcome.INCONCLUSIVE) if probe is None else self.search(probe)

    def search(self, probe: Impression) -> Verdict:
        """Look for features that were extracted already in the gallery; see `identify`."""
        with self._lock:
            count = len(self._kept)
        if count == 0:
            return Verdict(Outcome.INCONCLUSIVE)
        required = self._required + math.log10(count)
        scores = _ranked(probe, self._likely(probe), required + _STRONG)
        if not scores:
            return Verdict(Outcome.INCONCLUSIVE if _is_thin(probe) else Outcome.NO_MATCH)
        (score, finger_id), *others = scores
        if score >= required and not (others and others[0][0] >= required - _DOUBT):
            return Verdict(Outcome.MATCH, finger_id, score)
        if score >= required - _DOUBT or _is_thin(probe):
            return Verdict(Outcome.INCONCLUSIVE, score=score)
        return Verdict(Outcome.NO_MATCH, score=score)

    def load(self, fingers: Iterable[EnrolledFinger]) -> None:
        """Make the gallery exactly these fingers; see `Matcher.load`."""
        wanted = {finger.finger_id: finger for finger in fingers}
        with self._changing:
            for finger_id in [key for key, kept in self._kept.items() if wanted.get(key) != kept.finger]:
                self.remove(finger_id)
            for finger in wanted.values():
                self.add(finger)

    def add(self, finger: EnrolledFinger) -> None:
        """Put one more finger into the gallery, in place of what it has under this id; see `Matcher.add`.

        A finger none of whose templates can be read is left out, with a warning: the database keeps it.
        """
        with self._changing:
            known = self._kept.get(finger.finger_id)
            if known is not None and known.finger == finger:
                return
            if known is None and len(self._kept) >= MAX_FINGERS:
                raise DeviceError("fingerprint", "add", Fault.NO_ROOM, f"{MAX_FINGERS} fingers")
            self.remove(finger.finger_id)
            slots = tuple(self._shortlist.add(impression) for impression in _readable(finger))
            if slots:
                with self._lock:
                    self._kept[finger.finger_id] = _Kept(finger, slots)
                    self._owners.update(dict.fromkeys(slots, finger.finger_id))

    def remove(self, finger_id: str) -> None:
        """Take a finger out of the gallery; see `Matcher.remove`."""
        with self._changing, self._lock:
            known = self._kept.pop(finger_id, None)
            for slot in known.slots if known else ():
                del self._owners[slot]
                self._shortlist.remove(slot)

    def improved(self, templates: Sequence[Template], sample: FingerprintSample) -> tuple[Template, ...] | None:
        """What a finger's templates would be with this sample among them, if they would be better for it.

        A pure question: nothing is changed. The caller decides, stores the new templates, and writes down in the audit
        that they were learnt, and from which certification. A sample is only learnt from when it matches strongly, so
        that nobody drifts into another's templates; when all places are taken, the impression gives way that is most
        like another one and so says least.

        Returns:
            The new templates, or none when the sample does not match strongly or adds nothing.
        """
        impressions = _readable(EnrolledFinger("", tuple(templates)))
        touch = self._touch(sample)
        if touch is None or not impressions:
            return None
        try:
            probe = touch.full
        except ImageError:
            return None
        if _is_thin(probe) or _best(probe, impressions) < self._required + _STRONG:
            return None
        everything = [*impressions, probe]
        if len(everything) > MAX_TEMPLATES:
            del everything[_most_redundant(everything)]
        if probe not in everything:
            return None
        return tuple(Template(ALGORITHM, encode(impression)) for impression in everything)

    def _enrolled(self, sample: FingerprintSample) -> Impression:
        if sample.image is None:
            raise DeviceError("fingerprint", "enrol", Fault.POOR_IMAGE, "a sample without its image")
        try:
            return self._extractor.look(sample.image).full
        except ImageError as error:
            fault = _FAULTS.get(error.fault, Fault.POOR_IMAGE)
            raise DeviceError("fingerprint", "enrol", fault, str(error)) from error

    def _touch(self, sample: FingerprintSample) -> Touch | None:
        if sample.image is None:
            return None
        try:
            return self._extractor.look(sample.image)
        except ImageError as error:
            _LOG.info("the image is of no use: %s", error)
            return None

    def _likely(self, probe: Impression) -> list[tuple[EnrolledFinger, int]]:
        """The fingers of the gallery most like the probe, the most likely first, each with its likeliest template."""
        votes = self._shortlist.search(probe)
        with self._lock:
            best: dict[str, int] = {}
            for slot in np.argsort(-votes, kind="stable").tolist():
                owner = self._owners.get(slot)
                if owner is not None and votes[slot] > 0:
                    best.setdefault(owner, slot)
                if len(best) >= _TRIED:
                    break
            kept = [(self._kept[finger_id], slot) for finger_id, slot in best.items()]
        return [(one.finger, one.slots.index(slot)) for one, slot in kept]


@lru_cache(maxsize=_CACHED)
def _decoded(data: bytes) -> Impression:
    return decode(data)


def _readable(finger: EnrolledFinger) -> list[Impression]:
    """The impressions of a finger that this algorithm understands."""
    impressions = []
    for template in finger.templates[:MAX_TEMPLATES]:
        if template.algorithm != ALGORITHM:
            continue
        try:
            impressions.append(_decoded(template.data))
        except TemplateError as error:
            _LOG.warning("a template of finger %s cannot be used: %s", finger.finger_id, error)
    return impressions


def _best(probe: Impression, impressions: Sequence[Impression], *, quick: bool = False) -> float:
    return fused([compare(probe, impression, quick=quick) for impression in impressions])


def _ranked(probe: Impression, likely: Sequence[tuple[EnrolledFinger, int]], enough: float) -> list[tuple[float, str]]:
    """The scores of likely fingers, the highest first.

    Each is tried by its likeliest template, until one has `enough` and the likeliest others were tried too; the best
    are then tried by all they have.
    """
    first: list[tuple[float, EnrolledFinger]] = []
    for count, (finger, index) in enumerate(likely):
        if count >= _CLOSELY and max(first, key=_score)[0] >= enough:
            break
        first.append((compare(probe, _readable(finger)[index]), finger))
    first.sort(key=_score, reverse=True)
    ranked = [(_best(probe, _readable(finger)), finger.finger_id) for _, finger in first[:_CLOSELY]]
    return sorted(ranked, reverse=True)


def _score(one: tuple[float, EnrolledFinger]) -> float:
    return one[0]


def _quick(touch: Touch, known: Sequence[tuple[str, list[Impression]]]) -> tuple[float, str] | None:
    try:
        probe = touch.quick
    except ImageError:
        return None
    return max((_best(probe, impressions, quick=True), finger_id) for finger_id, impressions in known)


def _is_thin(impression: Impression) -> bool:
    """Whether there is so little on it that no likeness says nothing."""
    blocks = _THIN_BLOCKS if impression.pattern is None else np.count_nonzero(impression.pattern.area)
    return len(impression.minutiae) < _THIN_MINUTIAE or bool(blocks < _THIN_BLOCKS)


def _is_upside_down(probe: Impression, known: Sequence[tuple[str, list[Impression]]], required: float) -> bool:
    turned = upside_down(probe)
    return any(_best(turned, impressions) >= required for _, impressions in known)


def upside_down(impression: Impression) -> Impression:
    """The same touch with the finger from the other side of the reader."""
    minutiae, pattern = impression.minutiae, impression.pattern
    if pattern is None:
        far = minutiae.xy.max(axis=0)
    else:
        pattern = Pattern(pattern.valley[::-1, ::-1], pattern.area[::-1, ::-1])
        far = np.array([side * 8 for side in pattern.area.shape[::-1]], np.float32)
    direction = ((minutiae.direction + np.pi) % (2 * np.pi)).astype(np.float32)
    return Impression(Minutiae((far - minutiae.xy).clip(0, None), direction, minutiae.kind, minutiae.quality), pattern)


def _most_redundant(impressions: Sequence[Impression]) -> int:
    """The impression that is most like another one."""
    likeness = [max(compare(one, other) for other in impressions if other is not one) for one in impressions]
    return int(np.argmax(likeness))
