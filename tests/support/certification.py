"""A point without hardware: a reader and a printer that meet their contracts and do what a test scripts."""

import hashlib
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from argon2 import PasswordHasher
from stdnum.cn import ric

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition, DeviceInfo
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import (
    CaptureEvent,
    CaptureRequest,
    FingerprintSample,
    GreyImage,
    MatchingReader,
    SlotMatch,
    Template,
)
from drivers.contracts.printer import ReceiptPrinter, Slip
from services import keys as key_files
from services.biometrics.module import ModuleMatcher
from services.biometrics.slots import SlotMap
from services.certification import service
from services.certification.invariants import INVARIANTS, locked_data
from services.certification.residents import Residents
from services.certification.rules import Rules
from services.certification.views import EnrolmentStep, EnrolmentView, FingerPosition, Step, VisitView
from services.clerks import Clerk, Clerks, Role
from services.clock import Clock, SystemClock
from services.devices import DeviceHandle, Timing
from services.northbound.journal import Journal
from services.store.check import check
from services.store.database import Database
from tests.support.clocks import ManualClock

SOON = 20.0
BUILT_ON = date(2026, 1, 15)
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
RULES = Rules(
    point_name="石门村便民服务点",
    supervision_phone="12345-678",
    verify_url="https://county.example",
    camera="hall",
    capture_s=SOON,
)


def identity_number(serial: int = 1, born: str = "19500307", region: str = "500236") -> str:
    """A sound number of a person who does not exist."""
    head = f"{region}{born}{serial:03d}"
    return head + ric.calc_check_digit(head + "0")


def ridges(contrast: float = 90.0) -> GreyImage:
    """Something like a fingerprint: concentric ridges, half a millimetre apart."""
    rows, columns = np.mgrid[0:192, 0:192]
    wave = np.sin(2 * np.pi * np.hypot(rows - 96, columns - 96) / 9.0)
    return GreyImage(192, 192, (128 + contrast * wave).clip(0, 255).astype(np.uint8).tobytes())


class Flash:
    """What a module keeps when it is unplugged."""

    def __init__(self, capacity: int = 40) -> None:
        self.capacity = capacity
        self.slots: dict[int, Template] = {}
        self.label = bytes(32)
        self.stores = 0


class ScriptedReader:
    """A `MatchingReader`; a finger is a name, and two templates match when they are of one name."""

    def __init__(self, flash: Flash, touches: "queue.Queue[str | Fault]", algorithm: str = "scripted/1") -> None:
        self.flash = flash
        self.touches = touches
        self.algorithm = algorithm
        self.info = DeviceInfo("Scripted")
        self.image = ridges()
        self.asking = threading.Event()
        self.fault: Fault | None = None
        self.refuses: dict[str, Fault] = {}

    @property
    def capacity(self) -> int:
        return self.flash.capacity

    def condition(self) -> Condition:
        if self.fault is not None:
            raise DeviceError("fingerprint", "condition", self.fault)
        return Condition()

    def close(self) -> None:
        pass

    def capture(self, request: CaptureRequest, tell: Callable[[CaptureEvent], None]) -> FingerprintSample:
        tell(CaptureEvent.PLACE)
        self.asking.set()
        try:
            touch = self._touch(request)
        finally:
            self.asking.clear()
        if isinstance(touch, Fault):
            raise DeviceError("fingerprint", "capture", touch)
        tell(CaptureEvent.READING)
        tell(CaptureEvent.DONE)
        features = Template(self.algorithm, touch.encode())
        return FingerprintSample(features, self.image if request.with_image else None)

    def _touch(self, request: CaptureRequest) -> "str | Fault":
        while not request.cancel.is_set():
            if self.fault is not None:
                return self.fault
            if request.deadline.passed:
                return Fault.NO_FINGER
            try:
                return self.touches.get(timeout=0.005)
            except queue.Empty:
                continue
        return Fault.CANCELLED

    def merge(self, features: Sequence[Template]) -> Template:
        if len({template.data for template in features}) != 1:
            raise DeviceError("fingerprint", "merge", Fault.IMPRESSIONS_DIFFER)
        return features[0]

    def compare(self, probe: Template, enrolled: Template) -> int | None:
        self._refuse("compare")
        return 80 if probe.data == enrolled.data else None

    def search(self, probe: Template) -> SlotMatch | None:
        self._refuse("search")
        hits = [slot for slot, template in sorted(self.flash.slots.items()) if template.data == probe.data]
        return SlotMatch(hits[0], 90) if hits else None

    def store(self, slot: int, template: Template) -> None:
        self._refuse("store")
        self.flash.slots[slot] = template
        self.flash.stores += 1

    def delete(self, slot: int) -> None:
        self.flash.slots.pop(slot, None)

    def clear(self) -> None:
        self.flash.slots.clear()

    def occupied(self) -> frozenset[int]:
        return frozenset(self.flash.slots)

    def read_label(self) -> bytes:
        return self.flash.label

    def write_label(self, label: bytes) -> None:
        self.flash.label = label

    def _refuse(self, operation: str) -> None:
        if operation in self.refuses:
            raise DeviceError("fingerprint", operation, self.refuses[operation])


