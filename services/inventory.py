"""What is plugged in: USB devices and serial ports, and a watch that tells arrivals and departures.

Shared by the doctor, the screen and the county. Nothing here opens a device that somebody works with, unless the kernel
does not tell its serial number.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import usb.core
import usb.util
from serial.tools import list_ports

_LOG = logging.getLogger(__name__)
_HUB_CLASS: Final = 0x09  # USB 2.0, table 9-8 and the list of class codes
_SYSFS: Final = Path("/sys/bus/usb/devices")

#: Seconds between two looks; one look costs a few milliseconds.
LOOK_EVERY_S: Final = 2.0


class InventoryError(Exception):
    """What is plugged in cannot be told; the message says why and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class UsbDevice:
    """A USB device, hubs left out.

    Attributes:
        port: where it is plugged in, bus and chain of ports as the kernel writes them, such as `1-1.4`.
        vendor: idVendor, 16 bits.
        product: idProduct, 16 bits.
        serial: the serial number, empty where it has none or will not say.
        maker: the maker in the device's own words, or empty.
        name: the product in the device's own words, or empty.
    """

    port: str
    vendor: int
    product: int
    serial: str = ""
    maker: str = ""
    name: str = ""

    @property
    def id(self) -> str:
        """Vendor and product as udev rules and lists write them, such as `1a86:7523`."""
        return f"{self.vendor:04x}:{self.product:04x}"

    def __str__(self) -> str:
        words = " ".join(word for word in (self.maker, self.name, self.serial) if word)
        return f"{self.port} {self.id} {words}".rstrip()


@dataclass(frozen=True, slots=True, order=True)
class SerialPort:
    """A serial port of the machine.

    Attributes:
        path: its device file, such as `/dev/ttyUSB0`.
        usb_port: the `port` of the USB device that it belongs to, empty for one on the board.
    """

    path: str
    usb_port: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that is plugged in, in the order of ports.

    Attributes:
        usb: the USB devices.
        serial: the serial ports.
    """

    usb: tuple[UsbDevice, ...] = ()
    serial: tuple[SerialPort, ...] = ()

    def behind(self, path: Path) -> UsbDevice | None:
        """The USB device that a serial port belongs to.

        Args:
            path: the port, by its own name or by a stable one that leads to it.
        """
        target = str(path.resolve())
        ports = {port.path: port.usb_port for port in self.serial}
        return next((device for device in self.usb if device.port == ports.get(target)), None)


class UsbBus:
    """Reads the bus through pyusb; used by one thread."""

    def __init__(self, backend: Any = None, sysfs: Path = _SYSFS) -> None:
        """Nothing is read yet.

        Args:
            backend: a `usb.backend.IBackend`; libusb 1.0 as pyusb finds it when it is not given.
            sysfs: where the kernel lists USB devices by port; tells serial numbers without opening anything.
        """
        self._backend = backend
        self._sysfs = sysfs
        self._asked: dict[tuple[object, ...], tuple[str, str, str]] = {}

    def devices(self) -> tuple[UsbDevice, ...]:
        """What is plugged in.

        Raises:
            InventoryError: libusb is missing, or the bus cannot be read.
        """
        try:
            found = [
                device
                for device in usb.core.find(find_all=True, backend=self._backend)
                if device.bDeviceClass != _HUB_CLASS
            ]
        except usb.core.NoBackendError as error:
            raise InventoryError("libusb 1.0 is missing or unusable: apt-get install libusb-1.0-0") from error
        except (usb.core.USBError, NotImplementedError) as error:
            raise InventoryError(f"the USB bus cannot be read: {error}") from error
        asked = self._asked
        self._asked = {}  # a device that left is forgotten: another may come to its address
        return tuple(sorted(self._describe(device, asked) for device in found))

    def _describe(self, device: Any, asked: dict[tuple[object, ...], tuple[str, str, str]]) -> UsbDevice:
        chain = ".".join(map(str, device.port_numbers or ()))
        port = f"{device.bus}-{chain}" if chain else f"usb{device.bus}"
        if (self._sysfs / port / "idVendor").exists():
            serial, maker, name = (_line(self._sysfs / port / file) for file in ("serial", "manufacturer", "product"))
        else:
            key = (device.bus, device.address, device.idVendor, device.idProduct)
            serial, maker, name = self._asked[key] = asked.get(key) or _ask(device)
        return UsbDevice(port, device.idVendor, device.idProduct, serial, maker, name)


def serial_ports() -> tuple[SerialPort, ...]:
    """The machine's serial ports."""
    # `location` is the USB port and, after a colon, the interface of the device there.
    return tuple(sorted(SerialPort(port.device, (port.location or "").split(":")[0]) for port in list_ports.comports()))


