"""The reader as a visit and an enrolment use it: one capture at a time, told while it goes on, cancelled at once."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Protocol, TypeVar

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest, FingerprintReader, FingerprintSample
from services.certification.acts import Occupied
from services.certification.views import Problem
from services.devices import DeviceState

T = TypeVar("T")

_QUEUE_S: Final = 5.0  # a capture may have to wait for one template that is being stored

_PROBLEMS: Final = {
    Fault.NO_FINGER: Problem.NO_FINGER,
    Fault.POOR_IMAGE: Problem.POOR_IMAGE,
    Fault.TOO_FEW_FEATURES: Problem.POOR_IMAGE,
    Fault.IMPRESSIONS_DIFFER: Problem.IMPRESSIONS_DIFFER,
    Fault.NOT_FOUND: Problem.READER_UNPLUGGED,
    Fault.UNPLUGGED: Problem.READER_UNPLUGGED,
    Fault.ACCESS_DENIED: Problem.READER_UNPLUGGED,
    Fault.OFFLINE: Problem.READER_UNPLUGGED,
    Fault.SENSOR_FAILED: Problem.READER_BROKEN,
    Fault.STORAGE_FAILED: Problem.READER_BROKEN,
}


def problem_of(error: DeviceError) -> Problem:
    """What a reader's fault means to somebody who stands before it."""
    return _PROBLEMS.get(error.fault, Problem.READER_SILENT)


class ReaderHandle(Protocol):
    """The part of a `DeviceHandle` that is used here."""

    @property
    def state(self) -> DeviceState:
        """How the reader is now."""
        ...

    def submit(
        self,
        operation: Callable[[FingerprintReader], T],
        *,
        name: str,
        deadline: Deadline,
        cancel: threading.Event | None = None,
    ) -> Future[T]:
        """Have the owning thread do something with the reader."""
        ...

    def subscribe(self, listener: Callable[[DeviceState], None]) -> Callable[[], None]:
        """Tell a listener every change of state."""
        ...


class Capture:
    """One capture that is under way. Its events and its end are told in the reader's thread."""

    def __init__(self) -> None:
        self._cancel = threading.Event()

    def begin(
        self,
        reader: ReaderHandle,
        *,
        seconds: float,
        with_image: bool,
        lift_first: bool,
        tell: Callable[["Capture", CaptureEvent], None],
        done: Callable[["Capture", Future[FingerprintSample]], None],
    ) -> None:
        """Begin to wait for a finger.

        Args:
            reader: captures it.
            seconds: how long to wait for a finger that can be read.
            with_image: whether the image is wanted, too.
            lift_first: whether a finger that lies there already has to be lifted first.
            tell: gets every event; it only enqueues.
            done: gets the finished future, at once where there is no reader; it only enqueues.
        """

        def operation(device: FingerprintReader) -> FingerprintSample:
            request = CaptureRequest(Deadline.after(seconds), self._cancel, with_image, lift_first)
            return device.capture(request, lambda event: tell(self, event))

        future = reader.submit(operation, name="capture", deadline=Deadline.after(_QUEUE_S), cancel=self._cancel)
        future.add_done_callback(lambda finished: done(self, finished))

    def cancel(self) -> None:
        """End it early."""
        self._cancel.set()


class Station:
    """The one place before the one reader: taken by a visit or an enrolment, never by both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: str | None = None

    def take(self, holder: str) -> None:
        """Take the place for a visit or an enrolment.

        Raises:
            Occupied: somebody else has it.
        """
        with self._lock:
            if self._holder not in {None, holder}:
                raise Occupied(f"{self._holder} is under way")
            self._holder = holder

    def leave(self, holder: str) -> None:
        """Give the place back; nothing happens where somebody else has it."""
        with self._lock:
            if self._holder == holder:
                self._holder = None