class ScriptedPrinter:
    """A `ReceiptPrinter` that keeps its slips."""

    def __init__(self) -> None:
        self.info = DeviceInfo("Scripted")
        self.slips: list[Slip] = []
        self.fault: Fault | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.printing = threading.Event()

    def condition(self) -> Condition:
        return Condition(frozenset({self.fault} if self.fault else ()))

    def close(self) -> None:
        pass

    def print_slip(self, slip: Slip, deadline: Deadline) -> None:
        self.printing.set()
        self.gate.wait(SOON)
        self.printing.clear()
        if self.fault is not None:
            raise DeviceError("receipt_printer", "print", self.fault)
        self.slips.append(slip)


class Shown(Protocol):
    """What every view has."""

    @property
    def revision(self) -> int: ...


V = TypeVar("V", bound=Shown)


class Watch(Generic[V]):
    """Waits for views."""

    def __init__(self, subscribe: Callable[[Callable[[V], None]], Callable[[], None]]) -> None:
        self._views: queue.Queue[V] = queue.Queue()
        self.seen: list[V] = []
        self.end = subscribe(self._views.put)

    def until(self, right: Callable[[V], bool]) -> V:
        """The next view that is right; views before it are passed over."""
        while True:
            try:
                view = self._views.get(timeout=SOON)
            except queue.Empty:
                raise AssertionError(f"not seen; the last views were {self.seen[-3:]}") from None
            self.seen.append(view)
            if right(view):
                return view


