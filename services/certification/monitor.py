"""A monitor (Hoare, 1974) that tells what has changed: changes are made under its lock, listeners hear without it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

V = TypeVar("V")


class Monitor(Generic[V]):
    """A lock to be used with `with`, re-entrant; what was published inside is told once the lock is free again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._published: list[V] = []
        self._listeners: list[Callable[[V], None]] = []

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        published: list[V] = []
        if self._depth == 0:
            published, self._published = self._published, published
        listeners = tuple(self._listeners)
        self._lock.release()
        for value in published:
            for listener in listeners:
                listener(value)

    def publish(self, value: V) -> None:
        """Have the listeners told of a value; called under the lock."""
        self._published.append(value)

    def subscribe(self, listener: Callable[[V], None]) -> Callable[[], None]:
        """Tell a listener everything that is published; it only enqueues. Returns what ends the subscription."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe
