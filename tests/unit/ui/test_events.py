"""News for browsers: nothing is missed, nothing piles up, and streams end when they should."""

from kiosk.ui.events import MOST_STREAMS, Hub


def never() -> bool:
    return False


def test_a_stream_begins_with_the_newest_of_every_topic() -> None:
    hub = Hub()
    hub.publish("visit", "a.1")
    hub.publish("visit", "a.2")
    hub.publish("point", "7")
    frames = hub.open().frames(never)
    assert next(frames).startswith(b"retry")
    assert next(frames) == b"event: visit\ndata: a.2\n\nevent: point\ndata: 7\n\n"


def test_only_the_newest_is_kept_for_a_browser_that_is_slow() -> None:
    hub = Hub()
    frames = hub.open().frames(never)
    next(frames)
    for count in range(1000):
        hub.publish("visit", f"a.{count}")
    assert next(frames) == b"event: visit\ndata: a.999\n\n"


def test_a_stream_too_many_ends_the_oldest() -> None:
    hub = Hub()
    streams = [hub.open() for _ in range(MOST_STREAMS + 1)]
    assert list(streams[0].frames(never))[1:] == []
    hub.publish("point", "1")
    assert b"point" in list(zip(range(2), streams[-1].frames(never), strict=False))[1][1]


def test_a_stream_ends_when_its_browser_has_gone() -> None:
    assert list(Hub().open().frames(lambda: True))[1:] == []


def test_closing_ends_the_streams_that_are_open_and_those_to_come() -> None:
    hub = Hub()
    before = hub.open()
    hub.close()
    assert list(before.frames(never))[1:] == []
    assert list(hub.open().frames(never))[1:] == []


def test_counts_only_grow() -> None:
    hub = Hub()
    seen = []
    for topic in ("point", "session", "point"):
        hub.count(topic)
        seen.append(int(hub.newest(topic)))
    assert seen == sorted(set(seen))
