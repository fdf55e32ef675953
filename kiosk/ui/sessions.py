"""Who stands before the screen: sessions kept in memory, and ended by a clock that does not need the browser."""

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.clerks import Clerk
from services.clock import Clock

_MOST: Final = 16  # browsers that are remembered; there is one


@dataclass(eq=False)
class Session:
    """One browser. Its fields are changed under its lock.

    Attributes:
        token: known to the browser's cookie alone.
        csrf: known to the browser's pages alone.
        lock: held while an act is done, so that two taps come one after the other.
        visit_id: the visit that was started here.
        enrolment_id: the enrolment that was started here.
        clerk: who is signed in.
        helper: which clerk helps in the visit, without being signed in beyond it.
        draft: what a clerk has entered on the pages before, until it is used; personal, and never sent out.
        touched: when somebody was last at the screen, monotonic.
    """

    touched: float
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock)
    visit_id: str | None = None
    enrolment_id: str | None = None
    clerk: Clerk | None = None
    helper: Clerk | None = None
    draft: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def occupied(self) -> bool:
        """Whether there is anything personal to be cleared."""
        return bool(self.visit_id or self.enrolment_id or self.clerk)

    def forget(self) -> None:
        """Drop everything personal."""
        self.visit_id = self.enrolment_id = self.clerk = self.helper = None
        self.draft = {}

    def is_csrf(self, token: str) -> bool:
        """Whether a form comes from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


class Sessions:
    """All sessions. One thread ends those that nobody touches any more."""

    def __init__(self, clock: Clock, warning_s: float, countdown_s: float, end: Callable[[Session], None]) -> None:
        """Nothing is watched before `start`.

        Args:
            clock: measures idleness.
            warning_s: seconds without a touch before the screen asks.
            countdown_s: seconds from then until the end.
            end: clears a session of which nobody takes care.
        """
        self._clock = clock
        self._warning_s = warning_s
        self._patience_s = warning_s + countdown_s
        self._end = end
        self._sessions: dict[str, Session] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="screen-idle", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def find(self, token: str | None) -> Session | None:
        """The session of a cookie."""
        with self._changed:
            return self._sessions.get(token or "")

    def open(self) -> Session:
        """A session for a browser that has none; the oldest that has nothing to lose makes room."""
        session = Session(self._clock.monotonic())
        with self._changed:
            free = [token for token, known in self._sessions.items() if not known.occupied]
            for token in free[: max(0, len(self._sessions) - _MOST + 1)]:
                del self._sessions[token]
            self._sessions[session.token] = session
        return session

    def touch(self, session: Session) -> None:
        """Somebody is there."""
        with self._changed:
            session.touched = self._clock.monotonic()
            self._changed.notify_all()

    def touch_holder(self, holder: str) -> None:
        """A finger lies on the reader for a visit or an enrolment: somebody is there without touching the screen."""
        with self._changed:
            for session in self._sessions.values():
                if holder in {session.visit_id, session.enrolment_id}:
                    session.touched = self._clock.monotonic()

    def seconds_to_warning(self, session: Session) -> float:
        """How long until the screen is to ask whether anybody is there."""
        return max(0.0, session.touched + self._warning_s - self._clock.monotonic())

    def occupied(self) -> tuple[Session, ...]:
        """The sessions that have something personal."""
        with self._changed:
            return tuple(session for session in self._sessions.values() if session.occupied)

    def look(self) -> None:
        """Have the watch look at the clock now."""
        with self._changed:
            self._changed.notify_all()

    def _watch(self) -> None:
        while True:
            with self._changed:
                overdue = self._overdue()
                if not overdue and not self._stopping:
                    self._changed.wait(self._pause())
                if self._stopping:
                    return
            for session in overdue:
                with session.lock:
                    if session in self._overdue():
                        self._end(session)

    def _overdue(self) -> list[Session]:
        latest = self._clock.monotonic() - self._patience_s
        with self._changed:
            return [known for known in self._sessions.values() if known.occupied and known.touched <= latest]

    def _pause(self) -> float | None:
        now = self._clock.monotonic()
        ends = [known.touched + self._patience_s - now for known in self._sessions.values() if known.occupied]
        return max(0.0, min(ends)) if ends else None
