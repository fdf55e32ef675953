"""How one impression has to be laid on another: from pairs of minutiae that look alike and agree with each other.

The pairs come from the cylinders. As in the relaxation of Cappelli, Ferrara and Maltoni (2010), each gains from every
other that keeps distance, direction and bearing; one round of it is enough, since the pairs that gain most only propose
rigid motions, which are then tried on all minutiae. A smooth bend is fitted to those that meet, since skin stretches
when it is pressed (R. Cappelli, D. Maio, D. Maltoni, "Modelling plastic distortion in fingerprint images", 2001).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.cylinders import similarity
from services.biometrics.host.impression import Impression
from services.biometrics.host.minutiae import Floats, Minutiae

MAX_ROTATION: Final = 1.3
"""Radians (75 degrees): nobody turns a finger further by accident."""

_CANDIDATES: Final = 140
_HYPOTHESES: Final = 16
_ALTERNATIVES: Final = 3  # of them that are refined
_SAME_ROTATION: Final = 0.15
_SAME_SHIFT: Final = 25.0
_DISTANCE: Final = (6.0, 0.04)  # pixels that distances may differ by, and share of the distance
_ANGLE: Final = 0.35
_REACH: Final = 14.0  # pixels within which minutiae meet before the bend is known
_CLOSE: Final = 9.0  # and after
_TURN: Final = 0.5  # radians that directions of minutiae that meet may differ by
_BEND_SPREAD: Final = 45.0
_BEND_PRIOR: Final = 0.6  # minutiae's worth of belief that there is no bend
_BEND_EDGE: Final = 0.2  # the same far away from every minutia
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """The first impression laid on the second.

    Attributes:
        rotation: radians, anticlockwise as seen.
        shift: (2,) pixels, after the rotation.
        anchors: (k, 2) places in the second where the bend is known.
        bend: (k, 2) pixels that the first's rigidly moved minutiae lack there.
        pairs: (k, 2) indices of the minutiae that meet.
        closeness: (k,) 1 for a perfect meeting, 0 for one at the limit.
    """

    rotation: float
    shift: Floats
    anchors: Floats
    bend: Floats
    pairs: NDArray[np.intp]
    closeness: Floats

    def move(self, xy: Floats) -> Floats:
        """Where places of the first impression lie in the second."""
        return _bent(_rotated(xy, self.rotation) + self.shift, self.anchors, self.bend)


def alignments(a: Impression, b: Impression, max_rotation: float = MAX_ROTATION) -> list[Alignment]:
    """Find the few best ways to lay `a` on `b`, all different; none when too little of them is alike."""
    alike = similarity(a.cylinders, b.cylinders)
    turn = _angle(b.minutiae.direction[None, :] - a.minutiae.direction[:, None])
    alike = np.where(np.abs(turn) <= max_rotation, alike, 0)
    rows, columns = _candidates(alike)
    if len(rows) < 3:
        return []
    likeness = alike[rows, columns]
    agree = _agreement(a.minutiae, b.minutiae, rows, columns)
    support = (agree @ likeness) + likeness
    seeds = np.argsort(-support, kind="stable")[:_HYPOTHESES]
    weights = agree[seeds] * likeness
    weights[np.arange(len(seeds)), seeds] = likeness[seeds]
    rotation, shift = _rigid(a.minutiae.xy[rows], b.minutiae.xy[columns], weights, turn[rows, columns])
    chosen = _different(_by_meetings(a.minutiae, b.minutiae, rotation, shift, max_rotation), rotation, shift)
    refined = (_refined(a.minutiae, b.minutiae, float(rotation[index]), shift[index]) for index in chosen)
    return [laid for laid in refined if laid is not None]


def _angle(angle: Floats) -> Floats:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi, np.float32)


def _rotated(xy: Floats, rotation: float) -> Floats:
    cos, sin = np.cos(rotation), np.sin(rotation)
    # Anticlockwise as seen, in coordinates whose y axis points down.
    return np.asarray(xy @ np.array([[cos, -sin], [sin, cos]], np.float32))


def _candidates(alike: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs worth a try: those most alike, at most `_CANDIDATES`."""
    flat = alike.ravel()
    count = min(_CANDIDATES, int(np.count_nonzero(flat)))
    if count == 0:
        none = np.zeros(0, np.intp)
        return none, none
    best = np.argpartition(-flat, count - 1)[:count]
    best = np.sort(best)
    rows, columns = np.divmod(best, alike.shape[1])
    return rows, columns


