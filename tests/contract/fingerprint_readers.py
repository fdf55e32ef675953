"""Every fingerprint reader the contract is held against: a way to open it, and a hand to put fingers on it."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from drivers import registry
from drivers.contracts.fingerprint import MatchingReader
from simulators.fingerprint import PROFILES, Fault, FaultKind, FingerBox, FingerprintModule, Profile

#: Made-up fingers; growing one takes a moment, so they are shared.
FINGERS = FingerBox()
_GEN_IMG = 0x01


@dataclass(frozen=True)
class Bench:
    """A reader and the hand before it.

    Attributes:
        reader: the reader.
        place: puts an impression of a made-up person's finger on it.
        lift: takes the finger away.
        spoil: makes the next readings poor, as many as it is told.
    """

    reader: MatchingReader
    place: Callable[[str, int], None]
    lift: Callable[[], None]
    spoil: Callable[[int], None]


@contextmanager
def _ef01(profile: Profile) -> Iterator[Bench]:
    with FingerprintModule(profile, pace=math.inf) as module:
        reader = registry.adapter("fingerprint", "ef01")(port=module.path)
        assert isinstance(reader, MatchingReader)

        def place(person: str, impression: int) -> None:
            module.place(FINGERS.finger(person, impression=impression))

        def spoil(readings: int) -> None:
            module.fault(Fault(FaultKind.SMUDGED_IMAGE, answers=readings, instruction=_GEN_IMG))

        try:
            yield Bench(reader, place, module.lift, spoil)
        finally:
            reader.close()


#: Benches by name; a further adapter adds itself here.
BENCHES: dict[str, Callable[[], AbstractContextManager[Bench]]] = {
    f"ef01 {name}": partial(_ef01, profile) for name, profile in PROFILES.items()
}
