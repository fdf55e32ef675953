"""What is kept of an impression comes back, and nothing else is taken for it."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.biometrics.host.faults import TemplateError, TemplateFault
from services.biometrics.host.impression import Impression
from services.biometrics.host.template import decode, encode
from tests.unit.biometrics_host.strategies import impressions, strewn


def _sealed(body: bytes) -> bytes:
    return body + struct.pack(">I", zlib.crc32(body))


def _fault(data: bytes) -> TemplateFault:
    with pytest.raises(TemplateError) as raised:
        decode(data)
    return raised.value.fault


@given(impressions())
def test_an_impression_comes_back_within_an_eighth_of_a_pixel(impression: Impression) -> None:
    back = decode(encode(impression))
    assert np.abs(back.minutiae.xy - impression.minutiae.xy).max() <= 1 / 16 + 1e-3
    turn = np.abs(back.minutiae.direction - impression.minutiae.direction)
    assert np.minimum(turn, 2 * np.pi - turn).max() < 1e-3
    assert (back.minutiae.kind == impression.minutiae.kind).all()
    assert np.abs(back.minutiae.quality - impression.minutiae.quality).max() <= 1 / 255
    if impression.pattern is None:
        assert back.pattern is None
        return
    assert back.pattern is not None
    assert (back.pattern.area == impression.pattern.area).all()
    shown = np.kron(impression.pattern.area, np.ones((4, 4), bool))
    assert (back.pattern.valley[shown] == impression.pattern.valley[shown]).all()


@given(impressions())
def test_what_came_back_is_kept_as_the_same_bytes(impression: Impression) -> None:
    data = encode(impression)
    assert encode(decode(data)) == data


@given(impressions(), st.data())
def test_a_shortened_or_lengthened_template_is_refused(impression: Impression, data: st.DataObject) -> None:
    whole = encode(impression)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert _fault(cut) in {TemplateFault.TRUNCATED, TemplateFault.DAMAGED}
    assert _fault(whole + b"\0") in {TemplateFault.TRUNCATED, TemplateFault.DAMAGED}
    assert _fault(_sealed(whole + b"\0\0")) == TemplateFault.TRUNCATED


@given(impressions(), st.data())
def test_a_flipped_bit_is_noticed(impression: Impression, data: st.DataObject) -> None:
    damaged = bytearray(encode(impression))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    _fault(bytes(damaged))


@given(st.binary(max_size=5000))
def test_other_bytes_are_no_template(data: bytes) -> None:
    with pytest.raises(TemplateError):
        decode(data)
    with pytest.raises(TemplateError):
        decode(_sealed(data))


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        (4, b"\x02", TemplateFault.UNKNOWN_VERSION),
        (6, struct.pack(">H", 300), TemplateFault.BAD_RESOLUTION),
        (8, struct.pack(">H", 10_000), TemplateFault.TOO_MANY_MINUTIAE),
        (8, struct.pack(">H", 2), TemplateFault.TOO_FEW_MINUTIAE),
        (10, struct.pack(">H", 60_000), TemplateFault.OUT_OF_RANGE),
        (14, struct.pack(">H", 0xFFFF), TemplateFault.OUT_OF_RANGE),
        (20, b"\x07", TemplateFault.OUT_OF_RANGE),
    ],
)
def test_a_forged_value_is_named(at: int, value: bytes, fault: TemplateFault) -> None:
    body = bytearray(encode(Impression(strewn(20, 1)))[:-4])
    body[at : at + len(value)] = value
    assert _fault(_sealed(bytes(body))) == fault


def test_ten_thousand_minutiae_are_refused_unread() -> None:
    head = struct.pack(">4sBBHHHH", b"VKFP", 1, 0, 500, 10_000, 0, 0)
    assert _fault(_sealed(head + bytes(80_000))) == TemplateFault.TOO_MANY_MINUTIAE
