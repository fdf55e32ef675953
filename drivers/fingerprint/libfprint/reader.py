"""The reader that the rest of the program sees: a USB reader as a `FingerprintReader` of images.

Fingers are compared on the host, for every reader of images in the same way; what libfprint could compare itself stays
unused (decision record `libfprint-in-a-process`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, TypeVar

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition, DeviceInfo
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest, FingerprintSample, GreyImage
from drivers.fingerprint.libfprint.choice import Candidate, choose
from drivers.fingerprint.libfprint.faults import LibfprintError, fault_of
from drivers.fingerprint.libfprint.news import Devices, Failed, Finger, Image, News, Opened, State
from drivers.fingerprint.libfprint.options import LibfprintOptions
from drivers.fingerprint.libfprint.process import WorkerProcess
from drivers.fingerprint.libfprint.touch import Touches

#: Seconds that a resident has to lift a finger that was read, even beyond the capture's deadline.
LIFT_PATIENCE: Final = 5.0

_SLICE: Final = 0.05  # the longest single wait: how soon a deadline or a cancellation is seen
_OPEN_PATIENCE: Final = 10.0  # libfprint looks at every USB device, and some readers are sent their firmware
_ANSWER_PATIENCE: Final = 2.0
_PAUSE: Final = 0.1  # between two touches, so that a reader which fails at once is not asked without end
_MM_AN_INCH: Final = 25.4

_N = TypeVar("_N", bound=News)


def open_reader(
    *, device: str = "fingerprint", monotonic: Callable[[], float] = time.monotonic, **options: object
) -> "LibfprintReader":
    """Open a USB reader.

    Args:
        device: the name that its errors carry.
        monotonic: the clock that its deadlines run on.
        **options: what `LibfprintOptions` describes.

    Raises:
        pydantic.ValidationError: for an option that is unknown or wrong.
        DeviceError: `NOT_FOUND`, `ACCESS_DENIED`, `BUSY`, `SILENT`, `UNSUPPORTED` when libfprint is not installed (the
            detail names the Debian packages) or the reader hands out no images, or a fault of the reader.
    """
    settings = LibfprintOptions.model_validate(options)
    with _naming(device, "open"):
        worker = WorkerProcess(settings.environment)
        try:
            patience = Deadline.after(_OPEN_PATIENCE, monotonic)
            chosen = choose(_expected(worker, Devices, patience).devices, settings)
            worker.send("open", device=chosen.index)
            _expected(worker, Opened, patience)
        except BaseException:
            worker.close()
            raise
    return LibfprintReader(device, worker, chosen, settings.dpi, monotonic)


class LibfprintReader:
    """An open reader; `open_reader` makes one. It belongs to one thread."""

    def __init__(
        self, device: str, worker: WorkerProcess, chosen: Candidate, dpi: int, monotonic: Callable[[], float]
    ) -> None:
        self._device = device
        self._worker = worker
        self._dpi = dpi
        self._monotonic = monotonic
        facts = {"driver": chosen.device.driver, "scan": chosen.device.scan, "process": str(worker.pid)}
        if chosen.port:
            facts["usb_port"] = chosen.port
        self._info = DeviceInfo(chosen.device.name, chosen.serial, facts=MappingProxyType(facts))

    @property
    def info(self) -> DeviceInfo:
        """What libfprint says of the reader."""
        return self._info

    def condition(self) -> Condition:
        """Ask whether the reader is there and has not run hot."""
        with _naming(self._device, "condition"):
            self._worker.send("condition")
            state = _expected(self._worker, State, Deadline.after(_ANSWER_PATIENCE, self._monotonic))
            if state.removed:
                raise LibfprintError(Fault.UNPLUGGED, "the device has been removed")
            return Condition(faults=frozenset({Fault.OVERHEATED} if state.temperature == "hot" else ()))

    def close(self) -> None:
        """Let go of the reader and end its process."""
        self._worker.close()

    def capture(self, request: CaptureRequest, tell: Callable[[CaptureEvent], None]) -> FingerprintSample:
        """Wait for a finger and take its image, as the contract says.

        The image comes once the finger has been lifted, for libfprint keeps it until then. A finger that was read has
        `LIFT_PATIENCE` for that even where the deadline comes before; one that still lies there afterwards counts as
        unreadable.
        """
        with _naming(self._device, "capture"):
            touches = Touches(tell, lift_first=request.lift_first, monotonic=self._monotonic)
            giving_up = Fault.NO_FINGER
            while True:
                image = self._touch(request, touches, giving_up)
                if image is not None and touches.counts:
                    return FingerprintSample(features=None, image=image if request.with_image else None)
                if image is not None:
                    touches.lifted()
                else:
                    touches.unreadable()
                    giving_up = Fault.POOR_IMAGE if touches.counts else giving_up
                    self._pause(request, giving_up)

    def _touch(self, request: CaptureRequest, touches: Touches, giving_up: Fault) -> GreyImage | None:
        """One touch from the first look to the lift; `None` when it could not be read."""
        touches.look()
        self._worker.send("capture")
        limit = request.deadline
        while True:
            received = self._worker.receive(Deadline.after(_SLICE, self._monotonic))
            if received is None:
                touches.wait()
            elif isinstance(received[0], Finger):
                was_read = touches.read
                touches.finger(needed=received[0].needed, present=received[0].present)
                if touches.read and touches.counts and not was_read:
                    giving_up = Fault.POOR_IMAGE
                    lift = Deadline.after(LIFT_PATIENCE, self._monotonic)
                    limit = lift if lift.remaining() > limit.remaining() else limit
            else:
                return self._outcome(*received)
            if request.cancel.is_set():
                self._stop()
                raise LibfprintError(Fault.CANCELLED)
            if limit.passed:
                return self._last_chance(touches, giving_up)

    def _last_chance(self, touches: Touches, giving_up: Fault) -> GreyImage:
        """End a touch at its deadline: the finger may just have been lifted."""
        news, pixels = self._stop()
        if isinstance(news, Image) and touches.counts:
            return self._picture(news, pixels)
        if isinstance(news, Failed) and news.removed:
            raise _error(news)
        raise LibfprintError(giving_up)

    def _outcome(self, news: News, pixels: bytes) -> GreyImage | None:
        if isinstance(news, Image):
            return self._picture(news, pixels)
        if not isinstance(news, Failed):
            raise LibfprintError(Fault.BAD_REPLY, f"{news.news} during a capture")
        if news.domain == "retry" and not news.removed:
            return None
        raise _error(news)

    def _stop(self) -> tuple[News, bytes]:
        """Have the worker end the capture; how it ended. A worker that does not is killed."""
        self._worker.send("cancel")
        patience = Deadline.after(_ANSWER_PATIENCE, self._monotonic)
        while (received := self._worker.receive(patience)) is not None:
            if not isinstance(received[0], Finger):
                return received
        self._worker.kill()
        raise LibfprintError(Fault.SILENT, "the libfprint process did not end the capture and was killed")

    def _picture(self, news: Image, pixels: bytes) -> GreyImage:
        dpi = round(news.ppmm * _MM_AN_INCH) or self._dpi
        try:
            return GreyImage(news.width, news.height, pixels, dpi)
        except ValueError as error:
            raise LibfprintError(Fault.BAD_REPLY, str(error)) from error

    @staticmethod
    def _pause(request: CaptureRequest, giving_up: Fault) -> None:
        if request.cancel.wait(min(_PAUSE, request.deadline.remaining())):
            raise LibfprintError(Fault.CANCELLED)
        if request.deadline.passed:
            raise LibfprintError(giving_up)


def _expected(worker: WorkerProcess, kind: type[_N], deadline: Deadline) -> _N:
    """The news that has to come next."""
    news = worker.expect(deadline)
    if isinstance(news, kind):
        return news
    if isinstance(news, Failed):
        raise _error(news)
    raise LibfprintError(Fault.BAD_REPLY, f"{news.news} instead of {kind.__name__}")


def _error(news: Failed) -> LibfprintError:
    fault = fault_of(news.domain, news.name, removed=news.removed)
    return LibfprintError(fault, f"{news.domain} {news.name}: {news.detail}")


@contextmanager
def _naming(device: str, operation: str) -> Iterator[None]:
    try:
        yield
    except LibfprintError as error:
        raise DeviceError(device, operation, error.fault, error.detail) from error
