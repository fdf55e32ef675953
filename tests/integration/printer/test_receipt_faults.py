"""What only some printers and some ways do wrong, and what the driver makes of it."""

import errno
import math
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
import serial
import usb.core

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.printer import Slip, Text
from drivers.printer import open_receipt_printer
from drivers.printer.address import UsbAddress
from drivers.printer.faults import PrinterError
from drivers.printer.receipts import EscPosPrinter
from drivers.printer.usb_port import UsbTransport
from simulators.printer import FULL, MUTE, PLAIN, FaultKind, Make, ReceiptPrinter
from simulators.printer import Fault as Trouble
from tests.support.slips import CERTIFICATION, SHORT
from tests.support.usb_bus import PRODUCT, SERIAL, VENDOR, Bus


@contextmanager
def a_printer(
    make: Make = FULL, *, on_line: bool = False, **options: Any
) -> Iterator[tuple[EscPosPrinter, ReceiptPrinter]]:
    with (
        ReceiptPrinter(make=make, serial=on_line, pace=math.inf) as paper,
        closing(open_receipt_printer(url=paper.url, **options)) as printer,
    ):
        yield printer, paper


def fault_of(act: Callable[[], object]) -> Fault:
    with pytest.raises(DeviceError) as raised:
        act()
    return raised.value.fault


def long_slip() -> Slip:
    return Slip(tuple(Text(f"第{number}行，内容很长，用来占满打印机的缓冲区。" * 4) for number in range(40)))


# --- opening ----------------------------------------------------------------------------------------------------------


def test_where_nothing_listens_is_not_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault_of(lambda: open_receipt_printer(url=f"tcp://127.0.0.1:{port}")) is Fault.NOT_FOUND
    assert fault_of(lambda: open_receipt_printer(url="tcp://printer.invalid")) is Fault.NOT_FOUND
    assert fault_of(lambda: open_receipt_printer(url="serial:///nonexistent/port")) is Fault.NOT_FOUND


def test_what_never_answers_is_silent() -> None:
    with ReceiptPrinter(make=MUTE, pace=math.inf) as paper:
        assert fault_of(lambda: open_receipt_printer(url=paper.url)) is Fault.SILENT


