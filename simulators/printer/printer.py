"""A receipt printer on a network port or a serial line, and the hands that load, open, break and unplug it."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from simulators.fingerprint.line import UnpluggedError
from simulators.printer.buffer import PowerOffError, ReceiveBuffer, Watch
from simulators.printer.faults import Fault, FaultKind
from simulators.printer.interpreter import Interpreter
from simulators.printer.makes import FULL, PAPERS
from simulators.printer.mechanism import Mechanism
from simulators.printer.ports import NetworkPort, SerialPort
from simulators.printer.realtime import Order, Request, Scanner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from simulators.printer.makes import Make
    from simulators.printer.paper import PrintedSlip
    from simulators.printer.ports import Port
    from simulators.printer.status import State

_NOISE = bytes([0x00, 0xFF, 0x81, 0x55, 0xE3])
_AFTER_BYTES = frozenset({FaultKind.SILENT, FaultKind.UNPLUGGED})
_ON_THE_LINE = frozenset({FaultKind.SILENT, FaultKind.SLOW, FaultKind.GARBAGE, FaultKind.STUCK, FaultKind.REFUSED})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The printer's state at one moment, for a console to show."""

    make: str
    url: str
    """Empty while it is unplugged and has no stable path."""
    columns: int
    pace: float
    plugged: bool
    state: State
    fault: Fault | None
    """The fault it was given and has not been relieved of; one that has bitten shows in ``state``."""
    waiting: int
    """Bytes that have arrived and are not printed."""
    lines: int
    """Lines and bands printed since it was made."""
    slips: int
    unfinished: str
    """What is printed and not cut off."""
    unknown: tuple[bytes, ...]
    """Commands since power-up that it did not know."""


