"""What stands before every page: which host, which session, whose form; and what no answer goes without."""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, request

from kiosk.ui.front import Front, own_address
from kiosk.ui.sessions import Session

COOKIE: Final = "kiosk"
_COOKIE_KEPT_S: Final = 86_400  # outlasts a browser that crashes; what it names is ended by idleness long before
_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
_WITHOUT_SESSION: Final = ("/static/", "/events", "/healthz")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def install(app: Flask, front: Front) -> None:
    """Guard all routes of an application."""

    @app.before_request
    def guard() -> Response | None:
        # A name that leads here by DNS rebinding is another origin, and gets nothing.
        if urlsplit(f"//{request.host}").hostname not in _HOSTS:
            return make_response("", 421)
        if request.path.startswith(_WITHOUT_SESSION):
            return None
        g.session = front.sessions.find(request.cookies.get(COOKIE)) or front.sessions.open()
        if request.method == "POST" and not _is_ours(g.session):
            return front.go("/?stale=1")
        if request.method == "POST" or "Follow" not in request.headers:
            front.sessions.touch(g.session)
        return None

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        session: Session | None = g.get("session")
        if session is not None and request.cookies.get(COOKIE) != session.token:
            response.set_cookie(
                COOKIE, session.token, max_age=_COOKIE_KEPT_S, path="/", httponly=True, samesite="Strict"
            )
        return response


def _is_ours(session: Session) -> bool:
    """Whether a form was posted by a page of this session."""
    origin = request.headers.get("Origin")
    if origin is not None and not own_address(origin, request.host):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    return session.is_csrf(request.form.get("csrf", ""))
