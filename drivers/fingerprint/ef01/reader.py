"""The reader that the rest of the program sees: an EF01 module as a `MatchingReader`.

The wait for a finger ends with the request's deadline. What has begun by then, such as the transfer of an image, is
brought to its own end, which every command has.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from drivers.contracts.device import Condition, DeviceInfo
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import (
    CaptureEvent,
    CaptureRequest,
    FingerprintSample,
    GreyImage,
    SlotMatch,
    Template,
)
from drivers.fingerprint.ef01 import images, speed
from drivers.fingerprint.ef01.dialect import Dialect, probe
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.instructions import INDEX_PAGE_SLOTS, NOTEPAD_PAGE, SystemParameters
from drivers.fingerprint.ef01.link import Link, open_port
from drivers.fingerprint.ef01.module import Module
from drivers.fingerprint.ef01.options import EF01Options

_log = logging.getLogger(__name__)

#: Seconds between two looks for a finger.
POLL: Final = 0.1

_PROBE: Final = 1  # the character buffer of the finger in question
_ENROLLED: Final = 2  # the one of the finger that it is compared with
_LABEL_PAGE: Final = 0
_UNREADABLE: Final = frozenset({Fault.POOR_IMAGE, Fault.TOO_FEW_FEATURES})
_ERASED: Final = b"\xff" * NOTEPAD_PAGE


def open_reader(
    *, device: str = "fingerprint", monotonic: Callable[[], float] = time.monotonic, **options: object
) -> "EF01Reader":
    """Open an EF01 module.

    Args:
        device: the name that its errors carry.
        monotonic: the clock that its deadlines run on.
        **options: what `EF01Options` describes.

    Raises:
        pydantic.ValidationError: for an option that is unknown or wrong.
        DeviceError: `NOT_FOUND`, `ACCESS_DENIED` (by the system or the module's password), `BUSY` when another program
            holds the port, `SILENT` when nothing answers there at any speed, or a fault of the line.
    """
    settings = EF01Options.model_validate(options)
    with _naming(device, "open"):
        link = Link(
            open_port(settings.port, speed.SPEEDS[0] if settings.baud == "auto" else settings.baud),
            settings.address,
            monotonic,
        )
        try:
            module = Module(link, settings.password)
            if settings.baud == "auto":
                speed.find(link, module)
                if settings.raise_baud and link.baud < speed.FASTEST:
                    speed.raise_to_fastest(link, module)
            else:
                speed.find(link, module, (settings.baud,))
            parameters = module.read_parameters()
            dialect = probe(module, parameters)
            if settings.template_bytes is not None:
                dialect = dialect.with_template(settings.template_bytes)
        except BaseException:
            link.close()
            raise
    return EF01Reader(device, module, parameters, dialect)


class EF01Reader:
    """An open module; `open_reader` makes one. It belongs to one thread."""

    def __init__(self, device: str, module: Module, parameters: SystemParameters, dialect: Dialect) -> None:
        self._device = device
        self._module = module
        self._module.faults_of_make = dialect.faults
        self._dialect = dialect
        self._parameters = parameters
        self._held: dict[int, bytes] = {}  # what the character buffers are known to hold

    @property
    def info(self) -> DeviceInfo:
        """What the module said of itself.

        The fact `template_bytes` is missing until it is known. That it comes is a change of the device's state, by
        which everybody learns that `algorithm` is certain now.
        """
        facts = {
            "baud": str(self._module.link.baud),
            "capacity": str(self._parameters.capacity),
            "packet_bytes": str(self._parameters.packet_bytes),
            "security_level": str(self._parameters.security_level),
        }
        if self._dialect.measured:
            facts["template_bytes"] = str(self._dialect.template_bytes)
        return DeviceInfo(self._dialect.model, self._dialect.serial, self._dialect.firmware, MappingProxyType(facts))

    @property
    def algorithm(self) -> str:
        """The name of its templates: maker's family and length, which modules that understand each other share.

        On a make that does not tell the length, it is surest after the first finger; see `EF01Options.template_bytes`.
        """
        return self._dialect.algorithm

    @property
    def capacity(self) -> int:
        """How many templates its library holds."""
        return self._parameters.capacity

    def condition(self) -> Condition:
        """Ask the module whether it is there, by its password."""
        with self._doing("condition"):
            self._module.verify_password()
        return Condition()

    def close(self) -> None:
        """Let go of the port."""
        self._module.link.close()

    def capture(self, request: CaptureRequest, tell: Callable[[CaptureEvent], None]) -> FingerprintSample:
        """Wait for a finger and read it, as the contract says.

        A finger that stays on the reader after a poor reading is read again and again without another word, because a
        worn finger that is shifted a little often succeeds; only lifting it starts over.
        """
        with self._doing("capture"):
            if request.lift_first:
                self._await_lift(request, tell)
            self._await_features(request, tell)
            tell(CaptureEvent.DONE)  # all that follows lies in the module's buffers
            features = self._upload_features()
            image = self._upload_image(request) if request.with_image else None
            return FingerprintSample(features, image)

    def merge(self, features: Sequence[Template]) -> Template:
        """Make one template of several impressions; the first ones, where there are more than the module can take.

        Every buffer is filled, with an impression for the second time if need be: what a buffer held from another
        finger must not get into the template.
        """
        if not features:
            raise ValueError("nothing to merge")
        if len(features) == 1:
            return features[0]
        with self._doing("merge"):
            chosen = features[: self._dialect.buffers]
            if self._dialect.combines_blindly:
                self._require_one_finger(chosen)
            for index in range(self._dialect.buffers):
                self._put(index + 1, chosen[index % len(chosen)])
            self._held.clear()
            self._module.combine()
            return self._upload_features()

    def compare(self, probe: Template, enrolled: Template) -> int | None:
        """Compare two templates."""
        with self._doing("compare"):
            return self._match(probe, enrolled)

    def search(self, probe: Template) -> SlotMatch | None:
        """Look for a finger in the whole library."""
        with self._doing("search"):
            self._put(_PROBE, probe)
            found = self._module.search(_PROBE, 0, self.capacity)
            if found is not None and found.slot >= self.capacity:
                raise EF01Error(Fault.BAD_REPLY, f"found in slot {found.slot} of {self.capacity}")
            return found

    def store(self, slot: int, template: Template) -> None:
        """Keep a template in a slot."""
        with self._doing("store"):
            self._require_slot(slot)
            self._put(_PROBE, template)
            self._module.store(_PROBE, slot)

    def delete(self, slot: int) -> None:
        """Empty a slot."""
        with self._doing("delete"):
            self._require_slot(slot)
            try:
                self._module.delete(slot)
            except EF01Error as error:
                # Some makes decline to delete what is not there.
                page = slot // INDEX_PAGE_SLOTS
                if error.fault not in {Fault.STORAGE_FAILED, Fault.BAD_SLOT} or slot in self._module.read_index(page):
                    raise

    def clear(self) -> None:
        """Empty the library."""
        with self._doing("clear"):
            self._module.empty()

    def occupied(self) -> frozenset[int]:
        """The slots that hold a template."""
        with self._doing("occupied"):
            pages = range(self._parameters.index_pages)
            marked = frozenset[int]().union(*(self._module.read_index(page) for page in pages))
            return frozenset(slot for slot in marked if slot < self.capacity)

    def read_label(self) -> bytes:
        """The product's 32 bytes in the module; erased flash reads as zeros."""
        with self._doing("read_label"):
            label = self._module.read_notepad(_LABEL_PAGE)
            return bytes(NOTEPAD_PAGE) if label == _ERASED else label

    def write_label(self, label: bytes) -> None:
        """Leave 32 bytes in the module."""
        if len(label) != NOTEPAD_PAGE:
            raise ValueError(f"a label has {NOTEPAD_PAGE} bytes, not {len(label)}")
        with self._doing("write_label"):
            self._module.write_notepad(_LABEL_PAGE, label)

    def _await_lift(self, request: CaptureRequest, tell: Callable[[CaptureEvent], None]) -> None:
        told = False
        while self._finger_in_image():
            if not told:
                tell(CaptureEvent.LIFT)
                told = True
            self._pause(request, Fault.NO_FINGER)

    def _await_features(self, request: CaptureRequest, tell: Callable[[CaptureEvent], None]) -> None:
        """Until features of a finger lie in the probe's buffer."""
        said: CaptureEvent | None = None
        giving_up = Fault.NO_FINGER

        def say(event: CaptureEvent) -> None:
            nonlocal said
            if event is not said:
                tell(event)
            said = event

        while True:
            if not self._finger_in_image():
                say(CaptureEvent.PLACE)
            else:
                if said is not CaptureEvent.POOR:
                    say(CaptureEvent.READING)
                if self._extracted():
                    return
                giving_up = Fault.POOR_IMAGE
                say(CaptureEvent.POOR)
            self._pause(request, giving_up)

    def _finger_in_image(self) -> bool:
        """Take an image; whether a finger is on it, however poor."""
        try:
            return self._module.take_image()
        except EF01Error as error:
            if error.fault in _UNREADABLE:
                return True
            raise

    def _extracted(self) -> bool:
        """Compute the features of the image; false when it is too poor for that."""
        try:
            self._module.extract(_PROBE)
        except EF01Error as error:
            if error.fault in _UNREADABLE:
                _log.debug("%s: %s", self._device, error)
                return False
            raise
        return True

    def _upload_features(self) -> Template:
        data = self._module.upload_features(_PROBE)
        if not self._dialect.measured:
            self._dialect = self._dialect.with_template(len(data))
        if len(data) != self._dialect.template_bytes:
            raise EF01Error(Fault.BAD_REPLY, f"a template of {len(data)} bytes, not {self._dialect.template_bytes}")
        self._held = {_PROBE: data}  # and nothing else: on some makes an image takes the other buffers' place
        return Template(self.algorithm, data)

    def _upload_image(self, request: CaptureRequest) -> GreyImage:
        data = self._module.upload_image(request.cancel)
        try:
            return images.unpack(data, self._dialect.image_size, self._dialect.dpi)
        except ValueError as error:
            raise EF01Error(Fault.BAD_REPLY, str(error)) from error

    @staticmethod
    def _pause(request: CaptureRequest, giving_up: Fault) -> None:
        """Wait before the next look, unless there is none."""
        if request.cancel.wait(min(POLL, request.deadline.remaining())):
            raise EF01Error(Fault.CANCELLED)
        if request.deadline.passed:
            raise EF01Error(giving_up)

    def _require_one_finger(self, features: Sequence[Template]) -> None:
        for other in features[1:]:
            if self._match(features[0], other) is None:
                raise EF01Error(Fault.IMPRESSIONS_DIFFER)

    def _match(self, probe: Template, enrolled: Template) -> int | None:
        self._put(_PROBE, probe)
        self._put(_ENROLLED, enrolled)
        return self._module.match()

    def _put(self, buffer: int, template: Template) -> None:
        """Have a template in a buffer, downloading it only where it does not lie there already."""
        length = len(template.data)
        dialect = self._dialect if self._dialect.measured else self._dialect.with_template(length)
        if (template.algorithm, length) != (dialect.algorithm, dialect.template_bytes):
            raise EF01Error(Fault.BAD_TEMPLATE, f"{length} bytes of {template.algorithm}, not {dialect.algorithm}")
        if self._held.get(buffer) != template.data:
            self._held.pop(buffer, None)
            self._module.download_features(buffer, template.data)
            self._held[buffer] = template.data

    def _require_slot(self, slot: int) -> None:
        if not 0 <= slot < self.capacity:
            raise EF01Error(Fault.BAD_SLOT, f"slot {slot} of {self.capacity}")

    @contextmanager
    def _doing(self, operation: str) -> Iterator[None]:
        """Name the device and the operation in what goes wrong, after which the buffers are not relied upon."""
        with _naming(self._device, operation):
            try:
                yield
            except EF01Error:
                self._held.clear()
                raise


@contextmanager
def _naming(device: str, operation: str) -> Iterator[None]:
    try:
        yield
    except EF01Error as error:
        raise DeviceError(device, operation, error.fault, error.detail) from error
