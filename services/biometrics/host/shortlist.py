"""Which of thousands of impressions are worth a full comparison: a search by short codes of cylinders.

A cylinder's cells are much alike among neighbours, so that a few dozen numbers say nearly the same; they are its
components along fixed axes, the principal ones of cylinders of minutiae strewn at random. All codes of a village are
compared by one matrix product. Pairs that are alike then vote for how far the finger is turned, as true pairs agree in
it (local similarity sort with a Hough vote: Cappelli, Ferrara, Maltoni, 2010; Ratha et al., 1996).
"""

import threading
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.alignment import MAX_ROTATION
from services.biometrics.host.cylinders import cylinders
from services.biometrics.host.impression import Impression
from services.biometrics.host.minutiae import ENDING, Floats, Minutiae

_COMPONENTS: Final = 48
_MINUTIAE: Final = 40  # of each impression: the most certain ones with a sound cylinder
_SECTORS: Final = 24
_BLUR: Final = 1  # sectors to each side that vote with their neighbour
_FLOOR: Final = 0.45  # likeness that is no news
_CHUNK: Final = 512  # impressions compared at a time, so that the memory it takes does not grow with the gallery


class Shortlist:
    """The codes of a gallery, a slot each impression. May be used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes = np.zeros((0, _MINUTIAE, _COMPONENTS), np.float16)
        self._directions = np.zeros((0, _MINUTIAE), np.float32)
        self._free: list[int] = []

    def add(self, impression: Impression) -> int:
        """Take an impression in.

        Returns:
            Its slot.
        """
        codes, directions = _coded(impression)
        with self._lock:
            if not self._free:
                self._grow()
            slot = self._free.pop()
            self._codes[slot] = 0
            self._codes[slot, : len(codes)] = codes
            self._directions[slot, : len(codes)] = directions
            return slot

    def remove(self, slot: int) -> None:
        """Empty a slot."""
        with self._lock:
            self._codes[slot] = 0
            self._free.append(slot)

    def search(self, probe: Impression) -> Floats:
        """How alike every slot's impression is; 0 for empty ones, comparable only within one search."""
        codes, directions = _coded(probe)
        with self._lock:
            parts = [
                _votes(codes, directions, self._codes[start : start + _CHUNK], self._directions[start : start + _CHUNK])
                for start in range(0, len(self._codes), _CHUNK)
            ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _grow(self) -> None:
        old, new = len(self._codes), max(64, len(self._codes) * 3 // 2)
        self._codes = np.concatenate([self._codes, np.zeros((new - old, *self._codes.shape[1:]), np.float16)])
        self._directions = np.concatenate([self._directions, np.zeros((new - old, _MINUTIAE), np.float32)])
        self._free.extend(range(new - 1, old - 1, -1))


def _coded(impression: Impression) -> tuple[Floats, Floats]:
    sound = np.flatnonzero(impression.cylinders.sound)
    best = sound[np.argsort(-impression.minutiae.quality[sound], kind="stable")[:_MINUTIAE]]
    mean, axes = _axes()
    known = impression.cylinders.known[best]
    codes = (impression.cylinders.cells[best] - mean * known) @ axes
    length = np.sqrt((codes**2).sum(axis=1, keepdims=True)) + np.float32(1e-6)
    return np.asarray(codes / length, np.float32), impression.minutiae.direction[best]


@lru_cache(maxsize=1)
def _axes() -> tuple[Floats, Floats]:
    """The mean cylinder and the axes of the codes, always the same."""
    rng = np.random.default_rng(19794)
    found = []
    for _ in range(60):
        n = 40
        xy = rng.uniform(0, 300, (n, 2)).astype(np.float32)
        wave = rng.normal(0, 1, 2) / 120
        # Directions follow a smooth flow, either way along it, as ridges have them.
        flow = rng.uniform(0, 2 * np.pi) + np.sin(xy @ wave * 2 * np.pi) + np.pi * rng.integers(0, 2, n)
        made = Minutiae(
            xy, (flow % (2 * np.pi)).astype(np.float32), np.full(n, ENDING, np.uint8), np.ones(n, np.float32)
        )
        around = cylinders(made)
        found.append(around.cells[around.known.mean(axis=1) > 0.95])
    cells = np.concatenate(found)
    mean = cells.mean(axis=0)
    centred = cells - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    return mean.astype(np.float32), axes[:, -_COMPONENTS:].astype(np.float32)


def _votes(codes: Floats, directions: Floats, gallery: NDArray[np.float16], turned: Floats) -> Floats:
    """(slots,) how much likeness each slot's impression gathers in the best sector of rotation."""
    slots = len(gallery)
    alike = codes @ gallery.reshape(-1, _COMPONENTS).astype(np.float32).T
    alike = alike.reshape(len(codes), slots, _MINUTIAE)
    best = alike.argmax(axis=2)
    worth = (np.take_along_axis(alike, best[..., None], axis=2)[..., 0] - np.float32(_FLOOR)).clip(0, None)
    turn = (turned[np.arange(slots)[None, :], best] - directions[:, None] + np.pi) % (2 * np.pi) - np.pi
    worth[np.abs(turn) > MAX_ROTATION] = 0
    sector = ((turn + np.pi) * (_SECTORS / (2 * np.pi))).astype(np.intp) % _SECTORS
    place = (np.arange(slots)[None, :] * _SECTORS + sector).ravel()
    sums = np.bincount(place, (worth**2).ravel(), slots * _SECTORS).reshape(slots, _SECTORS)
    wide = np.sum([np.roll(sums, by, axis=1) for by in range(-_BLUR, _BLUR + 1)], axis=0)
    return np.asarray(wide.max(axis=1), np.float32)
