"""One life of a connection to a broker, from CONNECT to its end: paho-mqtt does the packets, on the caller's thread.

paho's own thread is not used: its pauses between attempts have no jitter, so that 390 points would come back to a
restarted broker all at once, and on reconnecting it repeats messages that the outbox repeats already.
"""

import selectors
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from paho.mqtt import MQTTException
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.northbound.options import MqttOptions, ProtocolVersion

_UNSUPPORTED_VERSION = 0x84  # MQTT 5, 2.4; paho maps return code 1 of 3.1.1 to it
_MOST_PACKETS = 256  # read in one turn, so that a receiver can commit many messages at once
_FLUSH_S = 2.0  # for the last words before a DISCONNECT
_PAHO_VERSION = {ProtocolVersion.FIVE: MQTTProtocolVersion.MQTTv5, ProtocolVersion.THREE: MQTTProtocolVersion.MQTTv311}

#: What paho may raise on a lost link or on a broker's malformed packet.
_PAHO_ERRORS = (OSError, MQTTException, ValueError, IndexError, KeyError, TypeError, struct.error)


class LinkError(Exception):
    """The broker cannot be reached, or does not let us do our work; the message says why."""


class VersionNotSpokenError(LinkError):
    """The broker does not seem to speak this version of MQTT.

    Attributes:
        in_words: it said so; otherwise it hung up or kept silent.
    """

    def __init__(self, version: ProtocolVersion, detail: str, *, in_words: bool) -> None:
        super().__init__(f"MQTT {version}: {detail}")
        self.in_words = in_words


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to the broker.

    Attributes:
        client_id: names the session, so it is the same after every restart.
        session_expiry_s: how long the broker keeps the session (MQTT 5; 3.1.1 leaves it to the broker).
        subscriptions: topic filters, all with QoS 1.
        will_topic: where the broker publishes our last will, retained; `None` for none.
        will: the last will.
    """

    client_id: str
    session_expiry_s: int
    subscriptions: tuple[str, ...]
    will_topic: str | None = None
    will: bytes = b""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that came in.

    Attributes:
        topic: where it was published; `None` when that is not UTF-8.
        payload: its bytes.
        mid: by which it is acknowledged.
        qos: 0 to 2.
    """

    topic: str | None
    payload: bytes
    mid: int
    qos: int


@dataclass(frozen=True, slots=True)
class Published:
    """The broker's answer to a publish.

    Attributes:
        mid: which one.
        refusal: why the broker did not take it; `None` when it did. MQTT 3.1.1 cannot refuse.
    """

    mid: int
    refusal: str | None


