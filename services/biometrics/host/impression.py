"""What is known of one touch of a finger: the features that are kept and compared."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.cylinders import Cylinders, cylinders
from services.biometrics.host.imaging import BLOCK
from services.biometrics.host.minutiae import Mask, Minutiae
from services.biometrics.host.ridges import STEP


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The ridges of an impression, black and white.

    Attributes:
        valley: (rows, columns) at every `STEP` pixels of 500 dpi: true in a valley, false on a ridge.
        area: (rows * STEP / BLOCK, columns * STEP / BLOCK) where there are ridges.
    """

    valley: NDArray[np.bool_]
    area: Mask

    def __post_init__(self) -> None:
        if self.valley.shape != tuple(side * BLOCK // STEP for side in self.area.shape):
            raise ValueError(f"{self.valley.shape} samples do not fit {self.area.shape} blocks")


@dataclass(slots=True, eq=False)
class Impression:
    """One touch of a finger.

    Attributes:
        minutiae: its minutiae.
        pattern: its ridges; none for records of other makers, which hold minutiae alone.
    """

    minutiae: Minutiae
    pattern: Pattern | None = None
    _cylinders: Cylinders | None = field(default=None, repr=False)

    @property
    def cylinders(self) -> Cylinders:
        """The surroundings of its minutiae, made once."""
        if self._cylinders is None:
            self._cylinders = cylinders(self.minutiae)
        return self._cylinders
