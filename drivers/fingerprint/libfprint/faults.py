"""The error of this family below its adapter, and what libfprint's own errors mean."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.contracts.errors import Fault


class LibfprintError(Exception):
    """The reader did not do what it was asked to; the adapter turns this into a `DeviceError`.

    Attributes:
        fault: what went wrong.
        detail: libfprint's words, for the log.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail


_DEVICE: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "not-supported": Fault.UNSUPPORTED,
        "not-open": Fault.UNPLUGGED,
        "already-open": Fault.BUSY,
        "busy": Fault.BUSY,
        "data-invalid": Fault.BAD_REPLY,
        "removed": Fault.UNPLUGGED,
        "too-hot": Fault.OVERHEATED,
    }
)
_USB: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "timed-out": Fault.SILENT,
        "not-supported": Fault.UNSUPPORTED,
        "no-device": Fault.UNPLUGGED,
        "not-open": Fault.UNPLUGGED,
        "already-open": Fault.BUSY,
        "permission-denied": Fault.ACCESS_DENIED,
    }
)
_IO: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "cancelled": Fault.CANCELLED,
        "not-found": Fault.NOT_FOUND,
        "permission-denied": Fault.ACCESS_DENIED,
        "timed-out": Fault.SILENT,
    }
)
_TABLES: Final = MappingProxyType({"device": _DEVICE, "usb": _USB, "io": _IO})


def fault_of(domain: str, name: str, *, removed: bool) -> Fault:
    """The fault behind an error of libfprint; `SENSOR_FAILED` where it says no more than that something failed.

    Args:
        domain: whose error it is: `device` (libfprint), `usb` (GUsb), `io` (GIO) or `other`.
        name: its name there, in lower case with hyphens.
        removed: whether the device has gone; the name of the error varies then.
    """
    if removed:
        return Fault.UNPLUGGED
    return _TABLES.get(domain, {}).get(name, Fault.SENSOR_FAILED)
