"""Faults a fault console can give the printer while it runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class FaultKind(enum.StrEnum):
    """What is wrong with the printer."""

    SILENT = "silent"
    """It prints, and no answer leaves it, once ``after`` more bytes have arrived."""
    SLOW = "slow"
    """Every answer waits for ``delay`` seconds first."""
    GARBAGE = "garbage"
    """Every answer is noise instead."""
    STUCK = "stuck"
    """It neither takes bytes nor answers: the line is stopped."""
    CUTTER_JAM = "cutter jam"
    """The blade sticks at the next cut, or at once where ``after`` is 0."""
    OVERHEATED = "overheated"
    """The head is too hot; printing goes on when it has cooled."""
    FAILED = "failed"
    """An error that only power off and on could mend."""
    PAPER_OUT = "paper out"
    """The roll ends once ``after`` more lines are printed."""
    COVER_OPEN = "cover open"
    """Somebody opens the cover once ``after`` more lines are printed."""
    UNPLUGGED = "unplugged"
    """The plug is pulled once ``after`` more bytes have arrived."""
    REFUSED = "refused"
    """The network port is closed; a connection that stands is left alone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and when it bites."""

    kind: FaultKind
    after: int = 0
    """Lines or bytes that still go well, where the kind counts them; 0 bites at once."""
    delay: float = 1.0
    """For a slow printer: seconds before every answer."""

    def __post_init__(self) -> None:
        if self.after < 0:
            raise ValueError("after cannot be negative")
        if self.delay < 0:
            raise ValueError("delay cannot be negative")
