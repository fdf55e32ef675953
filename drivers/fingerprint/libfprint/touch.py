"""What a capture tells, made of what libfprint says about the finger.

libfprint reports that a finger is needed and that one is present, and hands an image out only once the finger is
lifted. That it never asks for a lift first is made up for here: a finger that is there as soon as the reader looks has
lain there before, and its touch does not count.
"""

import time
from collections.abc import Callable
from typing import Final

from drivers.contracts.deadline import Deadline
from drivers.contracts.fingerprint import CaptureEvent

#: A finger that shows within this many seconds of the reader's first look has not just been placed.
RESTING: Final = 0.25


class Touches:
    """The touches of one capture, the present one above all.

    Attributes:
        counts: whether the touch that goes on counts.
        read: whether its image is taken, so that nothing but the lift is missing.
    """

    def __init__(
        self,
        tell: Callable[[CaptureEvent], None],
        *,
        lift_first: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = True
        self.read = False
        self._tell = tell
        self._lift_first = lift_first
        self._monotonic = monotonic
        self._resting: Deadline | None = None  # until when a finger that shows has lain there before
        self._said: CaptureEvent | None = None

    def look(self) -> None:
        """The reader begins to look for a finger."""
        self.counts = True
        self.read = False
        self._resting = None

    def finger(self, *, needed: bool, present: bool) -> None:
        """The view that libfprint has of the finger has changed."""
        if needed and present:
            self._placed()
        elif needed:
            self._awaited()
        elif present:
            self.read = True
            if self.counts:
                self._say(CaptureEvent.DONE)

    def wait(self) -> None:
        """Nothing has changed for a moment."""
        if self._resting is not None and self._resting.passed:
            self._resting = None
            self._lift_first = False
            self._say(CaptureEvent.PLACE)

    def unreadable(self) -> None:
        """The finger could not be read; it has to come again."""
        if self.counts:
            self._say(CaptureEvent.POOR)

    def lifted(self) -> None:
        """A finger that did not count has gone."""
        self._lift_first = False

    def _awaited(self) -> None:
        if self._lift_first:
            self._resting = Deadline.after(RESTING, self._monotonic)
        elif self._said is not CaptureEvent.POOR:  # which says so already, and would hardly be seen otherwise
            self._say(CaptureEvent.PLACE)

    def _placed(self) -> None:
        self.counts = self._resting is None or self._resting.passed
        self._resting = None
        self._say(CaptureEvent.READING if self.counts else CaptureEvent.LIFT)

    def _say(self, event: CaptureEvent) -> None:
        if event is not self._said:
            self._tell(event)
        self._said = event
