"""A slip as bytes."""

import io
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contracts.errors import Fault
from drivers.contracts.printer import Align, QRCode, Slip, Text
from drivers.printer.composer import BLOCK, blocks
from drivers.printer.faults import PrinterError
from drivers.printer.options import ReceiptPrinterOptions
from tests.support.slips import CERTIFICATION, VERIFY


def options(**changed: object) -> ReceiptPrinterOptions:
    return ReceiptPrinterOptions.model_validate({"url": "tcp://host", **changed})


def data(slip: Slip, **changed: object) -> bytes:
    return b"".join(blocks(slip, options(**changed)))


def test_a_line_to_the_byte() -> None:
    slip = Slip((Text("样例", align=Align.CENTRE, large=True, bold=True), Text("¥5")))
    assert data(slip) == (
        b"\x1b@\x1bR\x00\x1c&"  # initialise, ASCII as it is, Chinese mode
        b"\x1d!\x11\x1bE\x01\x1ba\x01\x1b3\x3c\x1c!\x0c"  # double both ways, for Chinese too; bold, centred, leading
        b"\xd1\xf9\xc0\xfd\n"
        b"\x1d!\x00\x1bE\x00\x1ba\x00\x1b2\x1c!\x00"
        b"\xa3\xa45\n"
        b"\x1bd\x01\x1dVB\x00"  # a line, then on to the blade and cut
    )


def test_without_a_cutter_it_is_fed_out() -> None:
    assert data(Slip((Text("a"),)), cutter=False).endswith(b"a\n\x1bd\x05")


def test_the_printer_draws_the_code_or_gets_it_drawn() -> None:
    native, raster = data(CERTIFICATION), data(CERTIFICATION, qr="raster")
    assert b"\x1d(k" + (len(VERIFY) + 3).to_bytes(2, "little") + b"1P0" + VERIFY.encode() in native
    assert b"\x1dv0" not in native
    assert b"\x1d(k" not in raster
    heights = [int.from_bytes(found, "little") for found in re.findall(rb"\x1dv0\x00..(..)", raster, re.DOTALL)]
    assert sum(heights) % 6 == 0
    assert max(heights) <= 24


def test_the_code_is_as_large_as_the_paper_allows() -> None:
    sizes = [re.findall(rb"1C(.)", data(CERTIFICATION, columns=columns), re.DOTALL)[0][0] for columns in (32, 48)]
    assert sizes == [6, 8]
    (large,) = re.findall(rb"1C(.)", data(Slip((QRCode("漢" * 100),))), re.DOTALL)
    assert large[0] == 3


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.sampled_from(["native", "raster"]))
def test_blocks_are_short_enough_for_the_smallest_buffer(paragraphs: int, qr: str) -> None:
    slip = Slip((*(Text(f"第{number}行" * 30) for number in range(paragraphs)), QRCode("x" * 300)))
    parts = blocks(slip, options(qr=qr))
    assert all(0 < len(part) <= BLOCK for part in parts)
    assert parts[0].startswith(b"\x1b@")
    assert parts[-1].endswith(b"\x1dVB\x00")


@pytest.mark.parametrize("element", [QRCode(""), QRCode("x" * 301), QRCode("漢" * 101), Text("\ud800")])
def test_what_cannot_be_printed_is_refused(element: QRCode | Text) -> None:
    with pytest.raises(PrinterError) as raised:
        blocks(Slip((element,)), options())
    assert raised.value.fault is Fault.UNPRINTABLE


def test_nothing_is_said_on_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)
    data(CERTIFICATION, qr="raster")
    data(CERTIFICATION)
    assert said.getvalue() == ""
