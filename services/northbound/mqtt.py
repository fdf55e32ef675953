"""The thread that keeps a connection to a broker, life after life, with full jitter between the attempts."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Protocol

from services.clock import Clock
from services.northbound.link import Identity, Link, LinkError, Published, Received, VersionNotSpokenError
from services.northbound.options import MqttOptions, VersionChoice

_LOG = logging.getLogger(__name__)
_TURN_S = 1.0  # paho looks after its pings at least this often
_JOIN_S = 30.0


class Handler(Protocol):
    """Who uses the connection. Everything is called in the connection's thread."""

    def online(self, link: Link) -> None:
        """The broker has accepted us and our subscriptions; the link is good until `offline`."""
        ...

    def offline(self, reason: str) -> None:
        """The link is gone, or an attempt has failed."""
        ...

    def received(self, message: Received) -> None:
        """A message came in. It is acknowledged by `Link.acknowledge` and by nothing else."""
        ...

    def published(self, answer: Published) -> None:
        """The broker has taken a message, or refused it."""
        ...

    def work(self) -> float:
        """Called once a turn while the link is up, after what came in was handed over.

        Returns:
            After how many seconds the next turn should come at the latest.
        """
        ...

    def stopping(self) -> None:
        """Last words, while the link is still up."""
        ...


class Backoff:
    """Pauses with full jitter: uniform between nothing and a bound that doubles, so that a fleet spreads out."""

    def __init__(self, first_s: float, most_s: float, draw: Callable[[], float] = random.random) -> None:
        """Begins with the first bound.

        Args:
            first_s: the first bound in seconds.
            most_s: the greatest bound in seconds.
            draw: a number from 0 to 1.
        """
        self._first_s = first_s
        self._most_s = most_s
        self._draw = draw
        self._attempts = 0

    def next(self) -> float:
        """The next pause in seconds."""
        bound = min(self._most_s, self._first_s * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        return bound * self._draw()

    def reset(self) -> None:
        """Begin anew with the first bound."""
        self._attempts = 0


class Connection:
    """Keeps a link to the broker up for its handler, from `start` to `stop`."""

    def __init__(self, options: MqttOptions, identity: Identity, handler: Handler, clock: Clock) -> None:
        """Nothing is connected before `start`."""
        self._options = options
        self._identity = identity
        self._handler = handler
        self._clock = clock
        self._versions = VersionChoice(options.version)
        self._backoff = Backoff(options.reconnect_first_s, options.reconnect_most_s)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._problem_logged = False
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{identity.client_id}", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether somebody looks after the connection, be there one or not."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Say the last words, part in good order and wait until that is done."""
        self._stopping.set()
        self.wake()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_S)

    def wake(self) -> None:
        """Have `Handler.work` called soon, if the link is up. May be called by any thread."""
        with self._lock:
            if self._link is not None:
                self._link.wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._live()
            self._stopping.wait(pause)

    def _live(self) -> float:
        """One life of the link.

        Returns:
            The pause before the next one, in seconds.
        """
        version = self._versions.next(self._clock.monotonic())
        link = Link(self._options, version, self._identity)
        begun: float | None = None
        with self._lock:
            self._link = link
        try:
            link.open(self._stopping.is_set)
            self._versions.accepted(version)
            begun = self._clock.monotonic()
            self._serve(link)
        except VersionNotSpokenError as error:
            self._offline(str(error))
            if self._versions.not_spoken(version, self._clock.monotonic(), in_words=error.in_words):
                _LOG.info("%s; trying an older version", error)
                return 0.0
        except LinkError as error:
            self._offline(str(error))
        except Exception as error:  # the handler's own trouble, such as a full disk: begin anew instead of ending
            _LOG.exception("the connection to the broker is closed after an unforeseen error")
            self._offline(f"{type(error).__name__}: {error}")
        else:
            self._handler.offline("stopped")
        finally:
            with self._lock:
                self._link = None
            link.close()
        if begun is not None and self._clock.monotonic() - begun >= self._options.stable_s:
            self._backoff.reset()
        return self._backoff.next()

    def _offline(self, reason: str) -> None:
        """Log the first failure after a connection; the attempts that follow tell nobody anything new."""
        if not self._problem_logged and not self._stopping.is_set():
            _LOG.warning("%s: no connection to the broker: %s", self._identity.client_id, reason)
            self._problem_logged = True
        self._handler.offline(reason)

    def _serve(self, link: Link) -> None:
        _LOG.info("%s: connected to the broker by MQTT %s", self._identity.client_id, link.version)
        self._problem_logged = False
        self._handler.online(link)
        while not self._stopping.is_set():
            link.turn(min(self._hand_over(link), _TURN_S))
        self._hand_over(link)
        self._handler.stopping()

    def _hand_over(self, link: Link) -> float:
        while link.received:
            self._handler.received(link.received.popleft())
        while link.published:
            self._handler.published(link.published.popleft())
        return self._handler.work()