def _agreement(a: Minutiae, b: Minutiae, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    """(k, k) how far each two pairs may hold at the same time, 0 to 1."""
    xa, xb, ta, tb = a.xy[rows], b.xy[columns], a.direction[rows], b.direction[columns]
    step_a, step_b = xa[None] - xa[:, None], xb[None] - xb[:, None]
    far_a, far_b = np.hypot(step_a[..., 0], step_a[..., 1]), np.hypot(step_b[..., 0], step_b[..., 1])
    stretch = np.abs(far_a - far_b) / (_DISTANCE[0] + _DISTANCE[1] * np.maximum(far_a, far_b))
    turned = np.abs(_angle((ta[None] - ta[:, None]) - (tb[None] - tb[:, None]))) / _ANGLE
    bearing_a = np.arctan2(-step_a[..., 1], step_a[..., 0]) - ta[:, None]
    bearing_b = np.arctan2(-step_b[..., 1], step_b[..., 0]) - tb[:, None]
    # A pixel off near by turns the bearing more than far away.
    swung = np.abs(_angle(bearing_a - bearing_b)) / (_ANGLE + 6.0 / (np.minimum(far_a, far_b) + 1))
    agree = np.exp(-(stretch**2 + turned**2 + swung**2) / 2)
    clash = (rows[:, None] == rows[None, :]) | (columns[:, None] == columns[None, :])
    agree[clash] = 0
    return np.asarray(agree, np.float32)


def _rigid(xa: Floats, xb: Floats, weights: Floats, turn: Floats) -> tuple[Floats, Floats]:
    """(h,) rotations and (h, 2) shifts that bring weighted pairs together best, places and directions alike."""
    total = weights.sum(axis=1, keepdims=True) + np.float32(1e-9)
    mean_a, mean_b = weights @ xa / total, weights @ xb / total
    za = xa[:, 0] - 1j * xa[:, 1]
    zb = xb[:, 0] - 1j * xb[:, 1]
    ca, cb = mean_a[:, 0] - 1j * mean_a[:, 1], mean_b[:, 0] - 1j * mean_b[:, 1]
    spin = (weights * (zb[None] - cb[:, None]) * (za[None] - ca[:, None]).conj()).sum(axis=1)
    # Directions count as much as places that are 40 pixels from the middle: they save motions with few pairs.
    spin = spin + 40.0**2 * (weights * np.exp(1j * turn)[None]).sum(axis=1)
    rotation = np.angle(spin)
    moved = ca * np.exp(1j * rotation)
    shift = np.stack([(cb - moved).real, -(cb - moved).imag], axis=1)
    return rotation.astype(np.float32), shift.astype(np.float32)


def _by_meetings(a: Minutiae, b: Minutiae, rotation: Floats, shift: Floats, max_rotation: float) -> list[int]:
    """The motions under which minutiae meet, those with most meetings first."""
    scores = np.zeros(len(rotation))
    for index, (angle, by) in enumerate(zip(rotation, shift, strict=True)):
        if abs(angle) <= max_rotation:
            pairs, closeness = _meetings(a, b, _rotated(a.xy, float(angle)) + by, float(angle), _REACH)
            scores[index] = (closeness * _worth(a, b, pairs)).sum()
    return [index for index in np.argsort(-scores, kind="stable").tolist() if scores[index] > 0]


def _different(order: list[int], rotation: Floats, shift: Floats) -> list[int]:
    """The first few motions of which no two are nearly the same."""
    chosen: list[int] = []
    for index in order:
        same = (
            abs(rotation[index] - rotation[other]) < _SAME_ROTATION
            and np.hypot(*(shift[index] - shift[other])) < _SAME_SHIFT
            for other in chosen
        )
        if not any(same):
            chosen.append(index)
        if len(chosen) == _ALTERNATIVES:
            break
    return chosen


def _worth(a: Minutiae, b: Minutiae, pairs: NDArray[np.intp]) -> Floats:
    return np.asarray(np.sqrt(a.quality[pairs[:, 0]] * b.quality[pairs[:, 1]]))


def _meetings(
    a: Minutiae, b: Minutiae, moved: Floats, rotation: float, reach: float
) -> tuple[NDArray[np.intp], Floats]:
    """Pairs of minutiae that are each other's nearest within reach, and how near they are."""
    step = moved[:, None] - b.xy[None]
    turn = _angle(a.direction[:, None] + np.float32(rotation) - b.direction[None])
    away = np.sqrt((step**2).sum(axis=2) / reach**2 + (turn / _TURN) ** 2)
    nearest_b, nearest_a = away.argmin(axis=1), away.argmin(axis=0)
    rows = np.flatnonzero((nearest_a[nearest_b] == np.arange(len(a))) & (away[np.arange(len(a)), nearest_b] < 1))
    pairs = np.stack([rows, nearest_b[rows]], axis=1)
    return pairs, (1 - away[rows, nearest_b[rows]] ** 2).astype(np.float32)


def _refined(a: Minutiae, b: Minutiae, rotation: float, shift: Floats) -> Alignment | None:
    """Improve a rigid motion by what meets under it, and bend it."""
    none = np.zeros((0, 2), np.float32)
    anchors, bend = none, none
    for round_ in range(_ROUNDS):
        reach = _REACH if round_ == 0 else (_REACH + _CLOSE) / 2 if round_ == 1 else _CLOSE
        moved = _bent(_rotated(a.xy, rotation) + shift, anchors, bend)
        pairs, closeness = _meetings(a, b, moved, rotation, reach)
        if len(pairs) < 3:
            return None
        if round_ == _ROUNDS - 1:
            break
        weights = (closeness + np.float32(0.05)) * _worth(a, b, pairs)
        turn = _angle(b.direction[pairs[:, 1]] - a.direction[pairs[:, 0]])
        angles, shifts = _rigid(a.xy[pairs[:, 0]], b.xy[pairs[:, 1]], weights[None], turn)
        rotation, shift = float(angles[0]), shifts[0]
        anchors = _rotated(a.xy[pairs[:, 0]], rotation) + shift
        bend = _smoothed(anchors, b.xy[pairs[:, 1]] - anchors, weights)
    return Alignment(rotation, shift, anchors, bend, pairs, closeness)


def _smoothed(anchors: Floats, lack: Floats, weights: Floats) -> Floats:
    near = _nearness(anchors, anchors) * weights
    return np.asarray(near @ lack / (near.sum(axis=1, keepdims=True) + np.float32(_BEND_PRIOR)), np.float32)


def _nearness(places: Floats, anchors: Floats) -> Floats:
    apart = ((places[:, None] - anchors[None]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-apart / (2 * _BEND_SPREAD**2)), np.float32)


def _bent(places: Floats, anchors: Floats, bend: Floats) -> Floats:
    if len(anchors) == 0:
        return places
    near = _nearness(places, anchors)
    return np.asarray(places + near @ bend / (near.sum(axis=1, keepdims=True) + np.float32(_BEND_EDGE)))
