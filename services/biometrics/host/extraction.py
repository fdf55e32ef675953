"""From an image to an impression: quickly by the ridges alone, or thoroughly by the network."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from drivers.contracts.fingerprint import GreyImage
from services.biometrics.host.faults import ImageError, ImageFault
from services.biometrics.host.imaging import Finger, prepare
from services.biometrics.host.impression import Impression, Pattern
from services.biometrics.host.leader import Leader
from services.biometrics.host.minutiae import MIN_MINUTIAE, Minutiae
from services.biometrics.host.ridges import Ridges, dislocations, read
from services.biometrics.host.template import decode, encode

_LEAST_RIDGES: Final = 150  # blocks (24 mm2) of clear ridges


class Extractor:
    """Extracts features. The network is loaded when it is first needed; calls may come from any thread."""

    def __init__(self, load: Callable[[], Leader] = Leader) -> None:
        """Nothing is loaded yet.

        Args:
            load: loads the network.
        """
        self._load = load
        self._loading = threading.Lock()
        self._running = threading.Lock()

    def look(self, image: GreyImage) -> "Touch":
        """Check an image and find its ridges.

        Raises:
            ImageError: no finger can be had from it; names why.
        """
        finger = prepare(image)
        ridges = read(finger)
        if np.count_nonzero(ridges.area) < _LEAST_RIDGES:
            raise ImageError(ImageFault.NOT_A_FINGER, "there are hardly any ridges on it")
        return Touch(finger, ridges, self)

    @cached_property
    def _leader(self) -> Leader:
        return self._load()

    def minutiae(self, finger: Finger) -> Minutiae:
        """The network's minutiae of a finger; one image at a time, so that memory stays bounded."""
        with self._loading:
            leader = self._leader
        with self._running:
            return leader.extract(finger.pixels)


@dataclass(frozen=True, eq=False)
class Touch:
    """An image in which there is a finger.

    Attributes:
        finger: the part of the image that shows it.
        ridges: its ridges.
    """

    finger: Finger
    ridges: Ridges
    _extractor: Extractor

    @cached_property
    def quick(self) -> Impression:
        """The features, in a few hundredths of a second.

        Raises:
            ImageError: `TOO_FEW_MINUTIAE`.
        """
        return self._impression(dislocations(self.ridges))

    @cached_property
    def full(self) -> Impression:
        """The features with the network's minutiae, in about half a second.

        Raises:
            ImageError: `TOO_FEW_MINUTIAE`.
        """
        return self._impression(self._extractor.minutiae(self.finger))

    def _impression(self, minutiae: Minutiae) -> Impression:
        """What is compared is what would be kept, so that it does not matter which side was."""
        if len(minutiae) < MIN_MINUTIAE:
            raise ImageError(ImageFault.TOO_FEW_MINUTIAE, f"{len(minutiae)}, at least {MIN_MINUTIAE}")
        pattern = Pattern(self.ridges.wave.real > 0, self.ridges.area)
        return decode(encode(Impression(minutiae, pattern)))
