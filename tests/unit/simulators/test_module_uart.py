"""What a UART hears of bytes sent at another speed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.fingerprint.uart import hear

COMMAND = bytes.fromhex("EF01FFFFFFFF010003010005")
BAUDS = [9600, 19200, 38400, 57600, 115200]


@given(st.binary(max_size=50), st.sampled_from(BAUDS))
def test_equal_speeds_understand_each_other(data: bytes, baud: int) -> None:
    assert hear(data, baud, baud) == data


@pytest.mark.parametrize("heard_at", BAUDS)
@pytest.mark.parametrize("sent_at", BAUDS)
def test_no_other_speed_finds_a_packet_header(sent_at: int, heard_at: int) -> None:
    if sent_at != heard_at:
        assert b"\xef\x01" not in hear(COMMAND, sent_at, heard_at)


def test_half_speed_hears_every_bit_twice() -> None:
    # 0x00 at 9600 is low for nine bit times, eighteen of the receiver's: a break, then idle.
    assert hear(b"\x00", 9600, 19200) == b""
    # Start bit and four low bits, seen twice each, fill the first frame; its stop bit is already data.
    assert hear(b"\xf0", 9600, 19200) == b""
    assert hear(b"\xff", 9600, 19200) == b"\xfe"


@given(st.binary(min_size=1, max_size=40), st.sampled_from(BAUDS), st.sampled_from(BAUDS))
def test_noise_is_the_same_each_time(data: bytes, sent_at: int, heard_at: int) -> None:
    assert hear(data, sent_at, heard_at) == hear(data, sent_at, heard_at)


@pytest.mark.parametrize(("sent_at", "heard_at"), [(0, 57600), (57600, 0)])
def test_a_line_without_speed_carries_nothing(sent_at: int, heard_at: int) -> None:
    assert hear(COMMAND, sent_at, heard_at) == b""