def look() -> Inventory:
    """What is plugged in at this moment.

    Raises:
        InventoryError: libusb is missing, or the bus cannot be read.
    """
    return Inventory(UsbBus().devices(), serial_ports())


@dataclass(frozen=True, slots=True)
class Change:
    """Plugs were put in or pulled.

    Attributes:
        arrived: what is there now and was not at the last look.
        departed: what was there and is not now.
        inventory: everything that is there now.
    """

    arrived: tuple[UsbDevice | SerialPort, ...]
    departed: tuple[UsbDevice | SerialPort, ...]
    inventory: Inventory


class Watch:
    """Looks again and again, and tells listeners what has changed."""

    def __init__(self, take: Callable[[], Inventory] | None = None, every_s: float = LOOK_EVERY_S) -> None:
        """Nothing is looked at before `start`.

        Args:
            take: takes stock, called in the watch's thread only; raises `InventoryError`.
            every_s: seconds between two looks.
        """
        bus = UsbBus()
        self._take = take or (lambda: Inventory(bus.devices(), serial_ports()))
        self._every_s = every_s
        self._inventory = Inventory()
        self._problem = ""
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Change], None]] = []
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inventory", daemon=True)

    @property
    def inventory(self) -> Inventory:
        """What was there at the last look that succeeded."""
        return self._inventory

    @property
    def problem(self) -> str:
        """Why the last look failed; empty when it did not."""
        return self._problem

    def start(self) -> None:
        """Begin to look; what is there at the first look counts as arrived."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Tell a listener every change, in the watch's thread; it only enqueues.

        Returns:
            A function that ends the subscription.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self._look()
            self._wake.wait(self._every_s)

    def _look(self) -> None:
        try:
            now = self._take()
        except InventoryError as error:
            if str(error) != self._problem:
                _LOG.warning("what is plugged in is not known: %s", error)
            self._problem = str(error)
            return
        if self._problem:
            _LOG.info("what is plugged in is known again")
            self._problem = ""
        before, self._inventory = self._inventory, now
        if now != before:
            self._tell(_change(before, now))

    def _tell(self, change: Change) -> None:
        for device in change.departed:
            _LOG.info("unplugged: %s", device)
        for device in change.arrived:
            _LOG.info("plugged in: %s", device)
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(change)
            except Exception:
                _LOG.exception("a listener failed")


def _change(before: Inventory, now: Inventory) -> Change:
    old, new = _everything(before), _everything(now)
    return Change(
        arrived=tuple(device for device in new if device not in old),
        departed=tuple(device for device in old if device not in new),
        inventory=now,
    )


def _everything(inventory: Inventory) -> tuple[UsbDevice | SerialPort, ...]:
    return (*inventory.usb, *inventory.serial)


def _line(path: Path) -> str:
    """The line of a sysfs attribute; empty where the device has none, or has just been pulled."""
    try:
        return path.read_bytes().decode(errors="replace").strip()
    except OSError:
        return ""


def _ask(device: Any) -> tuple[str, str, str]:
    """Serial number, maker and name in the device's own words; empty where it has none or access is denied."""
    try:
        return (
            _string(device, device.iSerialNumber),
            _string(device, device.iManufacturer),
            _string(device, device.iProduct),
        )
    finally:
        usb.util.dispose_resources(device)


def _string(device: Any, index: int) -> str:
    if index == 0:
        return ""
    try:
        return str(usb.util.get_string(device, index) or "").strip()
    except (
        usb.core.USBError,
        NotImplementedError,
        ValueError,
    ):  # ValueError: no languages, which denied access shows as
        return ""
