"""Monotonic time, to be replaced in tests by one that does not pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> float:
        """Seconds since some moment in the past."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until ``event`` is set, ``seconds`` at most; whether it is set."""


class MonotonicClock:
    """The time of the machine."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until ``event`` is set, ``seconds`` at most; whether it is set."""
        return event.wait(seconds)
