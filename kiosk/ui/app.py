"""The web application of the touchscreen."""

import logging
from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from kiosk.ui import guard
from kiosk.ui.clerk import clerk_pages
from kiosk.ui.enrolment import enrolment_pages
from kiosk.ui.front import Front, Page
from kiosk.ui.help import help_pages
from kiosk.ui.home_visits import home_visit_pages
from kiosk.ui.parts import Parts
from kiosk.ui.pinyin import pinyin_pages
from kiosk.ui.resident import resident_pages
from kiosk.ui.stream import stream_pages

_LOG = logging.getLogger(__name__)
_MOST_BYTES: Final = 16_384  # of a form


def create_app(parts: Parts) -> Flask:
    """The application on its own, as tests use it; nobody's idleness is watched."""
    return build(Front(parts))


def build(front: Front) -> Flask:
    """The application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(front.helpers())
    guard.install(app, front)
    for pages in (
        front.assets.blueprint(),
        stream_pages(front),
        resident_pages(front),
        help_pages(front),
        pinyin_pages(),
        clerk_pages(front),
        home_visit_pages(front),
        enrolment_pages(front),
    ):
        app.register_blueprint(pages)

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        status = error.code or 500 if isinstance(error, HTTPException) else 500
        if status == 500:
            _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
        if not hasattr(error, "code") or not request.path.startswith("/static/"):
            return front.render(Page("trouble", "unforeseen", ("unforeseen-how",), status=status))
        return Response("", status)

    return app
