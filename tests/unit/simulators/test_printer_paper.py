"""What the simulated printer puts on paper, and where."""

import math
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.printer import FULL, PLAIN, Fault, FaultKind, PrintedSlip, ReceiptPrinter, Snapshot
from simulators.printer.paper import BLADE_GAP

CUT = b"\x1dVB\x00"


@pytest.fixture
def printer() -> Iterator[ReceiptPrinter]:
    with ReceiptPrinter(pace=math.inf) as simulated:
        yield simulated


def connect(printer: ReceiptPrinter) -> socket.socket:
    place = urlsplit(printer.url)
    wire = socket.create_connection((place.hostname, place.port), timeout=10)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def put_out(printer: ReceiptPrinter, data: bytes) -> PrintedSlip:
    count = len(printer.slips)
    with closing(connect(printer)) as wire:
        wire.sendall(data + CUT)
        return printer.wait_for_slip(count + 1)


def ask(wire: socket.socket, data: bytes, length: int = 1) -> bytes:
    wire.sendall(data)
    answer = b""
    while len(answer) < length:
        answer += wire.recv(length - len(answer))
    return answer


def columns(dots: NDArray[np.bool_]) -> tuple[int, int]:
    """The first and the last column with a black dot."""
    black = np.flatnonzero(dots.any(axis=0))
    return int(black[0]), int(black[-1])


def test_a_line_breaks_at_the_edge_of_the_paper(printer: ReceiptPrinter) -> None:
    assert put_out(printer, b"x" * 40 + b"\n").text.splitlines() == ["x" * 32, "x" * 8]
    with ReceiptPrinter(columns=48, pace=math.inf) as wide:
        assert put_out(wide, b"x" * 50 + b"\n").text.splitlines() == ["x" * 48, "xx"]


def test_chinese_is_twice_as_wide_and_large_is_twice_as_large(printer: ReceiptPrinter) -> None:
    usual = put_out(printer, b"\x1b@\x1c&" + "国".encode("gbk") + b"\n").dots
    large = put_out(printer, b"\x1b@\x1c&\x1d!\x11" + "国".encode("gbk") + b"\n").dots
    (left, right), (wide_left, wide_right) = columns(usual), columns(large)
    assert 16 <= right - left < 24
    assert wide_right - wide_left == 2 * (right - left) + 1
    assert large.sum() == 4 * usual.sum()


def test_bold_is_blacker_and_ends_with_initialising(printer: ReceiptPrinter) -> None:
    weights = [put_out(printer, start + b"HHH\n").dots.sum() for start in (b"\x1b@", b"\x1bE\x01", b"", b"\x1b@")]
    assert weights[0] < weights[1] == weights[2]
    assert weights[3] == weights[0]


def test_lines_stand_left_centred_and_right(printer: ReceiptPrinter) -> None:
    places = [columns(put_out(printer, b"\x1b@\x1ba" + bytes([where]) + b"HH\n").dots) for where in (0, 1, 2)]
    assert places[0][0] < 12
    assert abs(places[1][0] + places[1][1] - 383) <= 2
    assert places[2][1] > 384 - 12


def test_a_cheap_make_sizes_chinese_by_its_own_command_alone() -> None:
    with ReceiptPrinter(make=PLAIN, pace=math.inf) as printer:
        usual, by_print_mode, by_own = (
            columns(put_out(printer, b"\x1b@" + style + "国".encode("gbk") + b"\n").dots)
            for style in (b"", b"\x1b!\x30", b"\x1c!\x0c")
        )
    assert usual == by_print_mode
    assert by_own[1] > usual[1]


def test_rare_characters_are_beyond_a_cheap_make(printer: ReceiptPrinter) -> None:
    """The trap: a make that has not got them takes their four bytes for a blank and a digit, twice."""
    text = b"\x1b@\x1c&" + "甲㛃乙\n".encode("gb18030")
    assert put_out(printer, text).text.strip() == "甲㛃乙"
    with ReceiptPrinter(make=PLAIN, pace=math.inf) as cheap:
        _, second, _, fourth = "㛃".encode("gb18030")
        assert put_out(cheap, text).text.strip() == f"甲\ufffd{second:c}\ufffd{fourth:c}乙"


