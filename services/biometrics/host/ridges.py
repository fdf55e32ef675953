"""The ridge pattern of a finger: orientation, clarity, phase; and minutiae where the phase has a dislocation.

A bank of one-sided log-Gabor filters, applied in the frequency domain, turns the image into analytic signals, one a
direction (contextual filtering, after Chikkerur, Cartwright and Govindaraju, "Fingerprint enhancement using STFT
analysis", Pattern Recognition 2007). At each place the filter that answers most tells the orientation, and its phase is
the ridges' phase: cosine 1 in a valley, -1 on a ridge. In this view of a fingerprint a minutia is a point around which
the phase winds once (K. Larkin and P. Fletcher, "A coherent framework for fingerprint analysis: are fingerprints
holograms?", Optics Express 2007); its direction is the side that has one ridge more.

All of it runs at 250 dpi, where a ridge and its valley still take four pixels, in a twentieth of the time that the
network takes.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.imaging import BLOCK, Finger, block_means, blurred
from services.biometrics.host.minutiae import MAX_MINUTIAE, OTHER, Floats, Mask, Minutiae

STEP: Final = 2
"""Pixels at 500 dpi from one sample of the phase to the next."""

_DIRECTIONS: Final = 16
_ANGULAR_SPREAD: Final = 0.26
_RADIAL_SPREAD: Final = 0.5  # of the log-Gabor filter: passes half to twice the finger's own frequency
_PERIODS: Final = (5.0, 15.0)  # pixels at 500 dpi between ridges: children to large men
_USUAL_PERIOD: Final = 9.0
_FLATTENING: Final = 8.0  # samples: slower changes of brightness are not ridges
_CONTEXT: Final = 1.6  # blocks over which the orientation is agreed on
_CELL: Final = BLOCK // STEP
_BORDER: Final = 16  # samples around the image, so that filters do not wrap
_CLEAR: Final = 0.30  # coherence from which on a place counts as ridges

Complex = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, eq=False)
class Ridges:
    """The ridge pattern.

    Attributes:
        wave: (rows, columns) at every `STEP` pixels, its real part positive in valleys, its phase growing along the
            normal of the ridges.
        normal: (rows, columns) direction of that normal in [0, pi), radians from the x axis towards y (down).
        clarity: a `BLOCK` each, 0 to 1: how far all ridges of the neighbourhood agree on one orientation.
        area: a `BLOCK` each, where there are ridges.
        period: pixels at 500 dpi from ridge to ridge, the most frequent one of the finger.
    """

    wave: Complex
    normal: Floats
    clarity: Floats
    area: Mask
    period: float


def read(finger: Finger) -> Ridges:
    """Find the ridges of a finger."""
    flat = _flattened(finger)
    shape = (_fast_length(flat.shape[0] + 2 * _BORDER), _fast_length(flat.shape[1] + 2 * _BORDER))
    spectrum = np.fft.fft2(flat, shape).astype(np.complex64)
    frequency = _main_frequency(spectrum)
    answers = [_filtered(spectrum, passing)[: flat.shape[0], : flat.shape[1]] for passing in _bank(shape, frequency)]
    energy = blurred(np.stack([block_means(_power(answer), _CELL) for answer in answers]), _CONTEXT)
    doubled = np.tensordot(np.exp(2j * _angles()).astype(np.complex64), energy, axes=1)
    clarity = np.abs(doubled) / (energy.sum(axis=0) + np.float32(1e-6))
    normal = _enlarged(doubled)
    return Ridges(
        wave=_steered(answers, normal),
        normal=normal,
        clarity=clarity.astype(np.float32),
        area=finger.area & (clarity > _CLEAR),
        period=STEP / frequency,
    )


def _flattened(finger: Finger) -> Floats:
    """The image at 250 dpi with the same brightness and contrast everywhere, and nothing beside the finger."""
    half = block_means(finger.pixels, STEP)
    half = half - blurred(half, _FLATTENING)
    contrast = np.sqrt(blurred(half * half, _FLATTENING)) + np.float32(3.0)
    soft = blurred(finger.area.astype(np.float32), 0.7)
    return (half / contrast).clip(-3, 3) * np.repeat(np.repeat(soft, _CELL, axis=0), _CELL, axis=1)


def _fast_length(least: int) -> int:
    """A length with small prime factors, for the Fourier transform."""
    return next(n for n in range(least, 2 * least + 8) if n % 8 == 0 and _is_smooth(n))


def _is_smooth(number: int) -> bool:
    for prime in (2, 3, 5):
        while number % prime == 0:
            number //= prime
    return number == 1


def _angles() -> Floats:
    return (np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS)).astype(np.float32)


@lru_cache(maxsize=8)
def _polar(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    v, u = np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), indexing="ij")
    return np.hypot(u, v).astype(np.float32) + np.float32(1e-9), np.arctan2(v, u).astype(np.float32)


def _main_frequency(spectrum: Complex) -> float:
    """The frequency, in cycles a sample, that the finger's ridges have most of."""
    radius, _ = _polar(spectrum.shape)
    periods = np.linspace(*_PERIODS, 41)
    ring = np.round((STEP / radius - _PERIODS[0]) / (periods[1] - periods[0]))
    inside = (ring >= 0) & (ring < len(periods))
    power = np.bincount(ring[inside].astype(int), _power(spectrum)[inside], len(periods))
    usual = np.exp(-(np.log(periods / _USUAL_PERIOD) ** 2) / (2 * 0.3**2))
    # Rings of equal width in the period have more samples the shorter it is.
    count = np.bincount(ring[inside].astype(int), minlength=len(periods)) + 1
    smooth = np.convolve(power / count * usual, np.hanning(9), mode="same")
    return float(STEP / periods[int(np.argmax(smooth))])


