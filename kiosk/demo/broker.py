"""The demonstration's broker: mosquitto where it is installed, else one in Python."""

import shutil
import socket
import threading
from pathlib import Path

from drivers.contracts.deadline import Deadline
from kiosk.demo.processes import Child, ChildError

_MOSQUITTO_PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_START_S = 20.0


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start(folder: Path, port: int, *, embedded: bool = False) -> Child:
    """Start a broker on the loopback interface and wait until it listens.

    Args:
        folder: where its configuration and log go.
        port: where it listens.
        embedded: take the one in Python even where mosquitto is installed.

    Raises:
        ChildError: it did not start.
    """
    log = folder / "broker.log"
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path=_MOSQUITTO_PLACES)
    if mosquitto is None or embedded:
        child = Child.python("amqtt", "kiosk.demo.embedded_broker", "--port", str(port), log=log)
        child.ready(_START_S)
        return child
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n", encoding="utf-8")
    child = Child("mosquitto", [mosquitto, "-c", str(settings)], log)
    _wait_until_listening(child, port)
    return child


def _wait_until_listening(child: Child, port: int) -> None:
    deadline = Deadline.after(_START_S)
    pause = threading.Event()
    while child.running and not deadline.passed:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            pause.wait(0.02)
        else:
            return
    child.stop()
    raise ChildError(f"{child.name} does not listen on port {port}; see its log")
