"""What a reader does that compares fingers and keeps a library of them (`MatchingReader`)."""

from collections.abc import Iterator

import pytest

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import MatchingReader, Template
from tests.contract.fingerprint_readers import MATCHING_BENCHES, Bench


@pytest.fixture(params=MATCHING_BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench[MatchingReader]]:
    with MATCHING_BENCHES[request.param]() as opened:
        yield opened


def features(bench: Bench[MatchingReader], person: str = "样例甲", impression: int = 0) -> Template:
    bench.resident.place(person, impression)
    sample = bench.capture()
    assert sample.features is not None
    return sample.features


def test_it_names_its_algorithm_and_has_room(bench: Bench[MatchingReader]) -> None:
    assert features(bench).algorithm == bench.reader.algorithm
    assert bench.reader.capacity > 0


def test_a_finger_matches_itself_and_no_other(bench: Bench[MatchingReader]) -> None:
    enrolled = bench.reader.merge([features(bench, impression=number) for number in range(3)])
    again, other = features(bench, impression=3), features(bench, "样例乙")
    assert enrolled.algorithm == again.algorithm == bench.reader.algorithm
    assert (bench.reader.compare(again, enrolled) or 0) > 0
    assert bench.reader.compare(other, enrolled) is None
    assert (bench.reader.compare(again, enrolled) or 0) > 0


def test_impressions_of_two_fingers_do_not_merge(bench: Bench[MatchingReader]) -> None:
    with pytest.raises(DeviceError) as raised:
        bench.reader.merge([features(bench), features(bench, "样例乙")])
    assert raised.value.fault is Fault.IMPRESSIONS_DIFFER


def test_the_library_keeps_finds_and_forgets(bench: Bench[MatchingReader]) -> None:
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
def test_slots_outside_the_library_are_refused(bench: Bench[MatchingReader], beyond: int) -> None:
    slot = -1 if beyond else bench.reader.capacity
    with pytest.raises(DeviceError) as raised:
        bench.reader.delete(slot)
    assert raised.value.fault is Fault.BAD_SLOT


def test_templates_of_another_algorithm_are_refused(bench: Bench[MatchingReader]) -> None:
    own = features(bench)
    for strange in (Template("host/1", own.data), Template(own.algorithm, own.data[:-32])):
        with pytest.raises(DeviceError) as raised:
            bench.reader.compare(own, strange)
        assert raised.value.fault is Fault.BAD_TEMPLATE


def test_the_label_is_kept_and_empty_on_a_new_one(bench: Bench[MatchingReader]) -> None:
    assert bench.reader.read_label() == bytes(32)
    label = bytes(range(32))
    bench.reader.write_label(label)
    assert bench.reader.read_label() == label
    with pytest.raises(ValueError, match="32 bytes"):
        bench.reader.write_label(b"short")
