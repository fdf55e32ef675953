"""What is plugged in, told through pyusb, and the watch that tells what comes and goes."""

import errno
import logging
import queue
import threading
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import usb.backend
import usb.core
from serial.tools import list_ports

from services import inventory
from services.inventory import Change, Inventory, InventoryError, SerialPort, UsbBus, UsbDevice, Watch

PATIENCE_S = 30.0
LANGUAGES = bytes((4, 3, 0x09, 0x04))

READER = UsbDevice("1-1.4", 0x1A86, 0x7523, "", "QinHeng", "USB Serial")
PRINTER = UsbDevice("1-2", 0x0416, 0x5011, "P-1", "", "POS58")


@dataclass
class Plugged:
    """A device on the fake bus; strings by index."""

    bus: int
    ports: tuple[int, ...] | None
    vendor: int
    product: int
    address: int = 1
    device_class: int = 0
    serial: str = ""
    refuses: bool = False
    descriptor: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.descriptor = {3: self.serial} if self.serial else {}


class FakeBus(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """The interface that pyusb puts before libusb."""

    def __init__(self, *plugged: Plugged) -> None:
        self.plugged = list(plugged)
        self.opened = 0
        self.broken = False

    def enumerate_devices(self) -> Iterator[Plugged]:
        if self.broken:
            raise usb.core.USBError("Input/output error", -1, errno.EIO)
        return iter(self.plugged)

    def get_device_descriptor(self, dev: Plugged) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=dev.device_class, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=dev.vendor, idProduct=dev.product, bcdDevice=0x100,
            iManufacturer=0, iProduct=0, iSerialNumber=3 if dev.serial else 0, bNumConfigurations=1,
            address=dev.address, bus=dev.bus, port_number=None, port_numbers=dev.ports, speed=None,
        )  # fmt: skip

    def open_device(self, dev: Plugged) -> Plugged:
        if dev.refuses:
            raise usb.core.USBError("Access denied", -3, errno.EACCES)
        self.opened += 1
        return dev

    def close_device(self, dev_handle: Plugged) -> None:
        pass

    def ctrl_transfer(  # noqa: PLR0917 - the interface's own shape
        self,
        dev_handle: Plugged,
        bmRequestType: int,  # noqa: N803 - the interface's own names
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: "array[int]",
        timeout: int,
    ) -> int:
        index = wValue & 0xFF
        text = dev_handle.descriptor.get(index, "").encode("utf-16-le")
        answer = LANGUAGES if index == 0 else bytes((2 + len(text), 3)) + text
        data[: len(answer)] = array("B", answer)
        return len(answer)


def test_devices_are_told_by_port_vendor_product_and_serial(tmp_path: Path) -> None:
    bus = FakeBus(
        Plugged(2, (3,), 0x0416, 0x5011, serial="打印机-7"),
        Plugged(1, (1, 4), 0x1A86, 0x7523),
        Plugged(1, (1,), 0x05E3, 0x0608, device_class=9),
        Plugged(1, None, 0x1D6B, 0x0002, device_class=9),
    )
    assert UsbBus(bus, tmp_path).devices() == (
        UsbDevice("1-1.4", 0x1A86, 0x7523),
        UsbDevice("2-3", 0x0416, 0x5011, "打印机-7"),
    )


def test_a_serial_number_is_asked_for_once_a_visit_to_the_bus(tmp_path: Path) -> None:
    stick = Plugged(1, (2,), 0x0416, 0x5011, address=5, serial="A")
    bus = FakeBus(stick)
    eye = UsbBus(bus, tmp_path)
    assert [eye.devices()[0].serial for _ in range(3)] == ["A"] * 3
    assert bus.opened == 1
    bus.plugged = []
    assert eye.devices() == ()
    bus.plugged = [Plugged(1, (2,), 0x0416, 0x5011, address=5, serial="B")]
    assert eye.devices()[0].serial == "B"


def test_a_device_that_may_not_be_opened_is_told_without_its_serial(tmp_path: Path) -> None:
    bus = FakeBus(Plugged(1, (2,), 0x0416, 0x5011, serial="A", refuses=True))
    assert UsbBus(bus, tmp_path).devices() == (UsbDevice("1-2", 0x0416, 0x5011),)


def test_what_the_kernel_knows_is_not_asked_of_the_device(tmp_path: Path) -> None:
    attributes = tmp_path / "1-2"
    attributes.mkdir()
    for name, text in {"idVendor": "0416", "serial": "K-1", "product": "POS58 Printer"}.items():
        (attributes / name).write_text(text + "\n")
    bus = FakeBus(Plugged(1, (2,), 0x0416, 0x5011, serial="other"))
    assert UsbBus(bus, tmp_path).devices() == (UsbDevice("1-2", 0x0416, 0x5011, "K-1", "", "POS58 Printer"),)
    assert bus.opened == 0


def test_a_missing_libusb_is_a_reason_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_backend(**_: object) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_backend)
    with pytest.raises(InventoryError, match=r"libusb-1\.0-0"):
        UsbBus().devices()


def test_a_bus_that_cannot_be_read_is_a_reason(tmp_path: Path) -> None:
    bus = FakeBus()
    bus.broken = True
    with pytest.raises(InventoryError, match="Input/output error"):
        UsbBus(bus, tmp_path).devices()


def test_this_machine_can_be_looked_at() -> None:
    here = inventory.look()
    assert all(device.port and 0 < device.vendor <= 0xFFFF for device in here.usb)


def test_serial_ports_say_which_usb_device_they_belong_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = tmp_path / "ttyUSB0"
    real.touch()
    stable = tmp_path / "kiosk-fingerprint"
    stable.symlink_to(real)
    ports = [
        SimpleNamespace(device=str(real), location="1-1.4:1.0"),
        SimpleNamespace(device="/dev/ttyS0", location=None),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    found = Inventory((READER, PRINTER), inventory.serial_ports())
    assert SerialPort("/dev/ttyS0") in found.serial
    assert found.behind(stable) == READER
    assert found.behind(Path("/dev/ttyS0")) is None


class Scripted:
    """An enumeration that a test changes, and that says when it was asked."""

    def __init__(self) -> None:
        self.now: Inventory | InventoryError = Inventory()
        self.asked = threading.Semaphore(0)

    def __call__(self) -> Inventory:
        self.asked.release()
        if isinstance(self.now, InventoryError):
            raise self.now
        return self.now


@pytest.fixture
def bus() -> Scripted:
    return Scripted()


@pytest.fixture
def watch(bus: Scripted) -> Iterator[Watch]:
    it = Watch(bus, every_s=3600)
    yield it
    it.close()


def plug(watch: Watch, bus: Scripted, now: Inventory | InventoryError) -> None:
    bus.now = now
    watch.wake()


def test_arrivals_and_departures_are_told_once(watch: Watch, bus: Scripted) -> None:
    heard: queue.Queue[Change] = queue.Queue()
    unsubscribe = watch.subscribe(heard.put)
    bus.now = Inventory((READER,))
    watch.start()
    assert heard.get(timeout=PATIENCE_S) == Change((READER,), (), Inventory((READER,)))
    port = SerialPort("/dev/ttyUSB0", "1-1.4")
    plug(watch, bus, Inventory((PRINTER,), (port,)))
    change = heard.get(timeout=PATIENCE_S)
    assert (change.arrived, change.departed) == ((PRINTER, port), (READER,))
    assert watch.inventory == change.inventory
    unsubscribe()
    still_listening: queue.Queue[Change] = queue.Queue()
    watch.subscribe(still_listening.put)
    plug(watch, bus, Inventory())
    assert still_listening.get(timeout=PATIENCE_S).departed == (PRINTER, port)
    assert heard.empty()


def test_another_device_in_the_same_port_is_a_departure_and_an_arrival(watch: Watch, bus: Scripted) -> None:
    heard: queue.Queue[Change] = queue.Queue()
    watch.subscribe(heard.put)
    other = UsbDevice(PRINTER.port, PRINTER.vendor, PRINTER.product, "P-2")
    bus.now = Inventory((PRINTER,))
    watch.start()
    heard.get(timeout=PATIENCE_S)
    plug(watch, bus, Inventory((other,)))
    change = heard.get(timeout=PATIENCE_S)
    assert (change.arrived, change.departed) == ((other,), (PRINTER,))


def test_a_failing_look_keeps_what_was_known_and_is_logged_once(
    watch: Watch, bus: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    heard: queue.Queue[Change] = queue.Queue()
    watch.subscribe(heard.put)
    bus.now = Inventory((READER,))
    watch.start()
    heard.get(timeout=PATIENCE_S)
    assert bus.asked.acquire(timeout=PATIENCE_S)
    for _ in range(3):
        plug(watch, bus, InventoryError("libusb is gone"))
        assert bus.asked.acquire(timeout=PATIENCE_S)
    assert watch.inventory == Inventory((READER,))
    plug(watch, bus, Inventory((READER, PRINTER)))
    assert heard.get(timeout=PATIENCE_S).arrived == (PRINTER,)
    assert watch.problem == ""
    assert caplog.text.count("libusb is gone") == 1
    assert caplog.text.count("is known again") == 1


def test_a_listener_that_fails_keeps_nobody_else_from_hearing(watch: Watch, bus: Scripted) -> None:
    heard: queue.Queue[Change] = queue.Queue()

    def broken(change: Change) -> None:
        raise RuntimeError("full")

    watch.subscribe(broken)
    watch.subscribe(heard.put)
    bus.now = Inventory((READER,))
    watch.start()
    assert heard.get(timeout=PATIENCE_S).arrived == (READER,)


def test_a_device_reads_well_in_a_log() -> None:
    assert str(READER) == "1-1.4 1a86:7523 QinHeng USB Serial"
