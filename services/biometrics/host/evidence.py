"""What speaks for two impressions being of one finger once one is laid on the other."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.alignment import Alignment, alignments
from services.biometrics.host.imaging import BLOCK, blurred
from services.biometrics.host.impression import Impression, Pattern
from services.biometrics.host.minutiae import Floats
from services.biometrics.host.ridges import STEP

_CELL: Final = BLOCK // STEP
_SLACK: Final = 2  # samples (4 pixels) that ridges may still lie beside each other
_PATCH: Final = 2.2  # blocks: spread of the neighbourhood that is compared as one
_LEAST_BLOCKS: Final = 6.0
_DOUBT: Final = 3.0  # minutiae that are taken to be missing anyhow, so that a few that meet are not everything


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measures of one comparison, all larger for fingers that are the same.

    Attributes:
        meeting: minutiae that meet, each counted by how well and how certain.
        share: of the certain minutiae in the overlap, 0 to 1.
        ridges: correlation of the ridge patterns in the overlap, -1 to 1; 0 without patterns.
        overlap: size of that overlap in blocks; 0 without patterns.
    """

    meeting: float = 0.0
    share: float = 0.0
    ridges: float = 0.0
    overlap: float = 0.0


def weigh(a: Impression, b: Impression) -> Evidence:
    """Compare two impressions; the order does not matter."""
    if _precedes(b, a):
        a, b = b, a
    ways = alignments(a, b)
    if not ways:
        return Evidence()
    tried = [(*_minutiae_evidence(a, b, laid), laid) for laid in ways]
    meeting, share, laid = max(tried, key=lambda one: one[0] * one[1])
    if a.pattern is None or b.pattern is None:
        return Evidence(meeting, share)
    return Evidence(meeting, share, *_ridge_correlation(a.pattern, b.pattern, laid))


def _minutiae_evidence(a: Impression, b: Impression, laid: Alignment) -> tuple[float, float]:
    """How many minutiae meet under an alignment, and what share of those that should."""
    i, j = laid.pairs.T
    worth = np.sqrt(a.minutiae.quality[i] * b.minutiae.quality[j])
    meeting = float((laid.closeness * worth).sum())
    seen_a = _seen(laid.move(a.minutiae.xy), b)
    seen_b = _seen_back(b.minutiae.xy, laid, a)
    alone_a = float((a.minutiae.quality * seen_a)[_others(len(a.minutiae), i)].sum())
    alone_b = float((b.minutiae.quality * seen_b)[_others(len(b.minutiae), j)].sum())
    expected = float(worth.sum()) + float(np.sqrt((alone_a + _DOUBT) * (alone_b + _DOUBT)))
    return meeting, meeting / expected


def _precedes(a: Impression, b: Impression) -> bool:
    """An order of impressions that both callers come to, so that a score is the same either way."""
    return _key(a) < _key(b)


def _key(impression: Impression) -> tuple[float, ...]:
    minutiae, pattern = impression.minutiae, impression.pattern
    places = np.round(minutiae.xy.astype(np.float64).sum(axis=0), 2)
    shown = (
        () if pattern is None else (int(pattern.area.sum()), int(pattern.valley.sum()), int(pattern.valley[0].sum()))
    )
    return (len(minutiae), *places.tolist(), *shown)


def _others(n: int, index: NDArray[np.intp]) -> NDArray[np.bool_]:
    mask = np.ones(n, bool)
    mask[index] = False
    return mask


def _seen(places: Floats, other: Impression) -> Floats:
    """1 for places where the other impression shows the finger."""
    if other.pattern is not None:
        return _looked_up(other.pattern.area, places)
    return _inside(places, other.minutiae.xy)


def _seen_back(places: Floats, laid: Alignment, a: Impression) -> Floats:
    cos, sin = np.cos(laid.rotation), np.sin(laid.rotation)
    back = (places - laid.shift) @ np.array([[cos, sin], [-sin, cos]], np.float32)
    return _seen(back, a)


def _looked_up(area: NDArray[np.bool_], places: Floats) -> Floats:
    cell = np.floor(places / BLOCK).astype(np.intp)
    inside = ((cell >= 0) & (cell < np.array(area.shape[::-1]))).all(axis=1)
    cell = cell.clip(0, np.array(area.shape[::-1]) - 1)
    return (inside & area[cell[:, 1], cell[:, 0]]).astype(np.float32)


def _inside(places: Floats, xy: Floats) -> Floats:
    angle = np.arange(16) * (2 * np.pi / 16)
    outwards = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    return np.asarray((places @ outwards <= (xy @ outwards).max(axis=0)).all(axis=1), np.float32)


def _ridge_correlation(a: Pattern, b: Pattern, laid: Alignment) -> tuple[float, float]:
    """How well valleys lie on valleys, patch by patch, each where it fits best within the slack."""
    rows, columns = np.nonzero(a.area)
    if len(rows) == 0:
        return 0.0, 0.0
    middles = np.stack([columns, rows], axis=1).astype(np.float32) * BLOCK + BLOCK / 2
    there = laid.move(middles)
    kept = _looked_up(b.area, there) > 0
    if np.count_nonzero(kept) < _LEAST_BLOCKS:
        return 0.0, float(np.count_nonzero(kept))
    rows, columns, there = rows[kept], columns[kept], there[kept]
    own = a.valley.reshape(a.area.shape[0], _CELL, a.area.shape[1], _CELL)[rows, :, columns, :]
    offset = (np.arange(_CELL) - (_CELL - 1) / 2) * STEP
    dx, dy = np.meshgrid(offset, offset)
    inner = np.stack([dx.ravel(), dy.ravel()], axis=1).astype(np.float32)
    cos, sin = np.cos(laid.rotation), np.sin(laid.rotation)
    places = there[:, None, :] + (inner @ np.array([[cos, -sin], [sin, cos]], np.float32))[None]
    sample = np.floor(places / STEP).astype(np.intp)
    height, width = b.valley.shape
    padded = np.pad(np.where(b.valley, np.int8(1), np.int8(-1)), _SLACK)
    sample_y = sample[..., 1].clip(0, height - 1) + _SLACK
    sample_x = sample[..., 0].clip(0, width - 1) + _SLACK
    flat = sample_y * padded.shape[1] + sample_x
    signs = np.where(own.reshape(len(rows), -1), np.int8(1), np.int8(-1))
    values = padded.ravel()
    span = range(-_SLACK, _SLACK + 1)
    fits = np.stack(
        [(values[flat + (y * padded.shape[1] + x)] * signs).sum(axis=1, dtype=np.int16) for y in span for x in span]
    ).astype(np.float32) / np.float32(_CELL * _CELL)
    field = np.zeros((len(fits), *a.area.shape), np.float32)
    field[:, rows, columns] = fits
    count = np.zeros(a.area.shape, np.float32)
    count[rows, columns] = 1
    smooth = blurred(field, _PATCH)[:, rows, columns] / (blurred(count, _PATCH)[rows, columns] + np.float32(1e-6))
    best = smooth.max(axis=0)
    return float(best.mean()), float(len(rows))
