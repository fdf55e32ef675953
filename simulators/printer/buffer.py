"""The receive buffer: what has arrived and waits to be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading


class PowerOffError(Exception):
    """The printer has no power, or had none meanwhile."""


class ClearedError(Exception):
    """The host has had the buffers cleared, and with them the command that was being read."""


class ReceiveBuffer:
    """A queue of bytes with an end. May be used from any thread; ``changed`` guards it."""

    def __init__(self, size: int, changed: threading.Condition) -> None:
        """Begin without power.

        Args:
            size: Bytes it holds.
            changed: Notified with every change.
        """
        self._size = size
        self._changed = changed
        self._bytes = bytearray()
        self._power = 0
        self._on = False
        self._clearings = 0

    @property
    def waiting(self) -> int:
        """Bytes in it."""
        return len(self._bytes)

    @property
    def powered(self) -> bool:
        """Whether there is power."""
        return self._on

    def power(self, *, on: bool) -> None:
        """Switch on or off; either empties it."""
        with self._changed:
            self._bytes.clear()
            self._on = on
            self._power += 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Drop what is in it, and the command that is being read."""
        with self._changed:
            self._bytes.clear()
            self._clearings += 1
            self._changed.notify_all()

    def put(self, data: bytes) -> None:
        """Take bytes in, waiting while there is no room: the line is stopped meanwhile.

        Raises:
            PowerOffError: The power went.
        """
        with self._changed:
            watch = Watch(self)
            while data:
                self._changed.wait_for(lambda: watch.interrupted or len(self._bytes) < self._size)
                watch.check(clearing=False)
                room = self._size - len(self._bytes)
                self._bytes += data[:room]
                data = data[room:]
                self._changed.notify_all()

    def take(self, count: int, watch: Watch) -> bytes:
        """The next ``count`` bytes, as soon as they are there.

        Raises:
            PowerOffError: The power went.
            ClearedError: The buffer was cleared since ``watch`` began.
        """
        taken = bytearray()
        with self._changed:
            while len(taken) < count:
                self._changed.wait_for(lambda: watch.interrupted or bool(self._bytes))
                watch.check()
                piece = self._bytes[: count - len(taken)]
                del self._bytes[: len(piece)]
                taken += piece
                self._changed.notify_all()
        return bytes(taken)

    @property
    def moment(self) -> tuple[int, int]:
        """Changes with power and clearing."""
        return self._power, self._clearings


class Watch:
    """Notices power failures and clearings after the moment it was made."""

    def __init__(self, buffer: ReceiveBuffer) -> None:
        """Begin to watch."""
        self._buffer = buffer
        self._moment = buffer.moment

    @property
    def interrupted(self) -> bool:
        """Whether something has happened, or there is no power."""
        return not self._buffer.powered or self._buffer.moment != self._moment

    def check(self, *, clearing: bool = True) -> None:
        """Raise what has happened.

        Raises:
            PowerOffError: The power went.
            ClearedError: The buffer was cleared, where ``clearing`` counts.
        """
        power, _ = self._buffer.moment
        if not self._buffer.powered or power != self._moment[0]:
            raise PowerOffError
        if clearing and self._buffer.moment != self._moment:
            raise ClearedError
        self._moment = self._buffer.moment
