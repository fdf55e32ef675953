"""Minutiae of a picture: where a ridge of its skeleton ends or forks, without those that are flaws of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from simulators.fingerprint.enhance import Mask, Ridges, enhance, neighbour_codes
from simulators.fingerprint.template import Minutiae

if TYPE_CHECKING:
    from simulators.fingerprint.sensor import Picture

_LEAST_AREA = 0.16
"""Least part of a 256 by 288 picture a finger must cover."""
_LEAST_COHERENCE = 0.42
_LEAST_MINUTIAE = 8
_EDGE = 13
"""Pixels from the finger's edge within which ridges end because the contact does."""
_TOO_CLOSE = 7.0
_DIFFERENCE_OF_RAYS = tuple(range(3, 10))


class DisorderedImageError(Exception):
    """The ridges have no direction: a smudged picture."""


class TooFewFeaturesError(Exception):
    """Too little finger, or too little on it, to tell it by."""


def extract(picture: Picture) -> Minutiae:
    """The minutiae of ``picture``, best first.

    Raises:
        DisorderedImageError: Confirmation code 06h.
        TooFewFeaturesError: Confirmation code 07h.
    """
    ridges = enhance(picture)
    covered = int(ridges.area.sum())
    if covered < _LEAST_AREA * 256 * 288:
        raise TooFewFeaturesError(f"the finger covers {covered} pixels")
    if float(ridges.coherence[ridges.area].mean()) < _LEAST_COHERENCE:
        raise DisorderedImageError
    minutiae = _minutiae(ridges)
    if len(minutiae) < _LEAST_MINUTIAE:
        raise TooFewFeaturesError(f"{len(minutiae)} minutiae")
    return minutiae


def _crossing_numbers() -> npt.NDArray[np.uint8]:
    """For each neighbour code half the number of changes around the pixel (Rutovitz): 1 an end, 3 a fork."""
    numbers = np.zeros(256, dtype=np.uint8)
    for code in range(256):
        ring = [code >> bit & 1 for bit in range(8)]
        numbers[code] = sum(a != b for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) // 2
    return numbers


_CROSSING = _crossing_numbers()


def _minutiae(ridges: Ridges) -> Minutiae:
    inner = _inside(ridges.area)
    crossing = np.where(ridges.skeleton & inner, _CROSSING[neighbour_codes(ridges.skeleton)], 0)
    y, x = np.nonzero((crossing == 1) | (crossing >= 3))
    bifurcation = crossing[y, x] >= 3
    direction = _direction(ridges, x, y, bifurcation)
    quality = ridges.coherence[y, x]
    keep = _genuine(x, y, direction) & (quality > 0.3)
    chosen = np.flatnonzero(keep)[np.argsort(-quality[keep], kind="stable")]
    return Minutiae(
        x=x[chosen].astype(np.float32),
        y=y[chosen].astype(np.float32),
        direction=direction[chosen].astype(np.float32),
        bifurcation=bifurcation[chosen],
        quality=quality[chosen],
    )


def _inside(area: Mask) -> Mask:
    """The area without its edge; the picture's own border is an edge as well."""
    padded = np.pad(area, 1).astype(np.uint8)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    return np.asarray(distance[1:-1, 1:-1] > _EDGE)


def _direction(
    ridges: Ridges,
    x: npt.NDArray[np.intp],
    y: npt.NDArray[np.intp],
    bifurcation: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Which of the two ways along the ridge the minutia points: where the ridge (or the valley) goes on."""
    angle = ridges.angle[y, x].astype(np.float64)
    height, width = ridges.area.shape
    ahead = np.zeros(len(x))
    for step in _DIFFERENCE_OF_RAYS:
        for sign in (1, -1):
            column = np.clip(np.round(x + sign * step * np.cos(angle)), 0, width - 1).astype(np.intp)
            row = np.clip(np.round(y + sign * step * np.sin(angle)), 0, height - 1).astype(np.intp)
            ahead += sign * ridges.enhanced[row, column]
    ahead = np.where(bifurcation, -ahead, ahead)
    return np.where(ahead >= 0, angle, angle + np.pi)


def _genuine(
    x: npt.NDArray[np.intp], y: npt.NDArray[np.intp], direction: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """False for pairs so close that a broken ridge, a spur or a bridge made them, not the finger."""
    if len(x) < 2:
        return np.ones(len(x), dtype=np.bool_)
    gap_x, gap_y = x[:, None] - x[None, :], y[:, None] - y[None, :]
    distance = np.hypot(gap_x, gap_y)
    np.fill_diagonal(distance, np.inf)
    opposite = np.cos(direction[:, None] - direction[None, :]) < -0.5
    flawed = (distance < _TOO_CLOSE) | ((distance < 2 * _TOO_CLOSE) & opposite)
    return np.asarray(~flawed.any(axis=1))
