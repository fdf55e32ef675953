"""Every receipt printer the contract is held against: a way to open it, and the hands on its paper and its plug."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal
from unittest import mock
from urllib.parse import urlsplit

import usb.core

from drivers import registry
from drivers.contracts.printer import ReceiptPrinter
from simulators.printer import FULL, PLAIN, Make
from simulators.printer import ReceiptPrinter as SimulatedPrinter
from tests.support.usb_bus import PRODUCT, VENDOR, Bus

Way = Literal["serial", "network", "usb"]


@dataclass(frozen=True)
class Bench:
    """A printer and what stands beside it.

    Attributes:
        printer: the printer.
        paper: its paper, cover, plug and faults, and the slips that come out.
        reopen: opens it anew, as its owner does after its line was lost.
    """

    printer: ReceiptPrinter
    paper: SimulatedPrinter
    reopen: Callable[[], ReceiptPrinter]


@contextmanager
def _escpos(way: Way, make: Make, dialect: str, qr: str) -> Iterator[Bench]:
    with SimulatedPrinter(make=make, serial=way == "serial", pace=math.inf) as paper:
        opened: list[ReceiptPrinter] = []

        def reopen() -> ReceiptPrinter:
            url = f"usb://{VENDOR:04x}:{PRODUCT:04x}" if way == "usb" else paper.url
            printer = registry.adapter("receipt_printer", "escpos")(url=url, dialect=dialect, qr=qr)
            assert isinstance(printer, ReceiptPrinter)
            opened.append(printer)
            return printer

        with _bus_to(paper) if way == "usb" else mock.patch.object(usb.core, "find", _no_bus):
            try:
                yield Bench(reopen(), paper, reopen)
            finally:
                for printer in opened:
                    printer.close()


@contextmanager
def _bus_to(paper: SimulatedPrinter) -> Iterator[None]:
    place = urlsplit(paper.url)
    assert place.hostname is not None
    assert place.port is not None
    bus, find = Bus(place.hostname, place.port), usb.core.find

    def on_this_bus(*, backend: object, **wanted: object) -> object:
        return find(backend=bus, **wanted)

    with mock.patch.object(usb.core, "find", on_this_bus):
        yield


def _no_bus(**wanted: object) -> object:
    raise AssertionError(f"nobody should look for {wanted} on USB")


#: Benches by name; a further adapter adds itself here.
BENCHES: dict[str, Callable[[], AbstractContextManager[Bench]]] = {
    "epson on a network": partial(_escpos, "network", FULL, "epson", "native"),
    "epson on a serial line": partial(_escpos, "serial", FULL, "epson", "native"),
    "epson on USB": partial(_escpos, "usb", FULL, "epson", "native"),
    "cheap on a network": partial(_escpos, "network", PLAIN, "generic", "raster"),
    "cheap on a serial line": partial(_escpos, "serial", PLAIN, "generic", "raster"),
}
