"""Server-sent events: which page has something new to show. No event carries anything personal."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

_HEARTBEAT_S: Final = 5.0  # between two looks whether the browser is still there
_MOST_STREAMS: Final = 4
_RETRY_MS: Final = 1000

#: How many threads streams may hold at a time.
MOST_STREAMS: Final = _MOST_STREAMS


class Stream:
    """What one browser has not been told yet: only the newest of every topic."""

    def __init__(self, news: dict[str, str]) -> None:
        self._news = dict(news)
        self._changed = threading.Condition()
        self._ended = False

    def tell(self, topic: str, revision: str) -> None:
        """There is something new."""
        with self._changed:
            self._news[topic] = revision
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def frames(self, gone: Callable[[], bool]) -> Iterator[bytes]:
        """The stream as text/event-stream, until it is ended or the browser has gone."""
        yield f"retry: {_RETRY_MS}\n\n".encode()
        while not gone():
            with self._changed:
                if not self._news and not self._ended:
                    self._changed.wait(_HEARTBEAT_S)
                news, self._news = self._news, {}
                if self._ended:
                    return
            yield (
                b"".join(f"event: {topic}\ndata: {revision}\n\n".encode() for topic, revision in news.items())
                or b":\n\n"
            )


class Hub:
    """Tells all open streams. May be used by any thread; publishing never waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: deque[Stream] = deque()
        self._newest: dict[str, str] = {}
        self._count = 0
        self._closed = False

    def publish(self, topic: str, revision: str) -> None:
        """A topic has a new revision."""
        with self._lock:
            self._newest[topic] = revision
            streams = tuple(self._streams)
        for stream in streams:
            stream.tell(topic, revision)

    def count(self, topic: str) -> None:
        """A topic has changed that has no revisions of its own."""
        with self._lock:
            self._count += 1
            revision = str(self._count)
        self.publish(topic, revision)

    def newest(self, topic: str) -> str:
        """The newest revision of a topic; empty before the first."""
        with self._lock:
            return self._newest.get(topic, "")

    def open(self) -> Stream:
        """A stream that begins with the newest of everything, so that a browser catches up after an interruption."""
        with self._lock:
            stream = Stream(self._newest)
            if self._closed:
                stream.end()
                return stream
            self._streams.append(stream)
            surplus = self._streams.popleft() if len(self._streams) > _MOST_STREAMS else None
        if surplus is not None:
            surplus.end()
        return stream

    def leave(self, stream: Stream) -> None:
        """A stream has ended."""
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def close(self) -> None:
        """End all streams, and those that are still to come."""
        with self._lock:
            self._closed = True
            streams, self._streams = tuple(self._streams), deque()
        for stream in streams:
            stream.end()
