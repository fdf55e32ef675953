"""Waitress in a thread, with an orderly end: its sockets are closed by the thread that waits on them."""

import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

_JOIN_S = 10.0


class PageServer:
    """Serves an application over HTTP from `start` to `stop`."""

    def __init__(self, app: Flask, host: str, port: int, *, threads: int = 4) -> None:
        """Take the port.

        Args:
            app: what is served.
            host: the address to listen on.
            port: 0 takes a free one.
            threads: how many requests are answered at a time; an event stream is a request that lasts.

        Raises:
            OSError: the port cannot be had.
        """
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(
                app, map=self._sockets, host=host, port=port, threads=threads, ident=None,
                channel_request_lookahead=1,  # so that a stream learns that its browser has gone
                # A worker that writes to a browser which has gone closes its socket while the server's thread may wait
                # on it. poll(2) takes that as an event; select(2) fails with EBADF, and the server with it.
                asyncore_use_poll=True,
            )  # fmt: skip
        except BaseException:  # waitress leaves open what it has opened by then
            wasyncore.close_all(self._sockets)
            raise
        self._thread = threading.Thread(target=self._server.run, name="pages", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.effective_port)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection; requests that are being answered are finished, so streams have to be ended before."""
        self._server.task_dispatcher.shutdown()
        if not self._thread.is_alive():
            wasyncore.close_all(self._sockets)
            return
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))
        self._thread.join(_JOIN_S)
