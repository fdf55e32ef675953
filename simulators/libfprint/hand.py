"""The wire of libfprint's virtual image device: a socket that the device listens on while it is open.

Every message is two 32-bit integers in the machine's own order. Both positive: columns and rows of an image, whose
bytes follow, dark ridges on a light ground. Negative: -1 and a reason for the finger to come again, -2 and an error
that ends the capture, -3 and whether images imply that a finger comes and goes, -4 and whether a finger is there, -5 to
be unplugged. (Source: `libfprint/drivers/virtual-image.c` of libfprint 1.94.)

The device reads only during a capture: what is sent on a new connection beforehand waits there, as a finger waits on
the glass.
"""

from __future__ import annotations

import enum
import socket
import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_MESSAGE = struct.Struct("=ii")
_RETRY, _ERROR, _FINGER_BY_ITSELF, _FINGER, _UNPLUGGED = -1, -2, -3, -4, -5


class Retry(enum.IntEnum):
    """Why a finger has to come again, numbered as in libfprint's `FpDeviceRetry`."""

    GENERAL = 0
    TOO_SHORT = 1
    CENTER_FINGER = 2
    REMOVE_FINGER = 3


class Hand:
    """A hand before a virtual reader that is open.

    Attributes:
        path: the reader's socket.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is touched yet.

        Args:
            path: the reader's socket.
        """
        self.path = path
        self._connection: socket.socket | None = None

    def touch(self, picture: npt.NDArray[np.uint8]) -> None:
        """Lay a finger on the reader, whose picture it takes: rows by columns, 0 black to 255 white."""
        rows, columns = picture.shape
        self._place(_MESSAGE.pack(columns, rows) + np.ascontiguousarray(picture).tobytes())

    def touch_badly(self, reason: Retry = Retry.CENTER_FINGER) -> None:
        """Lay a finger on the reader so that it cannot be read."""
        self._place(_MESSAGE.pack(_RETRY, reason))

    def lift(self) -> None:
        """Take the finger away."""
        self._send(_MESSAGE.pack(_FINGER, 0))

    def fail(self, error: int) -> None:
        """Have the reader fail with an error of libfprint's `FpDeviceError`."""
        self._connect()
        self._send(_MESSAGE.pack(_ERROR, error))

    def unplug(self) -> None:
        """Pull the reader's plug."""
        self._connect()
        self._send(_MESSAGE.pack(_UNPLUGGED, 0))

    def close(self) -> None:
        """Go away."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _place(self, reading: bytes) -> None:
        self._connect()
        self._send(_MESSAGE.pack(_FINGER_BY_ITSELF, 0) + _MESSAGE.pack(_FINGER, 1) + reading)

    def _connect(self) -> None:
        """A connection of its own for every touch: the device would drop what it reads between two captures."""
        self.close()
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(self.path))

    def _send(self, message: bytes) -> None:
        if self._connection is not None:
            self._connection.sendall(message)
