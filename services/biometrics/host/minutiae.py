"""Minutiae: where ridges end or fork, and the finger they were found on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.biometrics.host.faults import TemplateError, TemplateFault

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

DPI = 500
"""All geometry behind the decoder is in pixels of this resolution."""
MAX_MINUTIAE = 255
"""A record of ISO/IEC 19794-2 holds no more, and no fingertip has as many."""
MIN_MINUTIAE = 4
"""With fewer no alignment can be told from chance."""
MAX_EXTENT = 2048.0
"""Pixels at 500 dpi (10 cm): no coordinate is larger."""

OTHER, ENDING, BIFURCATION = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Minutiae:
    """The minutiae of one impression, as parallel arrays in no particular order.

    Attributes:
        xy: (n, 2) pixels at 500 dpi from the top left corner, y downwards.
        direction: (n,) radians, anticlockwise from the x axis as seen, along the ridge (ISO/IEC 19794-2).
        kind: (n,) 1 ridge ending, 2 bifurcation, 0 other or unknown.
        quality: (n,) confidence of the extractor, 0 to 1.
    """

    xy: Floats
    direction: Floats
    kind: NDArray[np.uint8]
    quality: Floats

    def __post_init__(self) -> None:
        n = len(self.xy)
        if n > MAX_MINUTIAE:
            raise TemplateError(TemplateFault.TOO_MANY_MINUTIAE, f"{n} minutiae, at most {MAX_MINUTIAE}")
        if self.xy.shape != (n, 2) or any(a.shape != (n,) for a in (self.direction, self.kind, self.quality)):
            raise TemplateError(TemplateFault.OUT_OF_RANGE, "arrays of different lengths")
        finite = all(np.isfinite(a).all() for a in (self.xy, self.direction, self.quality))
        if not finite or (n and (self.xy.min() < 0 or self.xy.max() > MAX_EXTENT or self.kind.max() > BIFURCATION)):
            raise TemplateError(TemplateFault.OUT_OF_RANGE, "a minutia outside any finger")

    def __len__(self) -> int:
        return len(self.xy)

    def take(self, index: NDArray[np.intp] | Mask) -> "Minutiae":
        """The minutiae at these places."""
        return Minutiae(self.xy[index], self.direction[index], self.kind[index], self.quality[index])


def wrap(angle: Floats) -> Floats:
    """Bring angles into [-pi, pi)."""
    return (angle + np.float32(np.pi)) % np.float32(2 * np.pi) - np.float32(np.pi)
