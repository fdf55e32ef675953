"""The doctor at a whole point: a reader on a serial line, a real broker, keys and a database."""

import datetime as dt
import http.server
import ipaddress
import math
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk import doctor
from kiosk.config import PointConfig
from kiosk.doctor import broker
from kiosk.doctor.report import Finding, Outcome
from services import keys
from services.clock import SystemClock
from services.northbound.alarms import Alarms
from services.northbound.journal import Journal
from services.northbound.options import MqttOptions
from services.store.database import Database
from simulators.fingerprint import PROFILES, FingerprintModule
from tests.support import way
from tests.support.broker import Amqtt, Mosquitto, free_port, mosquitto_path

pytestmark = pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is missing: apt-get install mosquitto")


@dataclass
class Village:
    """A point's folder, with what its configuration says."""

    folder: Path
    reader: str = "/dev/kiosk-nowhere"
    broker_port: int = 1
    screen_port: int = 0
    mqtt: str = ""

    def __post_init__(self) -> None:
        with way.point(self.folder / "made"):
            pass
        (self.folder / "data").mkdir()
        (self.folder / "made" / "point.sqlite").rename(self.folder / "data" / "point.sqlite")
        (self.folder / "made" / "keys").rename(self.folder / "keys")

    def findings(self) -> dict[str, Finding]:
        path = self.folder / "kiosk.toml"
        path.write_text(
            f"""
            [point]
            id = "p-001"
            name = "示例村便民服务点"
            county = "test-county"
            supervision_phone = "000-0000000"
            verify_url = "https://county.example/verify"
            [paths]
            data = "data"
            keys = "keys"
            [fingerprint]
            driver = "ef01"
            port = "{self.reader}"
            [receipt_printer]
            driver = "no-such-driver"
            [screen]
            port = {self.screen_port}
            [mqtt]
            host = "127.0.0.1"
            port = {self.broker_port}
            {self.mqtt}
            """,
            encoding="utf-8",
        )
        return {finding.key: finding for finding in doctor.examine(path).findings}


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path)


@contextmanager
def screen() -> Iterator[int]:
    """A web server that stands for the appliance's own."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def certificates(folder: Path, days: int) -> tuple[Path, Path, Path]:
    """An authority and a certificate of 127.0.0.1 that holds for so many days: authority, certificate, key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example broker")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    shutil.copy(folder / "ca.pem", folder / "certificate.pem")
    return folder / "ca.pem", folder / "certificate.pem", folder / "key.pem"


def test_a_reader_that_nobody_holds_is_opened_and_asked(village: Village) -> None:
    with FingerprintModule(PROFILES["R503"], pace=math.inf) as module:
        village.reader = module.path
        found = village.findings()
    reader = found["device.fingerprint"]
    assert reader.outcome is Outcome.OK, reader
    assert {"baud", "capacity", "model"} <= set(reader.facts)
    assert found["screen"].outcome is Outcome.WARNING
    assert "no-such-driver" in found["device.receipt_printer"].seen


def test_a_reader_that_is_not_there_is_told_in_plain_words(village: Village) -> None:
    reader = village.findings()["device.fingerprint"]
    assert (reader.outcome, reader.seen, reader.facts["fault"]) == (Outcome.FAILED, "没有找到设备", "not_found")


def test_the_devices_of_a_running_appliance_are_left_to_it(village: Village) -> None:
    """They are judged by the alarms that it has stored; the serial line is not touched."""
    with screen() as port:
        village.screen_port = port
        found = village.findings()
        assert found["screen"].outcome is Outcome.OK
        assert found["device.fingerprint"].outcome is Outcome.OK
        assert found["device.fingerprint"].facts == {"asked": "appliance"}
        report_silence(village)
        reader = village.findings()["device.fingerprint"]
    assert (reader.outcome, reader.seen) == (Outcome.FAILED, "设备没有应答")


def report_silence(village: Village) -> None:
    database = Database.open(village.folder / "data" / "point.sqlite")
    journal = Journal("p-001", keys.load(village.folder / "keys"), SystemClock(), database.epoch)
    Alarms(database, journal, SystemClock()).report("fingerprint", "silent", active=True)
    database.close()


