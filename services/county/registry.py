"""The points that the county has registered: a JSON file with their names, townships and public keys."""

import base64
import logging
import threading
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from services.northbound.messages import PointId, ShortText

_LOG = logging.getLogger(__name__)


class RegistryError(Exception):
    """The file cannot be used; the message says why."""


class RegisteredPoint(BaseModel):
    """A service point as the county knows it.

    Attributes:
        id: the point's id in topics and envelopes.
        name: what residents call it.
        township: where it belongs.
        village: the same, more closely.
        public_key: the 32 bytes of its Ed25519 key, base64url without padding.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: PointId
    name: ShortText
    township: ShortText
    village: ShortText
    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]

    @property
    def key(self) -> Ed25519PublicKey:
        """What its signatures are verified with."""
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(self.public_key + "="))


_FILE = TypeAdapter(tuple[RegisteredPoint, ...])


def encode_key(public_key: bytes) -> str:
    """A public key of 32 bytes as the file holds it."""
    return base64.urlsafe_b64encode(public_key).rstrip(b"=").decode()


class Registry:
    """The registered points. The file is read again when it has changed, so that a point can be added any time."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            RegistryError: it cannot be read, or has points that do not fit.
        """
        self._path = path
        self._lock = threading.Lock()
        self._stamp = self._look()
        self._points = self._read()

    def get(self, point: str) -> RegisteredPoint | None:
        """A point; `None` when it is not registered."""
        self._refresh()
        return self._points.get(point)

    def all(self) -> tuple[RegisteredPoint, ...]:
        """Every point, by township and name."""
        self._refresh()
        return tuple(sorted(self._points.values(), key=lambda point: (point.township, point.village, point.name)))

    def _refresh(self) -> None:
        """Read the file again if it has changed; keep what was read last if it has become unusable."""
        with self._lock:
            try:
                stamp = self._look()
                if stamp == self._stamp:
                    return
                self._stamp = stamp
                self._points = self._read()
            except RegistryError as error:
                _LOG.error("the registered points stay as they were: %s", error)

    def _look(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except OSError as error:
            raise RegistryError(f"{self._path}: {error.strerror}") from error
        return status.st_mtime_ns, status.st_size

    def _read(self) -> dict[str, RegisteredPoint]:
        try:
            points = _FILE.validate_json(self._path.read_bytes())
        except OSError as error:
            raise RegistryError(f"{self._path}: {error.strerror}") from error
        except ValidationError as error:
            raise RegistryError(f"{self._path}: {error}") from error
        found = {point.id: point for point in points}
        if len(found) != len(points):
            raise RegistryError(f"{self._path}: a point is registered twice")
        return found
