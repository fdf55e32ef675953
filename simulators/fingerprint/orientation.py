"""Ridge orientation of a whole finger from its pattern: where cores and deltas are decides where ridges run.

The model is Sherlock and Monro's ("A model for interpreting fingerprint topology", Pattern Recognition 1993): half
the sum of the angles seen from the deltas and the cores, as SFinGe uses it. Arches have neither and follow a formula.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
"""One number a pixel, rows by columns."""


class Pattern(enum.Enum):
    """Henry classes with their natural shares of all fingers."""

    ARCH = "arch"
    TENTED_ARCH = "tented arch"
    LEFT_LOOP = "left loop"
    RIGHT_LOOP = "right loop"
    WHORL = "whorl"
    TWIN_LOOP = "twin loop"


SHARES = {
    Pattern.ARCH: 0.04,
    Pattern.TENTED_ARCH: 0.03,
    Pattern.LEFT_LOOP: 0.32,
    Pattern.RIGHT_LOOP: 0.31,
    Pattern.WHORL: 0.24,
    Pattern.TWIN_LOOP: 0.06,
}


@dataclass(frozen=True, slots=True)
class Singularities:
    """Cores and deltas in pixels from the middle of the finger, x right and y down."""

    cores: tuple[complex, ...]
    deltas: tuple[complex, ...]


def singularities(pattern: Pattern, rng: np.random.Generator) -> Singularities:
    """Where the cores and deltas of one finger of ``pattern`` lie."""

    def near(x: float, y: float, spread: float = 13.0) -> complex:
        return complex(x + rng.normal(0, spread), y + rng.normal(0, spread))

    core = near(0, -22)
    match pattern:
        case Pattern.ARCH:
            return Singularities((), ())
        case Pattern.TENTED_ARCH:
            return Singularities((core,), (core + near(0, 88, 5),))
        case Pattern.LEFT_LOOP:
            return Singularities((core,), (core + near(78, 98),))
        case Pattern.RIGHT_LOOP:
            return Singularities((core,), (core + near(-78, 98),))
        case Pattern.WHORL:
            below = core + near(0, 34, 7)
            return Singularities((core, below), (core + near(-98, 105), core + near(98, 105)))
        case Pattern.TWIN_LOOP:
            below = core + near(16, 60, 8)
            return Singularities((core, below), (core + near(-100, 108), core + near(100, 108)))


def orientation(pattern: Pattern, height: int, width: int, rng: np.random.Generator) -> Field:
    """Ridge angle at each pixel, radians modulo pi, counted from the x axis towards y (down)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    x -= width / 2
    y -= height / 2
    if pattern is Pattern.ARCH:
        angle = _arch(x, y, height, rng)
    else:
        angle = _from_singularities(x + 1j * y, singularities(pattern, rng))
    return np.asarray((angle + _unevenness(x, y, rng)) % np.pi, dtype=np.float32)


def _from_singularities(z: npt.NDArray[np.complex128], points: Singularities) -> npt.NDArray[np.float64]:
    angle = np.zeros(z.shape)
    for core in points.cores:
        angle += _seen_from(z, core)
    for delta in points.deltas:
        angle -= _seen_from(z, delta)
    balance = len(points.cores) - len(points.deltas)
    if balance:
        raise ValueError("a finger has as many cores as deltas")
    return angle / 2


def _seen_from(z: npt.NDArray[np.complex128], point: complex) -> npt.NDArray[np.float64]:
    return np.angle(z - point)


def _arch(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], height: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    steepness = rng.uniform(1.0, 1.5)
    rise = np.clip(0.55 + y / height, 0.05, 1.0) * steepness
    fade = np.clip(1.25 - np.abs(y - 20) / (0.55 * height), 0.15, 1.0)
    return np.arctan(rise * fade * np.sin(x / 62.0))


def _unevenness(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Slow waves that make no two fingers of a pattern alike."""
    bend = np.zeros(x.shape)
    for strength, shortest, longest in (*[(0.08, 110, 260)] * 4, *[(0.035, 60, 110)] * 6):
        length = rng.uniform(shortest, longest)
        direction, phase = rng.uniform(0, 2 * np.pi, 2)
        along = (x * np.cos(direction) + y * np.sin(direction)) / length
        bend += rng.normal(0, strength) * np.sin(2 * np.pi * along + phase)
    return bend
