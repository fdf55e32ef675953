"""A fingerprint module on a pty, and the hand that puts fingers on it, breaks it and pulls its plug."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from simulators.fingerprint import wire
from simulators.fingerprint.faults import Fault, FaultKind, distort
from simulators.fingerprint.flash import Flash
from simulators.fingerprint.instructions import Confirmation, Led, Processor, Reply
from simulators.fingerprint.line import InterruptedReadError, SerialLine, UnpluggedError
from simulators.fingerprint.profiles import R307, Operation
from simulators.fingerprint.sensor import FingerImage, as_png, window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from simulators.fingerprint.profiles import Profile

_PACKET_GAP = 0.5
"""Seconds after which the rest of a packet that only began is no longer awaited."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command the module has dealt with, its answer on the wire."""

    number: int
    """Counts from 1."""
    instruction: int
    operation: Operation | None
    """None for an instruction the make does not know."""
    confirmation: int | None
    """None when the module had nothing to say."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The module's state at one moment, for a console to show."""

    make: str
    path: str
    """Where the host opens the module; empty when it is unplugged and has no stable path."""
    plugged: bool
    baud: int
    pace: float
    finger: str | None
    """Name of the finger on the window."""
    fault: FaultKind | None
    led: Led
    used_slots: tuple[int, ...]
    capacity: int
    last_exchange: Exchange | None
    preview: bytes | None
    """What the window sees, as a PNG file; None without a finger."""


