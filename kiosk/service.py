"""`kiosk run`: the appliance as a service, from its start to SIGTERM."""

import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from kiosk.compose import Appliance
from kiosk.notify import ServiceManager, Watchdog

_LOG = logging.getLogger(__name__)


def run(path: Path, ready: Callable[[Appliance], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; to be called in the main thread.

    Args:
        path: the configuration.
        ready: called once the screen answers.

    Raises:
        What `Appliance` raises when it cannot start.
    """
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    manager = ServiceManager()
    with Appliance(path) as appliance:
        watchdog = Watchdog(manager, appliance.parts)
        watchdog.start()
        address = f"http://127.0.0.1:{appliance.screen.port}/"
        _LOG.info("%s: the screen is at %s", appliance.config.point.name, address)
        manager.ready(f"{appliance.config.point.name}: {address}")
        if ready is not None:
            ready(appliance)
        stopping.wait()
        _LOG.info("stopping")
        manager.stopping()
        watchdog.stop()
