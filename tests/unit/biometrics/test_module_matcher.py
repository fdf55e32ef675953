"""Matching on a module: its library is an index that is never believed, and no doubt becomes a refusal."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Queue
from typing import TypeVar

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import FingerprintSample, MatchingReader, Template
from services import keys
from services.biometrics.contract import EnrolledFinger, Outcome, Verdict
from services.biometrics.module import ModuleMatcher
from services.biometrics.slots import SlotMap
from services.certification.residents import Finger, Residents
from services.certification.views import FingerPosition
from services.identity import parse
from services.store.database import Database
from tests.support.certification import BUILT_ON, Flash, ScriptedReader, identity_number
from tests.support.clocks import ManualClock

ALGORITHM = "scripted/1"
NOBODY = Verdict(Outcome.NO_MATCH)
UNSURE = Verdict(Outcome.INCONCLUSIVE)
T = TypeVar("T")


class Direct:
    """Leads to the module that is plugged in, without a thread."""

    def __init__(self, reader: ScriptedReader) -> None:
        self.reader = reader

    def submit(self, operation: Callable[[MatchingReader], T], *, name: str, deadline: Deadline) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(operation(self.reader))
        except DeviceError as error:
            future.set_exception(error)
        return future


class Bench:
    """A matcher, its module and the fingers that the database keeps; a finger is enrolled under its own name."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(folder / "point.sqlite")
        self.residents = Residents(self.database, keys.create(folder / "keys"), ManualClock())
        self.reader = ScriptedReader(Flash(), Queue())
        self.handle = Direct(self.reader)
        self.start()

    def start(self) -> None:
        self.slots = SlotMap(self.database)
        self.matcher = ModuleMatcher(self.handle, self.slots, self.residents.finger)

    def enrol(self, *names: str, serial: int = 1) -> None:
        """A resident with these fingers and no others; the library hears nothing of it."""
        fingers = [
            Finger(name, position, (Template(ALGORITHM, name.encode()),), None)
            for name, position in zip(names, FingerPosition, strict=False)
        ]
        with self.database.transaction() as transaction:
            resident = self.residents.add(transaction, parse(identity_number(serial), BUILT_ON), "样例甲")
            self.residents.replace_fingers(transaction, resident, fingers)

    def load(self) -> None:
        self.matcher.load(self.residents.all_fingers())

    def identify(self, name: str) -> Verdict:
        return self.matcher.identify(_touch(name))

    def held(self) -> set[bytes]:
        return {template.data for template in self.reader.flash.slots.values()}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.database.close()


@pytest.fixture
def loaded(bench: Bench) -> Bench:
    bench.enrol("thumb", "index")
    bench.load()
    return bench


def _touch(name: str) -> FingerprintSample:
    return FingerprintSample(Template(ALGORITHM, name.encode()), None)


def _cut() -> None:
    raise KeyboardInterrupt


def _finger(name: str, algorithm: str = ALGORITHM) -> EnrolledFinger:
    return EnrolledFinger(name, (Template(algorithm, name.encode()),))


# --- one to one


def test_a_finger_is_one_of_these_or_none(bench: Bench) -> None:
    fingers = (_finger("thumb"), _finger("index"))
    assert bench.matcher.verify(_touch("index"), fingers) == Verdict(Outcome.MATCH, "index", 80.0)
    assert bench.matcher.verify(_touch("stranger"), fingers) == NOBODY


@pytest.mark.parametrize("fingers", [(), (_finger("thumb", "other/1"),)])
def test_with_nothing_to_compare_with_nobody_is_refused(bench: Bench, fingers: Sequence[EnrolledFinger]) -> None:
    assert bench.matcher.verify(_touch("thumb"), fingers) == UNSURE


def test_a_touch_without_features_refuses_nobody(loaded: Bench) -> None:
    blank = FingerprintSample(None, None)
    assert loaded.matcher.verify(blank, (_finger("thumb"),)) == loaded.matcher.identify(blank) == UNSURE
    with pytest.raises(DeviceError) as error:
        loaded.matcher.enrol((_touch("thumb"), blank))
    assert error.value.fault is Fault.TOO_FEW_FEATURES


def test_a_fault_of_the_module_is_no_verdict(loaded: Bench) -> None:
    loaded.reader.refuses = {"compare": Fault.SILENT}
    with pytest.raises(DeviceError):
        loaded.identify("thumb")
    with pytest.raises(DeviceError):
        loaded.matcher.verify(_touch("thumb"), (_finger("thumb"),))


# --- one to many


def test_a_loaded_library_knows_everybody_and_nobody_else(loaded: Bench) -> None:
    assert loaded.matcher.is_complete
    assert loaded.identify("index") == Verdict(Outcome.MATCH, "index", 80.0)
    assert loaded.identify("stranger") == NOBODY


def test_a_finger_that_was_enrolled_a_moment_ago_is_not_unknown(loaded: Bench) -> None:
    loaded.enrol("ring", serial=2)
    assert loaded.identify("ring") == UNSURE
    assert loaded.identify("thumb").outcome is Outcome.MATCH
    loaded.load()
    assert loaded.identify("ring").outcome is Outcome.MATCH
    assert loaded.identify("stranger") == NOBODY


def test_a_finger_that_was_replaced_matches_no_more(loaded: Bench) -> None:
    loaded.enrol("middle", "ring")
    assert loaded.identify("thumb") == UNSURE
    loaded.load()
    assert loaded.identify("thumb") == NOBODY
    assert loaded.held() == {b"middle", b"ring"}


