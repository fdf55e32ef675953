"""From a reader's image to what extraction works on: checked, at 500 dpi, cut to the finger.

The finger is found by the mean magnitude of the gradient, after GMFS (R. Cappelli, "Unveiling the power of simplicity:
two remarkably effective methods for fingerprint segmentation", IEEE Access 2023): ridges have more of it than any
ground, so that a share of what the clearest ridges have divides the two on every sensor.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from drivers.contracts.fingerprint import GreyImage
from services.biometrics.host.faults import ImageError, ImageFault
from services.biometrics.host.minutiae import DPI, Floats, Mask

BLOCK: Final = 8
"""Side in pixels at 500 dpi of the squares that the finger's area is counted in (0.4 mm)."""

_DPI_RANGE: Final = (200, 1200)
_MIN_SIDE_MM: Final = 5.0
_MAX_SIDE_MM: Final = 60.0
_MAX_PIXELS: Final = 4_000_000
_MM_PER_INCH: Final = 25.4
_LOW, _HIGH = 8, 247  # grey levels beyond which a pixel says nothing
_SATURATED_SHARE: Final = 0.985
_BLANK_DEVIATION: Final = 4.0  # grey levels; a sensor's noise has less
_SHARE_OF_CLEAREST: Final = 0.3
_SMOOTHING: Final = 1.8  # blocks
_MIN_BLOCKS: Final = 150  # 24 mm2: a fifth of a fingertip
_MIN_RUN: Final = 4  # blocks in a row; a sensor's dark rim has fewer
_MARGIN: Final = 16  # pixels around the finger, so that the network sees where it ends


@dataclass(frozen=True, slots=True, eq=False)
class Finger:
    """The part of an image that shows the finger.

    Attributes:
        pixels: (height, width) grey levels 0 to 255 at 500 dpi; both sides are multiples of `BLOCK`.
        area: (height / BLOCK, width / BLOCK) where the finger is.
    """

    pixels: Floats
    area: Mask


def prepare(image: GreyImage) -> Finger:
    """Check an image and cut the finger out of it.

    Raises:
        ImageError: no finger can be had from it; names why.
    """
    _check_size(image)
    grey = np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width)
    _check_content(grey)
    pixels = _whole_blocks(_at_500_dpi(grey, image.dpi))
    area = _finger_area(pixels)
    finger = _cut(pixels, area)
    if np.count_nonzero(finger.area) < _MIN_BLOCKS:
        raise ImageError(ImageFault.PARTIAL, "the finger covers too little of it")
    return finger


def _check_size(image: GreyImage) -> None:
    low, high = _DPI_RANGE
    if not low <= image.dpi <= high:
        raise ImageError(ImageFault.BAD_RESOLUTION, f"{image.dpi} dpi, not {low} to {high}")
    sides = [side / image.dpi * _MM_PER_INCH for side in (image.width, image.height)]
    if min(sides) < _MIN_SIDE_MM:
        raise ImageError(ImageFault.TOO_SMALL, f"{sides[0]:.1f} x {sides[1]:.1f} mm, at least {_MIN_SIDE_MM} a side")
    if max(sides) > _MAX_SIDE_MM or image.width * image.height > _MAX_PIXELS:
        raise ImageError(ImageFault.TOO_LARGE, f"{image.width} x {image.height} pixels at {image.dpi} dpi")


def _check_content(grey: NDArray[np.uint8]) -> None:
    for what, share in (("black", np.mean(grey <= _LOW)), ("white", np.mean(grey >= _HIGH))):
        if share > _SATURATED_SHARE:
            raise ImageError(ImageFault.SATURATED, f"{share:.1%} of it is {what}")
    if float(grey.std()) < _BLANK_DEVIATION:
        raise ImageError(ImageFault.BLANK, "there is hardly any contrast")


def _at_500_dpi(grey: NDArray[np.uint8], dpi: int) -> Floats:
    if dpi == DPI:
        return grey.astype(np.float32)
    size = (round(grey.shape[1] * DPI / dpi), round(grey.shape[0] * DPI / dpi))
    return resized(grey.astype(np.float32), size)


def resized(field: Floats, size: tuple[int, int]) -> Floats:
    """Scale an array of grey levels.

    Args:
        field: (rows, columns).
        size: the new width and height.
    """
    return np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC), np.float32)


def _whole_blocks(pixels: Floats) -> Floats:
    height, width = pixels.shape
    return np.pad(pixels, ((0, -height % BLOCK), (0, -width % BLOCK)), mode="edge")


def _finger_area(pixels: Floats) -> Mask:
    down, right = np.gradient(pixels)
    steep = block_means(np.hypot(down, right).astype(np.float32), BLOCK)
    smooth = blurred(steep, _SMOOTHING)
    return np.asarray(smooth > _SHARE_OF_CLEAREST * np.percentile(smooth, 95))


def block_means(field: Floats, side: int) -> Floats:
    """The means of squares of `side` pixels; both sides of the field are multiples of it."""
    height, width = field.shape
    squares = field.reshape(height // side, side, width // side, side)
    return np.asarray(squares.mean(axis=(1, 3), dtype=np.float32))


def blurred(field: Floats, sigma: float) -> Floats:
    """A Gaussian blur along the last two axes; beyond its borders the field goes on as it ends.

    Args:
        field: (..., rows, columns).
        sigma: standard deviation in elements.
    """
    for axis in (-1, -2):
        kernel = _blur_matrix(field.shape[axis], sigma)
        field = field @ kernel.T if axis == -1 else kernel @ field
    return field


def _blur_matrix(length: int, sigma: float) -> Floats:
    """The blur of a row as a matrix: for the small grids used here quicker than a convolution."""
    apart = np.arange(length)[:, None] - np.arange(length)[None, :]
    kernel = np.exp(-(apart**2) / (2 * sigma**2)).astype(np.float32)
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True))


def _cut(pixels: Floats, area: Mask) -> Finger:
    margin = _MARGIN // BLOCK
    rows, columns = (np.flatnonzero(area.sum(axis=axis) >= _MIN_RUN) for axis in (1, 0))
    if not rows.size or not columns.size:
        return Finger(pixels, np.zeros_like(area))
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    bottom, right = min(area.shape[0], rows[-1] + 1 + margin), min(area.shape[1], columns[-1] + 1 + margin)
    return Finger(
        pixels=np.ascontiguousarray(pixels[top * BLOCK : bottom * BLOCK, left * BLOCK : right * BLOCK]),
        area=np.ascontiguousarray(area[top:bottom, left:right]),
    )
