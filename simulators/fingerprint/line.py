"""The serial line of the module: a pty whose speed, pace and plug behave like those of a UART.

The host's end has the speed that its termios says. Bytes sent at one speed and heard at another arrive as what a
UART makes of them. What the module sends reaches the host no faster than the speed allows (ten bits a byte), and
what the host sends counts as arrived only when the line could have carried it.
"""

from __future__ import annotations

import math
import os
import select
import termios
import threading
import tty
from typing import TYPE_CHECKING

from simulators.fingerprint.clock import MonotonicClock
from simulators.fingerprint.uart import hear

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.fingerprint.clock import Clock

_SPEEDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}
_OUTPUT_SPEED = 5  # index in what tcgetattr returns
_BITS_PER_BYTE = 10
_BURST_SECONDS = 0.002  # bytes are handed over in bursts about as long as a UART's buffer lasts
_READ_SIZE = 4096
_OVERRUN_SECONDS = 1.0
"""How long the host may leave a full buffer unread before bytes are lost."""


class UnpluggedError(Exception):
    """The module's plug is out, or was out meanwhile."""


class SerialLine:
    """The module's end of a pty, with a stable path like a udev link for the host's end.

    Each time the plug goes in a new session begins. ``read``, ``write`` and the waits belong to one session and end
    with ``UnpluggedError`` when it is over, even if the next one has begun. ``plug``, ``unplug`` and the properties
    may be used from any thread, the rest from one thread only.
    """

    def __init__(self, link: Path | None = None, *, pace: float = 1.0, clock: Clock | None = None) -> None:
        """Make a line that is not plugged in.

        Args:
            link: Where the stable path shall be; without it ``path`` is the pty's own name.
            pace: How many times faster than the real line; ``math.inf`` for no pacing at all.
            clock: Paces the line.
        """
        if not pace > 0:
            raise ValueError(f"pace is above 0, not {pace}")
        self._link = link
        self._pace = pace
        self._clock: Clock = MonotonicClock() if clock is None else clock
        self._plug_lock = threading.Lock()  # one plugging or unplugging at a time
        self._select_lock = threading.Lock()  # held while waiting on the descriptors: nobody closes them then
        self._lock = threading.Lock()
        self._master: int | None = None
        self._slave: int | None = None
        self._slave_name: str | None = None
        self._pulled = threading.Event()
        self._pulled_signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._session = 0
        self._arrived = 0.0

    @property
    def path(self) -> str:
        """Where the host opens the line.

        Raises:
            UnpluggedError: There is no link and no pty.
        """
        if self._link is not None:
            return str(self._link)
        if self._slave_name is None:
            raise UnpluggedError
        return self._slave_name

    @property
    def session(self) -> int | None:
        """The number of the session; None while the plug is out."""
        with self._lock:
            return None if self._master is None else self._session

    @property
    def host_baud(self) -> int:
        """The speed set at the host's end; 0 for a speed no UART has."""
        with self._lock:
            if self._master is None:
                raise UnpluggedError
            # On Linux a pty has one termios, the host's, and its other end reads it too.
            return _SPEEDS.get(termios.tcgetattr(self._master)[_OUTPUT_SPEED], 0)

    def plug(self, greeting: bytes = b"") -> None:
        """Plug in: make a pty and point the stable path at it. Nothing happens if it is plugged in.

        ``greeting`` is what the module has sent before the host can open the path.
        """
        with self._plug_lock, self._lock:
            if self._master is not None:
                return
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            os.write(master, greeting)
            self._master, self._slave, self._slave_name = master, slave, os.ttyname(slave)
            self._session += 1
            self._arrived = self._clock.now()
            self._pulled = threading.Event()
            if self._link is not None:
                temporary = self._link.with_name(f"{self._link.name}.{os.getpid()}.new")
                temporary.unlink(missing_ok=True)
                temporary.symlink_to(self._slave_name)
                temporary.replace(self._link)

    def unplug(self) -> None:
        """Pull the plug: the stable path goes, the host's open file hangs up."""
        with self._plug_lock:
            with self._lock:
                if self._master is None or self._slave is None:
                    return
                descriptors = (self._master, self._slave)
                self._master = self._slave = self._slave_name = None
                self._pulled.set()
                if self._link is not None:
                    self._link.unlink(missing_ok=True)
            os.eventfd_write(self._pulled_signal, 1)
            with self._select_lock:
                for descriptor in descriptors:
                    os.close(descriptor)
                os.eventfd_read(self._pulled_signal)

    def close(self) -> None:
        """Unplug for good; no other call may follow."""
        self.unplug()
        os.close(self._pulled_signal)

    def read(self, session: int, baud: int, timeout: float | None) -> bytes:
        """What the module hears next, listening at ``baud``; nothing when ``timeout`` seconds pass.

        Raises:
            UnpluggedError: The session is over.
        """
        if not self._select(session, writable=False, timeout=timeout):
            return b""
        data = self._take(session)
        host_baud = self.host_baud
        self._arrived = max(self._clock.now(), self._arrived) + self._seconds(len(data), host_baud)
        self._wait_until(session, self._arrived)
        return hear(data, host_baud, baud)

    def write(self, session: int, data: bytes, baud: int) -> None:
        """Send ``data`` at ``baud``, returning when the last bit has left.

        Bytes the host leaves unread beyond the pty's buffer are lost, as in an overrun.

        Raises:
            UnpluggedError: The session is over.
        """
        burst = max(1, int(_BURST_SECONDS * self._pace * baud / _BITS_PER_BYTE)) if self._paced else max(1, len(data))
        start = self._clock.now()
        overrun = False
        for offset in range(0, len(data), burst):
            piece = data[offset : offset + burst]
            self._wait_until(session, start + self._seconds(offset + len(piece), baud))
            overrun |= not self._put(session, hear(piece, baud, self.host_baud), patient=not overrun)

    def wait(self, session: int, seconds: float) -> None:
        """Let ``seconds`` of the module's time pass.

        Raises:
            UnpluggedError: The session is over.
        """
        if self._paced:
            self.hold(session, seconds / self._pace)

    def hold(self, session: int, seconds: float) -> None:
        """Let ``seconds`` of wall time pass, whatever the pace.

        Raises:
            UnpluggedError: The session is over.
        """
        self._wait_until(session, self._clock.now() + seconds)

    @property
    def _paced(self) -> bool:
        return not math.isinf(self._pace)

    def _seconds(self, count: int, baud: int) -> float:
        return count * _BITS_PER_BYTE / (baud * self._pace) if baud else 0.0

    def _open_master(self, session: int) -> int:
        """The descriptor of a session; call with the lock held."""
        if self._master is None or self._session != session:
            raise UnpluggedError
        return self._master

    def _wait_until(self, session: int, moment: float) -> None:
        with self._lock:
            self._open_master(session)
            pulled = self._pulled
        if self._clock.wait(pulled, max(0.0, moment - self._clock.now())):
            raise UnpluggedError

    def _select(self, session: int, *, writable: bool, timeout: float | None) -> bool:
        """Wait until there are bytes to read, or room to write; whether there are within ``timeout`` seconds."""
        with self._select_lock:
            with self._lock:
                master = self._open_master(session)
            readers: list[int] = [self._pulled_signal]
            writers: list[int] = []
            (writers if writable else readers).append(master)
            ready, room, _ = select.select(readers, writers, [], timeout)
        return bool(ready or room)

    def _take(self, session: int) -> bytes:
        with self._lock:
            try:
                return os.read(self._open_master(session), _READ_SIZE)
            except BlockingIOError:
                return b""

    def _put(self, session: int, data: bytes, *, patient: bool) -> bool:
        """Hand ``data`` over, waiting for room if ``patient``; whether all of it was taken."""
        while data:
            taken = self._give(session, data)
            data = data[taken:]
            if data and not taken and not (patient and self._select(session, writable=True, timeout=_OVERRUN_SECONDS)):
                return False
        return True

    def _give(self, session: int, data: bytes) -> int:
        with self._lock:
            try:
                return os.write(self._open_master(session), data)
            except BlockingIOError:
                return 0
