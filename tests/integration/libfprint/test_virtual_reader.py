"""A USB reader on libfprint's own virtual device: what goes wrong has its name, and the next capture works."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest, FingerprintReader, FingerprintSample
from drivers.fingerprint.libfprint import reader as reader_module
from drivers.fingerprint.libfprint.reader import LibfprintReader
from services.clock import SystemClock
from services.devices import DeviceHandle, DeviceState, Health, Timing
from simulators.fingerprint import FingerBox
from simulators.libfprint import Hand, Retry
from tests.support.clocks import ManualClock
from tests.support.libfprint import open_virtual, virtual_reader

FINGER = FingerBox().finger("样例甲").picture
GENERAL, NOT_SUPPORTED, BUSY, PROTOCOL, DATA_INVALID, TOO_HOT = 0, 1, 4, 5, 6, 257


@pytest.fixture
def bench() -> Iterator[tuple[LibfprintReader, Hand]]:
    with virtual_reader() as opened:
        yield opened


class Visit:
    """A resident who does something at each event, and remembers what was told."""

    def __init__(self, **acts: Callable[[], object]) -> None:
        self.told: list[CaptureEvent] = []
        self.cancel = Event()
        self.acts = acts

    def capture(
        self, reader: FingerprintReader, *, deadline: Deadline | None = None, lift_first: bool = False
    ) -> FingerprintSample:
        request = CaptureRequest(deadline or Deadline.after(20.0), self.cancel, with_image=True, lift_first=lift_first)
        return reader.capture(request, self._hear)

    def _hear(self, event: CaptureEvent) -> None:
        self.told.append(event)
        act = self.acts.get(event)
        if act is not None:
            act()


def good_visit(hand: Hand) -> Visit:
    return Visit(place=lambda: hand.touch(FINGER), done=hand.lift)


def works_opened_anew(reader: LibfprintReader, hand: Hand) -> None:
    reader.close()
    again = open_virtual(hand.path)
    assert good_visit(hand).capture(again).image is not None
    again.close()


def fault_of(call: Callable[[], object]) -> Fault:
    with pytest.raises(DeviceError) as raised:
        call()
    return raised.value.fault


def test_the_image_is_the_finger_s_pixel_by_pixel(bench: tuple[LibfprintReader, Hand]) -> None:
    reader, hand = bench
    image = good_visit(hand).capture(reader).image
    assert image is not None
    assert (image.height, image.width) == FINGER.shape
    assert image.pixels == FINGER.tobytes()


def test_the_resolution_is_the_configured_one_where_the_driver_does_not_tell() -> None:
    with virtual_reader(dpi=363) as (reader, hand):
        image = good_visit(hand).capture(reader).image
    assert image is not None
    assert image.dpi == 363


@pytest.mark.parametrize("reason", Retry)
def test_whatever_makes_a_touch_poor_it_comes_again(bench: tuple[LibfprintReader, Hand], reason: Retry) -> None:
    reader, hand = bench
    visit = Visit(place=lambda: hand.touch_badly(reason), poor=lambda: hand.touch(FINGER), done=hand.lift)
    assert visit.capture(reader).image is not None
    assert visit.told == [
        CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.POOR, CaptureEvent.READING, CaptureEvent.DONE
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (GENERAL, Fault.SENSOR_FAILED),
        (NOT_SUPPORTED, Fault.UNSUPPORTED),
        (BUSY, Fault.BUSY),
        (PROTOCOL, Fault.SENSOR_FAILED),
        (DATA_INVALID, Fault.BAD_REPLY),
        (TOO_HOT, Fault.OVERHEATED),
    ],
)
def test_a_failure_is_named_and_the_next_capture_works(
    bench: tuple[LibfprintReader, Hand], error: int, named: Fault
) -> None:
    reader, hand = bench
    assert fault_of(lambda: Visit(place=lambda: hand.fail(error)).capture(reader)) is named
    assert good_visit(hand).capture(reader).image is not None


@pytest.mark.parametrize("moment", ["place", "reading", "done"])
def test_an_unplugged_reader_gives_no_finger_and_works_when_it_is_back(
    bench: tuple[LibfprintReader, Hand], moment: str
) -> None:
    reader, hand = bench
    visit = Visit(place=lambda: hand.touch(FINGER))
    visit.acts[moment] = hand.unplug
    assert fault_of(lambda: visit.capture(reader)) is Fault.UNPLUGGED
    assert fault_of(reader.condition) is Fault.UNPLUGGED
    works_opened_anew(reader, hand)


def test_a_reader_unplugged_between_two_captures_is_noticed_at_the_next(bench: tuple[LibfprintReader, Hand]) -> None:
    reader, hand = bench
    good_visit(hand).capture(reader)
    hand.unplug()
    named = fault_of(lambda: Visit().capture(reader))  # the device listens to its socket during a capture only
    assert named is Fault.UNPLUGGED


def test_its_owner_opens_it_anew_once_it_is_plugged_in_again(bench: tuple[LibfprintReader, Hand]) -> None:
    first, hand = bench
    first.close()
    handle: DeviceHandle[FingerprintReader] = DeviceHandle(
        "fingerprint", lambda: open_virtual(hand.path), SystemClock(), Timing(0.05, 0.01, 0.02)
    )
    lost, back = Event(), Event()

    def watch(state: DeviceState) -> None:
        if state.health is Health.ABSENT:
            lost.set()
        elif lost.is_set() and state.health is Health.READY:
            back.set()

    handle.start()
    assert handle.wait_until_tried(20.0)
    handle.subscribe(watch)
    visit = Visit(place=hand.unplug)
    attempt = handle.submit(visit.capture, name="capture", deadline=Deadline.after(20.0))
    assert fault_of(lambda: attempt.result(20.0)) is Fault.UNPLUGGED
    assert back.wait(20.0)
    sample = handle.submit(good_visit(hand).capture, name="capture", deadline=Deadline.after(20.0)).result(20.0)
    assert sample.image is not None
    handle.close()


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSEGV])
def test_a_crash_of_the_library_is_a_plug_that_was_pulled(
    bench: tuple[LibfprintReader, Hand], death: signal.Signals
) -> None:
    reader, hand = bench
    worker = int(reader.info.facts["process"])
    assert fault_of(lambda: Visit(place=lambda: os.kill(worker, death)).capture(reader)) is Fault.UNPLUGGED
    assert fault_of(reader.condition) is Fault.UNPLUGGED
    works_opened_anew(reader, hand)


def test_a_library_that_hangs_is_silent_by_its_deadline_and_ended(
    bench: tuple[LibfprintReader, Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_ANSWER_PATIENCE", 0.1)
    reader, _ = bench
    worker = int(reader.info.facts["process"])
    visit = Visit(place=lambda: os.kill(worker, signal.SIGSTOP))
    assert fault_of(lambda: visit.capture(reader, deadline=Deadline.after(0.3))) is Fault.SILENT
    assert not Path(f"/proc/{worker}").exists()
    assert fault_of(reader.condition) is Fault.UNPLUGGED


def test_closing_ends_the_process_even_in_mid_capture(bench: tuple[LibfprintReader, Hand]) -> None:
    reader, _ = bench
    visit = Visit(place=reader.close)
    assert fault_of(lambda: visit.capture(reader)) is Fault.UNPLUGGED
    assert not Path(f"/proc/{reader.info.facts['process']}").exists()


def test_a_finger_that_was_read_may_be_lifted_after_the_deadline(bench: tuple[LibfprintReader, Hand]) -> None:
    reader, hand = bench
    clock = ManualClock()

    def lift_late() -> None:
        clock.advance(60.0)
        hand.lift()

    visit = Visit(place=lambda: hand.touch(FINGER), done=lift_late)
    assert visit.capture(reader, deadline=Deadline.after(30.0, clock.monotonic)).image is not None


def test_a_finger_that_is_never_lifted_ends_the_capture(
    bench: tuple[LibfprintReader, Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "LIFT_PATIENCE", 0.1)
    reader, hand = bench
    visit = Visit(place=lambda: hand.touch(FINGER))
    assert fault_of(lambda: visit.capture(reader, deadline=Deadline.after(0.2))) is Fault.POOR_IMAGE
    assert good_visit(hand).capture(reader).image is not None


def test_a_finger_that_was_there_before_and_stays_is_none(bench: tuple[LibfprintReader, Hand]) -> None:
    reader, hand = bench
    hand.touch(FINGER)
    visit = Visit()
    deadline = Deadline.after(0.5)
    assert fault_of(lambda: visit.capture(reader, deadline=deadline, lift_first=True)) is Fault.NO_FINGER
    assert visit.told == [CaptureEvent.LIFT]


@pytest.mark.parametrize("moment", ["place", "reading", "done"])
def test_a_capture_can_be_cancelled_at_any_moment(bench: tuple[LibfprintReader, Hand], moment: str) -> None:
    reader, hand = bench
    visit = Visit(place=lambda: hand.touch(FINGER))
    visit.acts[moment] = visit.cancel.set
    assert fault_of(lambda: visit.capture(reader)) is Fault.CANCELLED
    assert good_visit(hand).capture(reader).image is not None


def test_a_reader_that_compares_in_itself_and_hands_out_no_image_is_told(bench: tuple[LibfprintReader, Hand]) -> None:
    socket = bench[1].path.with_name("other")
    options = {"driver": "virtual_device", "environment": {"FP_VIRTUAL_DEVICE": str(socket)}}
    assert fault_of(lambda: open_virtual(socket, **options)) is Fault.UNSUPPORTED
