"""From a grey picture to thin ridges: where the finger is, how its ridges run, and their skeleton.

Orientation by averaged squared gradients, enhancement by oriented filters tuned to the picture's own ridge period
(Hong, Wan, Jain: "Fingerprint image enhancement", PAMI 1998), thinning after Zhang and Suen (1984).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from simulators.fingerprint.orientation import Field
    from simulators.fingerprint.sensor import Picture

Mask = npt.NDArray[np.bool_]

_ANGLES = 16
_KERNEL = 21
_MIN_PERIOD, _MAX_PERIOD = 5.0, 14.0
_NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Row and column of the eight neighbours, clockwise from above; neighbour ``i`` is bit ``i`` of a code."""


@dataclass(frozen=True, eq=False)
class Ridges:
    """A picture's ridges. All fields have its size."""

    area: Mask
    """Where the finger is."""
    angle: Field
    """Ridge angle, radians modulo pi."""
    coherence: Field
    """0 where gradients point anywhere, 1 where they agree: how much the angle can be trusted."""
    enhanced: Field
    """Filtered picture, above 0 on ridges."""
    skeleton: Mask


def enhance(picture: Picture) -> Ridges:
    """Find the ridges of ``picture``."""
    normal = _normalise(picture)
    area = _finger_area(picture)
    angle, coherence = _orientation(normal, 7.0)
    enhanced = _filter(normal, angle, _period(normal, area))
    # The filtered picture shows the ridges' course more clearly than the first one: look again.
    angle, _ = _orientation(enhanced, 4.0)
    enhanced = _filter(enhanced, angle, _period(enhanced, area))
    return Ridges(area, angle, coherence, enhanced, thin((enhanced > 0) & area))


def _normalise(picture: Picture) -> Field:
    """Even light and contrast; ridges become positive."""
    grey = picture.astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), 12)
    difference = mean - grey
    spread = np.sqrt(cv2.GaussianBlur(difference * difference, (0, 0), 12)) + 6.0
    return np.asarray(np.clip(difference / spread, -2.5, 2.5), dtype=np.float32)


def _finger_area(picture: Picture) -> Mask:
    """Where grey varies as much as ridges make it vary."""
    grey = picture.astype(np.float32)
    mean = cv2.blur(grey, (15, 15))
    variance = cv2.blur(grey * grey, (15, 15)) - mean * mean
    rough = (np.sqrt(variance.clip(0)) > 17).astype(np.uint8)
    rough = cv2.morphologyEx(rough, cv2.MORPH_CLOSE, np.ones((21, 21), np.uint8))
    rough = cv2.morphologyEx(rough, cv2.MORPH_OPEN, np.ones((31, 31), np.uint8))
    return np.asarray(cv2.erode(rough, np.ones((7, 7), np.uint8)) > 0)


def _orientation(grey: Field, sigma: float) -> tuple[Field, Field]:
    along_x, along_y = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    xx = cv2.GaussianBlur(along_x * along_x, (0, 0), sigma)
    yy = cv2.GaussianBlur(along_y * along_y, (0, 0), sigma)
    xy = cv2.GaussianBlur(along_x * along_y, (0, 0), sigma)
    angle = (np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2) % np.pi
    coherence = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-6)
    return np.asarray(angle, dtype=np.float32), np.asarray(coherence, dtype=np.float32)


def _period(grey: Field, area: Mask) -> float:
    """The ridge period of the whole picture in pixels, from the strongest ring of its spectrum."""
    spectrum = np.abs(np.fft.rfft2(grey * area)) ** 2
    rows = np.fft.fftfreq(grey.shape[0])[:, None]
    columns = np.fft.rfftfreq(grey.shape[1])[None, :]
    frequency = np.hypot(rows, columns)
    bins = np.linspace(1 / _MAX_PERIOD, 1 / _MIN_PERIOD, 28)
    power, _ = np.histogram(frequency, bins, weights=spectrum)
    counts, _ = np.histogram(frequency, bins)
    power = np.convolve(power / np.maximum(counts, 1) * bins[:-1], [0.25, 0.5, 0.25], mode="same")
    strongest = int(np.argmax(power))
    return float(2 / (bins[strongest] + bins[strongest + 1]))


@functools.lru_cache(maxsize=32)
def _kernels(period: float) -> tuple[Field, ...]:
    half = _KERNEL // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    kernels = []
    for index in range(_ANGLES):
        angle = np.pi * index / _ANGLES
        along, across = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
        envelope = np.exp(-(along**2) / (2 * 4.5**2) - across**2 / (2 * (0.45 * period) ** 2))
        kernel = envelope * np.cos(2 * np.pi * across / period)
        kernel -= envelope * kernel.sum() / envelope.sum()
        kernels.append(np.asarray(kernel / np.abs(kernel).sum(), dtype=np.float32))
    return tuple(kernels)


def _filter(grey: Field, angle: Field, period: float) -> Field:
    sector = np.round(angle / np.pi * _ANGLES).astype(np.int32) % _ANGLES
    filtered = np.empty_like(grey)
    for index, kernel in enumerate(_kernels(round(period * 4) / 4)):
        np.copyto(filtered, cv2.filter2D(grey, cv2.CV_32F, kernel), where=sector == index)
    return filtered


def neighbour_codes(shape: Mask) -> npt.NDArray[np.uint8]:
    """For each pixel the eight neighbours as bits, clockwise from above."""
    padded = np.pad(shape, 1).astype(np.uint8)
    rows, columns = shape.shape
    codes = np.zeros(shape.shape, dtype=np.uint8)
    for bit, (down, right) in enumerate(_NEIGHBOURS):
        codes |= padded[1 + down : 1 + down + rows, 1 + right : 1 + right + columns] << np.uint8(bit)
    return codes


def _thinning_tables() -> tuple[Mask, Mask]:
    """For each neighbour code whether Zhang and Suen's first and second step take the pixel away."""
    tables = np.zeros((2, 256), dtype=np.bool_)
    for code in range(256):
        ring = [code >> bit & 1 for bit in range(8)]
        up, right, down, left = ring[0], ring[2], ring[4], ring[6]
        rises = sum(first == 0 and second == 1 for first, second in zip(ring, ring[1:] + ring[:1], strict=True))
        if 2 <= sum(ring) <= 6 and rises == 1:
            tables[0, code] = up * right * down == 0 and right * down * left == 0
            tables[1, code] = up * right * left == 0 and up * down * left == 0
    return tables[0], tables[1]


_THINNING = _thinning_tables()


def thin(shape: Mask) -> Mask:
    """The one pixel wide skeleton of ``shape``."""
    thinned = shape.copy()
    while True:
        before = int(thinned.sum())
        for table in _THINNING:
            thinned &= ~table[neighbour_codes(thinned)]
        if int(thinned.sum()) == before:
            return thinned
