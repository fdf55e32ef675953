"""Clocks that tests set by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class ManualClock:
    """A clock that stands still until a test moves it."""

    wall: datetime = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    seconds: float = 1000.0
    synchronised: bool = True
    moved: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def trusted(self) -> bool:
        return self.synchronised

    def advance(self, seconds: float) -> None:
        self.moved.append(seconds)
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)