def test_fingers_of_another_make_are_not_loaded_and_say_nothing(loaded: Bench) -> None:
    with loaded.database.transaction() as transaction:
        resident = loaded.residents.add(transaction, parse(identity_number(2), BUILT_ON), "样例乙")
        other = Finger("other", FingerPosition.LEFT_THUMB, (Template("other/1", b"other"),), None)
        loaded.residents.replace_fingers(transaction, resident, (other,))
    loaded.load()
    assert loaded.held() == {b"thumb", b"index"}
    assert loaded.identify("stranger") == NOBODY


# --- a library that is not what it is taken for


def test_another_module_is_noticed_and_filled_anew(loaded: Bench) -> None:
    foreign = Flash()
    foreign.slots = {0: Template(ALGORITHM, b"stranger"), 7: Template(ALGORITHM, b"foreign")}
    loaded.reader.flash = foreign
    assert loaded.identify("thumb") == loaded.identify("stranger") == UNSURE
    assert not loaded.matcher.is_complete
    loaded.load()
    assert loaded.held() == {b"thumb", b"index"}
    assert loaded.identify("thumb").outcome is Outcome.MATCH
    assert loaded.identify("stranger") == NOBODY


def test_a_module_that_comes_back_after_another_is_filled_anew(loaded: Bench) -> None:
    first, second = loaded.reader.flash, Flash()
    loaded.reader.flash = second
    loaded.load()
    loaded.enrol("middle")
    loaded.load()
    loaded.reader.flash = first
    assert loaded.identify("thumb") == UNSURE
    loaded.load()
    assert loaded.held() == {b"middle"}


def test_a_slot_that_holds_something_else_is_not_believed(loaded: Bench) -> None:
    (slot,) = (slot for slot, template in loaded.reader.flash.slots.items() if template.data == b"thumb")
    loaded.reader.flash.slots[slot] = Template(ALGORITHM, b"stranger")
    assert loaded.identify("stranger") == UNSURE
    assert not loaded.matcher.is_complete
    assert loaded.identify("thumb") == UNSURE
    loaded.load()
    assert loaded.identify("thumb").outcome is Outcome.MATCH
    assert loaded.identify("stranger") == NOBODY


def test_what_lies_in_a_slot_of_nobody_is_deleted(loaded: Bench) -> None:
    loaded.reader.flash.slots[9] = Template(ALGORITHM, b"stranger")
    assert loaded.identify("stranger") == UNSURE
    loaded.load()
    assert loaded.held() == {b"thumb", b"index"}


def test_slots_that_were_emptied_are_filled_again_and_others_left(loaded: Bench) -> None:
    loaded.reader.flash.slots.popitem()
    stores = loaded.reader.flash.stores
    loaded.load()
    assert loaded.reader.flash.stores == stores + 1
    assert loaded.held() == {b"thumb", b"index"}
    loaded.load()
    assert loaded.reader.flash.stores == stores + 1


# --- power cuts and faults while it is filled


@pytest.mark.parametrize("stored", [False, True])
def test_a_power_cut_while_a_finger_is_stored_leaves_a_library_to_be_loaded(bench: Bench, stored: bool) -> None:
    bench.enrol("thumb", "index")
    store = bench.reader.store

    def cut(slot: int, template: Template) -> None:
        if stored:
            store(slot, template)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bench.reader, "store", cut)
        bench.load()
    bench.start()
    assert bench.identify("thumb") == UNSURE
    bench.load()
    assert bench.held() == {b"thumb", b"index"}
    assert bench.identify("index").outcome is Outcome.MATCH


def test_a_power_cut_while_a_module_is_made_ours_claims_nothing(loaded: Bench) -> None:
    before, foreign = loaded.slots.label, Flash()
    foreign.slots = {0: Template(ALGORITHM, b"stranger")}
    loaded.reader.flash = foreign
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loaded.reader, "clear", _cut)
        loaded.load()
    assert loaded.slots.label != before
    assert foreign.label != loaded.slots.label
    loaded.start()
    loaded.load()
    assert loaded.held() == {b"thumb", b"index"}


def test_a_module_that_fails_half_way_is_loaded_the_next_time(bench: Bench) -> None:
    bench.enrol("thumb", "index")
    bench.reader.refuses = {"store": Fault.STORAGE_FAILED}
    with pytest.raises(DeviceError):
        bench.load()
    assert not bench.matcher.is_complete
    bench.reader.refuses = {}
    bench.load()
    assert bench.identify("index").outcome is Outcome.MATCH


# --- a library that is too small


def test_a_small_library_knows_the_clearest_finger_of_everybody_and_refuses_nobody(bench: Bench) -> None:
    bench.reader.flash.capacity = 2
    bench.enrol("thumb", "index")
    bench.enrol("ring", "little", serial=2)
    bench.load()
    assert bench.held() == {b"thumb", b"ring"}
    assert not bench.matcher.is_complete
    assert bench.identify("ring").outcome is Outcome.MATCH
    assert bench.identify("index") == bench.identify("stranger") == UNSURE


def test_a_finger_too_many_is_said_to_be(loaded: Bench) -> None:
    loaded.reader.flash.capacity = 2
    loaded.enrol("ring", serial=2)
    with pytest.raises(DeviceError) as error:
        loaded.matcher.add(_finger("ring"))
    assert error.value.fault is Fault.NO_ROOM
    loaded.matcher.remove("thumb")
    loaded.matcher.add(_finger("ring"))
    assert loaded.held() == {b"index", b"ring"}
    assert loaded.identify("ring").outcome is Outcome.MATCH
    assert loaded.identify("thumb") == UNSURE  # it is enrolled all the same
