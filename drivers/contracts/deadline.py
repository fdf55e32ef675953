"""One absolute deadline for an operation, however many exchanges it takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock by which an operation has ended, well or badly.

    Attributes:
        at: the moment, in seconds of `monotonic`.
        monotonic: the clock that the moment belongs to.
    """

    at: float
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """The deadline that lies `seconds` from now."""
        return cls(monotonic() + seconds, monotonic)

    def remaining(self) -> float:
        """Seconds left; zero once the deadline has passed, never negative."""
        return max(0.0, self.at - self.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining() == 0.0

    def within(self, seconds: float) -> "Deadline":
        """A deadline for a part of the operation: in `seconds`, but never after this one."""
        return Deadline(min(self.at, self.monotonic() + seconds), self.monotonic)
