"""Prints of made-up fingers and their features, made once a run, since the network takes its time."""

from collections.abc import Callable
from functools import cache

import pytest

from drivers.contracts.fingerprint import FingerprintSample, GreyImage
from services.biometrics.host.extraction import Extractor
from services.biometrics.host.impression import Impression
from simulators.fingerprint.impression import SkinCondition, impress
from simulators.fingerprint.synthesis import MasterFinger, grow

Samples = Callable[[int, int], FingerprintSample]
Impressions = Callable[[int, int], Impression]

_SKIN = SkinCondition(wear=0.2, dryness=0.2)


@cache
def _finger(number: int) -> MasterFinger:
    return grow(70 + number)


@cache
def _image(finger: int, touch: int) -> GreyImage:
    picture = impress(_finger(finger), _SKIN, finger, touch)
    return GreyImage(picture.shape[1], picture.shape[0], picture.tobytes())


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    return Extractor()


@pytest.fixture(scope="session")
def sample() -> Samples:
    """The sample of a finger's touch, both by number."""
    return lambda finger, touch: FingerprintSample(None, _image(finger, touch))


@pytest.fixture(scope="session")
def full(extractor: Extractor) -> Impressions:
    """The thoroughly extracted features of a finger's touch."""
    return cache(lambda finger, touch: extractor.look(_image(finger, touch)).full)


@pytest.fixture(scope="session")
def quick(extractor: Extractor) -> Impressions:
    """The quickly extracted features of a finger's touch."""
    return cache(lambda finger, touch: extractor.look(_image(finger, touch)).quick)
