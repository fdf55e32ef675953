"""The bench's page and its server, on the loopback interface only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from flask import Flask, render_template
from waitress import wasyncore
from waitress.server import create_server
from werkzeug.exceptions import HTTPException

from simulators.console import words
from simulators.console.api import api, refused

if TYPE_CHECKING:
    from types import TracebackType

    from simulators.console.bench import Bench

_HOST = "127.0.0.1"
_LARGEST_BODY = 64 * 1024


def application(bench: Bench) -> Flask:
    """The page and what it asks for."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.register_blueprint(api(bench))
    app.register_error_handler(HTTPException, refused)

    @app.get("/")
    def page() -> str:
        return render_template(
            "console.html",
            skins=words.SKINS,
            reader_faults=words.READER_FAULTS,
            printer_faults=words.PRINTER_FAULTS,
        )

    return app


class Server:
    """Serves a bench in a thread of its own while it is entered."""

    def __init__(self, bench: Bench, port: int) -> None:
        """Take the port; 0 takes a free one.

        Raises:
            OSError: Another program has it.
        """
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(application(bench), map=self._sockets, host=_HOST, port=port, ident=None)
        except BaseException:  # waitress leaves open what it has opened by then
            wasyncore.close_all(self._sockets)
            raise
        self._thread = threading.Thread(target=self._server.run, name="console", daemon=True)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{_HOST}:{self._server.effective_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.task_dispatcher.shutdown()
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))
        self._thread.join()
