"""What all pages share: the parts, the sessions, the news and the one way to render."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response, g, make_response, redirect, render_template, request

from kiosk.ui import words
from kiosk.ui.assets import Assets
from kiosk.ui.events import Hub
from kiosk.ui.parts import Parts
from kiosk.ui.sessions import Session, Sessions
from kiosk.ui.words import Prompts
from services import identity
from services.certification.views import EnrolmentView, VisitView
from services.clerks import Clerk

#: Topics of news; pages say which of them they follow.
VISIT: Final = "visit"
ENROLMENT: Final = "enrolment"
POINT: Final = "point"
SESSION: Final = "session"


@dataclass(frozen=True, slots=True)
class Page:
    """A page: one task, said in words and in voice.

    Attributes:
        template: what it looks like.
        title: the prompt that is its title.
        leads: the prompts below the title, spoken after it.
        here: its address, to be fetched anew when there is news.
        back: where the way back leads.
        back_act: whether the way back is an act of the visit or the enrolment, and so a form.
        follows: which news it follows.
        revision: which news it shows already.
        data: what the template shows besides.
        status: of HTTP.
    """

    template: str
    title: str
    leads: tuple[str, ...] = ()
    here: str = "/"
    back: str = "/"
    back_act: bool = False
    follows: str = ""
    revision: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


def revision(view: VisitView | EnrolmentView) -> str:
    """A view's place in the order of news."""
    holder = view.visit_id if isinstance(view, VisitView) else view.enrolment_id
    return f"{holder}.{view.revision}"


class Front:
    """Given to all pages, in place of globals."""

    def __init__(self, parts: Parts) -> None:
        """Listen to everything that pages show."""
        self.parts = parts
        self.certification = parts.certification
        self.prompts = Prompts()
        self.assets = Assets()
        self.hub = Hub()
        self.sessions = Sessions(
            parts.clock, parts.settings.idle_warning_s, parts.settings.idle_countdown_s, self.clear
        )
        self._unsubscribe: list[Callable[[], None]] = [
            parts.certification.visits.subscribe(self._visit_changed),
            parts.certification.enrolments.subscribe(self._enrolment_changed),
            parts.northbound.subscribe(lambda _: self.hub.count(POINT)),
            parts.inventory.subscribe(lambda _: self.hub.count(POINT)),
            *(device.subscribe(lambda _: self.hub.count(POINT)) for device in parts.devices.values()),
        ]

    def start(self) -> None:
        """Begin to watch over idle sessions."""
        self.sessions.start()

    def stop(self) -> None:
        """End streams and listening, and what is under way: a capture would otherwise be waited out."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self.hub.close()
        self.sessions.stop()
        for session in self.sessions.occupied():
            with session.lock:
                self.clear(session)

    # ------------------------------------------------------------------------------- sessions

    @property
    def session(self) -> Session:
        """The session of the request at hand."""
        session: Session = g.session
        return session

    @property
    def clerk(self) -> Clerk:
        """Who is signed in; pages of clerks are reached by nobody else."""
        clerk = self.session.clerk
        if clerk is None:
            raise PermissionError("nobody is signed in")
        return clerk

    def clear(self, session: Session) -> None:
        """Drop everything personal of a session, here and in the services, and have its pages show that."""
        visit_id, enrolment_id = session.visit_id, session.enrolment_id
        session.forget()
        if visit_id is not None:
            self.certification.visits.leave(visit_id)
        if enrolment_id is not None:
            self.certification.enrolments.leave(enrolment_id)
        self.hub.count(SESSION)

    def visit(self) -> VisitView | None:
        """The visit of this session, while it is under way."""
        view, session = self.certification.visits.view(), self.session
        if view is not None and view.visit_id == session.visit_id:
            return view
        session.visit_id = session.helper = None
        return None

    def enrolment(self) -> EnrolmentView | None:
        """The enrolment of this session, while it is under way."""
        view, session = self.certification.enrolments.view(), self.session
        if view is not None and view.enrolment_id == session.enrolment_id:
            return view
        session.enrolment_id = None
        return None

    def _visit_changed(self, view: VisitView) -> None:
        if view.capture is not None and view.capture not in {"place", "lift"}:
            self.sessions.touch_holder(view.visit_id)
        self.hub.publish(VISIT, revision(view))

    def _enrolment_changed(self, view: EnrolmentView) -> None:
        if view.capture is not None and view.capture not in {"place", "lift"}:
            self.sessions.touch_holder(view.enrolment_id)
        self.hub.publish(ENROLMENT, revision(view))

    # ------------------------------------------------------------------------------- rendering

    def render(self, page: Page) -> Response:
        """A page: the part that changes for htmx, all of it for everybody else."""
        whole = "HX-Request" not in request.headers
        stamp = f"{page.revision}~{self.hub.newest(SESSION)}"
        if request.headers.get("Follow") == stamp:
            return make_response("", 204)
        spoken = [url for key in (page.title, *page.leads) if (url := self.voice(key))]
        now = self.parts.clock.now()
        text = render_template(
            f"{page.template}.html",
            page=page,
            layout="whole.html" if whole else "part.html",
            stamp=stamp,
            voice=" ".join(spoken),
            session=self.session,
            point=self.parts.point,
            today=identity.today(now),
            clock=words.time(now),
            idle_in=math.ceil(self.sessions.seconds_to_warning(self.session)),
            idle_countdown=self.parts.settings.idle_countdown_s,
            idle_patience=self.parts.settings.idle_warning_s,
            **page.data,
        )
        return make_response(text, page.status)

    def go(self, address: str) -> Response:
        """Lead the browser to another page."""
        response = make_response(redirect(address, 303))
        response.autocorrect_location_header = False
        return response

    def shown(self) -> Response:
        """After an act: lead to what is under way now, so that a reload acts no more."""
        return self.go("/")

    def voice(self, key: str) -> str | None:
        """The address of the file that speaks a prompt; `None` where it is not spoken."""
        file = self.prompts.file(key)
        return f"/static/voice/{file}" if file else None

    def helpers(self) -> dict[str, Any]:
        """What templates may call."""
        return {
            "text": self.prompts.text,
            "heading": self.prompts.title,
            "voice_of": lambda *keys: " ".join(url for key in keys if (url := self.voice(key))),
            "asset": self.assets.url,
            "day": words.day,
            "weekday": words.weekday,
            "methods": words.METHODS,
        }


def own_address(address: str, host: str) -> bool:
    """Whether an Origin is this very server."""
    return urlsplit(address).netloc == host
