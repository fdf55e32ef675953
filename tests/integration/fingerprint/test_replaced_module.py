"""A broken module and its replacement: the village's fingers move from the point's database into the new one."""

import math
import queue
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from drivers import registry
from drivers.contracts.deadline import Deadline
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest, FingerprintSample, MatchingReader
from services import identity
from services import keys as key_files
from services.biometrics.contract import EnrolledFinger, Outcome
from services.biometrics.module import Handle, ModuleMatcher
from services.biometrics.slots import SlotMap
from services.certification.gallery import Gallery
from services.certification.residents import Finger, Residents
from services.certification.views import FingerPosition
from services.clock import SystemClock
from services.devices import DeviceHandle, DeviceState, Health, Timing
from services.store.database import Database
from simulators.fingerprint import R307, R503, FingerBox, FingerprintModule, Profile
from tests.support.certification import identity_number

FINGERS = FingerBox()
SOON = 20.0


class WatchedMatcher(ModuleMatcher):
    """Says when it has been loaded."""

    def __init__(self, handle: Handle, slots: SlotMap, enrolled: Callable[[str], EnrolledFinger | None]) -> None:
        super().__init__(handle, slots, enrolled)
        self.loads: queue.Queue[None] = queue.Queue()

    def load(self, fingers: Iterable[EnrolledFinger]) -> None:
        super().load(fingers)
        self.loads.put(None)


@dataclass
class Station:
    """What the point has of a reader, whichever module is plugged in."""

    handle: DeviceHandle[MatchingReader]
    matcher: WatchedMatcher
    residents: Residents
    database: Database

    def sample(self, module: FingerprintModule, person: str, impression: int) -> FingerprintSample:
        """Put a finger on a module and capture it."""

        def lift(event: CaptureEvent) -> None:
            if event is CaptureEvent.DONE:
                module.lift()

        module.place(FINGERS.finger(person, impression=impression))
        request = CaptureRequest(Deadline.after(SOON), Event())
        capture = self.handle.submit(
            lambda reader: reader.capture(request, lift), name="capture", deadline=Deadline.after(SOON)
        )
        return capture.result(SOON)

    def enrol(self, module: FingerprintModule, person: str, serial: int) -> str:
        """Enrol a finger of a made-up person; its id."""
        templates = self.matcher.enrol([self.sample(module, person, number) for number in range(3)])
        number = identity.parse(identity_number(serial), date(2026, 3, 2))
        finger = Finger(f"finger-{serial}", FingerPosition.RIGHT_INDEX, templates, quality=None)
        with self.database.transaction() as transaction:
            resident = self.residents.add(transaction, number, person)
            self.residents.replace_fingers(transaction, resident, [finger])
        self.matcher.load(self.residents.all_fingers())
        return finger.finger_id

    def until(self, health: Health, act: Callable[[], object]) -> None:
        """Do something and wait until the reader is well or gone because of it."""
        seen = Event()

        def watch(state: DeviceState) -> None:
            if state.health is health:
                seen.set()

        end = self.handle.subscribe(watch)
        act()
        self.handle.wake()
        assert seen.wait(SOON)
        end()

    def occupied(self) -> frozenset[int]:
        asked = self.handle.submit(lambda reader: reader.occupied(), name="occupied", deadline=Deadline.after(SOON))
        return asked.result(SOON)


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "kiosk-fingerprint"


@pytest.fixture
def station(tmp_path: Path, port: Path) -> Iterator[Station]:
    def open_reader() -> MatchingReader:
        reader = registry.adapter("fingerprint", "ef01")(port=str(port), baud=57_600)
        assert isinstance(reader, MatchingReader)
        return reader

    handle: DeviceHandle[MatchingReader] = DeviceHandle(
        "fingerprint", open_reader, SystemClock(), Timing(condition_every=0.1, reopen_first=0.02, reopen_most=0.1)
    )
    database = Database.open(tmp_path / "point.db")
    residents = Residents(database, key_files.create(tmp_path / "keys"), SystemClock())
    handle.start()
    assert handle.wait_until_tried(SOON)
    yield Station(handle, WatchedMatcher(handle, SlotMap(database), residents.finger), residents, database)
    handle.close()
    database.close()


def plugged(port: Path, profile: Profile = R307) -> FingerprintModule:
    return FingerprintModule(profile, link=port, pace=math.inf)


def test_templates_move_from_a_broken_module_to_its_replacement(station: Station, port: Path) -> None:
    broken, replacement = plugged(port), plugged(port)
    station.until(Health.READY, broken.__enter__)
    one, other = station.enrol(broken, "样例甲", 1), station.enrol(broken, "样例乙", 2)
    assert station.matcher.identify(station.sample(broken, "样例甲", 3)).finger_id == one
    station.until(Health.ABSENT, lambda: broken.__exit__(None, None, None))

    station.until(Health.READY, replacement.__enter__)
    assert station.occupied() == frozenset()
    probe = station.sample(replacement, "样例甲", 3)
    # Until the library is loaded, that nobody is found says nothing.
    assert station.matcher.identify(probe).outcome is Outcome.INCONCLUSIVE
    station.matcher.load(station.residents.all_fingers())
    assert len(station.occupied()) == 2
    assert station.matcher.identify(probe).finger_id == one
    assert station.matcher.identify(station.sample(replacement, "样例乙", 3)).finger_id == other
    assert station.matcher.identify(station.sample(replacement, "样例丁", 0)).outcome is Outcome.NO_MATCH
    replacement.__exit__(None, None, None)


def test_the_gallery_fills_the_replacement_by_itself(station: Station, port: Path) -> None:
    broken, replacement = plugged(port), plugged(port)
    station.until(Health.READY, broken.__enter__)
    one = station.enrol(broken, "样例甲", 1)
    station.until(Health.ABSENT, lambda: broken.__exit__(None, None, None))
    gallery = Gallery(reader=station.handle, matcher=station.matcher, residents=station.residents)
    gallery.start()
    station.until(Health.READY, replacement.__enter__)
    probe = station.sample(replacement, "样例甲", 3)
    # A new R307 tells the length of its templates with this first finger; only then can the gallery be loaded.
    while (verdict := station.matcher.identify(probe)).outcome is not Outcome.MATCH:
        station.matcher.loads.get(timeout=SOON)
    assert verdict.finger_id == one
    station.handle.close()
    gallery.close()
    replacement.__exit__(None, None, None)


def test_a_replacement_of_another_make_has_to_be_enrolled_anew_and_takes_nobody_for_somebody(
    station: Station, port: Path
) -> None:
    broken, replacement = plugged(port, R307), plugged(port, R503)
    station.until(Health.READY, broken.__enter__)
    one = station.enrol(broken, "样例甲", 1)
    finger = station.residents.finger(one)
    assert finger is not None
    station.until(Health.ABSENT, lambda: broken.__exit__(None, None, None))

    station.until(Health.READY, replacement.__enter__)
    station.matcher.load(station.residents.all_fingers())
    assert station.occupied() == frozenset()
    probe = station.sample(replacement, "样例甲", 3)
    assert station.matcher.verify(probe, [finger]).outcome is Outcome.INCONCLUSIVE
    again = station.enrol(replacement, "样例甲", 1)
    assert station.matcher.identify(station.sample(replacement, "样例甲", 4)).finger_id == again
    replacement.__exit__(None, None, None)
