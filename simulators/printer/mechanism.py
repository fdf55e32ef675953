"""What moves and what can jam: roll, head, cover and blade. It prints at its pace and stops when it must."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from simulators.printer.faults import FaultKind
from simulators.printer.makes import DOTS_PER_MM
from simulators.printer.paper import PrintedSlip, Strip
from simulators.printer.status import State

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from simulators.printer.buffer import Watch
    from simulators.printer.faults import Fault
    from simulators.printer.makes import Paper
    from simulators.printer.paper import Band

_MM_PER_SECOND = 100.0
_CUT_SECONDS = 0.3
_STATES = {
    FaultKind.PAPER_OUT: "paper",
    FaultKind.COVER_OPEN: "cover_open",
    FaultKind.OVERHEATED: "overheated",
    FaultKind.FAILED: "failed",
    FaultKind.CUTTER_JAM: "cutter_error",
}


class Mechanism:
    """The moving parts. May be used from any thread; ``changed`` guards them."""

    def __init__(self, paper: Paper, pace: float, changed: threading.Condition, tell: Callable[[], None]) -> None:
        """Begin with a full roll and the cover closed.

        Args:
            paper: What is in it.
            pace: How many times faster than a real printer.
            changed: Notified with every change.
            tell: Called after every change of the state, with ``changed`` held.
        """
        self._paper = paper
        self._pace = pace
        self._changed = changed
        self._tell = tell
        self._state = State()
        self._countdown: tuple[FaultKind, int] | None = None
        self.strip = Strip(paper)
        self.slips: list[PrintedSlip] = []
        self.lines = 0
        self.watch: Watch | None = None

    @property
    def state(self) -> State:
        """What the sensors say."""
        return self._state

    def set(self, **changes: bool) -> None:
        """Change what the sensors and errors say."""
        with self._changed:
            before = self._state
            self._state = replace(before, **changes)
            if self._state != before:
                self._tell()
            self._changed.notify_all()

    def arm(self, fault: Fault | None) -> None:
        """Let a fault of the moving parts happen, now or after some lines; None mends them."""
        with self._changed:
            self._countdown = None
            if fault is None:
                self.set(overheated=False, failed=False, cutter_error=False)
            elif fault.kind in _STATES and fault.after:
                self._countdown = (fault.kind, fault.after)
            elif fault.kind in _STATES:
                self._happen(fault.kind)

    def move(self, band: Band) -> None:
        """Print a band, once the printer is ready for it and for as long as that takes."""
        self.await_online()
        self._spend(len(band.dots) / DOTS_PER_MM / _MM_PER_SECOND)
        with self._changed:
            self._check()
            self.strip.add(band)
            self.lines += 1
            if self._countdown is not None and self._countdown[0] is not FaultKind.CUTTER_JAM:
                self._count_down(*self._countdown)
            self._changed.notify_all()

    def cut(self) -> None:
        """Cut the paper, once the printer is ready for it."""
        self.await_online()
        self._spend(_CUT_SECONDS)
        with self._changed:
            if self._countdown is not None and self._countdown[0] is FaultKind.CUTTER_JAM:
                self._count_down(*self._countdown)
                if self._state.cutter_error:
                    self.await_online()
            slip = self.strip.cut(len(self.slips) + 1)
            if slip is not None:
                self.slips.append(slip)
            self._changed.notify_all()

    def await_online(self) -> None:
        """Wait until the printer prints, or what it is doing is interrupted."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.online or self._interrupted())
            self._check()

    def _interrupted(self) -> bool:
        return self.watch is not None and self.watch.interrupted

    def _check(self) -> None:
        if self.watch is not None:
            self.watch.check()

    def _spend(self, seconds: float) -> None:
        if math.isinf(self._pace):
            return
        until = time.monotonic() + seconds / self._pace
        with self._changed:
            self._changed.wait_for(self._interrupted, max(0.0, until - time.monotonic()))
            self._check()

    def _count_down(self, kind: FaultKind, after: int) -> None:
        self._countdown = (kind, after - 1) if after > 1 else None
        if after == 1:
            self._happen(kind)

    def _happen(self, kind: FaultKind) -> None:
        self.set(**{_STATES[kind]: kind is not FaultKind.PAPER_OUT})
