"""A synthetic finger: ridges grown from seeds by Gabor filters that follow an orientation field.

After SFinGe (Cappelli, Maio, Maltoni: "Synthetic fingerprint-image generation", 2000): a few specks are filtered again
and again with the filter that belongs to each place's orientation until ridges cover the finger. Where growing
ridges meet out of step, endings and bifurcations arise by themselves; none is drawn.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np
import numpy.typing as npt

from simulators.fingerprint.orientation import SHARES, Field, Pattern, orientation

if TYPE_CHECKING:
    from pathlib import Path

HEIGHT = 400
WIDTH = 336
"""Size of a finger's ridge map in pixels at 500 dpi, larger than any window."""

_PERIOD = 9.0
"""Ridge period in pixels before it is stretched; 0.46 mm, as adults have."""
_ANGLES = 24
_KERNEL = 17
_ROUNDS = 12
_SEEDS = 1200


@dataclass(frozen=True, eq=False)
class MasterFinger:
    """The skin of one finger, without anything an impression does to it."""

    pattern: Pattern
    ridges: npt.NDArray[np.int8]
    """Height of the skin, -127 in a valley to 127 on a ridge, ``HEIGHT`` by ``WIDTH``."""

    def save(self, file: Path) -> None:
        """Keep the finger in ``file``, whole or not at all."""
        temporary = file.with_name(f"{file.stem}-{os.getpid()}.new.npz")
        np.savez_compressed(temporary, pattern=self.pattern.value, ridges=self.ridges)
        temporary.replace(file)

    @classmethod
    def load(cls, file: Path) -> Self:
        """The finger kept in ``file``."""
        with np.load(file, allow_pickle=False) as kept:
            return cls(Pattern(str(kept["pattern"])), kept["ridges"])


def grow(seed: int, pattern: Pattern | None = None) -> MasterFinger:
    """The finger that belongs to ``seed``; its pattern is drawn by the natural shares unless given."""
    rng = np.random.default_rng(np.random.SeedSequence([0xF1, seed]))
    drawn = rng.choice(len(SHARES), p=list(SHARES.values()))
    chosen = list(SHARES)[int(drawn)] if pattern is None else pattern
    field = orientation(chosen, HEIGHT, WIDTH, rng)
    ridges = _stretch(_grow_ridges(field, rng), rng)
    return MasterFinger(chosen, np.asarray(np.round(ridges * 127), dtype=np.int8))


def _gabor(angle: float) -> Field:
    """A filter without response to a flat surface for ridges that run along ``angle``."""
    half = _KERNEL // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    across = -x * np.sin(angle) + y * np.cos(angle)
    sigma = _PERIOD * 0.34
    kernel = np.exp(-(x * x + y * y) / (2 * sigma * sigma)) * np.cos(2 * np.pi * across / _PERIOD)
    positive, negative = kernel.clip(min=0), kernel.clip(max=0)
    kernel = positive / positive.sum() + negative / -negative.sum()
    return np.asarray(kernel, dtype=np.float32)


def _grow_ridges(field: Field, rng: np.random.Generator) -> Field:
    sector = np.round(field / np.pi * _ANGLES).astype(np.int32) % _ANGLES
    zones = [_zone(sector == index) for index in range(_ANGLES)]
    kernels = [_gabor(np.pi * index / _ANGLES) for index in range(_ANGLES)]
    ridges = np.zeros(field.shape, dtype=np.float32)
    ridges[rng.integers(0, HEIGHT, _SEEDS), rng.integers(0, WIDTH, _SEEDS)] = 1.0
    for _ in range(_ROUNDS):
        grown = ridges.copy()
        for zone, kernel in zip(zones, kernels, strict=True):
            if zone is not None:
                _filter_zone(ridges, grown, zone, kernel)
        ridges = grown
    return ridges


@dataclass(frozen=True, eq=False)
class _Zone:
    """The pixels of one orientation, and the rectangle their filter looks at."""

    seen: tuple[slice, slice]
    mask: npt.NDArray[np.bool_]
    """The pixels within ``seen``."""


def _zone(mask: npt.NDArray[np.bool_]) -> _Zone | None:
    spans = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    if not spans[0].size:
        return None
    margin = _KERNEL // 2
    seen = tuple(slice(max(0, int(span[0]) - margin), int(span[-1]) + 1 + margin) for span in spans)
    return _Zone((seen[0], seen[1]), mask[seen])


def _filter_zone(ridges: Field, grown: Field, zone: _Zone, kernel: Field) -> None:
    answer = cv2.filter2D(ridges[zone.seen], cv2.CV_32F, kernel)
    np.copyto(grown[zone.seen], np.tanh(answer * 3.0), where=zone.mask)


def _stretch(ridges: Field, rng: np.random.Generator) -> Field:
    """Stretch and squeeze slowly, so that the ridge period varies over the finger as it does on skin."""
    shift_x, shift_y = (_slow_waves(rng) for _ in range(2))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return np.asarray(
        cv2.remap(ridges, x + shift_x, y + shift_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        dtype=np.float32,
    )


def _slow_waves(rng: np.random.Generator, amplitude: float = 4.0) -> Field:
    grid = rng.normal(0, amplitude, (5, 4)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
