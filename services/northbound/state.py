"""What the rest of the appliance may know of the way to the county: immutable snapshots, told to who listens."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from services.northbound import outbox
from services.store.database import Database

_LOG = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NorthboundState:
    """The way to the county.

    Attributes:
        connected: whether the broker has us.
        version: the MQTT version of this connection, or of the last one; empty before the first.
        problem: why there is no connection; empty while there is one.
        pending: how many records the county has not answered for.
        held_up: how many of them the broker refused the last time.
        refused: how many records the county has refused.
        last_receipt_at: when a receipt came that was believed, UTC; `None` since the start.
        last_refusal: what was refused last, and why: a publish by the broker, a record by the county, a receipt by us.
    """

    connected: bool = False
    version: str = ""
    problem: str = ""
    pending: int = 0
    held_up: int = 0
    refused: int = 0
    last_receipt_at: datetime | None = None
    last_refusal: str = ""


class Listeners(Generic[T]):
    """Functions that are told something, in the thread that tells; they only enqueue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[T], None]] = []

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Begin to tell a listener.

        Returns:
            A function that ends it.
        """
        with self._lock:
            self._listeners.append(listener)

        def remove() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return remove

    def tell(self, news: T) -> None:
        """Tell everybody; a listener that fails is logged and keeps nobody else from hearing it."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(news)
            except Exception:
                _LOG.exception("a listener failed")


class StateBoard:
    """Holds the newest snapshot; any thread may change it."""

    def __init__(self) -> None:
        self.listeners: Listeners[NorthboundState] = Listeners()
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._state = NorthboundState()

    @property
    def state(self) -> NorthboundState:
        """The newest snapshot."""
        return self._state

    def update(self, **changes: Any) -> None:
        """Change some attributes; listeners are told when that makes a difference."""
        with self._lock:
            state = replace(self._state, **changes)
            changed = state != self._state
            self._state = state
        if changed:
            self.listeners.tell(state)

    def recount(self, database: Database) -> None:
        """Read from the database how many records are where."""
        with self._counting:  # a count must not be overtaken by an older one
            with database.read() as connection:
                counts = outbox.counts(connection)
            self.update(pending=counts.pending, held_up=counts.held_up, refused=counts.refused)
