"""One process owns a point's data folder: a second appliance, or a restore beside a running one, is refused."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_FILE: Final = ".claim"


class ClaimedError(Exception):
    """Another process works in the folder."""


class Claim:
    """The claim to a folder, from entering to leaving a `with` block; the kernel drops it when the process dies."""

    def __init__(self, folder: Path) -> None:
        """Nothing is claimed before the block.

        Args:
            folder: the data folder, which exists.
        """
        self._path = folder / _FILE
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Claim the folder.

        Raises:
            ClaimedError: somebody else has it.
            OSError: the folder cannot be written.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise ClaimedError(
                f"{self._path.parent} is in use: stop the appliance first (systemctl stop kiosk)"
            ) from error
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
