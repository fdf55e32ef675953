"""The link against brokers that misbehave: scripted peers on a socket, and mosquitto by mutual TLS."""

import datetime as dt
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.northbound.link import Identity, Link, LinkError, VersionNotSpokenError
from services.northbound.options import MqttOptions, ProtocolVersion
from tests.support import way
from tests.support.broker import Mosquitto, mosquitto_path
from tests.support.way import await_settled, await_state, options

FIVE, THREE = ProtocolVersion.FIVE, ProtocolVersion.THREE
IDENTITY = Identity("tester", 60, ("kiosk/c/v1/p/down/receipt",))
CONNACK_5 = bytes.fromhex("20 03 00 00 00")
SUBACK_5_REFUSED = bytes.fromhex("90 04 0001 00 87")


@contextmanager
def scripted(*answers: bytes, hang_up: bool = False) -> Iterator[int]:
    """A peer that answers what comes in with these bytes, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    for answer in answers:
                        peer.recv(65_536)
                        peer.sendall(answer)
                    if not hang_up:
                        while peer.recv(65_536):
                            pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(30)


def attempt(port: int, version: ProtocolVersion, answer_s: float = 10.0) -> None:
    link = Link(MqttOptions(host="127.0.0.1", port=port, answer_s=answer_s), version, IDENTITY)
    try:
        link.open(lambda: False)
    finally:
        link.close()


@pytest.mark.parametrize(
    "connack", [bytes.fromhex("20 02 00 01"), bytes.fromhex("20 03 00 84 00")], ids=["as 3.1.1 says it", "as 5 says it"]
)
def test_a_broker_that_does_not_know_five_says_so_in_two_ways(connack: bytes) -> None:
    with scripted(connack, hang_up=True) as port, pytest.raises(VersionNotSpokenError) as refused:
        attempt(port, FIVE)

    assert refused.value.in_words


@pytest.mark.parametrize("hang_up", [True, False])
def test_silence_may_mean_that_the_version_is_not_spoken(hang_up: bool) -> None:
    answers = (b"",) if hang_up else ()
    with scripted(*answers, hang_up=hang_up) as port, pytest.raises(VersionNotSpokenError) as refused:
        attempt(port, FIVE, answer_s=10.0 if hang_up else 0.3)

    assert not refused.value.in_words


def test_a_refused_connection_is_named() -> None:
    connack = bytes.fromhex("20 03 00 87 00")
    with scripted(connack, hang_up=True) as port, pytest.raises(LinkError, match="Not authorized") as refused:
        attempt(port, FIVE)

    assert not isinstance(refused.value, VersionNotSpokenError)


def test_a_refused_subscription_is_named() -> None:
    """Without it no receipt ever comes, while publishing seems to work."""
    words = "refuses the subscription to kiosk/c/v1/p/down/receipt"
    with scripted(CONNACK_5, SUBACK_5_REFUSED) as port, pytest.raises(LinkError, match=words):
        attempt(port, FIVE)


@pytest.mark.parametrize("version", [FIVE, THREE])
@pytest.mark.parametrize("garbage", [b"\xff" * 64, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x00", b"\x20\x02\x00"])
def test_garbage_is_an_error_of_the_link_and_nothing_else(version: ProtocolVersion, garbage: bytes) -> None:
    with scripted(garbage, hang_up=True) as port, pytest.raises(LinkError):
        attempt(port, version)


def test_nobody_listening_is_an_error_of_the_link() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LinkError, match=str(port)):
        attempt(port, FIVE)


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and one certificate that it gave to broker and client alike, with its key."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    lifetime = (now - dt.timedelta(days=1), now + dt.timedelta(days=1))

    def build(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(lifetime[0])
            .not_valid_after(lifetime[1])
        )

    root = build(authority, authority_key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = build(subject, key.public_key()).add_extension(address, False)
    paths = folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key"
    paths[0].write_bytes(root.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(leaf.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    paths[2].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.mark.skipif(mosquitto_path() is None, reason="the Debian package mosquitto is not installed")
def test_records_travel_by_mutual_tls_and_strangers_are_not_trusted(tmp_path: Path) -> None:
    ca, certificate, key = certificates(tmp_path)
    (tmp_path / "other").mkdir()
    stranger, _, _ = certificates(tmp_path / "other")
    with (
        Mosquitto(tmp_path / "broker", tls=(ca, certificate, key)) as broker,
        way.point(tmp_path / "point") as point,
        way.point(tmp_path / "misled", "p-002") as misled,
    ):
        ours = {"certificate_file": str(certificate), "key_file": str(key)}
        mqtt = options(broker.port, ca_file=str(ca), **ours)
        northbound = point.connect(mqtt)
        with way.running_county(tmp_path / "county", [point], mqtt):
            await_settled(northbound, point.certify().id)
        doubtful = misled.connect(options(broker.port, ca_file=str(stranger), **ours))
        state = await_state(doubtful, lambda state: bool(state.problem))

    assert "certificate verify failed" in state.problem