@lru_cache(maxsize=8)
def _bank(shape: tuple[int, int], frequency: float) -> tuple[Floats, ...]:
    radius, angle = _polar(shape)
    radial = np.exp(-(np.log(radius / frequency) ** 2) / (2 * _RADIAL_SPREAD**2)).astype(np.float32)
    away = (angle[None] - _angles()[:, None, None] + np.pi) % (2 * np.pi) - np.pi
    return tuple(radial * np.exp(-(away**2) / (2 * _ANGULAR_SPREAD**2)).astype(np.float32))


def _filtered(spectrum: Complex, passing: Floats) -> Complex:
    return np.fft.ifft2(spectrum * passing).astype(np.complex64, copy=False)


def _power(signal: Complex) -> Floats:
    return np.asarray(signal.real**2 + signal.imag**2)


def _enlarged(doubled: Complex) -> Floats:
    """The normal of every sample from the doubled angles of the blocks, in between by the two nearest each way."""
    unit = doubled / (np.abs(doubled) + np.float32(1e-9))
    for axis in (0, 1):
        length = unit.shape[axis]
        place = ((np.arange(length * _CELL) + 0.5) / _CELL - 0.5).clip(0, length - 1)
        low = np.minimum(place.astype(int), max(length - 2, 0))
        share = (place - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        unit = unit.take(low, axis) * (1 - share) + unit.take(np.minimum(low + 1, length - 1), axis) * share
    return np.asarray((np.angle(unit) / 2) % np.pi, np.float32)


def _steered(answers: list[Complex], normal: Floats) -> Complex:
    """At every sample the answer of the filter for its normal, in between by the two nearest."""
    wave = np.zeros(normal.shape, np.complex64)
    step = np.float32(np.pi / _DIRECTIONS)
    place = normal / step
    for index, answer in enumerate(answers):
        away = place - index
        weight = (1 - np.abs(away)).clip(0, None)
        wave += answer * weight
        if index == 0:  # seen from just below pi the first filter looks the other way
            wave += answer.conj() * (1 - np.abs(away - _DIRECTIONS)).clip(0, None)
    return wave


def dislocations(ridges: Ridges) -> Minutiae:
    """The minutiae of a ridge pattern: where the phase winds once around a point.

    Returns:
        At most `MAX_MINUTIAE`, the clearest ones; their kind is not told.
    """
    winding = _winding(ridges)
    clear = np.repeat(np.repeat(np.where(_inner(ridges.area), ridges.clarity, 0), _CELL, axis=0), _CELL, axis=1)
    rows, columns = np.nonzero((winding != 0) & (clear[:-1, :-1] > 0))
    rows, columns = _without_pairs(rows, columns, winding)
    best = np.argsort(-clear[rows, columns], kind="stable")[:MAX_MINUTIAE]
    rows, columns = rows[best], columns[best]
    # Along the ridge, on the side that has one ridge more; the y axis of the image points down.
    towards = ridges.normal[rows, columns] - np.pi / 2 * winding[rows, columns]
    return Minutiae(
        xy=(np.stack([columns, rows], axis=1) * STEP + STEP).astype(np.float32),
        direction=((-towards) % (2 * np.pi)).astype(np.float32),
        kind=np.full(len(rows), OTHER, np.uint8),
        quality=clear[rows, columns].astype(np.float32),
    )


def _winding(ridges: Ridges) -> NDArray[np.int8]:
    """How often the phase winds around the middle of each square of four samples, turning from x towards y."""
    phase = np.angle(ridges.wave)
    corners = ((0, 0), (0, 1), (1, 1), (1, 0))
    height, width = phase.shape

    def corner(field: Floats, down: int, right: int) -> Floats:
        return field[down : height - 1 + down, right : width - 1 + right]

    first = corner(ridges.normal, 0, 0)
    seen = []
    for down, right in corners:
        turned = np.abs(corner(ridges.normal, down, right) - first) > np.pi / 2
        own = corner(phase, down, right)
        seen.append(np.where(turned, -own, own))
    steps = [(b - a + np.pi) % (2 * np.pi) - np.pi for a, b in zip(seen, [*seen[1:], seen[0]], strict=True)]
    return np.rint(sum(steps) / (2 * np.pi)).astype(np.int8)


def _inner(area: Mask) -> Mask:
    """The area without its outermost blocks, where ridges end because the finger does."""
    padded = np.pad(area, 1)
    return area & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def _without_pairs(
    rows: NDArray[np.intp], columns: NDArray[np.intp], winding: NDArray[np.int8]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Leave out what cancels: two of opposite sense less than a ridge apart are a pore or a speck."""
    sense = winding[rows, columns].astype(np.float32)
    apart = np.hypot(rows[:, None] - rows[None, :], columns[:, None] - columns[None, :])
    cancels = (apart < 3.5) & (sense[:, None] * sense[None, :] < 0)
    kept = ~cancels.any(axis=1)
    return rows[kept], columns[kept]
