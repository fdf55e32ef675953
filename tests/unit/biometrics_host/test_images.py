"""An image that shows no finger gets a name, and never features."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.contracts.fingerprint import GreyImage
from services.biometrics.host.extraction import Extractor
from services.biometrics.host.faults import ImageError, ImageFault
from tests.unit.biometrics_host.conftest import Samples

_RNG = np.random.default_rng(5)


def _image(grey: NDArray[Any], dpi: int = 500) -> GreyImage:
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    return GreyImage(pixels.shape[1], pixels.shape[0], pixels.tobytes(), dpi)


@pytest.mark.parametrize(
    ("image", "faults"),
    [
        (_image(np.full((300, 256), 128.0)), {ImageFault.BLANK}),
        (_image(128 + _RNG.normal(0, 1.5, (300, 256))), {ImageFault.BLANK}),
        (_image(np.zeros((300, 256))), {ImageFault.SATURATED}),
        (_image(np.full((300, 256), 255.0)), {ImageFault.SATURATED}),
        (_image(_RNG.uniform(0, 255, (40, 40))), {ImageFault.TOO_SMALL}),
        (_image(np.zeros((2500, 2500))), {ImageFault.TOO_LARGE}),
        (_image(np.zeros((300, 256)), dpi=72), {ImageFault.BAD_RESOLUTION}),
        (_image(np.zeros((300, 256)), dpi=0), {ImageFault.BAD_RESOLUTION}),
        (_image(np.tile(np.linspace(0, 255, 256), (300, 1))), {ImageFault.NOT_A_FINGER, ImageFault.PARTIAL}),
        (_image(_RNG.uniform(0, 255, (300, 256))), {ImageFault.NOT_A_FINGER}),
        (_image(np.kron(_RNG.integers(0, 2, (4, 4)), np.ones((75, 64))) * 200.0), {ImageFault.NOT_A_FINGER}),
    ],
    ids=["grey", "sensor noise", "black", "white", "tiny", "huge", "72 dpi", "0 dpi", "ramp", "noise", "squares"],
)
def test_a_bad_image_is_named(extractor: Extractor, image: GreyImage, faults: set[ImageFault]) -> None:
    with pytest.raises(ImageError) as raised:
        _ = extractor.look(image).full
    assert raised.value.fault in faults | {ImageFault.TOO_FEW_MINUTIAE}


def test_straight_stripes_have_nothing_to_tell_them_by(extractor: Extractor) -> None:
    stripes = _image(127 + 100 * np.sin(np.arange(300)[:, None] * 2 * np.pi / 9) * np.ones((1, 256)))
    with pytest.raises(ImageError) as raised:
        _ = extractor.look(stripes).quick
    assert raised.value.fault == ImageFault.TOO_FEW_MINUTIAE


def test_a_sliver_of_a_finger_is_partial(extractor: Extractor, sample: Samples) -> None:
    image = sample(0, 1).image
    assert image is not None
    grey = np.full((image.height, image.width), 220, np.uint8)
    grey[130:170, 100:140] = np.frombuffer(image.pixels, np.uint8).reshape(grey.shape)[130:170, 100:140]
    with pytest.raises(ImageError) as raised:
        extractor.look(_image(grey))
    assert raised.value.fault in {ImageFault.PARTIAL, ImageFault.SATURATED}


def test_another_resolution_is_brought_to_500_dpi(extractor: Extractor, sample: Samples) -> None:
    image = sample(0, 1).image
    assert image is not None
    grey = np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width)
    doubled = extractor.look(_image(np.kron(grey, np.ones((2, 2), np.uint8)), dpi=1000))
    assert doubled.ridges.period == pytest.approx(extractor.look(image).ridges.period, abs=0.6)
