"""Where a printer is, read from its URL."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

RAW_PORT: Final = 9100
_SPEEDS: Final = (2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
_FLOWS: Final = ("none", "rtscts", "dsrdtr", "xonxoff")

Flow = Literal["none", "rtscts", "dsrdtr", "xonxoff"]


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial port.

    Attributes:
        path: the device file.
        baud: the speed that is set at the printer, in bit/s.
        flow: how the printer stops the line.
    """

    path: str
    baud: int
    flow: Flow


@dataclass(frozen=True, slots=True)
class NetworkAddress:
    """A raw TCP port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A USB printer.

    Attributes:
        vendor: the vendor's id.
        product: the product's id.
        serial: the serial number, empty for the first one that fits.
    """

    vendor: int
    product: int
    serial: str = ""


Address = SerialAddress | NetworkAddress | UsbAddress


def parse(url: str) -> Address:
    """Read a URL.

    Args:
        url: `serial:///dev/kiosk-receipt?baud=9600&flow=rtscts`, `tcp://192.0.2.7:9100` or `usb://04b8:0e15?serial=X1`.

    Raises:
        ValueError: it is none of these; the message says what is wrong.
    """
    parts = urlsplit(url)
    readers = {"serial": _serial, "tcp": _network, "usb": _usb}
    if parts.scheme not in readers:
        raise ValueError(f"must begin with serial://, tcp:// or usb://, not {url!r}")
    return readers[parts.scheme](parts, dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=False)))


def _serial(parts: SplitResult, query: dict[str, str]) -> Address:
    _only(query, {"baud", "flow"})
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError("a serial port is an absolute path after three slashes: serial:///dev/kiosk-receipt")
    baud = query.get("baud", "9600")
    if not baud.isdecimal() or int(baud) not in _SPEEDS:
        raise ValueError(f"baud must be one of {', '.join(map(str, _SPEEDS))}, not {baud!r}")
    flow = query.get("flow", "none")
    for known in _FLOWS:
        if flow == known:
            return SerialAddress(unquote(parts.path), int(baud), known)
    raise ValueError(f"flow must be one of {', '.join(_FLOWS)}, not {flow!r}")


def _network(parts: SplitResult, query: dict[str, str]) -> Address:
    _only(query, set())
    if not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("a network printer is tcp://HOST or tcp://HOST:PORT")
    return NetworkAddress(parts.hostname, parts.port or RAW_PORT)


def _usb(parts: SplitResult, query: dict[str, str]) -> Address:
    _only(query, {"serial"})
    vendor, _, product = parts.netloc.partition(":")
    try:
        numbers = int(vendor, 16), int(product, 16)
    except ValueError:
        raise ValueError("a USB printer is usb://VENDOR:PRODUCT in hexadecimal, such as usb://04b8:0e15") from None
    if not all(0 < number <= 0xFFFF for number in numbers) or parts.path not in ("", "/"):
        raise ValueError("a USB printer is usb://VENDOR:PRODUCT, each up to ffff")
    return UsbAddress(*numbers, query.get("serial", ""))


def _only(query: dict[str, str], known: set[str]) -> None:
    unknown = sorted(query.keys() - known)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
