"""Sessions end by the server's own clock."""

import threading
from collections.abc import Iterator

import pytest

from kiosk.ui.sessions import Session, Sessions
from tests.support.clocks import ManualClock

SOON = 20.0


class Watched:
    """Sessions whose ends are noted."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.ended: list[Session] = []
        self.one = threading.Event()
        self.sessions = Sessions(self.clock, 60, 30, self._end)
        self.sessions.start()

    def _end(self, session: Session) -> None:
        session.forget()
        self.ended.append(session)
        self.one.set()

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sessions.look()


@pytest.fixture
def watched() -> Iterator[Watched]:
    it = Watched()
    yield it
    it.sessions.stop()


def test_a_visit_that_nobody_touches_ends_after_warning_and_countdown(watched: Watched) -> None:
    session, other = watched.sessions.open(), watched.sessions.open()
    session.visit_id = "v"
    assert watched.sessions.seconds_to_warning(session) == 60
    watched.after(89.9)
    assert watched.ended == []
    watched.after(0.2)
    assert watched.one.wait(SOON)
    assert watched.ended == [session]
    assert other not in watched.ended


def test_a_touch_begins_anew(watched: Watched) -> None:
    session, second = watched.sessions.open(), watched.sessions.open()
    session.visit_id, second.enrolment_id = "v", "e"
    watched.after(80)
    watched.sessions.touch(session)
    watched.after(20)
    assert watched.one.wait(SOON)
    assert watched.ended == [second]


def test_a_finger_is_a_touch_of_the_session_whose_visit_it_is(watched: Watched) -> None:
    session = watched.sessions.open()
    session.visit_id = "v"
    watched.clock.advance(50)
    watched.sessions.touch_holder("another")
    assert watched.sessions.seconds_to_warning(session) == 10
    watched.sessions.touch_holder("v")
    assert watched.sessions.seconds_to_warning(session) == 60


def test_browsers_that_come_and_go_do_not_pile_up_and_nobody_at_work_is_forgotten(watched: Watched) -> None:
    session = watched.sessions.open()
    session.visit_id = "v"
    opened = [watched.sessions.open() for _ in range(100)]
    assert watched.sessions.find(session.token) is session
    assert watched.sessions.find(opened[0].token) is None
    assert watched.sessions.find(opened[-1].token) is opened[-1]


def test_a_token_is_not_guessed_and_never_shown() -> None:
    first, second = Session(0.0), Session(0.0)
    assert first.token != second.token
    assert len(first.token) >= 40
    assert first.is_csrf(first.csrf)
    assert not first.is_csrf(second.csrf)
    assert not first.is_csrf("")
