"""What the simulated printer makes of bytes before they reach the paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.printer import State, charset
from simulators.printer.realtime import Order, Request, Scanner

_CLEAR = bytes([0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8])
PIECES = st.lists(
    st.sampled_from([b"\x10", b"\x04", b"\x05", b"\x14", b"\x01", b"\x02", b"A", b"\x1b@", b"\x10\x04\x03", _CLEAR])
)


def joined(found: list[bytes | Request]) -> list[bytes | Request]:
    """Runs of bytes put together, however they came."""
    together: list[bytes | Request] = []
    for item in found:
        if together and isinstance(item, bytes) and isinstance(together[-1], bytes):
            together[-1] += item
        else:
            together.append(item)
    return together


@given(PIECES, st.booleans())
def test_it_makes_no_difference_how_bytes_arrive(pieces: list[bytes], clears: bool) -> None:
    stream = b"".join(pieces)
    whole, parts = Scanner(clears=clears), Scanner(clears=clears)
    expected = joined(whole.feed(stream))
    assert joined([item for byte in stream for item in parts.feed(bytes([byte]))]) == expected


@given(PIECES)
def test_nothing_is_lost_but_the_commands_themselves(pieces: list[bytes]) -> None:
    stream = b"".join(pieces) + b"A" * len(_CLEAR)  # so that nothing is held back at the end
    found = Scanner(clears=False).feed(stream)
    plain = b"".join(item for item in found if isinstance(item, bytes))
    assert len(plain) + 3 * sum(isinstance(item, Request) for item in found) == len(stream)


def test_real_time_commands_are_found_within_anything() -> None:
    found = Scanner(clears=True).feed(b"ab\x10\x04\x02cd\x10\x05\x01\x10\x05\x02" + _CLEAR + b"e")
    assert found == [
        b"ab",
        Request(Order.STATUS, 2),
        b"cd",
        Request(Order.RECOVER),
        Request(Order.RECOVER_AND_CLEAR),
        Request(Order.CLEAR),
        b"e",
    ]
    assert Scanner(clears=False).feed(_CLEAR + b"A") == [_CLEAR + b"A"]


@pytest.mark.parametrize(
    ("state", "answers", "sensor"),
    [
        (State(), "12 12 12 12", "00"),
        (State(paper_low=True), "12 12 12 1e", "03"),
        (State(paper=False), "1a 32 12 7e", "0f"),
        (State(cover_open=True), "1a 16 12 12", "00"),
        (State(cutter_error=True), "1a 52 1a 12", "00"),
        (State(overheated=True), "1a 52 52 12", "00"),
        (State(failed=True), "1a 52 32 12", "00"),
    ],
)
def test_the_state_is_told_in_epson_s_bits(state: State, answers: str, sensor: str) -> None:
    assert b"".join(state.real_time(kind) for kind in (1, 2, 3, 4)) == bytes.fromhex(answers)
    assert state.paper_sensor() == bytes.fromhex(sensor)
    assert state.real_time(9) == b""
    first, *others = state.automatic()
    assert first & 0x93 == 0x10
    assert not [byte for byte in others if byte & 0x90]


def test_characters_have_the_meaning_of_their_place() -> None:
    assert charset.single(0x24, 0, 15) == "¥"  # a dollar, where China's set is selected
    assert charset.single(0x24, 0, 0) == "$"
    assert charset.single(0x9D, 0, 0) == "¥"
    assert charset.multiple("￥".encode("gb18030")) == "￥"
    assert charset.multiple("㛃".encode("gb18030")) == "㛃"
    assert charset.multiple(b"\xff\xff") == charset.UNKNOWN
    assert charset.length(0xB0, 0xA1, four_bytes=False) == 2
    assert charset.length(0x81, 0x30, four_bytes=True) == 4
    assert charset.length(0x81, 0x30, four_bytes=False) is None
    assert charset.length(0xB0, 0x0A, four_bytes=True) is None
