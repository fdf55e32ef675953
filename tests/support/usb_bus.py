"""A USB bus in memory, for pyusb: one printer on it, whose bulk endpoints lead to a TCP port."""

import errno
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

VENDOR, PRODUCT, SERIAL = 0x1FC9, 0x2016, "SIM0001"
_OUT, _IN = 0x01, 0x82
_BULK, _PRINTER_CLASS = 2, 7


class Bus(usb.backend.IBackend):  # type: ignore[misc]
    """One printer, as its descriptors say.

    Attributes:
        unplugged: whether it has left the bus.
        kernel_driver: whether the kernel's printer driver holds the interface.
        claimed: interfaces that the driver holds.
        forbidden: whether the system lets nobody open it.
        one_way: whether the printer has no endpoint to answer on.
        interface_class: of the printer's interface; some makes use the vendor's own class.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self.unplugged = False
        self.kernel_driver = True
        self.claimed: set[int] = set()
        self.forbidden = False
        self.one_way = False
        self.interface_class = _PRINTER_CLASS

    def enumerate_devices(self) -> Iterator[str]:
        return iter([] if self.unplugged else ["printer"])

    def get_device_descriptor(self, dev: object) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=VENDOR, idProduct=PRODUCT, bcdDevice=0x0100, iManufacturer=0, iProduct=0,
            iSerialNumber=3, bNumConfigurations=1, address=1, bus=1, port_number=1, port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: object, config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: object, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf or alt:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2 - self.one_way,
            bInterfaceClass=self.interface_class, bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0,
            extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: object, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(_OUT, _IN)[ep], bmAttributes=_BULK, wMaxPacketSize=64,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: object) -> object:
        self._check()
        if self.forbidden:
            raise usb.core.USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        try:
            self._socket = socket.create_connection(self._address)
        except OSError as error:
            raise self._lost() from error
        return self._socket

    def close_device(self, dev_handle: object) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def get_parent(self, dev: object) -> None:
        return None

    def get_configuration(self, dev_handle: object) -> int:
        self._check()
        return 1

    def set_configuration(self, dev_handle: object, config_value: int) -> None:
        self._check()

    def claim_interface(self, dev_handle: object, intf: int) -> None:
        self._check()
        if self.kernel_driver:
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)
        self.claimed.add(intf)

    def release_interface(self, dev_handle: object, intf: int) -> None:
        self.claimed.discard(intf)

    def is_kernel_driver_active(self, dev_handle: object, intf: int) -> bool:
        return self.kernel_driver

    def detach_kernel_driver(self, dev_handle: object, intf: int) -> None:
        self.kernel_driver = False

    def attach_kernel_driver(self, dev_handle: object, intf: int) -> None:
        self.kernel_driver = True

    def bulk_write(self, dev_handle: object, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._check()
        assert ep == _OUT
        try:
            self._wire(timeout).sendall(data.tobytes())
        except OSError as error:
            raise self._lost() from error
        return len(data)

    def bulk_read(self, dev_handle: object, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self._check()
        assert ep == _IN
        try:
            data = self._wire(timeout).recv(len(buff))
        except TimeoutError as error:
            raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT) from error
        except OSError as error:
            raise self._lost() from error
        if not data:
            raise self._lost()
        buff[: len(data)] = type(buff)("B", data)
        return len(data)

    def ctrl_transfer(  # noqa: PLR0917 - as pyusb calls it
        self, dev_handle: object, request_type: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        """The string descriptors: the languages, and the serial number."""
        text = b"\x04\x03\x09\x04" if value & 0xFF == 0 else self._string()
        size = min(len(data), len(text))
        data[:size] = type(data)("B", text[:size])
        return size

    def _string(self) -> bytes:
        encoded = SERIAL.encode("utf-16-le")
        return bytes([len(encoded) + 2, 3]) + encoded

    def _wire(self, timeout: int) -> socket.socket:
        assert self._socket is not None
        self._socket.settimeout(timeout / 1000)
        return self._socket

    def _check(self) -> None:
        if self.unplugged:
            raise self._lost()

    @staticmethod
    def _lost() -> usb.core.USBError:
        return usb.core.USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)
