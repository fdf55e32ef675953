"""The sensor's window: the finger lying on it, and the picture the module takes of that finger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from simulators.fingerprint.faults import FaultKind

if TYPE_CHECKING:
    from simulators.fingerprint.profiles import Profile

Picture = npt.NDArray[np.uint8]
"""Grey picture, rows by columns, 0 black (a ridge) to 255 white, 500 dpi."""

BACKGROUND = 235
"""Grey of the window where no skin touches it."""


@dataclass(frozen=True, eq=False)
class FingerImage:
    """One impression of a finger as it lies on the window."""

    name: str
    picture: Picture

    def __post_init__(self) -> None:
        if self.picture.ndim != 2 or self.picture.dtype != np.uint8 or min(self.picture.shape) < 64:
            raise ValueError(f"{self.name}: a finger is a grey picture of 8 bits, 64 pixels a side or more")


def window(picture: Picture, width: int, height: int) -> Picture:
    """The middle of ``picture`` as a window of ``width`` by ``height`` pixels shows it."""
    rows, columns = picture.shape
    pad_y, pad_x = max(0, height - rows), max(0, width - columns)
    if pad_x or pad_y:
        picture = np.pad(
            picture,
            ((pad_y // 2, pad_y - pad_y // 2), (pad_x // 2, pad_x - pad_x // 2)),
            constant_values=BACKGROUND,
        )
        rows, columns = picture.shape
    top, left = (rows - height) // 2, (columns - width) // 2
    return picture[top : top + height, left : left + width]


def capture(finger: FingerImage, profile: Profile, fault: FaultKind | None) -> Picture:
    """The picture in the module's image buffer: the window's part at 4 bits, spread over 0 to 255."""
    picture = window(finger.picture, profile.image_width, profile.image_height)
    if fault is FaultKind.SMUDGED_IMAGE:
        picture = _smudge(picture)
    elif fault is FaultKind.DRY_IMAGE:
        picture = _dry(picture)
    return np.asarray((picture >> 4) * np.uint8(17), dtype=np.uint8)


def pack(picture: Picture) -> bytes:
    """``picture`` as the module sends it: 4 bits a pixel, the left one in the high nibble."""
    nibbles = picture.reshape(-1) >> 4
    return bytes((nibbles[0::2] << 4 | nibbles[1::2]).astype(np.uint8))


def unpack(data: bytes, profile: Profile) -> Picture:
    """The picture in ``data``, the inverse of ``pack``.

    Raises:
        ValueError: The length is not that of the make's picture.
    """
    expected = profile.image_width * profile.image_height // 2
    if len(data) != expected:
        raise ValueError(f"an image has {expected} bytes, not {len(data)}")
    packed = np.frombuffer(data, dtype=np.uint8)
    nibbles = np.stack([packed >> 4, packed & 0x0F], axis=1).reshape(-1)
    return np.asarray((nibbles * np.uint8(17)).reshape(profile.image_height, profile.image_width), dtype=np.uint8)


def as_png(picture: Picture) -> bytes:
    """``picture`` as a PNG file."""
    done, encoded = cv2.imencode(".png", picture)
    if not done:
        raise ValueError("the picture cannot be encoded")
    return bytes(encoded.tobytes())


def _smudge(picture: Picture) -> Picture:
    """A finger dragged over a greasy window: its ridges run into one another and into the grease."""
    dragged = cv2.blur(picture, (13, 13)).astype(np.float32)
    touched = cv2.blur(BACKGROUND - np.minimum(picture, BACKGROUND), (41, 41)) / np.float32(BACKGROUND)
    grease = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, picture.shape), (0, 0), 3.0)
    return np.asarray(np.clip(dragged + 150 * touched * grease / grease.std(), 0, 255), dtype=np.uint8)


def _dry(picture: Picture) -> Picture:
    """A very dry fingertip: only a few specks of ridge touch the glass."""
    touch = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 1, picture.shape), (0, 0), 5.0)
    faded = np.where(touch > 0.14, picture, BACKGROUND)
    return np.asarray(cv2.GaussianBlur(faded.astype(np.uint8), (0, 0), 0.8), dtype=np.uint8)
