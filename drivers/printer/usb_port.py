"""A printer on USB, by its bulk endpoints, without the kernel's printer driver."""

import contextlib
import errno
from typing import Any, Final

import usb.core
import usb.util

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import Fault
from drivers.printer.address import UsbAddress
from drivers.printer.faults import PrinterError
from drivers.printer.transport import OPEN_FAULTS, SLICE

_PRINTER_CLASS: Final = 7
_MILLISECONDS: Final = 1000


class UsbTransport:
    """The printer interface of a USB device, claimed for this process."""

    def __init__(self, address: UsbAddress, backend: Any = None) -> None:
        """Find the printer and claim it.

        Args:
            address: which printer.
            backend: pyusb's way to the bus; libusb by default.
        """
        self._device = _find(address, backend)
        self._detached: int | None = None
        self._closed = False
        try:
            self._claim()
        except usb.core.USBError as error:
            self.close()
            raise PrinterError(OPEN_FAULTS.get(error.errno or 0, Fault.NOT_FOUND), str(error)) from error
        except PrinterError:
            self.close()
            raise

    @property
    def two_way(self) -> bool:
        """Whether the printer has an endpoint to answer on."""
        return self._in is not None

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send bytes."""
        self._require_open()
        while data:
            try:
                sent = self._out.write(data, _milliseconds(max(deadline.remaining(), SLICE)))
            except usb.core.USBTimeoutError as error:
                raise PrinterError(Fault.OFFLINE, "the printer has stopped the line") from error
            except usb.core.USBError as error:
                raise PrinterError(Fault.UNPLUGGED, str(error)) from error
            data = data[sent:]

    def drain(self, deadline: Deadline) -> None:
        """A transfer ends when the printer has taken it: nothing is left to wait for."""

    def read(self) -> bytes:
        """What has arrived."""
        self._require_open()
        if self._in is None:
            return b""
        try:
            return bytes(self._in.read(self._in.wMaxPacketSize, _milliseconds(SLICE)))
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            raise PrinterError(Fault.UNPLUGGED, str(error)) from error

    def close(self) -> None:
        """Give the printer back to the kernel."""
        self._closed = True
        with contextlib.suppress(usb.core.USBError, NotImplementedError, ValueError):
            usb.util.dispose_resources(self._device)
        if self._detached is not None:
            interface, self._detached = self._detached, None
            with contextlib.suppress(usb.core.USBError, NotImplementedError, ValueError):
                self._device.attach_kernel_driver(interface)
                usb.util.dispose_resources(self._device)

    def _require_open(self) -> None:
        """Refuse what pyusb would do: open the printer again by itself."""
        if self._closed:
            raise PrinterError(Fault.UNPLUGGED, "the printer is closed")

    def _claim(self) -> None:
        try:
            configuration = self._device.get_active_configuration()
        except usb.core.USBError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.ENODEV):
                raise
            self._device.set_configuration()
            configuration = self._device.get_active_configuration()
        interface = usb.util.find_descriptor(configuration, bInterfaceClass=_PRINTER_CLASS)
        if interface is None:
            interface = next(iter(configuration))  # some makes call their printer a device of the vendor's own class
        number = interface.bInterfaceNumber
        with contextlib.suppress(NotImplementedError):
            if self._device.is_kernel_driver_active(number):
                self._device.detach_kernel_driver(number)
                self._detached = number
        usb.util.claim_interface(self._device, number)
        self._out = _endpoint(interface, usb.util.ENDPOINT_OUT)
        self._in = _endpoint(interface, usb.util.ENDPOINT_IN)
        if self._out is None:
            raise PrinterError(Fault.UNSUPPORTED, "the USB device has no endpoint to print to")


def _find(address: UsbAddress, backend: Any) -> Any:
    try:
        found = list(usb.core.find(find_all=True, idVendor=address.vendor, idProduct=address.product, backend=backend))
    except usb.core.NoBackendError as error:
        raise PrinterError(Fault.UNSUPPORTED, "libusb is missing") from error
    except usb.core.USBError as error:
        raise PrinterError(OPEN_FAULTS.get(error.errno or 0, Fault.NOT_FOUND), str(error)) from error
    for device in found:
        if not address.serial or _serial(device) == address.serial:
            return device
        usb.util.dispose_resources(device)
    raise PrinterError(Fault.NOT_FOUND, f"{len(found)} printers of this product, none with the serial number")


def _serial(device: Any) -> str:
    try:
        return str(device.serial_number or "")
    except (usb.core.USBError, ValueError):  # no right to read it, or it has none
        return ""


def _endpoint(interface: Any, direction: int) -> Any:
    return usb.util.find_descriptor(
        interface,
        custom_match=lambda endpoint: (
            usb.util.endpoint_direction(endpoint.bEndpointAddress) == direction
            and usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        ),
    )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * _MILLISECONDS))