@dataclass
class Point:
    """A whole point on scripted hardware."""

    folder: Path
    clock: Clock = field(default_factory=ManualClock)
    flash: Flash = field(default_factory=Flash)
    rules: Rules = RULES
    built_on: date = BUILT_ON
    plugged: bool = True

    def __post_init__(self) -> None:
        key_folder = self.folder / "keys"
        self.keys = key_files.load(key_folder) if key_folder.exists() else key_files.create(key_folder)
        self.touches: queue.Queue[str | Fault] = queue.Queue()
        self.reader = ScriptedReader(self.flash, self.touches)
        self.printer = ScriptedPrinter()
        self.open()

    def open(self) -> None:
        self.database = Database.open(self.folder / "point.db")
        self.journal = Journal("V001", self.keys, self.clock, self.database.epoch)
        self.residents = Residents(self.database, self.keys, self.clock)
        self.clerks = Clerks(self.database, self.clock, QUICK_HASHER)
        timing = Timing(condition_every=0.05, reopen_first=0.01, reopen_most=0.02)
        self.reader_handle: DeviceHandle[MatchingReader] = DeviceHandle(
            "fingerprint", self._open_reader, SystemClock(), timing
        )
        self.printer_handle: DeviceHandle[ReceiptPrinter] = DeviceHandle(
            "receipt_printer", lambda: self.printer, SystemClock(), timing
        )
        self.matcher = ModuleMatcher(self.reader_handle, SlotMap(self.database), self.residents.finger)
        self.reader_handle.start()
        self.printer_handle.start()
        assert self.reader_handle.wait_until_tried(SOON)
        assert self.printer_handle.wait_until_tried(SOON)
        self.services = service.start(
            database=self.database, journal=self.journal, residents=self.residents, matcher=self.matcher,
            reader=self.reader_handle, printer=self.printer_handle, rules=self.rules, clock=self.clock,
            built_on=self.built_on,
        )  # fmt: skip
        self.visits = self.services.visits
        self.enrolments = self.services.enrolments
        self.watch: Watch[VisitView] = Watch(self.visits.subscribe)
        self.enrolment_watch: Watch[EnrolmentView] = Watch(self.enrolments.subscribe)

    def _open_reader(self) -> MatchingReader:
        if not self.plugged:
            raise DeviceError("fingerprint", "open", Fault.NOT_FOUND)
        return self.reader

    def close(self) -> None:
        self.printer.gate.set()
        self.reader_handle.close()
        self.printer_handle.close()
        self.services.close()
        self.database.close()

    def breaches(self) -> list[str]:
        return check(self.database, (*INVARIANTS, locked_data(self.residents)))

    # --- what people do

    def two_clerks(self) -> tuple[Clerk, Clerk]:
        known = self.clerks.all()
        if len(known) >= 2:
            return known[0], known[1]
        return self.clerks.add("甲乙丙", Role.A, "284615"), self.clerks.add("丁戊己", Role.B, "739152")

    def enrol(self, name: str, number: str, fingers: Sequence[str] = ("index", "thumb")) -> None:
        """Enrol somebody through the facade, and wait until the reader's library holds the fingers."""
        view = self.enrolments.start(self.two_clerks()[0])
        enrolment_id = view.enrolment_id
        self.enrolments.enter_person(enrolment_id, name, number)
        self.enrolments.consent(enrolment_id, given=True)
        for count, (finger, position) in enumerate(zip(fingers, FingerPosition, strict=False), 1):
            for _ in range(self.rules.impressions):
                self.touches.put(finger)
            self.enrolments.choose_finger(enrolment_id, position)
            self._until_done(count)
        assert self.enrolments.finish(enrolment_id).step is EnrolmentStep.SAVED
        self.enrolments.leave(enrolment_id)
        self.load_library()

    def _until_done(self, count: int) -> None:
        self.enrolment_watch.until(lambda view: len(view.fingers_done) == count)

    def load_library(self) -> None:
        """Have the library loaded by now, whatever the gallery's own thread is doing."""
        self.matcher.load(self.residents.all_fingers())

    def visit_until_finger(self) -> str:
        visit_id = self.visits.start().visit_id
        view = self.visits.consent(visit_id, given=True)
        assert view.step is Step.PLACE_FINGER, view
        return visit_id

    def touch(self, finger: "str | Fault", *steps: Step) -> VisitView:
        """Put a finger on the reader; the first view in one of these steps."""
        self.touches.put(finger)
        return self.watch.until(lambda view: view.step in steps)

    def certify(self, finger: str = "index") -> VisitView:
        """The whole happy way; the visit is then still under way."""
        visit_id = self.visit_until_finger()
        self.touch(finger, Step.CONFIRM_PERSON)
        return self.visits.confirm(visit_id, is_me=True)

    def rows(self, query: str, *values: object) -> list[dict[str, object]]:
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(query, values).fetchall()]


def fingerprint_of(path: Path) -> str:
    """A digest of a file, to see whether it was changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def moment(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text)
