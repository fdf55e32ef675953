"""What a score depends on, and what it does not."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.biometrics.host.evidence import weigh
from services.biometrics.host.impression import Impression
from services.biometrics.host.minutiae import Minutiae
from services.biometrics.host.score import compare
from tests.unit.biometrics_host.conftest import Impressions
from tests.unit.biometrics_host.strategies import impressions, strewn

_FIXTURES = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
_GENUINE = 6.0  # decades that prints of one made-up finger reach
_FOREIGN = 2.0  # and that prints of two do not


def _moved(impression: Impression, rotation: float, dx: float, dy: float) -> Impression:
    """The minutiae of a touch that was turned and shifted on the glass."""
    minutiae = impression.minutiae
    cos, sin = np.cos(rotation), np.sin(rotation)
    middle = minutiae.xy.mean(axis=0)
    xy = (minutiae.xy - middle) @ np.array([[cos, -sin], [sin, cos]]) + middle + [dx + 300, dy + 300]
    turned = (minutiae.direction + rotation) % (2 * np.pi)
    return Impression(
        Minutiae(xy.astype(np.float32), turned.astype(np.float32), minutiae.kind, minutiae.quality),
    )


@pytest.mark.parametrize("finger", range(3))
def test_touches_of_one_finger_score_high(full: Impressions, quick: Impressions, finger: int) -> None:
    assert compare(full(finger, 1), full(finger, 2)) > _GENUINE
    assert compare(quick(finger, 1), full(finger, 2), quick=True) > _GENUINE
    assert compare(Impression(full(finger, 1).minutiae), full(finger, 2)) > _GENUINE


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2)])
def test_touches_of_two_fingers_score_low(full: Impressions, quick: Impressions, one: int, other: int) -> None:
    assert compare(full(one, 1), full(other, 1)) < _FOREIGN
    assert compare(quick(one, 1), full(other, 1), quick=True) < _FOREIGN
    assert compare(Impression(full(one, 1).minutiae), full(other, 1)) < _FOREIGN


@_FIXTURES
@given(impressions(), impressions())
def test_the_score_is_the_same_either_way(one: Impression, other: Impression) -> None:
    assert compare(one, other) == pytest.approx(compare(other, one), abs=0.01)


def test_the_score_of_real_touches_is_the_same_either_way(full: Impressions) -> None:
    for one, other in ((full(0, 1), full(0, 2)), (full(0, 1), full(1, 1))):
        assert compare(one, other) == pytest.approx(compare(other, one), abs=0.01)


@_FIXTURES
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_minutiae_does_not_matter(full: Impressions, seed: int) -> None:
    probe, enrolled = full(0, 1), full(0, 2)
    shuffled = probe.minutiae.take(np.random.default_rng(seed).permutation(len(probe.minutiae)))
    assert compare(Impression(shuffled, probe.pattern), enrolled) == pytest.approx(compare(probe, enrolled), abs=0.3)


@_FIXTURES
@given(rotation=st.floats(-0.9, 0.9), dx=st.floats(-100, 100), dy=st.floats(-100, 100))
def test_turning_and_shifting_keep_a_finger_the_same(full: Impressions, rotation: float, dx: float, dy: float) -> None:
    assert compare(_moved(full(0, 1), rotation, dx, dy), full(0, 2)) > _GENUINE


def test_the_evidence_of_nothing_in_common_is_nothing() -> None:
    few = Impression(strewn(4, 1))
    assert compare(few, Impression(strewn(4, 2))) < _FOREIGN


def test_the_largest_templates_are_compared_too() -> None:
    evidence = weigh(Impression(strewn(255, 1)), Impression(strewn(255, 2)))
    assert evidence.share < 0.5
