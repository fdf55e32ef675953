"""What every fingerprint reader does, whatever it is made of (drivers/contracts/fingerprint.py)."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest, FingerprintSample, Template
from tests.contract.fingerprint_readers import BENCHES, Bench


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as opened:
        yield opened


def capture(
    bench: Bench,
    tell: Callable[[CaptureEvent], None] = lambda event: None,
    *,
    seconds: float = 10.0,
    cancel: Event | None = None,
    **wishes: bool,
) -> FingerprintSample:
    request = CaptureRequest(Deadline.after(seconds), cancel or Event(), **wishes)
    sample = bench.reader.capture(request, tell)
    assert isinstance(sample, FingerprintSample)
    return sample


def features(bench: Bench, person: str = "样例甲", impression: int = 0) -> Template:
    bench.place(person, impression)
    sample = capture(bench)
    bench.lift()
    assert sample.features is not None
    return sample.features


def test_it_says_what_it_is_and_is_well(bench: Bench) -> None:
    assert bench.reader.info.model
    assert bench.reader.condition().faults == frozenset()
    assert bench.reader.capacity > 0


def test_a_finger_is_asked_for_read_and_released(bench: Bench) -> None:
    told: list[CaptureEvent] = []

    def tell(event: CaptureEvent) -> None:
        told.append(event)
        if event is CaptureEvent.PLACE:
            bench.place("样例甲", 0)

    sample = capture(bench, tell)
    assert told == [CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.DONE]
    assert sample.image is None
    assert sample.features is not None
    assert sample.features.algorithm == bench.reader.algorithm


def test_the_image_comes_when_it_is_wanted(bench: Bench) -> None:
    bench.place("样例甲", 0)
    image = capture(bench, with_image=True).image
    assert image is not None
    assert min(image.pixels) < 64
    assert max(image.pixels) > 192


def test_one_touch_does_not_count_twice(bench: Bench) -> None:
    told: list[CaptureEvent] = []

    def tell(event: CaptureEvent) -> None:
        told.append(event)
        if event is CaptureEvent.LIFT:
            bench.lift()
        if event is CaptureEvent.PLACE:
            bench.place("样例甲", 1)

    bench.place("样例甲", 0)
    capture(bench, tell, lift_first=True)
    assert told == [CaptureEvent.LIFT, CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.DONE]


def test_a_poor_touch_is_told_and_waited_out(bench: Bench) -> None:
    told: list[CaptureEvent] = []
    bench.spoil(1)
    bench.place("样例甲", 0)
    assert capture(bench, told.append).features is not None
    assert told == [CaptureEvent.READING, CaptureEvent.POOR, CaptureEvent.DONE]


def test_no_finger_and_only_poor_ones_are_told_apart(bench: Bench) -> None:
    with pytest.raises(DeviceError) as raised:
        capture(bench, seconds=0.3)
    assert raised.value.fault is Fault.NO_FINGER
    bench.spoil(1000)
    bench.place("样例甲", 0)
    with pytest.raises(DeviceError) as raised:
        capture(bench, seconds=0.3)
    assert raised.value.fault is Fault.POOR_IMAGE


def test_the_wait_can_be_cancelled(bench: Bench) -> None:
    cancel = Event()
    with pytest.raises(DeviceError) as raised:
        capture(bench, lambda event: cancel.set(), cancel=cancel)
    assert raised.value.fault is Fault.CANCELLED
    assert features(bench).data


def test_a_finger_matches_itself_and_no_other(bench: Bench) -> None:
    enrolled = bench.reader.merge([features(bench, impression=number) for number in range(3)])
    again, other = features(bench, impression=3), features(bench, "样例乙")
    assert enrolled.algorithm == again.algorithm == bench.reader.algorithm
    assert (bench.reader.compare(again, enrolled) or 0) > 0
    assert bench.reader.compare(other, enrolled) is None
    assert (bench.reader.compare(again, enrolled) or 0) > 0


def test_impressions_of_two_fingers_do_not_merge(bench: Bench) -> None:
    with pytest.raises(DeviceError) as raised:
        bench.reader.merge([features(bench), features(bench, "样例乙")])
    assert raised.value.fault is Fault.IMPRESSIONS_DIFFER


def test_the_library_keeps_finds_and_forgets(bench: Bench) -> None:
    reader = bench.reader
    one, other = features(bench), features(bench, "样例乙")
    last = reader.capacity - 1
    reader.store(0, one)
    reader.store(last, other)
    assert reader.occupied() == {0, last}
    found, found_other = reader.search(features(bench, impression=1)), reader.search(other)
    assert found is not None
    assert found_other is not None
    assert (found.slot, found_other.slot) == (0, last)
    reader.store(0, other)
    assert reader.occupied() == {0, last}
    reader.delete(last)
    reader.delete(last)
    assert reader.occupied() == {0}
    assert reader.search(one) is None
    reader.clear()
    assert reader.occupied() == frozenset()


@pytest.mark.parametrize("beyond", [-1, 0])
def test_slots_outside_the_library_are_refused(bench: Bench, beyond: int) -> None:
    slot = -1 if beyond else bench.reader.capacity
    with pytest.raises(DeviceError) as raised:
        bench.reader.delete(slot)
    assert raised.value.fault is Fault.BAD_SLOT


def test_templates_of_another_algorithm_are_refused(bench: Bench) -> None:
    own = features(bench)
    for strange in (Template("host/1", own.data), Template(own.algorithm, own.data[:-32])):
        with pytest.raises(DeviceError) as raised:
            bench.reader.compare(own, strange)
        assert raised.value.fault is Fault.BAD_TEMPLATE


def test_the_label_is_kept_and_empty_on_a_new_one(bench: Bench) -> None:
    assert bench.reader.read_label() == bytes(32)
    label = bytes(range(32))
    bench.reader.write_label(label)
    assert bench.reader.read_label() == label
    with pytest.raises(ValueError, match="32 bytes"):
        bench.reader.write_label(b"short")


def test_closing_never_fails(bench: Bench) -> None:
    bench.reader.close()
    bench.reader.close()
    with pytest.raises(DeviceError) as raised:
        bench.reader.condition()
    assert raised.value.fault is Fault.UNPLUGGED