def test_a_cut_without_a_feed_leaves_the_last_lines_inside(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        wire.sendall(b"one\n" * 8 + b"last\n\x1dV\x00" + CUT)
        printer.wait_for_slip(2)
    first, second = printer.slips
    assert "last" not in first.text
    assert "last" in second.text
    assert not first.dots[:BLADE_GAP].any()


def test_a_qr_code_is_drawn_with_what_it_says(printer: ReceiptPrinter) -> None:
    data = "核验 https://county.example/1".encode()
    store = b"\x1d(k" + (len(data) + 3).to_bytes(2, "little") + b"1P0" + data
    slip = put_out(printer, b"\x1ba\x01\x1d(k\x03\x001C\x06" + store + b"\x1d(k\x03\x001Q0")
    assert slip.qr_codes == (data.decode(),)
    assert slip.dots.any()


def test_the_picture_has_the_paper_s_margins(printer: ReceiptPrinter) -> None:
    slip = put_out(printer, b"a\n")
    assert slip.png().startswith(b"\x89PNG")
    assert slip.paper.paper_dots == 384 + 2 * slip.paper.margin


def test_unknown_commands_are_noted(printer: ReceiptPrinter) -> None:
    put_out(printer, b"\x1bz\x1f\x1dk\x04123\x00")
    assert printer.snapshot().unknown == (b"\x1bz", b"\x1f", b"\x1dk\x04")


# --- offline ----------------------------------------------------------------------------------------------------------


def test_it_answers_while_it_is_offline_and_prints_on_when_it_is_well(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        printer.take_paper_out()
        wire.sendall(b"kept\n" + CUT + b"\x1dr\x01")
        printer.wait_until(lambda now: now.waiting > 0)
        assert ask(wire, b"\x10\x04\x01") == b"\x1a"
        assert printer.slips == ()
        printer.load_paper()
        assert wire.recv(1) == b"\x00"
        assert printer.wait_for_slip().text.strip() == "kept"


@pytest.mark.parametrize("order", [b"\x10\x05\x02", bytes([0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8])])
def test_the_host_can_have_it_forget(printer: ReceiptPrinter, order: bytes) -> None:
    with closing(connect(printer)) as wire:
        printer.open_cover()
        wire.sendall(b"forgotten\n" + CUT)
        printer.wait_until(lambda now: now.waiting > 0)
        wire.sendall(order)
        printer.wait_until(lambda now: now.waiting == 0)
        printer.close_cover()
        wire.sendall(b"new\n" + CUT)
        assert printer.wait_for_slip().text.strip() == "new"


def test_paper_ends_after_so_many_lines(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        printer.fault(Fault(FaultKind.PAPER_OUT, after=2))
        wire.sendall(b"1\n2\n3\n4\n" + CUT)
        now = printer.wait_until(lambda now: not now.state.paper)
        assert now.unfinished.split() == ["1", "2"]
        printer.load_paper()
        assert printer.wait_for_slip().text.split() == ["3", "4"]


def test_the_blade_sticks_at_the_cut_until_it_is_mended(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        printer.fault(Fault(FaultKind.CUTTER_JAM, after=1))
        wire.sendall(b"a\n" + CUT)
        printer.wait_until(lambda now: now.state.cutter_error)
        assert ask(wire, b"\x10\x04\x03") == b"\x1a"
        printer.clear_fault()
        assert printer.wait_for_slip().text.strip() == "a"


def test_changes_are_told_unasked_once_they_are_wanted(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        assert ask(wire, b"\x1da\xff", 4) == bytes.fromhex("10 00 00 0f")
        printer.open_cover()
        assert ask(wire, b"", 4) == bytes.fromhex("38 00 00 0f")
        printer.take_paper_out()
        assert ask(wire, b"", 4) == bytes.fromhex("38 00 0f 0f")


def test_a_full_buffer_stops_the_line(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        printer.open_cover()
        wire.sendall(b"x" * 5000)
        printer.wait_until(lambda now: now.waiting == FULL.buffer_size)
        printer.close_cover()
        printer.wait_until(lambda now: now.waiting == 0)


# --- the plug ---------------------------------------------------------------------------------------------------------


def test_the_plug_takes_what_was_not_printed_and_keeps_the_address(printer: ReceiptPrinter) -> None:
    url = printer.url
    with closing(connect(printer)) as wire:
        printer.open_cover()
        wire.sendall(b"lost\n" + CUT)
        printer.wait_until(lambda now: now.waiting > 0)
        printer.unplug()
        with pytest.raises(ConnectionResetError):
            wire.recv(1)
    assert not printer.snapshot().plugged
    printer.close_cover()
    printer.plug()
    assert printer.url == url
    assert put_out(printer, b"new\n").text.strip() == "new"


def test_the_plug_is_pulled_after_so_many_bytes(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as wire:
        printer.fault(Fault(FaultKind.UNPLUGGED, after=5))
        wire.sendall(b"1\n2\n3\n4\n")
        printer.wait_until(lambda now: not now.plugged)
        printer.clear_fault()
        assert printer.snapshot().plugged


def test_it_serves_one_host_at_a_time(printer: ReceiptPrinter) -> None:
    with closing(connect(printer)) as first:
        ask(first, b"\x10\x04\x01")
        with closing(connect(printer)) as second:
            second.sendall(b"\x10\x04\x01")
            assert ask(first, b"\x10\x04\x04") == b"\x12"
            second.settimeout(0.05)
            with pytest.raises(TimeoutError):
                second.recv(1)
            first.close()
            second.settimeout(10)
            assert second.recv(1) == b"\x12"


def test_a_printer_has_one_way_and_a_paper_there_is() -> None:
    with pytest.raises(ValueError, match="not both"):
        ReceiptPrinter(serial=True, port=0)
    with pytest.raises(ValueError, match="32 or 48"):
        ReceiptPrinter(columns=40)
    with ReceiptPrinter(serial=True) as printer, pytest.raises(ValueError, match="network"):
        printer.fault(FaultKind.REFUSED)


def test_waiting_for_what_does_not_come_ends(printer: ReceiptPrinter) -> None:
    def never(_: Snapshot) -> bool:
        return False

    with pytest.raises(TimeoutError):
        printer.wait_until(never, timeout=0.01)
    with pytest.raises(TimeoutError):
        printer.wait_for_slip(timeout=0.01)
