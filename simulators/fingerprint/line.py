"""The serial line of the module: a pty whose speed, pace and plug behave like those of a UART.

The host's end has the speed that its termios says. Bytes sent at one speed and heard at another arrive as what a
UART makes of them. What the module sends reaches the host no faster than the speed allows (ten bits a byte), and
what the host sends counts as arrived only when the line could have carried it.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import termios
import threading
import time
import tty
from typing import TYPE_CHECKING

from simulators.fingerprint.uart import hear

if TYPE_CHECKING:
    from pathlib import Path

_SPEEDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}
_BITS_PER_BYTE = 10
_BURST_SECONDS = 0.002  # bytes are handed over in bursts about as long as a UART's buffer lasts
_READ_SIZE = 4096
_OVERRUN_SECONDS = 1.0
"""How long the host may leave a full buffer unread before bytes are lost."""


class UnpluggedError(Exception):
    """The module's plug is out."""


class InterruptedReadError(Exception):
    """Another thread woke the line; there may be something to do besides reading."""


class SerialLine:
    """The module's end of a pty, with a stable path like a udev link for the host's end.

    ``plug``, ``unplug`` and ``wake`` may be called from any thread, ``read`` and ``write`` from one thread only.
    """

    def __init__(self, link: Path | None = None, *, pace: float = 1.0) -> None:
        """Make a line that is not plugged in.

        Args:
            link: Where the stable path shall be; without it ``path`` is the pty's own name.
            pace: How many times faster than the real line; ``math.inf`` for no pacing at all.
        """
        if not pace > 0:
            raise ValueError(f"pace is above 0, not {pace}")
        self._link = link
        self._pace = pace
        self._wakeup = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._master: int | None = None
        self._slave: int | None = None
        self._slave_name: str | None = None
        self._unplug = threading.Event()
        self._unplug.set()
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
    def plugged(self) -> bool:
        """Whether the host can reach the module."""
        return not self._unplug.is_set()

    @property
    def host_baud(self) -> int:
        """The speed set at the host's end; 0 for a speed no UART has."""
        with self._lock:
            if self._master is None:
                return 0
            # On Linux a pty has one termios, the host's, and its other end reads it too.
            return _SPEEDS.get(termios.tcgetattr(self._master)[5], 0)

    def plug(self, greeting: bytes = b"") -> None:
        """Plug in: make a pty and point the stable path at it. Nothing happens if it is plugged in.

        ``greeting`` is what the module has sent before the host can open the path.
        """
        with self._lock:
            if self._master is not None:
                return
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            os.write(master, greeting)
            self._master, self._slave, self._slave_name = master, slave, os.ttyname(slave)
            if self._link is not None:
                temporary = self._link.with_name(f"{self._link.name}.{os.getpid()}.new")
                temporary.unlink(missing_ok=True)
                temporary.symlink_to(self._slave_name)
                temporary.replace(self._link)
            self._arrived = time.monotonic()
            self._unplug.clear()

    def unplug(self) -> None:
        """Pull the plug: the stable path goes, the host's open file hangs up."""
        with self._lock:
            self._unplug.set()
            if self._link is not None and self._link.is_symlink():
                self._link.unlink()
            for descriptor in (self._master, self._slave):
                if descriptor is not None:
                    os.close(descriptor)
            self._master = self._slave = self._slave_name = None
        self.wake()

    def wake(self) -> None:
        """Make a ``read`` that waits raise ``InterruptedReadError``."""
        with contextlib.suppress(OSError):
            os.eventfd_write(self._wakeup, 1)

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()
        os.close(self._wakeup)
        self._wakeup = -1

    def read(self, baud: int, timeout: float | None) -> bytes:
        """What the module hears next, listening at ``baud``; nothing when ``timeout`` seconds pass.

        Raises:
            UnpluggedError: The plug is out.
            InterruptedReadError: ``wake`` was called.
        """
        master = self._master
        if master is None:
            raise UnpluggedError
        try:
            ready, _, _ = select.select([master, self._wakeup], [], [], timeout)
            if self._wakeup in ready:
                os.eventfd_read(self._wakeup)
                raise InterruptedReadError
        except (OSError, ValueError) as error:
            # The descriptor was closed under the select, by ``unplug`` in another thread.
            raise UnpluggedError from error
        data = self._take() if ready else b""
        if not data:
            return b""
        host_baud = self.host_baud
        self._wait_for_arrival(len(data), host_baud)
        return hear(data, host_baud, baud)

    def write(self, data: bytes, baud: int) -> None:
        """Send ``data`` at ``baud``, returning when the last bit has left.

        Bytes the host leaves unread beyond the pty's buffer are lost, as in an overrun.

        Raises:
            UnpluggedError: The plug is out or was pulled meanwhile.
        """
        burst = max(1, int(_BURST_SECONDS * self._pace * baud / _BITS_PER_BYTE)) if self._paced else len(data) or 1
        start = time.monotonic()
        for offset in range(0, len(data), burst):
            piece = data[offset : offset + burst]
            self._wait_until(start + self._seconds(offset + len(piece), baud))
            self._put(hear(piece, baud, self.host_baud))

    def hold(self, seconds: float) -> None:
        """Let ``seconds`` of wall time pass, whatever the pace.

        Raises:
            UnpluggedError: The plug is out or was pulled meanwhile.
        """
        self._wait_until(time.monotonic() + seconds)

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the module's time pass.

        Raises:
            UnpluggedError: The plug is out or was pulled meanwhile.
        """
        if self._paced:
            self._wait_until(time.monotonic() + seconds / self._pace)

    @property
    def _paced(self) -> bool:
        return not math.isinf(self._pace)

    def _seconds(self, count: int, baud: int) -> float:
        return count * _BITS_PER_BYTE / (baud * self._pace) if baud else 0.0

    def _wait_for_arrival(self, count: int, baud: int) -> None:
        self._arrived = max(time.monotonic(), self._arrived) + self._seconds(count, baud)
        self._wait_until(self._arrived)

    def _wait_until(self, moment: float) -> None:
        if self._unplug.wait(max(0.0, moment - time.monotonic())):
            raise UnpluggedError

    def _take(self) -> bytes:
        with self._lock:
            if self._master is None:
                raise UnpluggedError
            try:
                return os.read(self._master, _READ_SIZE)
            except BlockingIOError:
                return b""
            except OSError as error:
                raise UnpluggedError from error

    def _put(self, data: bytes) -> None:
        while data:
            taken = self._give(data)
            data = data[taken:]
            if data and not taken and not self._wait_for_room():
                return  # nobody reads: the rest is lost

    def _give(self, data: bytes) -> int:
        with self._lock:
            if self._master is None:
                raise UnpluggedError
            try:
                return os.write(self._master, data)
            except BlockingIOError:
                return 0
            except OSError as error:
                raise UnpluggedError from error

    def _wait_for_room(self) -> bool:
        master = self._master
        if master is None:
            raise UnpluggedError
        try:
            return bool(select.select([], [master], [], _OVERRUN_SECONDS)[1])
        except (OSError, ValueError) as error:
            raise UnpluggedError from error
