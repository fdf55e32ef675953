"""The touchscreen's server: pages on the loopback interface, for the browser of this machine alone."""

import http.client
from typing import Final

from kiosk.ui import app
from kiosk.ui.events import MOST_STREAMS
from kiosk.ui.front import Front
from kiosk.ui.parts import Parts
from services.pages import PageServer

__all__ = ["Parts", "Screen"]

_HOST: Final = "127.0.0.1"
_WORKERS: Final = 4
_ALIVE_S: Final = 2.0


class Screen:
    """Serves the pages from `start` to `stop`."""

    def __init__(self, parts: Parts) -> None:
        """Take the port.

        Raises:
            OSError: the port cannot be had.
        """
        self.front = Front(parts)
        try:
            self._pages = PageServer(app.build(self.front), _HOST, parts.settings.port, threads=_WORKERS + MOST_STREAMS)
        except OSError:
            self.front.stop()
            raise

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._pages.port

    def start(self) -> None:
        """Begin to serve."""
        self.front.start()
        self._pages.start()

    def stop(self) -> None:
        """End the event streams, let requests that are being answered end, and close."""
        self.front.stop()
        self._pages.stop()

    def alive(self) -> bool:
        """Whether the server answers, asked as a browser would ask."""
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=_ALIVE_S)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
