"""The ways to the printer: a network port that serves one host at a time, and a serial line."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from simulators.fingerprint.line import SerialLine, UnpluggedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_READ_SIZE = 4096
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, no seconds


class Port(Protocol):
    """A way to the printer. ``receive`` gets what comes, in a thread of the port's own."""

    @property
    def url(self) -> str:
        """Where a host finds the printer."""

    def plug(self, receive: Callable[[bytes], None]) -> None:
        """Begin to listen."""

    def unplug(self) -> None:
        """Cut the host off, from any thread."""

    def send(self, data: bytes) -> None:
        """Send to the host, if there is one; from any thread."""

    def refuse(self, *, on: bool) -> None:
        """Take no new host, or take them again."""

    def close(self) -> None:
        """Unplug for good."""


class NetworkPort:
    """A TCP port as a printer's network card has it: raw bytes both ways, one host at a time."""

    def __init__(self, port: int = 0) -> None:
        """Choose the port; 0 takes a free one and keeps it over unplugging."""
        self._lock = threading.Lock()
        self._receive: Callable[[bytes], None] | None = None
        self._host: socket.socket | None = None
        self._listener: socket.socket | None = _listen(port)
        self._port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """Where a host finds the printer."""
        return f"tcp://127.0.0.1:{self._port}"

    def plug(self, receive: Callable[[bytes], None]) -> None:
        """Begin to listen."""
        with self._lock:
            self._receive = receive
            if self._listener is None:
                self._listener = _listen(self._port)
            listener = self._listener
        threading.Thread(target=self._serve, args=(listener,), name="printer network", daemon=True).start()

    def unplug(self) -> None:
        """Cut the host off: its connection is reset."""
        with self._lock:
            host, self._host = self._host, None
            listener, self._listener = self._listener, None
            self._receive = None
        _shut(listener, socket.SHUT_RDWR)
        if host is not None:
            with contextlib.suppress(OSError):
                host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            _shut(host, socket.SHUT_RD)  # which wakes the thread that reads and says nothing to the host

    def refuse(self, *, on: bool) -> None:
        """Take no new host, or take them again."""
        with self._lock:
            receive = self._receive
            listener, self._listener = self._listener, None
        _shut(listener, socket.SHUT_RDWR)
        if not on and receive is not None:
            self.plug(receive)

    def send(self, data: bytes) -> None:
        """Send to the host, if there is one."""
        with self._lock:
            host = self._host
        if host is not None:
            with contextlib.suppress(OSError):
                host.sendall(data)

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                host, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                receive = self._receive
                if receive is not None:
                    self._host = host
            if receive is None:
                host.close()
                return
            with contextlib.suppress(OSError):
                while data := host.recv(_READ_SIZE):
                    receive(data)
            with self._lock:
                if self._host is host:
                    self._host = None
            host.close()


class SerialPort:
    """A pty at a fixed speed, with a stable path as udev would make it."""

    def __init__(self, link: Path | None, baud: int, pace: float) -> None:
        """Make a line that is not plugged in.

        Args:
            link: The stable path, made and removed with the plug; without it ``url`` changes with each plugging.
            baud: The speed that is set at the printer.
            pace: How many times faster than the real line.
        """
        self._line = SerialLine(link, pace=pace)
        self._baud = baud
        self._sending = threading.Lock()

    @property
    def url(self) -> str:
        """Where a host finds the printer; raises ``UnpluggedError`` without a stable path while unplugged."""
        return f"serial://{quote(self._line.path)}?baud={self._baud}"

    def plug(self, receive: Callable[[bytes], None]) -> None:
        """Begin to listen."""
        self._line.plug()
        session = self._line.session
        if session is not None:
            listen = threading.Thread(
                target=self._listen, args=(session, receive), name="printer serial line", daemon=True
            )
            listen.start()

    def unplug(self) -> None:
        """Cut the host off: its open port hangs up."""
        self._line.unplug()

    def refuse(self, *, on: bool) -> None:
        """A serial line cannot refuse."""
        if on:
            raise ValueError("only a network port can be closed")

    def send(self, data: bytes) -> None:
        """Send to the host. Answers are short, so that they never wait for the thread that reads."""
        session = self._line.session
        if session is not None:
            with self._sending, contextlib.suppress(UnpluggedError):
                self._line.write(session, data, self._baud)

    def close(self) -> None:
        """Unplug for good."""
        self._line.close()

    def _listen(self, session: int, receive: Callable[[bytes], None]) -> None:
        with contextlib.suppress(UnpluggedError):
            while True:
                receive(self._line.read(session, self._baud, None))


def _listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=1)


def _shut(end: socket.socket | None, how: int) -> None:
    if end is not None:
        with contextlib.suppress(OSError):
            end.shutdown(how)
        end.close()
