"""The receipt printer that the rest of the program sees."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Final

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition, DeviceInfo
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.printer import Slip
from drivers.printer import address, composer, status
from drivers.printer.address import Address, NetworkAddress, SerialAddress
from drivers.printer.conversation import Conversation
from drivers.printer.faults import PrinterError
from drivers.printer.network_port import NetworkTransport
from drivers.printer.options import Dialect, ReceiptPrinterOptions
from drivers.printer.serial_port import SerialTransport
from drivers.printer.transport import Transport
from drivers.printer.usb_port import UsbTransport

_log = logging.getLogger(__name__)

#: How long opening, and a look at the condition, may take, in seconds.
OPEN_S: Final = 10.0
CONDITION_S: Final = 10.0
_CLEAR_S: Final = 1.0
_FIRMWARE, _MAKER, _MODEL, _SERIAL = 65, 66, 67, 68  # of GS I


def open_receipt_printer(
    *, device: str = "receipt_printer", monotonic: Callable[[], float] = time.monotonic, **options: object
) -> "EscPosPrinter":
    """Open an ESC/POS printer.

    Args:
        device: the name that its errors carry.
        monotonic: the clock that its deadlines run on.
        **options: what `ReceiptPrinterOptions` describes.

    Raises:
        pydantic.ValidationError: for an option that is unknown or wrong.
        DeviceError: `NOT_FOUND`, `ACCESS_DENIED`, `BUSY` when another program holds it, `SILENT` when nothing
            answers there, or `UNSUPPORTED` for a printer without a way back whose dialect is not mute. A printer that
            is there but has no paper opens; its condition says so.
    """
    settings = ReceiptPrinterOptions.model_validate(options)
    deadline = Deadline.after(OPEN_S, monotonic)
    with _naming(device, "open"):
        transport = _open(address.parse(settings.url))
        try:
            if settings.dialect is not Dialect.MUTE and not transport.two_way:
                raise PrinterError(Fault.UNSUPPORTED, "the printer cannot answer: its dialect is mute")
            talk = None if settings.dialect is Dialect.MUTE else Conversation(transport, settings.dialect, monotonic)
            info = _introduce(talk, settings, deadline)
        except BaseException:
            transport.close()
            raise
    return EscPosPrinter(transport, talk, device=device, options=settings, info=info, monotonic=monotonic)


class EscPosPrinter:
    """An open printer; `open_receipt_printer` makes one. It belongs to one thread."""

    def __init__(
        self,
        transport: Transport,
        talk: Conversation | None,
        *,
        device: str,
        options: ReceiptPrinterOptions,
        info: DeviceInfo,
        monotonic: Callable[[], float],
    ) -> None:
        self._device = device
        self._transport = transport
        self._talk = talk
        self._options = options
        self._info = info
        self._monotonic = monotonic

    @property
    def info(self) -> DeviceInfo:
        """What the printer said of itself; makes that do not tell their model are called `ESC/POS`."""
        return self._info

    def condition(self) -> Condition:
        """Ask the printer how it is; a mute one is well as long as its port is there."""
        with _naming(self._device, "condition"):
            deadline = Deadline.after(CONDITION_S, self._monotonic)
            if self._talk is None:
                self._transport.write(b"\x00", deadline)  # which printers pass over, and a dead port refuses
                self._transport.read()  # which a connection that has ended refuses
                return Condition()
            return self._talk.condition(deadline)

    def print_slip(self, slip: Slip, deadline: Deadline) -> None:
        """Print a slip, as the contract says; how sure one can be of the paper says `Dialect`.

        A printer that is not ready gets nothing to print. One that fails in the middle is told to forget the rest.
        """
        with _naming(self._device, "print"):
            blocks = composer.blocks(slip, self._options)
            if self._talk is None:
                for block in blocks:
                    self._transport.write(block, deadline)
                self._transport.drain(deadline)
                return
            self._require_ready(self._talk, deadline)
            self._talk.settle(deadline)
            try:
                for block in blocks:
                    self._talk.print(block, deadline)
            except PrinterError:
                with suppress(PrinterError):
                    self._talk.clear(Deadline.after(_CLEAR_S, self._monotonic))
                raise

    def close(self) -> None:
        """Let go of the printer."""
        self._transport.close()

    @staticmethod
    def _require_ready(talk: Conversation, deadline: Deadline) -> None:
        faults = talk.condition(deadline).faults
        for fault in status.URGENCY:
            if fault in faults:
                raise PrinterError(fault)


def _open(place: Address) -> Transport:
    if isinstance(place, SerialAddress):
        return SerialTransport(place)
    if isinstance(place, NetworkAddress):
        return NetworkTransport(place)
    return UsbTransport(place)


def _introduce(talk: Conversation | None, settings: ReceiptPrinterOptions, deadline: Deadline) -> DeviceInfo:
    """Be sure that something answers, and hear what it is."""
    facts = {"url": settings.url, "columns": str(settings.columns), "dialect": str(settings.dialect)}
    if talk is not None:
        talk.present(deadline)
    if talk is None or settings.dialect is not Dialect.EPSON or talk.condition(deadline).faults:
        return DeviceInfo("ESC/POS", facts=MappingProxyType(facts))
    facts["maker"] = talk.identity(_MAKER, deadline)
    return DeviceInfo(
        talk.identity(_MODEL, deadline) or "ESC/POS",
        talk.identity(_SERIAL, deadline),
        talk.identity(_FIRMWARE, deadline),
        MappingProxyType(facts),
    )


@contextmanager
def _naming(device: str, operation: str) -> Iterator[None]:
    try:
        yield
    except PrinterError as error:
        _log.debug("%s: %s: %s", device, operation, error)
        raise DeviceError(device, operation, error.fault, error.detail) from error