def test_a_broker_that_takes_us_is_told_with_its_versions(village: Village, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as it:
        village.broker_port = it.port
        found = village.findings()
    assert found["broker.mqtt"].facts == {"mqtt_5": "accepted", "mqtt_3.1.1": "accepted"}
    assert found["broker.tls"].outcome is Outcome.WARNING  # not encrypted


def test_the_doctor_does_not_push_the_appliance_off_the_broker(village: Village, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as it, way.point(tmp_path / "point") as point:
        northbound = point.connect(way.options(it.port))
        way.await_state(northbound, lambda state: state.connected)
        village.broker_port = it.port
        assert village.findings()["broker.mqtt"].outcome is Outcome.OK
        assert not any("already connected" in line or "taken over" in line for line in it.log)
        assert northbound.state.connected


def test_a_broker_that_knows_an_older_version_alone_will_do(village: Village, tmp_path: Path) -> None:
    with Amqtt(tmp_path / "broker") as it:
        village.broker_port = it.port
        mqtt = village.findings()["broker.mqtt"]
    assert mqtt.outcome is Outcome.OK
    assert mqtt.facts["mqtt_3.1.1"] == "accepted"
    assert mqtt.facts["mqtt_5"] != "accepted"


def test_a_wrong_password_is_told_with_the_broker_s_reason(village: Village, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", passwords={"p-001": "right"}) as it:
        village.broker_port = it.port
        (tmp_path / "password").write_text("wrong\n")
        village.mqtt = 'username = "p-001"\npassword_file = "password"'
        refused = village.findings()["broker.mqtt"]
        (tmp_path / "password").write_text("right\n")
        accepted = village.findings()["broker.mqtt"]
    assert refused.outcome is Outcome.FAILED
    assert "Not authorized" in refused.facts["mqtt_5"]
    assert accepted.outcome is Outcome.OK


def test_nobody_listening_ends_the_way_at_the_port(village: Village) -> None:
    village.broker_port = free_port()
    found = village.findings()
    assert found["broker.name"].outcome is Outcome.OK
    assert found["broker.port"].outcome is Outcome.FAILED
    assert "broker.mqtt" not in found


def test_a_name_that_leads_nowhere_ends_the_way_at_the_name() -> None:
    point, mqtt = village_sections("no-such-host.invalid")
    [finding] = broker.broker(point, mqtt, SystemClock())
    assert (finding.key, finding.outcome) == ("broker.name", Outcome.FAILED)


def village_sections(host: str) -> tuple[PointConfig, MqttOptions]:
    point = PointConfig(
        id="p-001", name="示例", county="test-county", supervision_phone="000-0000000",
        verify_url="https://county.example/verify",
    )  # fmt: skip
    return point, MqttOptions(host=host)


@pytest.mark.parametrize(("days", "outcome"), [(400, Outcome.OK), (10, Outcome.WARNING)])
def test_certificates_are_held_against_the_calendar(
    village: Village, tmp_path: Path, days: int, outcome: Outcome
) -> None:
    ca, certificate, key = certificates(tmp_path / "pki", days)
    with Mosquitto(tmp_path / "broker", tls=(ca, certificate, key)) as it:
        village.broker_port = it.port
        village.mqtt = f'ca_file = "{ca}"\ncertificate_file = "{certificate}"\nkey_file = "{key}"'
        found = village.findings()
    assert (found["broker.tls"].outcome, found["broker.certificate"].outcome) == (outcome, outcome)
    assert found["broker.mqtt"].outcome is Outcome.OK


def test_a_broker_that_is_not_the_county_s_is_not_trusted(village: Village, tmp_path: Path) -> None:
    other_ca, _, _ = certificates(tmp_path / "other", 400)
    with Mosquitto(tmp_path / "broker", tls=certificates(tmp_path / "pki", 400)) as it:
        village.broker_port = it.port
        village.mqtt = f'ca_file = "{other_ca}"'
        found = village.findings()
    assert found["broker.tls"].outcome is Outcome.FAILED
    assert "broker.mqtt" not in found