class FingerprintModule:
    """An EF01 module of one make.

    All methods may be called from any thread. Used as a context manager it is plugged in on entry and gone on exit.
    """

    def __init__(
        self,
        profile: Profile = R307,
        *,
        link: Path | None = None,
        flash: Path | None = None,
        pace: float = 1.0,
        seed: int = 1,
    ) -> None:
        """Make a module that is not plugged in.

        Args:
            profile: The make.
            link: The stable path the host opens, as a udev link would be. It goes and comes with the plug.
            flash: File that keeps the module's flash; without it the flash is lost with this object.
            pace: How many times faster than the real line and sensor; ``math.inf`` leaves out every wait.
            seed: Of the module's random numbers.

        Raises:
            FlashFileError: The flash file is damaged or belongs to another make.
        """
        self._profile = profile
        self._pace = pace
        self._state = threading.Condition(threading.RLock())
        self._flash = Flash(profile, flash)
        self._finger: FingerImage | None = None
        self._fault: Fault | None = None
        self._fault_answers: int | None = None
        self._bytes_before_unplug: int | None = None
        self._instruction: int | None = None
        self._exchanges: list[Exchange] = []
        self._closing = False
        self._processor = Processor(
            profile, self._flash, finger=lambda: self._finger, fault=self._present_fault, seed=seed
        )
        self._line = SerialLine(link, pace=pace)
        self._reader = wire.PacketReader()
        self._incoming: bytearray | None = None
        self._take_incoming: Callable[[bytes], None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"module {profile.name}", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the plug -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Plug the module in for the first time."""
        self.plug()
        self._thread.start()

    def close(self) -> None:
        """Unplug the module for good."""
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._line.unplug()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self._line.close()

    def plug(self) -> None:
        """Give the module power and a path; it has forgotten all that is not in its flash."""
        with self._state:
            if self._closing or self._line.plugged:
                return
            self._processor.power_up()
            self._end_transfer()
            self._bytes_before_unplug = None
            if self._fault is not None and self._fault.kind is FaultKind.UNPLUGGED:
                self._fault = None
            self._line.plug(self._profile.powers_up_with)
            self._state.notify_all()

    def unplug(self) -> None:
        """Pull the plug: the path goes, an open port hangs up."""
        self._line.unplug()
        with self._state:
            self._state.notify_all()

    @property
    def path(self) -> str:
        """Where the host opens the module; raises ``UnpluggedError`` when there is no such place."""
        return self._line.path

    @property
    def baud(self) -> int:
        """The speed the module listens at."""
        return self._flash.parameters.baud

    # --- the window ---------------------------------------------------------------------------------------------

    def place(self, finger: FingerImage) -> None:
        """Put a finger on the window; one that lies there already is taken away."""
        with self._state:
            self._finger = finger
            self._state.notify_all()

    def lift(self) -> None:
        """Take the finger off the window."""
        with self._state:
            self._finger = None
            self._state.notify_all()

    # --- the fault console --------------------------------------------------------------------------------------

    def fault(self, fault: Fault | FaultKind) -> None:
        """Give the module a fault in place of the one it has."""
        fault = Fault(fault) if isinstance(fault, FaultKind) else fault
        with self._state:
            self._fault, self._fault_answers = fault, fault.answers
            pulled = fault.kind is FaultKind.UNPLUGGED
            self._bytes_before_unplug = fault.after_bytes if pulled else None
            self._state.notify_all()
        if pulled and not fault.after_bytes:
            self.unplug()

    def clear_fault(self) -> None:
        """Mend the module; a module that was unplugged is plugged in again."""
        with self._state:
            self._fault = None
            self._bytes_before_unplug = None
            self._state.notify_all()
        self.plug()

    # --- watching -----------------------------------------------------------------------------------------------

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every command dealt with so far, in order."""
        with self._state:
            return tuple(self._exchanges)

    def wait_for(
        self,
        wanted: int | Operation,
        *,
        after: int | None = None,
        confirmation: int | None = None,
        timeout: float = 10.0,
    ) -> Exchange:
        """Wait until an instruction has been dealt with.

        Args:
            wanted: Instruction code or operation.
            after: Number of the exchange it must come after; by default the last one so far.
            confirmation: Only an exchange that was answered with this confirmation code.
            timeout: Seconds.

        Raises:
            TimeoutError: It did not happen in time.
        """
        with self._state:
            first = len(self._exchanges) if after is None else after

            def found() -> Exchange | None:
                for exchange in self._exchanges[first:]:
                    same = wanted in (exchange.operation, exchange.instruction)
                    if same and confirmation in (None, exchange.confirmation):
                        return exchange
                return None

            exchange = self._state.wait_for(found, timeout)
            if exchange is None:
                raise TimeoutError(f"no {wanted} within {timeout} s; the module saw {self._exchanges[first:]}")
            return exchange

    def wait_until_unplugged(self, timeout: float = 10.0) -> None:
        """Wait until the plug is out.

        Raises:
            TimeoutError: It is still in.
        """
        with self._state:
            if not self._state.wait_for(lambda: not self._line.plugged, timeout):
                raise TimeoutError(f"still plugged in after {timeout} s")

    def snapshot(self) -> Snapshot:
        """The state of this moment."""
        with self._state:
            preview = None
            if self._finger is not None:
                picture = window(self._finger.picture, self._profile.image_width, self._profile.image_height)
                preview = as_png(picture)
            path = ""
            with contextlib.suppress(UnpluggedError):
                path = self._line.path
            return Snapshot(
                make=self._profile.name,
                path=path,
                plugged=self._line.plugged,
                baud=self._flash.parameters.baud,
                pace=self._pace,
                finger=None if self._finger is None else self._finger.name,
                fault=None if self._fault is None else self._fault.kind,
                led=self._processor.led,
                used_slots=self._processor.used_slots,
                capacity=self._profile.capacity,
                last_exchange=self._exchanges[-1] if self._exchanges else None,
                preview=preview,
            )

    # --- the module's own thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._wait_for_power():
            try:
                waits = self._reader.partial or self._incoming is not None
                data = self._line.read(self._flash.parameters.baud, _PACKET_GAP if waits else None)
                if not data:
                    self._reader.reset()
                for packet in self._reader.feed(data):
                    self._serve(packet)
            except InterruptedReadError:
                continue
            except UnpluggedError:
                self.unplug()

    def _wait_for_power(self) -> bool:
        with self._state:
            self._state.wait_for(lambda: self._closing or self._line.plugged)
            return not self._closing

    def _serve(self, packet: wire.Packet | wire.BrokenPacket) -> None:
        if packet.address != self._flash.parameters.address:
            return  # meant for another module on the line
        if isinstance(packet, wire.BrokenPacket):
            self._end_transfer()
            self._send(Reply(Confirmation.PACKET_ERROR), None)
        elif packet.kind is wire.PacketKind.COMMAND:
            self._end_transfer()
            if packet.payload:
                self._obey(packet.payload[0], packet.payload[1:])
        else:
            self._receive(packet)

    def _obey(self, instruction: int, arguments: bytes) -> None:
        self._line.wait(self._processor.takes_time(instruction))
        parameters = self._flash.parameters
        with self._state:
            self._instruction = instruction
            reply = self._processor.execute(instruction, arguments)
            self._instruction = None
            operation = self._profile.operation(instruction)
        if reply is not None:
            moved = operation is Operation.SET_ADDRESS and self._profile.new_address_acknowledges
            address = self._flash.parameters.address if moved else parameters.address
            if reply.expects is not None:
                self._incoming, self._take_incoming = bytearray(), reply.expects
            self._send(reply, instruction, address, parameters.baud)
            if reply.resets:
                with self._state:
                    self._processor.power_up()
                self._line.write(self._profile.powers_up_with, self._flash.parameters.baud)
        with self._state:
            confirmation = None if reply is None else reply.confirmation
            number = len(self._exchanges) + 1
            self._exchanges.append(Exchange(number, instruction, operation, confirmation))
            self._state.notify_all()

    def _receive(self, packet: wire.Packet) -> None:
        if self._incoming is None or self._take_incoming is None:
            return  # data nobody asked for
        self._incoming += packet.payload
        if packet.kind is wire.PacketKind.END_OF_DATA:
            with self._state:
                self._take_incoming(bytes(self._incoming))
            self._end_transfer()

    def _end_transfer(self) -> None:
        self._incoming = self._take_incoming = None

    def _send(self, reply: Reply, instruction: int | None, address: int | None = None, baud: int | None = None) -> None:
        parameters = self._flash.parameters
        address = parameters.address if address is None else address
        payload = bytes([reply.confirmation]) + reply.payload
        answer = wire.encode(wire.Packet(address, wire.PacketKind.ACKNOWLEDGE, payload))
        if reply.data is not None:
            answer += b"".join(wire.encode_data(address, reply.data, parameters.packet_size))
        fault = self._fault_for(instruction)
        if fault is not None:
            answer = distort(answer, fault)
            if fault.kind is FaultKind.SLOW:
                self._line.hold(fault.delay)
        self._transmit(answer, parameters.baud if baud is None else baud)

    def _transmit(self, answer: bytes, baud: int) -> None:
        with self._state:
            left = self._bytes_before_unplug
            if left is not None:
                self._bytes_before_unplug = max(0, left - len(answer))
        if left is None or left > len(answer):
            self._line.write(answer, baud)
            return
        self._line.write(answer[:left], baud)
        raise UnpluggedError

    def _present_fault(self) -> FaultKind | None:
        fault = self._fault
        return fault.kind if fault is not None and fault.concerns(self._instruction) else None

    def _fault_for(self, instruction: int | None) -> Fault | None:
        """The fault that touches the answer to ``instruction``; counts that answer."""
        with self._state:
            fault = self._fault
            if fault is None or not fault.concerns(instruction):
                return None
            if self._fault_answers is not None:
                self._fault_answers -= 1
                if self._fault_answers == 0:
                    self._fault = None
            return fault
