"""What certification may know of matching, wherever it is done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from drivers.contracts.fingerprint import FingerprintSample, Template


class Outcome(StrEnum):
    """What a comparison says. An inconclusive one leads on to another finger, never to a refusal."""

    MATCH = "match"
    NO_MATCH = "no_match"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class EnrolledFinger:
    """A finger as it is kept.

    Attributes:
        finger_id: the finger's id in the store.
        templates: what the matcher made of its impressions, all of one algorithm.
    """

    finger_id: str
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to 'is it this finger' or 'whose finger is it'.

    Attributes:
        outcome: what was found.
        finger_id: the finger that matched, only with `MATCH`.
        score: the matcher's own measure, for the audit; comparable only within one algorithm.
    """

    outcome: Outcome
    finger_id: str | None = None
    score: float | None = None


class Matcher(Protocol):
    """Compares fingers. Calls block until done or failed; they may be made from any thread."""

    @property
    def algorithm(self) -> str:
        """Names what made a template; templates of another algorithm have to be enrolled anew."""
        ...

    @property
    def wants_image(self) -> bool:
        """Whether samples to be matched must carry the image."""
        ...

    def enrol(self, samples: Sequence[FingerprintSample]) -> tuple[Template, ...]:
        """Make the templates to keep from several impressions of one finger.

        Raises:
            DeviceError: `IMPRESSIONS_DIFFER` when they are not of one finger, `TOO_FEW_FEATURES`, or a reader's fault.
        """
        ...

    def verify(self, sample: FingerprintSample, fingers: Iterable[EnrolledFinger]) -> Verdict:
        """One to one: is the sample one of these fingers of one resident?"""
        ...

    def identify(self, sample: FingerprintSample) -> Verdict:
        """One to many: whose finger of the gallery is it?"""
        ...

    def load(self, fingers: Iterable[EnrolledFinger]) -> None:
        """Make the gallery exactly these fingers; what is there already is kept, so that loading twice costs little."""
        ...

    def add(self, finger: EnrolledFinger) -> None:
        """Put one more finger into the gallery.

        Raises:
            DeviceError: `NO_ROOM` when the gallery is full.
        """
        ...

    def remove(self, finger_id: str) -> None:
        """Take a finger out of the gallery; an unknown one is no error."""
        ...

    def improved(self, templates: Sequence[Template], sample: FingerprintSample) -> tuple[Template, ...] | None:
        """What a finger's templates would be with this sample among them, if they would be better for it.

        Nothing is changed; the caller stores what comes back, and says so in the audit.
        """
        ...
