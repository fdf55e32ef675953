"""The clock, injected everywhere: wall time to write down (trusted or not), monotonic time to measure with."""

import ctypes
import time
from datetime import UTC, datetime
from typing import Protocol

_STA_UNSYNC = 0x0040  # linux/timex.h
_TIME_ERROR = 5


class Clock(Protocol):
    """What the product asks of time."""

    def now(self) -> datetime:
        """The wall time in UTC, with its zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean anything."""
        ...

    def trusted(self) -> bool:
        """Whether the wall time was synchronised with a time server when asked."""
        ...


class _Timex(ctypes.Structure):
    """`struct timex` of Linux as far as it is read here; the padding covers the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("padding", ctypes.c_char * 256),
    )


class SystemClock:
    """The machine's own clock; trusted while the kernel says that it is synchronised (adjtimex(2))."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def now(self) -> datetime:
        """The wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment of this boot."""
        return time.monotonic()

    def trusted(self) -> bool:
        """Whether the kernel's clock is disciplined by a time server."""
        timex = _Timex()
        state = int(self._libc.adjtimex(ctypes.byref(timex)))
        return state not in {-1, _TIME_ERROR} and not timex.status & _STA_UNSYNC
