"""What every fingerprint reader does, whatever it is made of (`FingerprintReader`)."""

from collections.abc import Iterator
from threading import Event

import pytest

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, FingerprintReader
from tests.contract.fingerprint_readers import BENCHES, Bench


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench[FingerprintReader]]:
    with BENCHES[request.param]() as opened:
        yield opened


def test_it_says_what_it_is_and_is_well(bench: Bench[FingerprintReader]) -> None:
    assert isinstance(bench.reader, FingerprintReader)
    assert bench.reader.info.model
    assert bench.reader.condition().faults == frozenset()


def test_a_finger_is_asked_for_read_and_released(bench: Bench[FingerprintReader]) -> None:
    told: list[CaptureEvent] = []

    def tell(event: CaptureEvent) -> None:
        told.append(event)
        if event is CaptureEvent.PLACE:
            bench.resident.place("样例甲", 0)

    sample = bench.capture(tell)
    assert told == [CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.DONE]
    assert sample.image is None


def test_the_image_comes_when_it_is_wanted(bench: Bench[FingerprintReader]) -> None:
    bench.resident.place("样例甲", 0)
    image = bench.capture(with_image=True).image
    assert image is not None
    assert min(image.pixels) < 64
    assert max(image.pixels) > 192
    assert 480 <= image.dpi <= 520


def test_one_touch_does_not_count_twice(bench: Bench[FingerprintReader]) -> None:
    told: list[CaptureEvent] = []

    def tell(event: CaptureEvent) -> None:
        told.append(event)
        if event is CaptureEvent.LIFT:
            bench.resident.lift()
        if event is CaptureEvent.PLACE:
            bench.resident.place("样例甲", 1)

    bench.resident.place("样例甲", 0)
    bench.capture(tell, lift_first=True)
    assert told == [CaptureEvent.LIFT, CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.DONE]


def test_a_poor_touch_is_told_and_waited_out(bench: Bench[FingerprintReader]) -> None:
    told: list[CaptureEvent] = []
    bench.resident.spoil(1)
    bench.resident.place("样例甲", 0)
    assert bench.capture(told.append, with_image=True).image is not None
    assert told.count(CaptureEvent.POOR) == 1
    assert told.index(CaptureEvent.READING) < told.index(CaptureEvent.POOR)
    assert told.index(CaptureEvent.DONE) == len(told) - 1


def test_no_finger_and_only_poor_ones_are_told_apart(bench: Bench[FingerprintReader]) -> None:
    with pytest.raises(DeviceError) as raised:
        bench.capture(seconds=0.3)
    assert raised.value.fault is Fault.NO_FINGER
    bench.resident.spoil(1000)
    bench.resident.place("样例甲", 0)
    with pytest.raises(DeviceError) as raised:
        bench.capture(seconds=0.3)
    assert raised.value.fault is Fault.POOR_IMAGE


def test_the_wait_can_be_cancelled(bench: Bench[FingerprintReader]) -> None:
    cancel = Event()
    with pytest.raises(DeviceError) as raised:
        bench.capture(lambda event: cancel.set(), cancel=cancel)
    assert raised.value.fault is Fault.CANCELLED
    bench.resident.place("样例甲", 0)
    assert bench.capture(with_image=True).image is not None


def test_errors_name_the_device_and_what_was_asked(bench: Bench[FingerprintReader]) -> None:
    with pytest.raises(DeviceError) as raised:
        bench.capture(seconds=0.0)
    assert (raised.value.device, raised.value.operation) == ("fingerprint", "capture")


def test_closing_never_fails(bench: Bench[FingerprintReader]) -> None:
    bench.reader.close()
    bench.reader.close()
    with pytest.raises(DeviceError) as raised:
        bench.reader.condition()
    assert raised.value.fault is Fault.UNPLUGGED
