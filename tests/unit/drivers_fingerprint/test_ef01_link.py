"""One command, one deadline: whatever comes back is named by then, and the next command gets its own answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contracts.errors import Fault
from drivers.fingerprint.ef01.codec import HEADER, Packet, PacketKind, encode
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.link import DATA_PAUSE, Link
from tests.unit.drivers_fingerprint.ef01_wire import (
    ADDRESS,
    PARAMETERS,
    READ_SYS_PARA,
    SLICE,
    Wire,
    acknowledgement,
)

FIRST, NEXT = b"\x13\0\0\0\0", b"\x1d"
NEXT_ANSWER = b"\0\0\x07"
SECONDS = 1.0

Chunks = list[tuple[float, bytes]]

pieces = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            HEADER,
            HEADER[:1],
            encode(Packet(PacketKind.ACKNOWLEDGE, b"\0", ADDRESS))[:7],
            encode(Packet(PacketKind.ACKNOWLEDGE, b"\0", 0x12345678)),
            encode(Packet(PacketKind.DATA, b"\0" * 8, ADDRESS)),
            HEADER + b"\xff\xff\xff\xff\x07\0\x82",
            acknowledgement(b"\0")[:-1] + b"\xff",
        ]
    ),
)


def sound(payload: bytes) -> Chunks:
    """What a module answers that is well."""
    return [(0.02, acknowledgement(PARAMETERS if payload[0] == READ_SYS_PARA else NEXT_ANSWER))]


def answers(first: Chunks) -> Wire:
    """A module that is ill once."""
    return Wire(lambda payload: first if payload == FIRST else sound(payload))


def outcome(wire: Wire, link: Link) -> bytes | Fault:
    """What the first command ends with, in time."""
    before = wire.now
    try:
        return link.command(FIRST, SECONDS)
    except EF01Error as error:
        return error.fault
    finally:
        assert wire.now - before <= SECONDS + SLICE


@pytest.mark.parametrize(
    ("first", "named"),
    [
        ([], Fault.SILENT),
        ([(0.1, acknowledgement(b"\0")[:-1] + b"\xff")], Fault.BAD_CHECKSUM),
        ([(0.1, b"\xef\x02" + acknowledgement(b"\0")[2:])], Fault.BAD_HEADER),
        ([(0.1, acknowledgement(b"\0")[:7])], Fault.TRUNCATED),
        ([(0.95, acknowledgement(b"\0")[:7])], Fault.TRUNCATED),
        ([(0.1, acknowledgement(b"\0", 0x12345678))], Fault.BAD_REPLY),
        ([(0.1, encode(Packet(PacketKind.DATA, b"\0", ADDRESS)))], Fault.BAD_REPLY),
        ([(0.1, acknowledgement(b""))], Fault.BAD_REPLY),
        ([(number / 20, b"\x55") for number in range(40)], Fault.BAD_HEADER),
        ([(number / 20, HEADER) for number in range(40)], Fault.TRUNCATED),
    ],
    ids=[
        "silence", "bad sum", "wrong header", "half a packet", "half a packet, late", "another module", "data", "empty",
        "endless noise", "endless beginnings",
    ],
)  # fmt: skip
def test_every_failure_has_its_name_by_the_deadline_and_the_next_command_works(first: Chunks, named: Fault) -> None:
    wire = answers(first)
    link = wire.link()
    assert outcome(wire, link) is named
    assert link.command(NEXT, SECONDS) == NEXT_ANSWER


@given(st.lists(st.tuples(st.floats(0, SECONDS), pieces), max_size=8))
def test_whatever_comes_the_deadline_is_kept_and_the_next_command_gets_its_own_answer(first: Chunks) -> None:
    wire = answers(first)
    link = wire.link()
    ended = outcome(wire, link)
    if isinstance(ended, Fault):
        assert ended in {Fault.SILENT, Fault.BAD_CHECKSUM, Fault.BAD_HEADER, Fault.TRUNCATED, Fault.BAD_REPLY}
        assert link.command(NEXT, SECONDS) == NEXT_ANSWER


@given(
    st.floats(0, 0.8), st.floats(0.01, 0.5), pieces.filter(lambda piece: b"\xef\x01\xff\xff\xff\xff\x07" not in piece)
)
def test_an_answer_that_comes_too_late_is_never_taken_for_the_next_one(late: float, takes: float, noise: bytes) -> None:
    queue_free_at = 0.0

    def one_after_the_other(payload: bytes) -> Chunks:
        nonlocal queue_free_at
        queue_free_at = max(queue_free_at, wire.now) + (SECONDS + late if payload == FIRST else takes)
        answer = noise + acknowledgement(b"\0") if payload == FIRST else sound(payload)[0][1]
        return [(queue_free_at - wire.now, answer)]

    wire = Wire(one_after_the_other)
    link = wire.link()
    if outcome(wire, link) == b"\0":  # just in time
        return
    assert link.command(NEXT, SECONDS) == NEXT_ANSWER


@pytest.mark.parametrize(
    "garbage",
    [b"\x55\xef\x7e", HEADER, HEADER + b"\xff\xff\xff\xff\x07\0\x82", acknowledgement(b"\0")[:-1] + b"\xff"],
    ids=["noise", "a header", "the beginning of a long packet", "a damaged packet"],
)
def test_an_answer_behind_garbage_is_found(garbage: bytes) -> None:
    wire = answers([(0.1, garbage), (0.12, acknowledgement(b"\0\x2a"))])
    assert outcome(wire, wire.link()) == b"\0\x2a"


def test_a_sound_answer_is_not_kept_waiting_for() -> None:
    wire = Wire(sound)
    assert wire.link().command(NEXT, SECONDS) == NEXT_ANSWER
    assert wire.now == pytest.approx(0.02)


def data(*parts: bytes, last: bool = True) -> list[bytes]:
    kinds = [PacketKind.DATA] * (len(parts) - last) + [PacketKind.END_OF_DATA] * last
    return [encode(Packet(kind, part, ADDRESS)) for kind, part in zip(kinds, parts, strict=True)]


@given(st.lists(st.binary(max_size=128), min_size=1, max_size=6), st.lists(st.floats(0, 1.0), max_size=6))
def test_data_is_read_until_the_packet_that_says_it_is_the_last(parts: list[bytes], pauses: list[float]) -> None:
    wire = Wire(sound)
    moment = 0.0
    for number, packet in enumerate(data(*parts)):
        moment += pauses[number] if number < len(pauses) else 0.0
        wire.comes((moment, packet))
    assert wire.link().receive_data(60.0) == b"".join(parts)


def test_noise_before_the_acknowledgement_does_not_spoil_the_data_behind_it() -> None:
    wire = Wire(lambda payload: [(0.02, b"\x55\xef" + acknowledgement(b"\0") + b"".join(data(b"a", b"b")))])
    link = wire.link()
    assert link.command(NEXT, SECONDS) == b"\0"
    assert link.receive_data(60.0) == b"ab"


@pytest.mark.parametrize(
    ("stream", "named", "within"),
    [
        (b"".join(data(b"a", b"b", last=False)), Fault.TRUNCATED, DATA_PAUSE),
        (b"".join(data(b"a", b"b"))[:-3], Fault.TRUNCATED, DATA_PAUSE),
        (data(b"a", b"b")[0] + data(b"b")[0][:-1] + b"\xff", Fault.BAD_CHECKSUM, 0.0),
        (data(b"a", b"b")[0] + data(b"b", b"c")[0][:-1] + b"\xff" + data(b"c")[0], Fault.BAD_CHECKSUM, 0.0),
        (data(b"a", b"b")[0] + b"\x55" + data(b"b")[0], Fault.TRUNCATED, 0.0),
        (data(b"a", b"b")[0] + b"\xef\x02" + data(b"b")[0][2:], Fault.TRUNCATED, 0.0),
        (data(b"a", b"b")[0] + acknowledgement(b"\0"), Fault.BAD_REPLY, 0.0),
        (b"", Fault.TRUNCATED, DATA_PAUSE),
    ],
    ids=[
        "no last packet",
        "half a packet",
        "bad sum",
        "bad sum in the middle",
        "noise",
        "wrong header",
        "an acknowledgement",
        "nothing",
    ],
)
def test_data_that_breaks_off_is_noticed_at_once_and_the_next_command_works(
    stream: bytes, named: Fault, within: float
) -> None:
    wire = Wire(sound)
    wire.comes((0.0, stream))
    link = wire.link()
    with pytest.raises(EF01Error) as raised:
        link.receive_data(60.0)
    assert raised.value.fault is named
    assert wire.now <= within + 4 * SLICE
    assert link.command(NEXT, SECONDS) == NEXT_ANSWER


@given(
    st.lists(st.binary(max_size=32).filter(lambda part: b"\xef" not in part), min_size=1, max_size=6),
    st.integers(1, 255),
    st.data(),
)
def test_one_wrong_byte_anywhere_in_the_data_never_passes(parts: list[bytes], flip: int, draw: st.DataObject) -> None:
    stream = bytearray(b"".join(data(*parts)))
    stream[draw.draw(st.integers(0, len(stream) - 1), "place")] ^= flip
    cut = draw.draw(st.integers(0, len(stream)), "cut")
    wire = Wire(sound)
    wire.comes((0.0, bytes(stream[:cut])), (0.01, bytes(stream[cut:])))
    link = wire.link()
    with pytest.raises(EF01Error):
        link.receive_data(60.0)
    assert link.command(NEXT, SECONDS) == NEXT_ANSWER


def test_a_line_that_never_falls_quiet_is_named() -> None:
    wire = answers([])
    link = wire.link()
    assert outcome(wire, link) is Fault.SILENT
    wire.comes(*((number / 20, b"\x55") for number in range(2000)))
    with pytest.raises(EF01Error) as raised:
        link.command(NEXT, SECONDS)
    assert raised.value.fault is Fault.BAD_HEADER
