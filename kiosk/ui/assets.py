"""The files beside the pages: our own, and htmx out of the package that carries it. All are kept by the browser."""

import hashlib
from importlib.metadata import files
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, send_file

_STATIC: Final = Path(__file__).parent / "static"
_KEPT_S: Final = 31_536_000
_HTMX: Final = {"htmx.js": "htmx-2.min.js", "sse.js": "ext/hx-sse-2.min.js"}
_OWN: Final = {"screen.css": "text/css", "screen.js": "text/javascript", "icon.svg": "image/svg+xml"}


def _htmx(name: str) -> Path:
    """Where a file of htmx is; django-htmx is never imported, for Django is not installed."""
    wanted = f"django_htmx/static/django_htmx/{name}"
    for file in files("django-htmx") or ():
        if str(file) == wanted:
            return Path(str(file.locate()))
    raise FileNotFoundError(wanted)


class Assets:
    """Serves them under addresses that change with their contents."""

    def __init__(self) -> None:
        """Find them.

        Raises:
            FileNotFoundError: htmx is not installed.
        """
        self._paths = {name: _htmx(file) for name, file in _HTMX.items()} | {name: _STATIC / name for name in _OWN}
        self._versions = {
            name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for name, path in self._paths.items()
        }

    def url(self, name: str) -> str:
        """The address of a file."""
        return f"/static/{name}?v={self._versions[name]}"

    def blueprint(self) -> Blueprint:
        """The routes."""
        pages = Blueprint("assets", __name__)

        @pages.get("/static/<name>")
        def own(name: str) -> Response:
            if name not in self._paths:
                abort(404)
            return _kept(send_file(self._paths[name], mimetype=_OWN.get(name, "text/javascript"), max_age=_KEPT_S))

        @pages.get("/static/voice/<name>")
        def voice(name: str) -> Response:
            path = _STATIC / "voice" / name
            if path.suffix != ".ogg" or not path.is_file():
                abort(404)
            return _kept(send_file(path, mimetype="audio/ogg", max_age=_KEPT_S, conditional=True))

        return pages


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={_KEPT_S}, immutable"
    return response