class ReceiptPrinter:
    """An ESC/POS printer of one make.

    All methods may be called from any thread. Used as a context manager it is plugged in on entry and gone on exit.

    It prints what it was sent as real ones do: without paper, with the cover open or with an error it goes offline,
    answers real-time commands all the same, keeps what has arrived and prints on when it is well again, unless the host
    clears the buffers in the meantime: by ``DLE DC4 8`` at any time, by ``DLE ENQ 2`` while the cover is open or the
    blade sticks. Without power it forgets everything.
    """

    def __init__(
        self,
        *,
        columns: int = 32,
        link: Path | None = None,
        serial: bool = False,
        port: int | None = None,
        baud: int = 9600,
        make: Make = FULL,
        pace: float = 1.0,
    ) -> None:
        """Make a printer that is not plugged in.

        Args:
            columns: 32 for paper of 58 mm, 48 for 80 mm.
            link: The stable path of a serial printer, as a udev link would be. It goes and comes with the plug.
            serial: On a serial line without a stable path.
            port: Of a network printer; 0, and the default without ``link`` and ``serial``, takes a free one.
            baud: Of a serial printer.
            make: What it understands.
            pace: How many times faster than a real line and head; ``math.inf`` leaves out every wait.

        Raises:
            ValueError: There is no such paper, or it would be serial and on the network at once.
        """
        if columns not in PAPERS:
            raise ValueError(f"paper holds {' or '.join(map(str, PAPERS))} columns, not {columns}")
        if port is not None and (link is not None or serial):
            raise ValueError("a printer is serial or on the network, not both")
        self._make = make
        self._columns = columns
        self._pace = pace
        self._changed = threading.Condition(threading.RLock())
        self._buffer = ReceiveBuffer(make.buffer_size, self._changed)
        self._mechanism = Mechanism(PAPERS[columns], pace, self._changed, self._state_changed)
        self._port: Port = SerialPort(link, baud, pace) if link or serial else NetworkPort(port or 0)
        self._scanner = Scanner(clears=make.identifies)
        self._interpreter: Interpreter | None = None
        self._fault: Fault | None = None
        self._bytes_left: int | None = None
        self._outbox: list[bytes] = []
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"printer {make.name}", daemon=True),
            threading.Thread(target=self._send, name=f"printer {make.name} answers", daemon=True),
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the plug -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Plug the printer in for the first time."""
        self.plug()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Unplug the printer for good."""
        with self._changed:
            self._closing = True
        self.unplug()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()
        self._port.close()

    def plug(self) -> None:
        """Give the printer power and a place; it has forgotten what it was sent."""
        with self._changed:
            if self._closing or self._buffer.powered:
                return
            if self._fault is not None and self._fault.kind is FaultKind.UNPLUGGED:
                self._fault = None
            self._scanner = Scanner(clears=self._make.identifies)
            self._buffer.power(on=True)
            self._mechanism.set(failed=False)
        self._port.plug(self._receive)

    def unplug(self) -> None:
        """Pull the plug: the host's connection is cut, what was not printed is lost."""
        self._buffer.power(on=False)
        with self._changed:
            self._outbox.clear()
        self._port.unplug()

    @property
    def url(self) -> str:
        """Where the host finds it; raises ``UnpluggedError`` when there is no such place."""
        return self._port.url

    # --- paper and cover ----------------------------------------------------------------------------------------

    def take_paper_out(self) -> None:
        """Take the roll out, which tears off what hangs out."""
        with self._changed:
            self._mechanism.strip.reload()
            self._mechanism.set(paper=False)

    def load_paper(self) -> None:
        """Put a full roll in, which tears off what hangs out."""
        with self._changed:
            self._mechanism.strip.reload()
            self._mechanism.set(paper=True, paper_low=False)

    def paper_low(self, low: bool = True) -> None:
        """Let the roll come near its end."""
        self._mechanism.set(paper_low=low)

    def open_cover(self) -> None:
        """Open the cover."""
        self._mechanism.set(cover_open=True)

    def close_cover(self) -> None:
        """Close the cover."""
        self._mechanism.set(cover_open=False)

    # --- the fault console --------------------------------------------------------------------------------------

    def fault(self, fault: Fault | FaultKind) -> None:
        """Give the printer a fault in place of the one it has.

        Raises:
            ValueError: A serial line cannot refuse a connection.
        """
        fault = Fault(fault) if isinstance(fault, FaultKind) else fault
        self._relieve()
        if fault.kind is FaultKind.REFUSED:
            self._port.refuse(on=True)
        with self._changed:
            self._fault = fault
            self._bytes_left = (fault.after or None) if fault.kind in _AFTER_BYTES else None
            self._mechanism.arm(fault)
            self._changed.notify_all()
        if fault.kind is FaultKind.UNPLUGGED and not fault.after:
            self.unplug()

    def clear_fault(self) -> None:
        """Mend the printer; paper and cover stay as they are, one that was unplugged is plugged in again."""
        self._relieve()
        self.plug()

    # --- watching -----------------------------------------------------------------------------------------------

    @property
    def slips(self) -> tuple[PrintedSlip, ...]:
        """Every slip that was cut off, in order."""
        with self._changed:
            return tuple(self._mechanism.slips)

    def wait_for_slip(self, count: int = 1, timeout: float = 10.0) -> PrintedSlip:
        """Wait until ``count`` slips have come out since the printer was made.

        Returns:
            The slip of that number.

        Raises:
            TimeoutError: They did not come in time.
        """
        self.wait_until(lambda now: now.slips >= count, timeout)
        return self.slips[count - 1]

    def wait_until(self, wanted: Callable[[Snapshot], bool], timeout: float = 10.0) -> Snapshot:
        """Wait for a state.

        Raises:
            TimeoutError: It did not come in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: wanted(self.snapshot()), timeout):
                raise TimeoutError(f"not within {timeout} s: {self.snapshot()}")
            return self.snapshot()

    def snapshot(self) -> Snapshot:
        """The state of this moment."""
        with self._changed:
            url = ""
            with contextlib.suppress(UnpluggedError):
                url = self._port.url
            return Snapshot(
                make=self._make.name,
                url=url,
                columns=self._columns,
                pace=self._pace,
                plugged=self._buffer.powered,
                state=self._mechanism.state,
                fault=self._fault,
                waiting=self._buffer.waiting,
                lines=self._mechanism.lines,
                slips=len(self._mechanism.slips),
                unfinished=self._mechanism.strip.text,
                unknown=tuple(self._interpreter.unknown) if self._interpreter is not None else (),
            )

    def strip_png(self) -> bytes:
        """What hangs out of the printer and is not cut off, as a picture."""
        with self._changed:
            return self._mechanism.strip.png()

    # --- the host's bytes ---------------------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        """Take what the port hands over; waits while the line is stopped."""
        early, late = self._around_the_fault(data)
        with contextlib.suppress(PowerOffError):
            self._take_in(early)
            if late is not None and self._fault is not None and self._fault.kind is FaultKind.UNPLUGGED:
                self.unplug()
            elif late:
                self._take_in(late)

    def _around_the_fault(self, data: bytes) -> tuple[bytes, bytes | None]:
        """What arrives before a fault bites that counts bytes, and what after; None when it does not bite yet."""
        with self._changed:
            if self._bytes_left is None:
                return data, None
            early = data[: self._bytes_left]
            self._bytes_left -= len(early)
            if self._bytes_left:
                return early, None
            self._bytes_left = None
            return early, data[len(early) :]

    def _take_in(self, data: bytes) -> None:
        self._await_unstuck()
        for item in self._scanner.feed(data):
            if isinstance(item, Request):
                self._obey(item)
            else:
                self._buffer.put(item)

    def _await_unstuck(self) -> None:
        with self._changed:
            watch = Watch(self._buffer)
            self._changed.wait_for(lambda: watch.interrupted or self._line_fault() is not FaultKind.STUCK)
            watch.check(clearing=False)

    def _obey(self, request: Request) -> None:
        match request.order:
            case Order.STATUS:
                self._answer(self._mechanism.state.real_time(request.kind))
            case Order.RECOVER:
                self._mechanism.set(cutter_error=False)
            case Order.RECOVER_AND_CLEAR:
                if self._mechanism.state.recoverable:
                    self._buffer.clear()
                    self._mechanism.set(cutter_error=False)
            case Order.CLEAR:
                self._buffer.clear()
                self._answer(b"\x37\x25\x00")

    def _state_changed(self) -> None:
        if self._interpreter is not None and self._interpreter.automatic:
            self._answer(self._mechanism.state.automatic())

    # --- answers ------------------------------------------------------------------------------------------------

    def _line_fault(self) -> FaultKind | None:
        fault = self._fault
        if fault is None or fault.kind not in _ON_THE_LINE or self._bytes_left is not None:
            return None
        return fault.kind

    def _answer(self, data: bytes) -> None:
        with self._changed:
            if not self._make.answers or self._line_fault() in (FaultKind.SILENT, FaultKind.STUCK):
                return
            self._outbox.append(_NOISE if self._line_fault() is FaultKind.GARBAGE else data)
            self._changed.notify_all()

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._outbox)
                if self._closing:
                    return
                if self._line_fault() is FaultKind.SLOW and self._fault is not None:
                    slow = self._fault
                    self._changed.wait_for(lambda: self._closing or self._fault is not slow, slow.delay)  # noqa: B023
                data = self._outbox.pop(0) if self._outbox else b""
            self._port.send(data)

    # --- the printer's own thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._buffer.powered)
                if self._closing:
                    return
                self._interpreter = Interpreter(
                    self._make, PAPERS[self._columns], self._buffer, self._mechanism, self._answer
                )
            with contextlib.suppress(PowerOffError):
                self._interpreter.run()

    def _relieve(self) -> None:
        with self._changed:
            before, self._fault, self._bytes_left = self._fault, None, None
            self._mechanism.arm(None)
            self._changed.notify_all()
        if before is not None and before.kind is FaultKind.REFUSED:
            self._port.refuse(on=False)