def test_a_port_that_is_no_port_is_not_found(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert fault_of(lambda: open_receipt_printer(url=f"serial://{file}")) is Fault.NOT_FOUND


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_without_the_right_is_denied(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_bytes(b"")
    file.chmod(0)
    assert fault_of(lambda: open_receipt_printer(url=f"serial://{file}")) is Fault.ACCESS_DENIED


def test_a_port_that_another_program_holds_is_busy() -> None:
    with (
        ReceiptPrinter(serial=True, pace=math.inf) as paper,
        closing(serial.Serial(urlsplit(paper.url).path, exclusive=True)),
    ):
        assert fault_of(lambda: open_receipt_printer(url=paper.url)) is Fault.BUSY


def test_a_printer_at_another_speed_is_silent_or_noise() -> None:
    with ReceiptPrinter(serial=True, baud=19200, pace=math.inf) as paper:
        url = paper.url.replace("19200", "9600")
        assert fault_of(lambda: open_receipt_printer(url=url)) in {Fault.SILENT, Fault.BAD_HEADER}


def test_a_printer_without_paper_opens_and_says_so() -> None:
    with ReceiptPrinter(pace=math.inf) as paper:
        paper.take_paper_out()
        with closing(open_receipt_printer(url=paper.url, dialect="epson")) as printer:
            assert printer.condition().faults == frozenset({Fault.PAPER_OUT})


def test_a_faithful_printer_says_its_name() -> None:
    with a_printer(dialect="epson") as (printer, _):
        assert (printer.info.model, printer.info.serial, printer.info.firmware) == ("TM-T82X", "S0000001", "1.00")
        assert printer.info.facts["maker"] == "Simulated"


# --- in the middle ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_line", [False, True])
def test_the_rest_of_a_failed_slip_is_forgotten_by_a_faithful_printer(on_line: bool) -> None:
    with a_printer(dialect="epson", on_line=on_line) as (printer, paper):
        paper.fault(Trouble(FaultKind.PAPER_OUT, after=5))
        assert fault_of(lambda: printer.print_slip(CERTIFICATION, Deadline.after(20))) is Fault.PAPER_OUT
        paper.load_paper()
        printer.print_slip(SHORT, Deadline.after(20))
        assert [slip.text.strip() for slip in paper.slips] == ["第二张"]


@pytest.mark.parametrize("on_line", [False, True])
def test_the_rest_of_a_failed_slip_comes_before_the_next_from_a_cheap_printer(on_line: bool) -> None:
    """It is on a piece of its own, and the next slip is confirmed only when it is itself on paper."""
    with a_printer(PLAIN, qr="raster", on_line=on_line) as (printer, paper):
        paper.fault(Trouble(FaultKind.PAPER_OUT, after=5))
        assert fault_of(lambda: printer.print_slip(CERTIFICATION, Deadline.after(20))) is Fault.PAPER_OUT
        paper.clear_fault()
        paper.load_paper()
        printer.print_slip(SHORT, Deadline.after(20))
        assert paper.slips[-1].text.splitlines()[-1].strip() == "第二张"
        assert paper.snapshot().unknown == ()


def test_paper_that_ends_within_a_long_slip_is_named_although_the_buffer_would_be_full() -> None:
    with a_printer(PLAIN, on_line=True) as (printer, paper):
        paper.fault(Trouble(FaultKind.PAPER_OUT, after=60))
        assert fault_of(lambda: printer.print_slip(long_slip(), Deadline.after(30))) is Fault.PAPER_OUT


def test_a_head_that_cools_in_time_prints_on() -> None:
    """A printer that says nothing of it but takes its time is waited for until the deadline."""
    with a_printer(dialect="epson") as (printer, paper):
        printer.print_slip(SHORT, Deadline.after(20))
        paper.fault(Trouble(FaultKind.SLOW, delay=0.4))
        printer.print_slip(SHORT, Deadline.after(30))
        assert len(paper.slips) == 2


def test_a_printer_that_hangs_is_silent_by_the_deadline() -> None:
    with a_printer() as (printer, paper):
        paper.fault(FaultKind.STUCK)
        assert fault_of(lambda: printer.print_slip(SHORT, Deadline.after(1.0))) is Fault.SILENT
        paper.clear_fault()
        printer.print_slip(SHORT, Deadline.after(20))
        assert paper.slips[-1].text.strip() == "第二张"


@pytest.mark.parametrize("on_line", [False, True])
def test_a_stopped_line_is_offline_by_the_deadline_and_closes_at_once(on_line: bool) -> None:
    with a_printer(MUTE, on_line=on_line, dialect="mute") as (printer, paper):
        paper.fault(FaultKind.STUCK)

        def fill() -> None:
            deadline = Deadline.after(0.5)
            while True:
                printer.print_slip(long_slip(), deadline)

        assert fault_of(fill) is Fault.OFFLINE


def test_a_connection_that_is_ended_or_reset_is_unplugged() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hung_up = threading.Event()

        def answer_once_and_hang_up() -> None:
            host, _ = listener.accept()
            with host:
                host.recv(100)
                host.sendall(b"\x12")
                host.recv(100)
            hung_up.set()

        threading.Thread(target=answer_once_and_hang_up, daemon=True).start()
        with closing(open_receipt_printer(url=f"tcp://127.0.0.1:{listener.getsockname()[1]}")) as printer:
            assert fault_of(printer.condition) is Fault.UNPLUGGED
            assert hung_up.wait(10)


def test_a_refused_network_port_is_not_found_until_it_listens_again() -> None:
    with ReceiptPrinter(pace=math.inf) as paper:
        paper.fault(FaultKind.REFUSED)
        assert fault_of(lambda: open_receipt_printer(url=paper.url)) is Fault.NOT_FOUND
        paper.clear_fault()
        open_receipt_printer(url=paper.url).close()


def test_a_confirmation_of_another_slip_is_none() -> None:
    """The answer to a slip that was given up must not pass for that of the next one."""
    with a_printer(PLAIN) as (printer, paper):
        printer.print_slip(SHORT, Deadline.after(20))
        paper.fault(Trouble(FaultKind.SLOW, delay=0.6))
        assert fault_of(lambda: printer.print_slip(SHORT, Deadline.after(2.6))) is Fault.SILENT
        paper.fault(Trouble(FaultKind.COVER_OPEN))
        assert fault_of(lambda: printer.print_slip(SHORT, Deadline.after(20))) is Fault.COVER_OPEN
        before = len(paper.slips)
        paper.close_cover()
        printer.print_slip(CERTIFICATION, Deadline.after(20))
        assert len(paper.slips) > before
        assert "样**" in paper.slips[-1].text


@pytest.mark.parametrize("make", [FULL, PLAIN], ids=["full", "plain"])
@pytest.mark.parametrize("left", [b"\x1dv0\x00\x20\x00\x18\x00" + b"\xff" * 10, b"\x1d(k\x2c\x011P0http", b"\x1c"])
def test_a_command_that_another_host_left_unfinished_swallows_no_slip(make: Make, left: bytes) -> None:
    with ReceiptPrinter(make=make, pace=math.inf) as paper:
        place = urlsplit(paper.url)
        with socket.create_connection((place.hostname, place.port)) as other:
            other.sendall(b"\x1b@" + left)
            paper.wait_until(lambda now: now.waiting == 0)
        with closing(open_receipt_printer(url=paper.url, qr="raster")) as printer:
            printer.print_slip(SHORT, Deadline.after(5))
        assert paper.slips[-1].text.strip() == "第二张"


# --- a printer that never answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_line", [False, True])
def test_a_mute_printer_prints_and_is_well_as_long_as_its_port_is_there(on_line: bool) -> None:
    with a_printer(MUTE, on_line=on_line, dialect="mute", qr="raster") as (printer, paper):
        printer.print_slip(CERTIFICATION, Deadline.after(20))
        assert "样**" in paper.wait_for_slip().text
        paper.take_paper_out()
        assert printer.condition().faults == frozenset()
        paper.load_paper()
        paper.unplug()

        def ask() -> None:
            for _ in range(3):  # the network tells the end of a connection with the second writing
                printer.condition()

        assert fault_of(ask) is Fault.UNPLUGGED


# --- USB --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bus() -> Iterator[Bus]:
    with ReceiptPrinter(pace=math.inf) as paper:
        place = urlsplit(paper.url)
        assert place.hostname is not None
        assert place.port is not None
        yield Bus(place.hostname, place.port)


def test_a_usb_printer_is_taken_from_the_kernel_and_given_back(bus: Bus) -> None:
    transport = UsbTransport(UsbAddress(VENDOR, PRODUCT), bus)
    assert (bus.kernel_driver, bus.claimed) == (False, {0})
    transport.close()
    transport.close()
    assert (bus.kernel_driver, bus.claimed) == (True, set())


def test_a_usb_printer_of_a_class_of_its_own_is_taken_too(bus: Bus) -> None:
    bus.interface_class = 0xFF
    transport = UsbTransport(UsbAddress(VENDOR, PRODUCT, SERIAL), bus)
    transport.write(b"\x10\x04\x01", Deadline.after(5))
    answer = b""
    while not answer:
        answer = transport.read()
    assert answer == b"\x12"
    transport.close()


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        (UsbAddress(VENDOR, PRODUCT + 1), Fault.NOT_FOUND),
        (UsbAddress(VENDOR, PRODUCT, "ANOTHER"), Fault.NOT_FOUND),
    ],
)
def test_another_usb_printer_is_not_taken(bus: Bus, address: UsbAddress, fault: Fault) -> None:
    with pytest.raises(PrinterError) as raised:
        UsbTransport(address, bus)
    assert raised.value.fault is fault


