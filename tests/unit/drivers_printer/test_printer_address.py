"""Where a printer is, as the configuration says it."""

import pytest
from pydantic import ValidationError

from drivers.printer.address import NetworkAddress, SerialAddress, UsbAddress, parse
from drivers.printer.options import Dialect, ReceiptPrinterOptions


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("serial:///dev/kiosk-receipt", SerialAddress("/dev/kiosk-receipt", 9600, "none")),
        ("serial:///dev/ttyUSB0?baud=115200&flow=rtscts", SerialAddress("/dev/ttyUSB0", 115200, "rtscts")),
        ("serial:///tmp/a%20folder/printer?baud=19200", SerialAddress("/tmp/a folder/printer", 19200, "none")),
        ("tcp://192.0.2.7", NetworkAddress("192.0.2.7", 9100)),
        ("tcp://printer.example:9101/", NetworkAddress("printer.example", 9101)),
        ("tcp://[2001:db8::7]:9100", NetworkAddress("2001:db8::7", 9100)),
        ("usb://04b8:0e15", UsbAddress(0x04B8, 0x0E15)),
        ("usb://04b8:0e15?serial=X6R", UsbAddress(0x04B8, 0x0E15, "X6R")),
    ],
)
def test_places_are_read(url: str, address: object) -> None:
    assert parse(url) == address


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("/dev/kiosk-receipt", "serial://"),
        ("ipp://printer", "serial://"),
        ("serial://dev/ttyUSB0", "three slashes"),
        ("serial:///dev/x?baud=9601", "9601"),
        ("serial:///dev/x?baud=fast", "fast"),
        ("serial:///dev/x?baud=9600&flow=maybe", "maybe"),
        ("serial:///dev/x?speed=9600", "speed"),
        ("tcp://", "HOST"),
        ("tcp://host:9100/queue", "HOST"),
        ("tcp://host:90000", "[Pp]ort"),
        ("tcp://host?timeout=1", "timeout"),
        ("usb://epson:tm", "hexadecimal"),
        ("usb://04b8", "hexadecimal"),
        ("usb://0:1", "ffff"),
        ("usb://04b8:10000", "ffff"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(url: str, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        ReceiptPrinterOptions.model_validate({"url": url})


def test_options_have_sensible_defaults_and_no_others() -> None:
    options = ReceiptPrinterOptions.model_validate({"url": "tcp://host"})
    assert (options.columns, options.dialect, options.qr, options.cutter) == (32, Dialect.GENERIC, "native", True)
    for wrong in ({"columns": 40}, {"dialect": "star"}, {"qr": "ascii"}, {"paper": 58}):
        with pytest.raises(ValidationError):
            ReceiptPrinterOptions.model_validate({"url": "tcp://host", **wrong})
