"""Minutia cylinder codes: what surrounds a minutia, in a form that is compared by matrix products.

R. Cappelli, M. Ferrara, D. Maltoni, "Minutia Cylinder-Code: a new representation and matching technique for fingerprint
recognition", IEEE TPAMI 2010. Each minutia has a cylinder of 8 x 8 x 6 cells that turns with it, so that it is the same
wherever the finger lies; a cell tells how many neighbours lie near its place with a direction near its height.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.minutiae import Floats, Minutiae

_RADIUS: Final = 70.0
_SIDE: Final = 8
_HEIGHTS: Final = 6
_SPATIAL_SPREAD: Final = 28 / 3
_ANGULAR_SPREAD: Final = 2 * np.pi / 9
_HALF: Final = 0.01  # sum of contributions at which a cell is half full
_STEEPNESS: Final = 400.0
_HULL_MARGIN: Final = 50.0
_COMMON_SHARE: Final = 0.6  # of the cells both cylinders have to know
_NEIGHBOURS: Final = 2
_KNOWN_SHARE: Final = 0.5
_HULL_DIRECTIONS: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Cylinders:
    """The cylinders of the minutiae of one impression, in their order.

    Attributes:
        cells: (n, cells) from 0 to 1, 0 in cells outside the finger.
        known: (n, cells) 1 in cells inside the finger, otherwise 0.
        sound: (n,) whether there is enough around a minutia for a cylinder.
    """

    cells: Floats
    known: Floats
    sound: NDArray[np.bool_]


def _grid() -> Floats:
    line = (np.arange(_SIDE) - (_SIDE - 1) / 2) * (2 * _RADIUS / _SIDE)
    x, y = np.meshgrid(line, line)
    inside = np.hypot(x, y) <= _RADIUS
    return np.stack([x[inside], y[inside]], axis=1).astype(np.float32)


_CELLS: Final = _grid()
_LEVELS: Final = (-np.pi + (np.arange(_HEIGHTS) + 0.5) * 2 * np.pi / _HEIGHTS).astype(np.float32)


def cylinders(minutiae: Minutiae) -> Cylinders:
    """Make the cylinder of every minutia."""
    n, xy, direction = len(minutiae), minutiae.xy, minutiae.direction
    if n == 0:
        empty = np.zeros((0, len(_CELLS) * _HEIGHTS), np.float32)
        return Cylinders(empty, empty, np.zeros(0, bool))
    cos, sin = np.cos(direction), np.sin(direction)
    # The image's y axis points down while directions turn anticlockwise as seen.
    turned = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)
    places = xy[:, None, :] + np.einsum("nij,cj->nci", turned, _CELLS, optimize=True)
    apart = _squared_distances(places.reshape(-1, 2), xy).reshape(n, len(_CELLS), n)
    near = np.exp(-apart / (2 * _SPATIAL_SPREAD**2)) * np.float32(1 / (_SPATIAL_SPREAD * np.sqrt(2 * np.pi)))
    near *= apart <= (3 * _SPATIAL_SPREAD) ** 2
    near *= ~np.eye(n, dtype=bool)[:, None, :]
    alike = _directional(direction)
    filled = np.matmul(near, alike)
    cells = 1 / (1 + np.exp((-_STEEPNESS * (filled - _HALF)).clip(-60, 60)))
    known = _in_hull(places, xy)
    sound = (known.mean(axis=1) >= _KNOWN_SHARE) & (_neighbours(xy) >= _NEIGHBOURS)
    wide = np.repeat(known, _HEIGHTS, axis=1).astype(np.float32)
    return Cylinders((cells.reshape(n, -1) * wide).astype(np.float32), wide, sound)


def _squared_distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(((a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T).clip(0, None))


def _directional(direction: Floats) -> Floats:
    """(minutia, neighbour, height): how near the neighbour's direction, seen from the minutia's, is to the height."""
    away = direction[:, None, None] - direction[None, :, None] - _LEVELS
    away = (away + np.pi) % (2 * np.pi) - np.pi
    # The integral of a normal distribution over the height of a cell, by its middle: cells are narrow enough for it.
    width = 2 * np.pi / _HEIGHTS
    density = np.exp(-(away**2) / (2 * _ANGULAR_SPREAD**2)) / (_ANGULAR_SPREAD * np.sqrt(2 * np.pi))
    return np.asarray(density * width, np.float32)


def _in_hull(places: Floats, xy: Floats) -> NDArray[np.bool_]:
    """Whether places lie in the convex hull of the minutiae, widened by a margin."""
    angle = np.arange(_HULL_DIRECTIONS) * (2 * np.pi / _HULL_DIRECTIONS)
    outwards = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    reach = (xy @ outwards).max(axis=0) + np.float32(_HULL_MARGIN)
    return np.asarray((places @ outwards <= reach).all(axis=-1))


def _neighbours(xy: Floats) -> NDArray[np.intp]:
    reach = _RADIUS + 3 * _SPATIAL_SPREAD
    return np.asarray((_squared_distances(xy, xy) <= reach**2).sum(axis=1) - 1)


def similarity(a: Cylinders, b: Cylinders) -> Floats:
    """(n, m) how alike each two cylinders are, from 0 to 1, over the cells that both know."""
    square_a, square_b = a.cells**2, b.cells**2
    norm_a = square_a @ b.known.T
    norm_b = a.known @ square_b.T
    apart = (norm_a + norm_b - 2 * (a.cells @ b.cells.T)).clip(0, None)
    both = np.sqrt(norm_a) + np.sqrt(norm_b)
    common = (a.known @ b.known.T) / np.float32(a.cells.shape[1])
    alike = 1 - np.sqrt(apart) / (both + np.float32(1e-6))
    usable = (common >= _COMMON_SHARE) & a.sound[:, None] & b.sound[None, :] & (both > 0)
    return np.where(usable, alike, 0).astype(np.float32)
