"""The stream of news, and the answer to the watchdog."""

from collections.abc import Callable, Iterator

from flask import Blueprint, Response, request

from kiosk.ui.front import SESSION, Front
from kiosk.ui.guard import COOKIE


def stream_pages(front: Front) -> Blueprint:
    """The routes."""
    pages = Blueprint("stream", __name__)

    @pages.get("/events")
    def events() -> Response:
        known = front.sessions.find(request.cookies.get(COOKIE)) is not None
        gone: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
        return Response(_frames(front, gone) if known else _unknown(), mimetype="text/event-stream")

    @pages.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    return pages


def _frames(front: Front, gone: Callable[[], bool]) -> Iterator[bytes]:
    stream = front.hub.open()
    try:
        yield from stream.frames(gone)
    finally:
        front.hub.leave(stream)


def _unknown() -> Iterator[bytes]:
    """For a browser from before a restart: have it fetch its page anew, which opens a session."""
    yield f"retry: 1000\nevent: {SESSION}\ndata: unknown\n\n".encode()
