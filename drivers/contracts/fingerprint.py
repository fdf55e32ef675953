"""What the product may know of a fingerprint reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import Protocol, runtime_checkable

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Device


@dataclass(frozen=True, slots=True)
class GreyImage:
    """A fingerprint image: dark ridges on a light ground.

    Attributes:
        width: columns.
        height: rows.
        pixels: `width * height` bytes, row by row from the top, 0 black to 255 white.
        dpi: resolution in pixels an inch.
    """

    width: int
    height: int
    pixels: bytes
    dpi: int = 500

    def __post_init__(self) -> None:
        if len(self.pixels) != self.width * self.height:
            raise ValueError(f"{len(self.pixels)} bytes are not {self.width} x {self.height} pixels")


@dataclass(frozen=True, slots=True)
class Template:
    """The features of a finger in a form that one algorithm understands.

    Attributes:
        algorithm: who can compare it, such as `ef01/R503` (a module's own bytes) or a host algorithm and its version.
        data: the features; their length is the algorithm's business.
    """

    algorithm: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FingerprintSample:
    """One finger, once on the reader.

    Attributes:
        features: the reader's own features, where it extracts any.
        image: the image, where it was asked for and the reader can hand it out.
    """

    features: Template | None
    image: GreyImage | None


class CaptureEvent(StrEnum):
    """What a capture has to tell while it goes on, so that screen and voice can follow."""

    LIFT = "lift"  # the finger of the last capture is still there
    PLACE = "place"  # waiting for a finger
    READING = "reading"  # a finger is there: keep it still
    POOR = "poor"  # it could not be read: lift and place it again
    DONE = "done"  # the finger may be lifted


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """How a finger is to be captured.

    Attributes:
        deadline: when to give up waiting for a finger that can be read.
        with_image: whether the image is wanted too (seconds on a serial line).
        lift_first: whether a finger that is already there has to be lifted first: one touch must not count twice.
        cancel: set by the caller to end the wait early.
    """

    deadline: Deadline
    cancel: Event
    with_image: bool = False
    lift_first: bool = False


@runtime_checkable
class FingerprintReader(Device, Protocol):
    """A reader that captures fingers."""

    def capture(self, request: CaptureRequest, tell: Callable[[CaptureEvent], None]) -> FingerprintSample:
        """Wait for a finger and read it; a poor touch is told and waited out, not raised.

        Args:
            request: what to capture and until when.
            tell: called in the reader's thread at every change; it only enqueues.

        Raises:
            DeviceError: `NO_FINGER` when none came, `POOR_IMAGE` when only unreadable ones came before the deadline,
                `CANCELLED` when the caller set `cancel`, otherwise a fault of the reader or its line.
        """
        ...


@dataclass(frozen=True, slots=True)
class SlotMatch:
    """A hit in the module's library.

    Attributes:
        slot: where the matching template is stored.
        score: the module's own measure of likeness.
    """

    slot: int
    score: int


@runtime_checkable
class MatchingReader(FingerprintReader, Protocol):
    """A reader that also compares fingers and keeps a library of templates in itself.

    Every call is whole: nothing has to be remembered of what the module's buffers held before.
    """

    @property
    def algorithm(self) -> str:
        """The name its templates carry."""
        ...

    @property
    def capacity(self) -> int:
        """How many templates the library holds: slots 0 to `capacity - 1`."""
        ...

    def merge(self, features: Sequence[Template]) -> Template:
        """Make one template of several impressions of one finger (as many of them as the module can take).

        Raises:
            DeviceError: `IMPRESSIONS_DIFFER` when they are not of one finger, otherwise a fault.
        """
        ...

    def compare(self, probe: Template, enrolled: Template) -> int | None:
        """Compare two templates: the module's score, or `None` when they do not match."""
        ...

    def search(self, probe: Template) -> SlotMatch | None:
        """Look for a finger in the whole library; `None` when nothing matches."""
        ...

    def store(self, slot: int, template: Template) -> None:
        """Keep a template in a slot of the library, over whatever was there."""
        ...

    def delete(self, slot: int) -> None:
        """Empty a slot; emptying an empty one is no error."""
        ...

    def clear(self) -> None:
        """Empty the whole library."""
        ...

    def occupied(self) -> frozenset[int]:
        """The slots that hold a template."""
        ...

    def read_label(self) -> bytes:
        """The 32 bytes the product has left in the module (zeros on a new one), to know whose library it holds."""
        ...

    def write_label(self, label: bytes) -> None:
        """Leave 32 bytes in the module."""
        ...
