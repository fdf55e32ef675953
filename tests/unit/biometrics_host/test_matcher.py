"""The verdicts of the host matcher: match, no match, and everything that is neither."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import FingerprintSample, GreyImage, Template
from services.biometrics.contract import EnrolledFinger, Matcher, Outcome
from services.biometrics.host.extraction import Extractor
from services.biometrics.host.leader import Leader, ModelError
from services.biometrics.host.matcher import MAX_TEMPLATES, HostMatcher
from services.biometrics.host.template import ALGORITHM
from tests.unit.biometrics_host.conftest import Impressions, Samples

NO_IMAGE = FingerprintSample(None, None)
BLANK = FingerprintSample(None, GreyImage(256, 300, bytes([128]) * 256 * 300))


@pytest.fixture
def matcher(extractor: Extractor) -> HostMatcher:
    return HostMatcher(1e-3, extractor)


@pytest.fixture(scope="session")
def enrolled(extractor: Extractor, sample: Samples) -> list[EnrolledFinger]:
    """Three fingers, each by two touches."""
    matcher = HostMatcher(1e-3, extractor)
    return [EnrolledFinger(f"f{f}", matcher.enrol([sample(f, 1), sample(f, 2)])) for f in range(3)]


def _upside_down(sample: FingerprintSample) -> FingerprintSample:
    assert sample.image is not None
    image = sample.image
    return FingerprintSample(None, GreyImage(image.width, image.height, image.pixels[::-1], image.dpi))


def _sliver(sample: FingerprintSample) -> FingerprintSample:
    """A touch with the edge of the finger alone."""
    assert sample.image is not None
    grey = np.frombuffer(sample.image.pixels, np.uint8).reshape(sample.image.height, sample.image.width)[:, 70:175]
    return FingerprintSample(
        None, GreyImage(105, grey.shape[0], grey[:150].tobytes() + bytes([230]) * 105 * (grey.shape[0] - 150))
    )


def test_it_is_a_matcher(matcher: HostMatcher) -> None:
    held: Matcher = matcher
    assert held.wants_image
    assert held.algorithm == ALGORITHM


def test_a_resident_is_known_again(matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples) -> None:
    verdict = matcher.verify(sample(1, 3), enrolled)
    assert (verdict.outcome, verdict.finger_id) == (Outcome.MATCH, "f1")
    assert verdict.score is not None
    assert verdict.score >= 3


def test_somebody_else_is_not(matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples) -> None:
    verdict = matcher.verify(sample(1, 3), [enrolled[0], enrolled[2]])
    assert (verdict.outcome, verdict.finger_id) == (Outcome.NO_MATCH, None)


def test_a_plain_match_never_asks_the_network(enrolled: list[EnrolledFinger], sample: Samples) -> None:
    def missing() -> Leader:
        raise ModelError("not here")

    matcher = HostMatcher(1e-3, Extractor(missing))
    assert matcher.verify(sample(0, 3), enrolled[:1]).outcome == Outcome.MATCH
    with pytest.raises(ModelError):
        matcher.verify(sample(0, 3), enrolled[1:])


@pytest.mark.parametrize("bad", [NO_IMAGE, BLANK], ids=["no image", "blank"])
def test_nothing_to_see_is_inconclusive(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], bad: FingerprintSample
) -> None:
    matcher.load(enrolled)
    assert matcher.verify(bad, enrolled).outcome == Outcome.INCONCLUSIVE
    assert matcher.identify(bad).outcome == Outcome.INCONCLUSIVE


def test_a_finger_from_the_other_side_is_inconclusive(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples
) -> None:
    assert matcher.verify(_upside_down(sample(0, 3)), enrolled).outcome == Outcome.INCONCLUSIVE


def test_a_sliver_of_somebody_else_is_inconclusive(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples
) -> None:
    assert matcher.verify(_sliver(sample(0, 3)), enrolled[1:]).outcome == Outcome.INCONCLUSIVE


def test_templates_of_another_algorithm_say_nothing(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples
) -> None:
    foreign = EnrolledFinger("x", tuple(Template("ef01/R503", t.data) for t in enrolled[0].templates))
    broken = EnrolledFinger("y", (Template(ALGORITHM, enrolled[0].templates[0].data[:-3]),))
    assert matcher.verify(sample(0, 3), [foreign, broken]).outcome == Outcome.INCONCLUSIVE
    matcher.load([foreign, broken])
    assert matcher.identify(sample(0, 3)).outcome == Outcome.INCONCLUSIVE


def test_a_gallery_is_searched(matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples) -> None:
    matcher.load(enrolled[:2])
    assert matcher.identify(sample(1, 3)).finger_id == "f1"
    assert matcher.identify(sample(2, 3)).outcome == Outcome.NO_MATCH
    matcher.add(enrolled[2])
    assert matcher.identify(sample(2, 3)).finger_id == "f2"
    matcher.remove("f1")
    matcher.remove("nobody")
    assert matcher.identify(sample(1, 3)).outcome == Outcome.NO_MATCH


def test_loading_replaces_what_changed(matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples) -> None:
    matcher.load(enrolled)
    matcher.load([EnrolledFinger("f0", enrolled[1].templates), enrolled[2]])
    assert matcher.identify(sample(1, 3)).finger_id == "f0"
    assert matcher.identify(sample(0, 3)).outcome == Outcome.NO_MATCH


def test_two_fingers_that_are_both_it_are_inconclusive(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples
) -> None:
    matcher.load([*enrolled, EnrolledFinger("twin", enrolled[1].templates)])
    assert matcher.identify(sample(1, 3)).outcome == Outcome.INCONCLUSIVE


def test_a_gallery_may_change_while_it_is_searched(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples, full: Impressions
) -> None:
    matcher.add(enrolled[1])
    with ThreadPoolExecutor(4) as threads:
        changes = [threads.submit(matcher.load, enrolled[1 : 2 + turn % 2]) for turn in range(20)]
        searches = [threads.submit(matcher.search, full(1, 3)) for _ in range(20)]
    assert all(change.exception() is None for change in changes)
    assert {search.result().finger_id for search in searches} == {"f1"}


def test_a_full_gallery_has_no_room(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.biometrics.host.matcher.MAX_FINGERS", 2)
    matcher.load(enrolled[:2])
    matcher.add(EnrolledFinger("f0", enrolled[2].templates))
    with pytest.raises(DeviceError) as raised:
        matcher.add(EnrolledFinger("one more", enrolled[2].templates))
    assert raised.value.fault == Fault.NO_ROOM


def test_touches_of_two_fingers_are_not_enrolled_as_one(matcher: HostMatcher, sample: Samples) -> None:
    with pytest.raises(DeviceError) as raised:
        matcher.enrol([sample(0, 1), sample(1, 1)])
    assert raised.value.fault == Fault.IMPRESSIONS_DIFFER


@pytest.mark.parametrize(("bad", "fault"), [(NO_IMAGE, Fault.POOR_IMAGE), (BLANK, Fault.NO_FINGER)])
def test_nothing_to_see_is_not_enrolled(matcher: HostMatcher, bad: FingerprintSample, fault: Fault) -> None:
    with pytest.raises(DeviceError) as raised:
        matcher.enrol([bad])
    assert raised.value.fault == fault


@pytest.mark.parametrize("rate", [0, 1, -0.1, 0.2, float("nan")])
def test_a_rate_that_means_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="false match rate"):
        HostMatcher(rate)


def test_a_strong_match_adds_to_the_templates(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples
) -> None:
    better = matcher.improved(enrolled[0].templates, sample(0, 3))
    assert better is not None
    assert better[:-1] == enrolled[0].templates
    assert matcher.improved(enrolled[1].templates, sample(0, 3)) is None
    assert matcher.improved(enrolled[0].templates, BLANK) is None


def test_templates_never_grow_beyond_their_number(
    matcher: HostMatcher, enrolled: list[EnrolledFinger], sample: Samples
) -> None:
    full = enrolled[0].templates * (MAX_TEMPLATES // 2)
    better = matcher.improved(full, sample(0, 3))
    assert better is not None
    assert len(better) == MAX_TEMPLATES