class Link:
    """One life of the connection. Everything but `wake` belongs to one thread."""

    def __init__(self, options: MqttOptions, version: ProtocolVersion, identity: Identity) -> None:
        """Nothing is connected before `open`."""
        self.version = version
        self.session_present = False
        self.received: deque[Received] = deque()
        self.published: deque[Published] = deque()
        self._options = options
        self._identity = identity
        self._connack: ReasonCode | None = None
        self._suback: list[ReasonCode] | None = None
        self._end: str | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._client = self._new_client()

    def open(self, cancelled: Callable[[], bool]) -> None:
        """Connect, and have the broker accept us and our subscriptions.

        Args:
            cancelled: ends the attempt early.

        Raises:
            VersionNotSpokenError: another version of MQTT may do better.
            LinkError: anything else.
        """
        try:
            if (context := self._options.tls()) is not None:
                self._client.tls_set_context(context)
            self._client.username_pw_set(self._options.username, self._options.password())
            if self.version is ProtocolVersion.FIVE:
                properties = _properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = self._identity.session_expiry_s
                self._client.connect(
                    self._options.host,
                    self._options.port,
                    self._options.keepalive_s,
                    clean_start=False,
                    properties=properties,
                )
            else:
                self._client.connect(self._options.host, self._options.port, self._options.keepalive_s)
        except _PAHO_ERRORS as error:
            raise LinkError(f"{self._options.host}:{self._options.port}: {_words(error)}") from error
        self._register()
        self._await_connack(cancelled)
        self._subscribe(cancelled)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        attributes: Sequence[tuple[str, str]] = (),
    ) -> int:
        """Send with QoS 1.

        Args:
            topic: where to.
            payload: JSON in UTF-8.
            retain: whether the broker keeps it for those who come later.
            attributes: CloudEvents attributes, sent as user properties; MQTT 3.1.1 has no place for them.

        Returns:
            The id under which `published` will hold the broker's answer.

        Raises:
            LinkError: the link is gone.
        """
        properties = None
        if self.version is ProtocolVersion.FIVE:
            properties = _properties(PacketTypes.PUBLISH)
            properties.PayloadFormatIndicator = 1
            properties.ContentType = "application/json"
            if attributes:
                properties.UserProperty = list(attributes)
        try:
            info = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        except _PAHO_ERRORS as error:
            raise LinkError(f"nothing can be published: {_words(error)}") from error
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"nothing can be published: {self._end or MQTTErrorCode(info.rc).name}")
        return info.mid

    def acknowledge(self, message: Received) -> None:
        """Tell the broker that it may forget a message."""
        if message.qos:
            self._client.ack(message.mid, message.qos)

    def turn(self, timeout: float) -> None:
        """Wait until something can be read, written or is wanted by `wake`, and do it.

        Args:
            timeout: the longest wait in seconds.

        Raises:
            LinkError: the link is gone.
        """
        try:
            self._turn(timeout)
        except _PAHO_ERRORS as error:
            raise LinkError(f"the link broke: {_words(error)}") from error
        if self._client.socket() is None:
            raise LinkError(self._end or "the broker hung up")

    def wake(self) -> None:
        """End the wait of `turn`. May be called by any thread, at any time."""
        with suppress(OSError):  # full: it is awake already; closed: nobody waits
            self._wake_write.send(b"!")

    def close(self) -> None:
        """Send what is waiting, part in good order if the link still stands, and let go of everything."""
        deadline = time.monotonic() + _FLUSH_S
        with suppress(LinkError):
            while self._connack is not None and self._client.want_write() and time.monotonic() < deadline:
                self.turn(0.05)
        with suppress(*_PAHO_ERRORS):
            self._client.disconnect()
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
        transport: Any = self._client.socket()
        if transport is not None:
            with suppress(OSError):
                transport.close()

    def _new_client(self) -> Client:
        three = self.version is ProtocolVersion.THREE
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._identity.client_id,
            clean_session=False if three else None,
            protocol=_PAHO_VERSION[self.version],
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = self._options.answer_s
        if self._identity.will_topic is not None:
            client.will_set(self._identity.will_topic, self._identity.will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    def _await_connack(self, cancelled: Callable[[], bool]) -> None:
        try:
            self._wait_for(lambda: self._connack is not None, "CONNECT", cancelled)
        except LinkError as error:
            if cancelled() or self._connack is not None:
                raise
            raise VersionNotSpokenError(self.version, f"no answer to CONNECT ({error})", in_words=False) from error
        code = self._connack
        if code is None:
            raise LinkError("stopped")
        if code.value == _UNSUPPORTED_VERSION:
            raise VersionNotSpokenError(self.version, "the broker does not speak it", in_words=True)
        if code.is_failure:
            raise LinkError(f"the broker refuses us: {code.getName()}")

    def _subscribe(self, cancelled: Callable[[], bool]) -> None:
        if not self._identity.subscriptions:
            return
        self._client.subscribe([(topic, 1) for topic in self._identity.subscriptions])
        self._wait_for(lambda: self._suback is not None, "SUBSCRIBE", cancelled)
        for topic, code in zip(self._identity.subscriptions, self._suback or (), strict=False):
            if code.is_failure:
                raise LinkError(f"the broker refuses the subscription to {topic}: {code.getName()}")

    def _wait_for(self, condition: Callable[[], bool], what: str, cancelled: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._options.answer_s
        while not condition():
            if cancelled():
                raise LinkError("stopped")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise LinkError(f"no answer to {what} in {self._options.answer_s:g} s")
            try:
                self.turn(remaining)
            except LinkError:
                if not condition():  # the answer may have come just before the end
                    raise

    def _turn(self, timeout: float) -> None:
        transport: Any = self._client.socket()
        if transport is None:
            return
        ready = self._ready(transport, timeout)
        for _ in range(_MOST_PACKETS):
            if not ready & selectors.EVENT_READ or self._client.socket() is None:
                break
            self._client.loop_read()
            ready = self._ready(transport, 0) if self._client.socket() is not None else 0
        if self._client.socket() is not None and self._client.want_write():
            self._client.loop_write()
        if self._client.socket() is not None:
            self._client.loop_misc()

    def _ready(self, transport: Any, timeout: float) -> int:
        """Which of read and write the broker's socket is ready for; 0 after a time-out or a wake."""
        writing = selectors.EVENT_WRITE if self._client.want_write() else 0
        self._selector.modify(transport, selectors.EVENT_READ | writing)
        if isinstance(transport, ssl.SSLSocket) and transport.pending():
            return selectors.EVENT_READ | writing
        ready = 0
        for key, events in self._selector.select(timeout):
            if key.fileobj is self._wake_read:
                with suppress(BlockingIOError):
                    self._wake_read.recv(4096)
            else:
                ready = events
        return ready

    def _register(self) -> None:
        transport: Any = self._client.socket()
        if transport is None:
            raise LinkError(self._end or "the broker hung up")
        self._selector.register(transport, selectors.EVENT_READ)

    def _on_connect(
        self, client: Client, userdata: Any, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        self.session_present = flags.session_present
        self._connack = code

    def _on_subscribe(
        self, client: Client, userdata: Any, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        del client, userdata, mid, properties
        self._suback = codes

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = None
        self.received.append(Received(topic, bytes(message.payload), message.mid, message.qos))

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        self.published.append(Published(mid, code.getName() if code.is_failure else None))

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: DisconnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        said = "the broker ends it" if flags.is_disconnect_packet_from_server else "the connection was lost"
        self._end = f"{said}: {code.getName()}"


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves this constructor without types


def _words(error: BaseException) -> str:
    """What an error says, or at least its kind."""
    return str(error) or type(error).__name__
