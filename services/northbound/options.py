"""How to reach a broker: the part of the configuration that point and county share."""

import ssl
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class ProtocolVersion(StrEnum):
    """The versions of MQTT that are spoken."""

    FIVE = "5"  # OASIS MQTT 5.0
    THREE = "3.1.1"  # ISO/IEC 20922, OASIS MQTT 3.1.1


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho-mqtt forgets a socket that it could not use."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class MqttOptions(BaseModel):
    """Where the broker is, who we are to it, and how patient to be.

    Attributes:
        host: its name or address.
        port: 8883 by TLS, 1883 in the clear by convention.
        version: `auto` prefers MQTT 5 and falls back to 3.1.1 where the broker does not know it.
        username: for brokers that ask for one.
        password_file: a file with the password alone; read anew at every connection.
        ca_file: the certificate authority of the broker; with it the link is TLS.
        certificate_file: our own certificate, for mutual TLS.
        key_file: the key of that certificate.
        keepalive_s: seconds of silence before the broker is pinged; a dead link is noticed after twice as long.
        answer_s: seconds that the broker has for the connection and to answer a CONNECT and a SUBSCRIBE.
        reconnect_first_s: the upper bound of the first pause before a new attempt; doubles with every attempt.
        reconnect_most_s: the upper bound of the longest pause.
        stable_s: how long a connection has to hold for the pauses to begin anew.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    version: Literal["auto", "5", "3.1.1"] = "auto"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: Annotated[int, Field(ge=1, le=3600)] = 60
    answer_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    reconnect_first_s: Annotated[float, Field(gt=0, le=60)] = 0.5
    reconnect_most_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    stable_s: Annotated[float, Field(ge=0, le=3600)] = 10.0

    def under(self, base: Path) -> Self:
        """The same with every path absolute; relative ones count from a folder."""
        files = {
            name: base / value
            for name in ("password_file", "ca_file", "certificate_file", "key_file")
            if (value := getattr(self, name)) is not None
        }
        return self.model_copy(update=files)

    def password(self) -> str | None:
        """The password, without the line end that editors add.

        Raises:
            OSError: the file cannot be read.
        """
        if self.password_file is None:
            return None
        return self.password_file.read_text(encoding="utf-8").rstrip("\r\n")

    def tls(self) -> ssl.SSLContext | None:
        """The context of a TLS link, `None` for a link in the clear.

        Raises:
            OSError: a file cannot be read, or is no certificate or key (`ssl.SSLError`).
        """
        if self.ca_file is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)
        context.sslsocket_class = _TidySocket
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context


class VersionChoice:
    """Which version the next attempt speaks.

    A broker that knows 3.1.1 alone may refuse MQTT 5 in words, hang up, or wait for ever, because it reads the CONNECT
    of MQTT 5 as a longer one of its own. So silence, too, leads to 3.1.1, unless this broker has spoken MQTT 5 before:
    then it is ill, not old. A fallback is given up after an hour, at the next connection.
    """

    _RETRY_S = 3600.0

    def __init__(self, wish: Literal["auto", "5", "3.1.1"]) -> None:
        self._wish = wish
        self._fallen_back_at: float | None = None
        self._five_proven = False

    def next(self, now: float) -> ProtocolVersion:
        """The version to try.

        Args:
            now: monotonic seconds.
        """
        if self._wish != "auto":
            return ProtocolVersion(self._wish)
        if self._fallen_back_at is not None and now - self._fallen_back_at < self._RETRY_S:
            return ProtocolVersion.THREE
        return ProtocolVersion.FIVE

    def accepted(self, version: ProtocolVersion) -> None:
        """The broker spoke this version with us."""
        if version is ProtocolVersion.FIVE:
            self._five_proven = True
            self._fallen_back_at = None

    def not_spoken(self, version: ProtocolVersion, now: float, *, in_words: bool) -> bool:
        """The broker does not seem to speak this version.

        Args:
            version: what was tried.
            now: monotonic seconds.
            in_words: it said so; otherwise it hung up or kept silent.

        Returns:
            Whether another version is worth an attempt at once.
        """
        if self._wish != "auto":
            return False
        if version is ProtocolVersion.THREE:
            self._fallen_back_at = None
            return False
        if self._five_proven and not in_words:
            return False
        self._fallen_back_at = now
        return True
