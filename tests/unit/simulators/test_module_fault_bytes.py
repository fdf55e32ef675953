"""What faults do to the bytes of an answer."""

from __future__ import annotations

import pytest

from simulators.fingerprint import wire
from simulators.fingerprint.faults import Fault, FaultKind, FaultSwitch, distort
from simulators.fingerprint.wire import BrokenPacket, Packet, PacketKind, PacketReader

ACKNOWLEDGE = wire.encode(Packet(0xFFFFFFFF, PacketKind.ACKNOWLEDGE, b"\x00"))
ANSWER = ACKNOWLEDGE + b"".join(wire.encode_data(0xFFFFFFFF, bytes(100), 32))


def read(data: bytes) -> list[Packet | BrokenPacket]:
    return PacketReader().feed(data)


def test_silence_leaves_nothing() -> None:
    assert distort(ANSWER, Fault(FaultKind.SILENT)) == b""


def test_garbage_before_leaves_the_answer_whole() -> None:
    spoiled = distort(ANSWER, Fault(FaultKind.GARBAGE_BEFORE))
    assert spoiled.endswith(ANSWER)
    assert len(spoiled) > len(ANSWER)
    assert read(spoiled) == read(ANSWER)


@pytest.mark.parametrize(("place", "broken"), [(None, 0), (0, 0), (20, 1), (len(ANSWER) - 1, 4)])
def test_a_bad_sum_hits_one_packet_only(place: int | None, broken: int) -> None:
    packets = read(distort(ANSWER, Fault(FaultKind.BAD_CHECKSUM, after_bytes=place)))
    assert [isinstance(packet, BrokenPacket) for packet in packets] == [index == broken for index in range(5)]


def test_garbage_inside_and_a_wrong_header_lose_a_packet() -> None:
    assert len(read(distort(ACKNOWLEDGE, Fault(FaultKind.WRONG_HEADER)))) == 0
    inside = distort(ACKNOWLEDGE, Fault(FaultKind.GARBAGE_INSIDE))
    assert len(inside) > len(ACKNOWLEDGE)
    assert read(inside) != read(ACKNOWLEDGE)


def test_half_a_packet_is_half_or_as_much_as_asked() -> None:
    assert distort(ACKNOWLEDGE, Fault(FaultKind.HALF_PACKET)) == ACKNOWLEDGE[:6]
    assert distort(ACKNOWLEDGE, Fault(FaultKind.HALF_PACKET, after_bytes=9)) == ACKNOWLEDGE[:9]


@pytest.mark.parametrize("kind", [FaultKind.NO_FINGER, FaultKind.SLOW, FaultKind.UNPLUGGED, FaultKind.FLASH_ERROR])
def test_other_faults_leave_the_bytes_alone(kind: FaultKind) -> None:
    assert distort(ANSWER, Fault(kind)) == ANSWER


def test_a_fault_is_over_after_its_answers() -> None:
    switch = FaultSwitch()
    switch.set(Fault(FaultKind.SILENT, answers=2, instruction=0x01))
    switch.begin(0x0F)
    assert switch.spend() is None
    switch.begin(0x01)
    assert [switch.spend() is not None for _ in range(3)] == [True, True, False]
    assert switch.fault is None


def test_the_plug_is_pulled_once_the_bytes_are_spent() -> None:
    switch = FaultSwitch()
    switch.set(Fault(FaultKind.UNPLUGGED, after_bytes=30))
    assert switch.bytes_before_unplug(12) is None
    assert switch.bytes_before_unplug(12) is None
    assert switch.bytes_before_unplug(12) == 6


@pytest.mark.parametrize("values", [{"answers": 0}, {"after_bytes": -1}, {"delay": -0.1}])
def test_a_fault_without_sense_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(values)).split("_", maxsplit=1)[0][:5]):
        Fault(FaultKind.SLOW, **values)  # type: ignore[arg-type] # the point of the test
