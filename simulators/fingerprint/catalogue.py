"""A box of fingers to put on the window: those of made-up residents, and those in a folder of pictures."""

from __future__ import annotations

import enum
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from simulators.fingerprint.impression import SkinCondition, impress
from simulators.fingerprint.sensor import FingerImage
from simulators.fingerprint.synthesis import HEIGHT, WIDTH, MasterFinger, grow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PICTURE_NAME = re.compile(r"(?P<finger>.+)_(?P<impression>\d+)\.png")


class Digit(enum.IntEnum):
    """The ten fingers, numbered as in ISO/IEC 19794-2."""

    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10


@dataclass(frozen=True, slots=True)
class SimulatedResident:
    """A person who does not exist, with fingers that were never anybody's."""

    name: str
    seed: int
    skin: SkinCondition

    def finger_seed(self, digit: Digit) -> int:
        """What the person's finger grows from."""
        return self.seed * 16 + digit


RESIDENTS: tuple[SimulatedResident, ...] = (
    SimulatedResident("样例甲", 1, SkinCondition(wear=0.15, dryness=0.1)),
    SimulatedResident("样例乙", 2, SkinCondition(wear=0.45, dryness=0.3)),
    SimulatedResident("样例丙", 3, SkinCondition(wear=0.55, dryness=0.35)),
    SimulatedResident("样例丁", 4, SkinCondition(wear=0.3, dryness=0.0, moisture=0.35)),
    SimulatedResident("样例戊", 5, SkinCondition(wear=0.8, dryness=0.5)),
    SimulatedResident("样例己", 6, SkinCondition(wear=0.5, dryness=0.2)),
)
"""The residents of the demonstration: names made of the character for "sample" and a counting stem.

Most are found at the first touch; 样例戊 is the worn, dry hand whose index finger an R307 knows most times and an R503
hardly any, while the thumb still serves.
"""


class FingerBox:
    """Named fingers and their impressions; what was made once is kept. May be used from any thread."""

    def __init__(
        self,
        residents: Sequence[SimulatedResident] = RESIDENTS,
        *,
        pictures: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        """Fill the box.

        Args:
            residents: Whose synthetic fingers it holds.
            pictures: A folder of pictures ``FINGER_IMPRESSION.png`` to hold as well, 500 dpi; impressions count from 0.
            cache: A folder to keep grown fingers in between runs; growing one takes about half a second.

        Raises:
            ValueError: A name in ``pictures`` is not of that form, or is that of a resident's finger.
        """
        self._lock = threading.Lock()
        self._residents = {resident.name: resident for resident in residents}
        self._cache = cache
        self._masters: dict[int, MasterFinger] = {}
        self._pictures: dict[str, dict[int, Path]] = {}
        if len(self._residents) != len(residents):
            raise ValueError("two residents have the same name")
        if pictures is not None:
            self._look_into(pictures)

    @property
    def residents(self) -> tuple[SimulatedResident, ...]:
        """Whose fingers are synthetic."""
        return tuple(self._residents.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Every finger by its name: ``PERSON/DIGIT`` for residents, the file's for pictures."""
        synthetic = [f"{name}/{digit.name.lower()}" for name in self._residents for digit in Digit]
        return (*synthetic, *sorted(self._pictures))

    def finger(self, person: str, digit: Digit = Digit.RIGHT_THUMB, impression: int = 0) -> FingerImage:
        """One impression of a resident's finger.

        Raises:
            KeyError: There is no such resident.
        """
        if person not in self._residents:
            raise KeyError(f"no resident {person!r} in the box, only {', '.join(self._residents)}")
        resident = self._residents[person]
        seed = resident.finger_seed(digit)
        picture = impress(self._master(seed), resident.skin, seed, impression)
        return FingerImage(f"{person}/{digit.name.lower()}/{impression}", picture)

    def take(self, name: str, impression: int = 0) -> FingerImage:
        """One impression of the finger called ``name``; of a folder's finger, impressions start over at the last.

        Raises:
            KeyError: There is no such finger.
        """
        if name in self._pictures:
            return self._from_file(name, impression)
        person, _, digit = name.partition("/")
        if digit.upper() not in Digit.__members__:
            raise KeyError(f"no finger {name!r} in the box")
        return self.finger(person, Digit[digit.upper()], impression)

    def _master(self, seed: int) -> MasterFinger:
        with self._lock:
            if seed not in self._masters:
                self._masters[seed] = self._grown(seed)
            return self._masters[seed]

    def _grown(self, seed: int) -> MasterFinger:
        if self._cache is None:
            return grow(seed)
        kept = self._cache / f"finger-{seed}-{HEIGHT}x{WIDTH}.npz"
        if kept.exists():
            return MasterFinger.load(kept)
        master = grow(seed)
        self._cache.mkdir(parents=True, exist_ok=True)
        master.save(kept)
        return master

    def _look_into(self, folder: Path) -> None:
        for file in sorted(folder.glob("*.png")):
            match = _PICTURE_NAME.fullmatch(file.name)
            if match is None:
                raise ValueError(f"{file}: a picture is called FINGER_IMPRESSION.png with a number for the impression")
            if match["finger"] in self.names and match["finger"] not in self._pictures:
                raise ValueError(f"{file}: {match['finger']} is a synthetic finger's name")
            self._pictures.setdefault(match["finger"], {})[int(match["impression"])] = file

    def _from_file(self, name: str, impression: int) -> FingerImage:
        files = self._pictures[name]
        number = sorted(files)[impression % len(files)]
        encoded = np.frombuffer(files[number].read_bytes(), dtype=np.uint8)
        picture = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise ValueError(f"{files[number]} is not a picture")
        return FingerImage(f"{name}/{number}", np.asarray(picture, dtype=np.uint8))
