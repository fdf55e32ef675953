"""A fingerprint module on a pty, and the hand that puts fingers on it, breaks it and pulls its plug."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from simulators.fingerprint.conversation import Conversation
from simulators.fingerprint.faults import Fault, FaultKind, FaultSwitch
from simulators.fingerprint.flash import Flash
from simulators.fingerprint.journal import Exchange, Journal
from simulators.fingerprint.line import SerialLine, UnpluggedError
from simulators.fingerprint.memory import Led, Memory
from simulators.fingerprint.profiles import R307
from simulators.fingerprint.sensor import FingerImage, as_png, window

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from simulators.fingerprint.clock import Clock
    from simulators.fingerprint.profiles import Operation, Profile


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
        clock: Clock | None = None,
    ) -> None:
        """Make a module that is not plugged in.

        Args:
            profile: The make.
            link: The stable path the host opens, as a udev link would be. It goes and comes with the plug.
            flash: File that keeps the module's flash; without it the flash is lost with this object.
            pace: How many times faster than the real line and sensor; ``math.inf`` leaves out every wait.
            seed: Of the module's random numbers.
            clock: Paces the line and the sensor.

        Raises:
            FlashFileError: The flash file is damaged or belongs to another make.
        """
        self._profile = profile
        self._pace = pace
        self._state = threading.Condition(threading.RLock())
        self._flash = Flash(profile, flash)
        self._finger: FingerImage | None = None
        self._faults = FaultSwitch()
        self._journal = Journal()
        self._closing = False
        self._memory = Memory(profile, self._flash, finger=lambda: self._finger, fault=self._faults.kind, seed=seed)
        self._line = SerialLine(link, pace=pace, clock=clock)
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
            if self._closing or self._line.session is not None:
                return
            self._memory.power_up()
            fault = self._faults.fault
            if fault is not None and fault.kind is FaultKind.UNPLUGGED:
                self._faults.set(None)
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
        self._faults.set(fault)
        if fault.kind is FaultKind.UNPLUGGED and not fault.after_bytes:
            self.unplug()

    def clear_fault(self) -> None:
        """Mend the module; a module that was unplugged is plugged in again."""
        self._faults.set(None)
        self.plug()

    # --- watching -----------------------------------------------------------------------------------------------

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every command dealt with so far, in order."""
        return self._journal.exchanges

    @property
    def mark(self) -> int:
        """How many commands have come: what ``wait_for`` takes as ``after``."""
        return self._journal.mark

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
            after: A ``mark``; only a command that came after it counts. By default any that comes from now on.
            confirmation: Only an exchange that was answered with this confirmation code.
            timeout: Seconds.

        Raises:
            TimeoutError: It did not happen in time.
        """
        return self._journal.wait_for(wanted, after=after, confirmation=confirmation, timeout=timeout)

    def wait_until_unplugged(self, timeout: float = 10.0) -> None:
        """Wait until the plug is out.

        Raises:
            TimeoutError: It is still in.
        """
        with self._state:
            if not self._state.wait_for(lambda: self._line.session is None, timeout):
                raise TimeoutError(f"still plugged in after {timeout} s")

    def snapshot(self) -> Snapshot:
        """The state of this moment."""
        exchanges = self._journal.exchanges
        with self._state:
            preview = None
            if self._finger is not None:
                picture = window(self._finger.picture, self._profile.image_width, self._profile.image_height)
                preview = as_png(picture)
            fault, path = self._faults.fault, ""
            with contextlib.suppress(UnpluggedError):
                path = self._line.path
            return Snapshot(
                make=self._profile.name,
                path=path,
                plugged=self._line.session is not None,
                baud=self._flash.parameters.baud,
                pace=self._pace,
                finger=None if self._finger is None else self._finger.name,
                fault=None if fault is None else fault.kind,
                led=self._memory.led,
                used_slots=self._memory.used_slots,
                capacity=self._profile.capacity,
                last_exchange=exchanges[-1] if exchanges else None,
                preview=preview,
            )

    # --- the module's own thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while (session := self._next_session()) is not None:
            talk = Conversation(
                self._line,
                session,
                memory=self._memory,
                faults=self._faults,
                lock=self._state,
                journal=self._journal,
            )
            with contextlib.suppress(UnpluggedError):
                talk.hold()
            self._end(session)

    def _next_session(self) -> int | None:
        with self._state:
            self._state.wait_for(lambda: self._closing or self._line.session is not None)
            return None if self._closing else self._line.session

    def _end(self, session: int) -> None:
        """Pull the plug if it is not out yet: a fault may end a session from within."""
        with self._state:
            if self._line.session == session:
                self._line.unplug()
            self._state.notify_all()