def test_a_forbidden_usb_printer_is_denied(bus: Bus) -> None:
    bus.forbidden = True
    with pytest.raises(PrinterError) as raised:
        UsbTransport(UsbAddress(VENDOR, PRODUCT), bus)
    assert raised.value.fault is Fault.ACCESS_DENIED


def test_a_usb_printer_that_another_program_claimed_is_busy(bus: Bus) -> None:
    with mock.patch.object(
        Bus, "claim_interface", side_effect=usb.core.USBError("Resource busy", -6, errno.EBUSY)
    ), pytest.raises(PrinterError) as raised:  # fmt: skip
        UsbTransport(UsbAddress(VENDOR, PRODUCT), bus)
    assert raised.value.fault is Fault.BUSY
    assert bus.kernel_driver


def test_a_usb_plug_that_is_pulled_is_unplugged(bus: Bus) -> None:
    transport = UsbTransport(UsbAddress(VENDOR, PRODUCT), bus)
    bus.unplugged = True
    for act in (lambda: transport.write(b"x", Deadline.after(5)), transport.read):
        with pytest.raises(PrinterError) as raised:
            act()
        assert raised.value.fault is Fault.UNPLUGGED
    transport.close()


def test_a_usb_printer_without_a_way_back_is_mute(bus: Bus) -> None:
    bus.one_way = True
    find = usb.core.find
    with mock.patch.object(usb.core, "find", lambda **wanted: find(**{**wanted, "backend": bus})):
        url = f"usb://{VENDOR:04x}:{PRODUCT:04x}"
        assert fault_of(lambda: open_receipt_printer(url=url)) is Fault.UNSUPPORTED
        with closing(open_receipt_printer(url=url, dialect="mute")) as printer:
            printer.print_slip(SHORT, Deadline.after(5))
            assert printer.condition().faults == frozenset()
            bus.unplugged = True
            assert fault_of(printer.condition) is Fault.UNPLUGGED


def test_without_libusb_it_is_unsupported() -> None:
    with mock.patch.object(usb.core, "find", side_effect=usb.core.NoBackendError("No backend available")):
        assert fault_of(lambda: open_receipt_printer(url="usb://04b8:0e15")) is Fault.UNSUPPORTED
