"""How good a fingerprint image is, from 0 to 100, so that only clear impressions are enrolled.

Four measures, each from 0 to 1, on blocks of about 0.8 mm (the method, with thresholds of our own, follows what the
literature has in common: gradient coherence after Bazen and Gerez, 2002, and the local measures that NFIQ 2 lists):

- area: how much of the image the finger covers;
- coherence: how far the gradients of a block agree on one direction, as ridges make them;
- contrast: how far ridges and valleys lie apart;
- moisture: whether ridges take about half of the ground; dry fingers take less, wet ones more.

The score is their weighted geometric mean: one that is very bad cannot be made up for by the others.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from drivers.contracts.fingerprint import GreyImage

_BLOCK_MM: Final = 0.8
_MM_PER_INCH: Final = 25.4
_FOREGROUND_DEVIATION: Final = 12.0  # grey levels; an empty sensor shows less
_AREA: Final = (0.10, 0.45)  # share of the image: worth nothing, worth everything
_COHERENCE: Final = (0.15, 0.60)
_CONTRAST: Final = (20.0, 110.0)  # grey levels between the 10th and the 90th percentile of a block
_RIDGE_SHARE: Final = 0.5
_RIDGE_TOLERANCE: Final = (0.35, 0.12)  # distance from it: worth nothing, worth everything
_WEIGHTS: Final = np.array([0.20, 0.40, 0.25, 0.15])

Blocks = NDArray[np.float64]


def quality(image: GreyImage) -> int:
    """The quality of an image; 0 for one without a finger."""
    pixels = np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width).astype(np.float64)
    side = max(8, round(_BLOCK_MM * image.dpi / _MM_PER_INCH))
    blocks = _cut(pixels, side)
    if blocks.size == 0:
        return 0
    finger = blocks.std(axis=(2, 3)) > _FOREGROUND_DEVIATION
    if not finger.any():
        return 0
    shown = blocks[finger]
    low, high = np.percentile(shown, (10, 90), axis=(1, 2))
    ridges = (shown < ((low + high) / 2)[:, None, None]).mean()
    measures = np.array(
        [
            _grade(float(finger.mean()), *_AREA),
            _grade(float(_coherence(pixels, side)[finger].mean()), *_COHERENCE),
            _grade(float((high - low).mean()), *_CONTRAST),
            _grade(abs(float(ridges) - _RIDGE_SHARE), *_RIDGE_TOLERANCE),
        ]
    )
    return round(100 * float(np.prod(measures**_WEIGHTS)))


def _cut(pixels: Blocks, side: int) -> Blocks:
    """The image as an array of (rows, columns, side, side); an incomplete border is left out."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    whole = pixels[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side).swapaxes(1, 2)


def _coherence(pixels: Blocks, side: int) -> Blocks:
    """For each block, 0 where gradients point anywhere and 1 where they all lie on one line."""
    down, right = (np.asarray(slope) for slope in np.gradient(pixels))
    xx = _cut(right * right, side).sum(axis=(2, 3))
    yy = _cut(down * down, side).sum(axis=(2, 3))
    xy = _cut(right * down, side).sum(axis=(2, 3))
    return np.asarray(np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-9))


def _grade(value: float, worst: float, best: float) -> float:
    return float(np.clip((value - worst) / (best - worst), 0.0, 1.0))
