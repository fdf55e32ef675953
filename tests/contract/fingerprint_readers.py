"""Every fingerprint reader the contract is held against: a way to open it, and a hand to put fingers on it."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Generic, Protocol, TypeVar

from drivers import registry
from drivers.contracts.deadline import Deadline
from drivers.contracts.fingerprint import (
    CaptureEvent,
    CaptureRequest,
    FingerprintReader,
    FingerprintSample,
    MatchingReader,
)
from simulators.fingerprint import PROFILES, Fault, FaultKind, FingerBox, FingerImage, FingerprintModule, Profile
from simulators.libfprint import Hand
from tests.support.libfprint import virtual_reader

#: Made-up fingers; growing one takes a moment, so they are shared.
FINGERS = FingerBox()
_GEN_IMG = 0x01

R_co = TypeVar("R_co", bound=FingerprintReader, covariant=True)


class Resident(Protocol):
    """Somebody before the reader."""

    def place(self, person: str, impression: int) -> None:
        """Put an impression of a made-up person's finger on it."""

    def lift(self) -> None:
        """Take the finger away."""

    def spoil(self, readings: int) -> None:
        """Make the next readings poor, as many as it is told."""

    def hear(self, event: CaptureEvent) -> None:
        """Be told what the reader tells."""


@dataclass(frozen=True)
class Bench(Generic[R_co]):
    """A reader and somebody before it."""

    reader: R_co
    resident: Resident

    def capture(
        self,
        tell: Callable[[CaptureEvent], None] = lambda event: None,
        *,
        seconds: float = 10.0,
        cancel: Event | None = None,
        **wishes: bool,
    ) -> FingerprintSample:
        """Capture the finger, which is lifted when the reader says that it may be."""

        def hear(event: CaptureEvent) -> None:
            tell(event)
            self.resident.hear(event)
            if event is CaptureEvent.DONE:
                self.resident.lift()

        request = CaptureRequest(Deadline.after(seconds), cancel or Event(), **wishes)
        sample = self.reader.capture(request, hear)
        assert isinstance(sample, FingerprintSample)
        return sample


class _AtModule:
    """Before a simulated EF01 module."""

    def __init__(self, module: FingerprintModule) -> None:
        self._module = module
        self.lift = module.lift

    def place(self, person: str, impression: int) -> None:
        self._module.place(FINGERS.finger(person, impression=impression))

    def spoil(self, readings: int) -> None:
        self._module.fault(Fault(FaultKind.SMUDGED_IMAGE, answers=readings, instruction=_GEN_IMG))

    def hear(self, event: CaptureEvent) -> None:
        """A finger that stays on the module is there whenever it looks."""


class _AtVirtualReader:
    """Before libfprint's virtual reader, to which every look at a finger is a touch."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._finger: FingerImage | None = None
        self._spoilt = 0

    def place(self, person: str, impression: int) -> None:
        self._finger = FINGERS.finger(person, impression=impression)
        self._touch()

    def lift(self) -> None:
        self._finger = None
        self._hand.lift()

    def spoil(self, readings: int) -> None:
        self._spoilt = readings

    def hear(self, event: CaptureEvent) -> None:
        if event is CaptureEvent.POOR:
            self._touch()

    def _touch(self) -> None:
        if self._finger is not None and self._spoilt:
            self._spoilt -= 1
            self._hand.touch_badly()
        elif self._finger is not None:
            self._hand.touch(self._finger.picture)


@contextmanager
def _ef01(profile: Profile) -> Iterator[Bench[MatchingReader]]:
    with FingerprintModule(profile, pace=math.inf) as module:
        reader = registry.adapter("fingerprint", "ef01")(port=module.path)
        assert isinstance(reader, MatchingReader)
        try:
            yield Bench(reader, _AtModule(module))
        finally:
            reader.close()


@contextmanager
def _libfprint() -> Iterator[Bench[FingerprintReader]]:
    with virtual_reader() as (reader, hand):
        yield Bench(reader, _AtVirtualReader(hand))


#: Readers that also compare fingers and keep a library, by name.
MATCHING_BENCHES: dict[str, Callable[[], AbstractContextManager[Bench[MatchingReader]]]] = {
    f"ef01 {name}": partial(_ef01, profile) for name, profile in PROFILES.items()
}
#: Every reader, by name.
BENCHES: dict[str, Callable[[], AbstractContextManager[Bench[FingerprintReader]]]] = {
    **MATCHING_BENCHES,
    "libfprint virtual_image": _libfprint,
}
