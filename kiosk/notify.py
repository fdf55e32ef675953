"""Tells systemd how the appliance is: ready, alive, stopping (sd_notify(3)). Does nothing where there is no systemd."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Final

_LOG = logging.getLogger(__name__)
_PINGS_PER_PERIOD: Final = 3  # sd_watchdog_enabled(3) advises two; one of three may come late


class ServiceManager:
    """The service manager that started this process, spoken to by datagrams.

    A message that cannot be sent is logged and nothing else: the watchdog is there for a manager that hears nothing.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Nothing is sent yet.

        Args:
            environment: where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are looked up.
        """
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(environment)

    def ready(self, status: str = "") -> None:
        """The appliance serves."""
        self._send("READY=1", status)

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send("", status)

    def stopping(self) -> None:
        """An orderly end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Puts the watchdog off for another period."""
        self._send("WATCHDOG=1")

    def _send(self, state: str, status: str = "") -> None:
        if not self._address:
            return
        # The name of an abstract socket begins with NUL, for which the environment has an @ (unix(7)).
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        lines = [state] if state else []
        if status:
            lines.append("STATUS=" + status.replace("\n", " "))
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
                link.connect(address)
                link.sendall("\n".join(lines).encode())
        except OSError as error:
            _LOG.warning("the service manager cannot be told %s: %s", " ".join(lines), error)


class Watchdog:
    """Pings the service manager for as long as every part of the appliance proves alive.

    A part that answers no, raises or hangs stops the pings, and the service manager starts the appliance anew.
    """

    def __init__(self, manager: ServiceManager, parts: Mapping[str, Callable[[], bool]]) -> None:
        """Nothing is asked before `start`.

        Args:
            manager: who is pinged.
            parts: name of a part and what tells whether it is alive; asked in the watchdog's thread, three times a
                period, in the given order.
        """
        self._manager = manager
        self._parts = dict(parts)
        self._stopping = threading.Event()
        self._ill: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to ping, if the service manager asked for it."""
        if self._manager.watchdog_s is not None:
            self._thread.start()

    def stop(self) -> None:
        """Ping no more. A part that hangs at this moment is not waited for."""
        self._stopping.set()

    def _watch(self) -> None:
        assert self._manager.watchdog_s is not None  # noqa: S101 - start has looked
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(self._manager.watchdog_s / _PINGS_PER_PERIOD)

    def _look(self) -> None:
        ill = frozenset(name for name, alive in self._parts.items() if not _proves(name, alive))
        if ill - self._ill:
            _LOG.error("no sign of life from: %s", ", ".join(sorted(ill)))
        elif self._ill and not ill:
            _LOG.info("every part is alive again")
        self._ill = ill
        if not ill:
            self._manager.alive()


def _proves(name: str, alive: Callable[[], bool]) -> bool:
    try:
        return alive()
    except Exception:
        _LOG.exception("%s could not be asked whether it is alive", name)
        return False


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """The period of the watchdog in seconds; `None` where there is none, or it watches another process."""
    period, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not period.isdigit() or int(period) == 0:
        return None
    if pid and pid != str(os.getpid()):
        return None
    return int(period) / 1_000_000
