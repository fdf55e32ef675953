"""The machine's clock inside a unit with `ProtectClock=`, where the kernel may not be asked about synchronisation."""

import ctypes
import errno
import time
from pathlib import Path
from typing import Final

from services.clock import SystemClock

_ADJUSTED: Final = Path("/run/systemd/timesync/synchronized")  # touched at every synchronisation, systemd-timesyncd(8)
_HOLDS_S: Final = 32_000  # after so long the kernel, too, gives up: 16 s of error at 500 ppm (adjtimex(2), STA_UNSYNC)


class TimesyncClock(SystemClock):
    """The machine's clock, trusted by the kernel's word, or by systemd-timesyncd's where the kernel may not be asked.

    Another time service than systemd-timesyncd leaves no word, and the time counts as not synchronised then.
    """

    def __init__(self, adjusted: Path = _ADJUSTED) -> None:
        """Nothing is asked yet.

        Args:
            adjusted: the file whose modification time is that of the last adjustment.
        """
        super().__init__()
        self._adjusted = adjusted

    def trusted(self) -> bool:
        """Whether the clock is disciplined by a time server."""
        ctypes.set_errno(0)
        if super().trusted():
            return True
        return ctypes.get_errno() == errno.EPERM and self._adjusted_lately()

    def _adjusted_lately(self) -> bool:
        try:
            age = time.time() - self._adjusted.stat().st_mtime
        except OSError:
            return False
        return 0 <= age < _HOLDS_S
