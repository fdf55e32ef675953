"""How alike two templates are: neighbourhoods first, then one placement for the whole finger.

Each minutia is described by its surroundings in its own frame, a simplified minutia cylinder-code (Cappelli, Ferrara,
Maltoni, PAMI 2010), which neither shift nor rotation changes. The most alike pairs propose placements of one finger on
the other; the score counts the minutiae that meet under the best placement.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.fingerprint.orientation import Field
    from simulators.fingerprint.template import Minutiae, Template

_RADIUS = 72.0
"""Pixels around a minutia that its description covers."""
_CELLS = 8
_SECTORS = 6
_SPREAD = 9.0
_DIRECTION_SPREAD = 0.55
_PLACEMENTS = 24
_REACH = 13.0
"""Pixels within which two minutiae meet; skin bends."""
_TURN = 0.45
"""Radians within which their directions agree."""
_CANDIDATES = 16
"""Stored templates a search looks at closely."""
_MISS = 6.0
"""Pixels by which minutiae of one finger typically miss each other."""
_STRANGERS = 0.6
"""How alike the surroundings of two minutiae are that have nothing to do with each other."""
_SCALE = 22.0
_MOST = 999


@dataclass(frozen=True, eq=False)
class _View:
    """One impression ready to be matched."""

    x: Field
    y: Field
    direction: Field
    codes: Field
    """A unit vector a minutia."""


def _prepare(minutiae: Minutiae) -> _View:
    return _View(minutiae.x, minutiae.y, minutiae.direction, _codes(minutiae))


_centres = (np.arange(_CELLS, dtype=np.float32) + 0.5) * (2 * _RADIUS / _CELLS) - _RADIUS
_CELL_X, _CELL_Y = (grid.reshape(-1) for grid in np.meshgrid(_centres, _centres))
_IN_CIRCLE = np.hypot(_CELL_X, _CELL_Y) <= _RADIUS
_CELL_X, _CELL_Y = _CELL_X[_IN_CIRCLE], _CELL_Y[_IN_CIRCLE]
_SECTOR = np.arange(_SECTORS, dtype=np.float32) * np.float32(2 * np.pi / _SECTORS)


def _codes(minutiae: Minutiae) -> Field:
    """Where the neighbours lie and how they point, seen from each minutia."""
    cos, sin = np.cos(minutiae.direction)[:, None], np.sin(minutiae.direction)[:, None]
    gap_x, gap_y = minutiae.x[None, :] - minutiae.x[:, None], minutiae.y[None, :] - minutiae.y[:, None]
    along, across = cos * gap_x + sin * gap_y, -sin * gap_x + cos * gap_y
    near = np.hypot(gap_x, gap_y) < _RADIUS + _SPREAD
    np.fill_diagonal(near, val=False)
    place_x = np.exp(-((along[:, :, None] - _centres) ** 2) / (2 * _SPREAD**2))
    place_y = np.exp(-((across[:, :, None] - _centres) ** 2) / (2 * _SPREAD**2)) * near[:, :, None]
    turn = minutiae.direction[None, :] - minutiae.direction[:, None]
    away = _wrapped(turn[:, :, None] - _SECTOR)
    turned = np.exp(-(away**2) / (2 * _DIRECTION_SPREAD**2))
    spatial = (place_y[:, :, :, None] * place_x[:, :, None, :]).reshape(*near.shape, _CELLS * _CELLS)
    code = np.matmul(spatial[:, :, _IN_CIRCLE].transpose(0, 2, 1), turned).reshape(len(minutiae), -1)
    code = np.sqrt(np.minimum(code, 1.0))
    return np.asarray(code / np.maximum(np.linalg.norm(code, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def _wrapped(angle: Field) -> Field:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi, dtype=np.float32)


class Matcher:
    """Compares templates; keeps what it worked out about those it has seen."""

    def __init__(self, capacity: int) -> None:
        """Make a matcher that keeps descriptions of ``capacity`` stored templates and a few more."""
        self._kept: OrderedDict[bytes, tuple[_View, ...]] = OrderedDict()
        self._most = capacity + 16

    def score(self, first: Template, second: Template) -> int:
        """How surely two templates are of one finger; 0 for nothing in common."""
        return self._score(self._views(first), self._views(second))

    def search(self, probe: Template, stored: Mapping[int, Template]) -> tuple[int, int]:
        """The slot most like ``probe`` and its score; (0, 0) when nothing is like it."""
        sought = self._views(probe)
        gallery = [(slot, self._views(template)) for slot, template in stored.items()]
        best = (0, 0)
        for slot, views in _promising(sought, gallery):
            score = self._score(sought, views)
            if score > best[1]:
                best = (slot, score)
        return best

    def _views(self, template: Template) -> tuple[_View, ...]:
        views = self._kept.get(template.encoded)
        if views is None:
            views = tuple(_prepare(view) for view in template.views)
            self._kept[template.encoded] = views
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(template.encoded)
        return views

    @staticmethod
    def _score(first: tuple[_View, ...], second: tuple[_View, ...]) -> int:
        return max((_score(one, other) for one in first for other in second), default=0)


def _promising(
    sought: tuple[_View, ...], gallery: list[tuple[int, tuple[_View, ...]]]
) -> list[tuple[int, tuple[_View, ...]]]:
    """The entries whose minutiae have the most alike surroundings, all at once by one matrix product a view."""
    if len(gallery) <= _CANDIDATES:
        return gallery
    codes = np.concatenate([view.codes for _, views in gallery for view in views])
    lengths = np.array([len(view.codes) for _, views in gallery for view in views])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    owners = np.repeat(np.arange(len(gallery)), [len(views) for _, views in gallery])
    likeness = np.zeros(len(gallery))
    for view in sought:
        closest = np.maximum.reduceat(codes @ view.codes.T, starts, axis=0)  # views by minutiae sought
        strongest = -np.sort(-closest, axis=1)[:, :12].mean(axis=1)
        np.maximum.at(likeness, owners, strongest)
    order = np.argsort(-likeness, kind="stable")[:_CANDIDATES]
    return [gallery[index] for index in order]


def _score(first: _View, second: _View) -> int:
    likeness = first.codes @ second.codes.T
    count = min(_PLACEMENTS, likeness.size)
    flat = np.argpartition(-likeness, count - 1, axis=None)[:count]
    one, other = np.unravel_index(flat, likeness.shape)
    turn = second.direction[other] - first.direction[one]
    shift = _positions(second)[other] - _turned(_positions(first)[one], turn)
    pairs, met = _meetings(first, second, turn, shift)
    best = int(np.argmax(pairs))
    refined = _fit(_positions(first), _positions(second), met[best])
    if refined is not None:
        again, met_again = _meetings(first, second, *refined)
        if again[0] >= pairs[best]:
            return _rate(first, second, likeness, met_again[0], (refined[0][0], refined[1][0]))
    return _rate(first, second, likeness, met[best], (turn[best], shift[best]))


def _positions(view: _View) -> npt.NDArray[np.complex64]:
    return np.asarray(view.x + 1j * view.y, dtype=np.complex64)


def _turned(points: npt.NDArray[np.complex64], turn: Field) -> npt.NDArray[np.complex64]:
    return np.asarray(points * np.exp(1j * turn), dtype=np.complex64)


def _meetings(
    first: _View, second: _View, turn: Field, shift: npt.NDArray[np.complex64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """For each placement how many minutiae meet one to one, and which (placements by first by second)."""
    placed = _positions(first)[None, :] * np.exp(1j * turn)[:, None] + shift[:, None]
    distance = np.abs(placed[:, :, None] - _positions(second)[None, None, :])
    away = _wrapped(first.direction[None, :, None] + turn[:, None, None] - second.direction[None, None, :])
    distance = np.where((distance < _REACH) & (np.abs(away) < _TURN), distance, np.inf)
    nearest = (distance == distance.min(axis=2, keepdims=True)) & (distance == distance.min(axis=1, keepdims=True))
    met = nearest & np.isfinite(distance)
    return met.sum(axis=(1, 2)), met


def _fit(
    first: npt.NDArray[np.complex64], second: npt.NDArray[np.complex64], met: npt.NDArray[np.bool_]
) -> tuple[Field, npt.NDArray[np.complex64]] | None:
    """The turn and shift that bring the met pairs closest together; None for fewer than three pairs."""
    one, other = np.nonzero(met)
    if len(one) < 3:
        return None
    from_middle, to_middle = first[one].mean(), second[other].mean()
    turn = np.angle(np.sum((second[other] - to_middle) * np.conj(first[one] - from_middle)))
    shift = to_middle - from_middle * np.exp(1j * turn)
    return np.array([turn], dtype=np.float32), np.array([shift], dtype=np.complex64)


def _rate(
    first: _View,
    second: _View,
    likeness: Field,
    met: npt.NDArray[np.bool_],
    placement: tuple[np.float32, np.complex64],
) -> int:
    """The minutiae that meet, each counted by how well it does, and all by their share of those that could have."""
    one, other = np.nonzero(met)
    if len(one) < 3:
        return 0
    turn, shift = placement
    forth = _positions(first) * np.exp(1j * turn) + shift
    back = (_positions(second) - shift) * np.exp(-1j * turn)
    possible = max(_covered(forth, _positions(second)), len(one)) * max(_covered(back, _positions(first)), len(one))
    near = np.exp(-(np.abs(forth[one] - _positions(second)[other]) ** 2) / (2 * _MISS**2))
    alike = np.clip((likeness[one, other] - _STRANGERS) / (1 - _STRANGERS), 0, 1)
    return min(_MOST, round(float(_SCALE * np.sum(near * alike) * len(one) / np.sqrt(possible))))


def _covered(points: npt.NDArray[np.complex64], by: npt.NDArray[np.complex64]) -> int:
    """How many ``points`` lie in the rectangle around ``by``."""
    inside_x = (points.real >= by.real.min() - _REACH) & (points.real <= by.real.max() + _REACH)
    inside_y = (points.imag >= by.imag.min() - _REACH) & (points.imag <= by.imag.max() + _REACH)
    return int((inside_x & inside_y).sum())
