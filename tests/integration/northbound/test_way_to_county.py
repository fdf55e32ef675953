"""The whole way of a record over real brokers, in both versions of MQTT."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from services.northbound import topics
from services.northbound.messages import DeviceHealth, DeviceStatus, Plug, PointStatus
from services.northbound.outbox import Verdict
from services.northbound.sender import Timing
from tests.support import way
from tests.support.broker import Amqtt, BrokerProcess, Mosquitto, mosquitto_path
from tests.support.way import COUNTY, POINT, Point, await_settled, await_state, options

pytestmark = pytest.mark.skipif(mosquitto_path() is None, reason="the Debian package mosquitto is not installed")

STATUS = topics.up(COUNTY, POINT, "status")
PENSION = topics.up(COUNTY, POINT, "pension")
READER = DeviceStatus(
    name="fingerprint",
    health=DeviceHealth.ABSENT,
    faults=("unplugged",),
    since=datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
)
RECEIPT = topics.down(COUNTY, POINT, "receipt")


class Bystander:
    """Another client on the broker, straight from paho, that hears and says what it likes."""

    def __init__(self, port: int) -> None:
        self.heard: list[MQTTMessage] = []
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "bystander", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def listen(self, topic: str) -> None:
        self._subscribed.clear()
        self._client.subscribe(topic, 1)
        assert self._subscribed.wait(30)

    def say(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1).wait_for_publish(30)

    def wait_for(self, wanted: Callable[[MQTTMessage], bool]) -> MQTTMessage:
        with self._news:
            assert self._news.wait_for(lambda: any(wanted(message) for message in self.heard), 60), self.heard
            return next(message for message in self.heard if wanted(message))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        with self._news:
            self.heard.append(message)
            self._news.notify_all()


@contextmanager
def bystander(port: int) -> Iterator[Bystander]:
    it = Bystander(port)
    try:
        yield it
    finally:
        it.close()


@pytest.fixture
def point(tmp_path: Path) -> Iterator[Point]:
    with way.point(tmp_path / "point") as it:
        yield it


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as it:
        yield it


@pytest.mark.parametrize(
    ("kind", "wish", "spoken"),
    [
        (Mosquitto, "auto", "5"),
        (Mosquitto, "5", "5"),
        (Mosquitto, "3.1.1", "3.1.1"),
        (Amqtt, "auto", "3.1.1"),
        (Amqtt, "3.1.1", "3.1.1"),
    ],
)
def test_records_reach_the_county_and_its_receipt_settles_them(
    tmp_path: Path, point: Point, kind: type[BrokerProcess], wish: str, spoken: str
) -> None:
    with kind(tmp_path / "broker") as broker:
        mqtt = options(broker.port, wish, answer_s=1.0)
        northbound = point.connect(mqtt)
        with way.running_county(tmp_path / "county", [point], mqtt):
            made = [point.certify(number) for number in range(30)]
            state = await_state(northbound, lambda state: state.pending == 0)

    assert state.version == spoken
    assert state.last_receipt_at is not None
    assert {northbound.settlement(entry.id).verdict for entry in made} == {Verdict.STORED}  # type: ignore[union-attr]
    assert way.stored(tmp_path / "county") == [(POINT, entry.seq, entry.hash) for entry in made]
    assert point.breaches() == []


def test_a_broker_that_comes_back_empty_loses_nothing(tmp_path: Path, point: Point, broker: Mosquitto) -> None:
    mqtt = options(broker.port)
    northbound = point.connect(mqtt)
    with way.running_county(tmp_path / "county", [point], mqtt):
        await_settled(northbound, point.certify(1).id)
        broker.kill()
        state = await_state(northbound, lambda state: not state.connected)
        made = point.certify(2)

        assert state.problem
        assert not northbound.is_settled(made.id)
        broker.start()
        await_settled(northbound, made.id)

    assert [seq for _, seq, _ in way.stored(tmp_path / "county")] == [1, 2]


def test_what_a_broker_took_and_lost_is_sent_again_on_the_next_connection(tmp_path: Path, broker: Mosquitto) -> None:
    """And not only when the county has kept silent for long: here that would take an hour."""
    mqtt = options(broker.port)
    with way.point(tmp_path / "point", timing=Timing(receipt=3600.0, receipt_most=3600.0)) as point:
        with way.running_county(tmp_path / "county", [point], mqtt):
            northbound = point.connect(mqtt)
            await_settled(northbound, point.certify(1).id)
        broker.restart()  # which writes the county's session down
        with bystander(broker.port) as listener:
            listener.listen(PENSION)
            made = point.certify(2)
            listener.wait_for(lambda message: made.id.encode() in message.payload)
        broker.kill()  # which loses the record that waits for the county
        broker.start()
        with way.running_county(tmp_path / "county", [point], mqtt):
            await_settled(northbound, made.id)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_is_sent_while_the_county_is_away_waits_for_it(
    tmp_path: Path, point: Point, broker: Mosquitto, version: str
) -> None:
    mqtt = options(broker.port, version)
    northbound = point.connect(mqtt)
    made = point.certify()
    with way.running_county(tmp_path / "county", [point], mqtt):
        await_settled(northbound, made.id)


def test_a_refused_publish_stays_in_the_outbox_and_is_seen(tmp_path: Path, point: Point) -> None:
    """MQTT 5 alone tells a refusal; paho counts the message as published all the same."""
    everything = "topic readwrite #\n"
    with Mosquitto(tmp_path / "broker", acl="topic read #\ntopic write kiosk/+/v1/+/up/status\n") as broker:
        mqtt = options(broker.port)
        northbound = point.connect(mqtt)
        with way.running_county(tmp_path / "county", [point], mqtt):
            made = point.certify()
            state = await_state(northbound, lambda state: state.held_up > 0)

            assert "Not authorized" in state.last_refusal
            assert not northbound.is_settled(made.id)
            assert [(alarm.source, alarm.fault) for alarm in northbound.active_alarms()] == [
                ("county", "publish_refused")
            ]
            broker.set_acl(everything)
            await_settled(northbound, made.id)
            await_state(northbound, lambda state: state.pending == 0 and not northbound.active_alarms())

    assert northbound.state.held_up == 0
    assert point.breaches() == []


def test_a_swallowed_publish_is_repeated_and_alarmed(tmp_path: Path) -> None:
    """MQTT 3.1.1 has no word for a refusal: only the missing receipt tells."""
    timing = Timing(receipt=0.1, receipt_most=0.2, silent_after=2, look_every=0.1, status_least=0.05)
    acl = "topic read #\ntopic write kiosk/+/v1/+/up/status\n"
    with (
        Mosquitto(tmp_path / "broker", acl=acl) as broker,
        way.point(tmp_path / "point", timing=timing) as point,
    ):
        mqtt = options(broker.port, "3.1.1")
        northbound = point.connect(mqtt)
        with way.running_county(tmp_path / "county", [point], mqtt):
            made = point.certify()
            await_state(northbound, lambda _: any(alarm.fault == "silent" for alarm in northbound.active_alarms()))
            assert not northbound.is_settled(made.id)
            broker.set_acl("topic readwrite #\n")
            await_state(northbound, lambda state: state.pending == 0 and not northbound.active_alarms())


def test_a_record_that_the_county_refuses_is_settled_as_refused(
    tmp_path: Path, point: Point, broker: Mosquitto
) -> None:
    """A county of another version that does not know a kind yet: said once, visible, kept."""
    mqtt = options(broker.port)
    northbound = point.connect(mqtt)
    unknown = "from services.county import judgement\nfrom pydantic import TypeAdapter\n"
    unknown += "from services.northbound.messages import Alarm\njudgement._BODY = TypeAdapter(Alarm)"
    county = way.CountyProcess(way.county_config(tmp_path / "county", [point], mqtt))
    county.start(unknown)
    try:
        made = point.certify()
        settlement = await_settled(northbound, made.id)
        await_state(northbound, lambda state: state.pending == 0)
    finally:
        county.kill()

    assert (settlement.verdict, settlement.reason) == (Verdict.REFUSED, "shape")
    assert northbound.state.refused == 1
    assert [(alarm.source, alarm.fault) for alarm in northbound.active_alarms()] == [("record/1", "refused")]
    assert point.breaches() == []


def test_a_receipt_that_cannot_be_true_is_not_believed(point: Point, broker: Mosquitto) -> None:
    northbound = point.connect(options(broker.port))
    made = point.certify()
    await_state(northbound, lambda state: state.connected)
    lie = {"point": POINT, "epoch": made.epoch, "through": 1, "head": "ab" * 32, "time": "2026-03-02T01:30:00Z"}
    with bystander(broker.port) as liar:
        for payload in (b"\xff", b"[]", b"{}", json.dumps(lie).encode()):
            liar.say(RECEIPT, payload)
        state = await_state(northbound, lambda state: "another hash" in state.last_refusal)

    assert not northbound.is_settled(made.id)
    assert state.connected
    assert {alarm.fault for alarm in northbound.active_alarms()} == {"receipt_invalid"}


def test_the_state_is_retained_and_follows_the_point(point: Point, broker: Mosquitto) -> None:
    northbound = point.connect(options(broker.port))
    await_state(northbound, lambda state: state.connected)
    with bystander(broker.port) as listener:
        listener.listen(STATUS)
        northbound.report(devices=[READER], versions={"kiosk": "0.1.0"})
        listener.wait_for(lambda message: b"unplugged" in message.payload)
        northbound.stop()
        listener.wait_for(lambda message: not PointStatus.model_validate_json(message.payload).online)
    with bystander(broker.port) as late:
        late.listen(STATUS)
        last = late.wait_for(lambda message: message.retain)

    assert PointStatus.model_validate_json(last.payload).online is False


def test_a_killed_point_is_offline_by_its_last_will(tmp_path: Path, broker: Mosquitto) -> None:
    program = (
        "import sys, threading\nfrom pathlib import Path\nfrom tests.support.way import Point, await_state, options\n"
        "northbound = Point(Path(sys.argv[1])).connect(options(int(sys.argv[2])))\n"
        "await_state(northbound, lambda state: state.connected)\n"
        "print('connected', flush=True)\nthreading.Event().wait()\n"
    )
    with (
        bystander(broker.port) as listener,
        subprocess.Popen(
            (sys.executable, "-c", program, str(tmp_path / "point"), str(broker.port)),
            cwd=way.ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        listener.listen(STATUS)
        listener.wait_for(lambda message: PointStatus.model_validate_json(message.payload).online)
        process.send_signal(signal.SIGKILL)
        listener.wait_for(lambda message: not PointStatus.model_validate_json(message.payload).online)


def test_records_carry_cloud_events_attributes(point: Point, broker: Mosquitto) -> None:
    with bystander(broker.port) as listener:
        listener.listen(PENSION)
        point.connect(options(broker.port))
        made = point.certify()
        message = listener.wait_for(lambda message: message.topic == PENSION)

    properties: Any = message.properties  # paho sets these attributes as they come
    assert dict(properties.UserProperty) == {
        "specversion": "1.0",
        "id": made.id,
        "source": f"/kiosk/{COUNTY}/{POINT}",
        "type": "pension.certification",
        "time": json.loads(message.payload)["time"],
    }
    assert properties.ContentType == "application/json"


def test_a_wrong_password_is_named_and_the_right_one_read_anew(tmp_path: Path, point: Point) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    with Mosquitto(tmp_path / "broker", passwords={"p": "right"}) as broker:
        northbound = point.connect(options(broker.port, username="p", password_file=str(secret)))
        await_state(northbound, lambda state: "Not authorized" in state.problem)
        secret.write_text("right\n")
        await_state(northbound, lambda state: state.connected)


def test_the_slips_page_confirms_what_is_genuine_and_nothing_else(
    tmp_path: Path, point: Point, broker: Mosquitto
) -> None:
    mqtt = options(broker.port)
    northbound = point.connect(mqtt)
    with way.running_county(tmp_path / "county", [point], mqtt) as county:
        made = point.certify()
        northbound.alarm("printer", "paper_out", active=True)
        northbound.report(devices=[READER], plugs=[Plug(port="1-1.4", id="1a86:7523", name="QinHeng HL-340")])
        await_settled(northbound, made.id)
        await_state(northbound, lambda state: state.pending == 0)
        base = f"http://127.0.0.1:{county.http_port}"
        page = urlopen(f"{base}/v/{made.id}/{made.hash[:16]}").read().decode()
        with bystander(broker.port) as listener:
            listener.listen(STATUS)
            listener.wait_for(lambda message: b"unplugged" in message.payload)
        await_settled(northbound, point.certify(2).id)  # by then the county has the state that was sent before it
        board = urlopen(base).read().decode()
        other = made.id[:-1] + ("1" if made.id.endswith("0") else "0")
        for wrong in (f"{made.id}/{'0' * 16}", f"{made.id}/{made.hash[:4]}", f"{other}/{made.hash[:16]}"):
            with pytest.raises(HTTPError) as refused:
                urlopen(f"{base}/v/{wrong}")
            assert refused.value.code == 404
            assert "没有查到这条记录" in refused.value.read().decode()

    assert "该认证记录真实有效" in page
    assert "测**" in page
    assert "500236**********12" in page
    assert "打印机：缺纸（发生）" in board
    assert "测** 2026 年度 指纹认证" in board
    assert "指纹仪未连接（设备被拔出）" in board
    assert "插着 1 个设备：1-1.4 QinHeng HL-340" in board
