"""What the county makes of messages: good ones, lying ones and those of every wrong shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services import keys
from services.county import book
from services.county.ingest import Ingest
from services.county.registry import Registry, RegistryError, encode_key
from services.county.schema import open_engine, quarantine, record, refusal
from services.northbound import envelope, topics
from services.northbound.envelope import NO_RECORD
from services.northbound.link import Received
from services.northbound.messages import Receipt
from tests.support.clocks import ManualClock
from tests.support.way import COUNTY, certification

EPOCH = "11111111-1111-4111-8111-111111111111"


class FakeLink:
    """Remembers what was said to the broker, in its order."""

    version = "5"

    def __init__(self) -> None:
        self.said: list[tuple[str, Any]] = []

    def publish(self, topic: str, payload: bytes) -> int:
        self.said.append((topic, Receipt.model_validate_json(payload)))
        return 1

    def acknowledge(self, message: Received) -> None:
        self.said.append(("ack", message.mid))


class Office:
    """A county's ingest without a broker."""

    def __init__(self, folder: Path) -> None:
        self.keys = keys.create(folder / "keys")
        self.file = folder / "points.json"
        self.register("p-1", "p-2")
        self.engine = open_engine(f"sqlite:///{folder / 'county.sqlite'}")
        self.registry = Registry(self.file)
        self.ingest = Ingest(COUNTY, self.engine, self.registry, ManualClock())
        self.link = FakeLink()
        self.ingest.online(self.link)  # type: ignore[arg-type]  # says what the ingest says to a link

    def register(self, *points: str) -> None:
        key = encode_key(self.keys.public_key)
        self.file.write_text(
            json.dumps([{"id": p, "name": p, "township": "t", "village": "v", "public_key": key} for p in points])
        )

    def record(self, seq: int = 1, prev: str = NO_RECORD, **changes: Any) -> dict[str, Any]:
        document = {
            "v": 1,
            "id": f"00000000-0000-7000-8000-{seq:012d}",
            "point": "p-1",
            "epoch": EPOCH,
            "seq": seq,
            "time": "2026-03-02T01:30:00+00:00",
            "clock_trusted": True,
            "prev": prev,
            "body": certification(seq).model_dump(mode="json"),
            **changes,
        }
        return envelope.seal(document, self.keys.signing)

    def chain(self, count: int) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for seq in range(1, count + 1):
            made.append(self.record(seq, made[-1]["hash"] if made else NO_RECORD))
        return made

    def take(self, *messages: dict[str, Any] | bytes, topic: str | None = "") -> list[Receipt]:
        """Hand over messages in one batch; the receipts that were given."""
        self.link.said.clear()
        place = topics.up(COUNTY, "p-1", "pension") if topic == "" else topic
        for mid, message in enumerate(messages, 1):
            payload = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.ingest.received(Received(place, payload, mid, 1))
        self.ingest.work()
        return [said for place, said in self.link.said if place != "ack"]

    def set_aside(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.scalars(select(quarantine.c.reason).order_by(quarantine.c.id)))

    def stored(self) -> list[int]:
        with self.engine.connect() as connection:
            return list(connection.scalars(select(record.c.seq).order_by(record.c.seq)))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path)
    yield it
    it.engine.dispose()


def test_the_receipt_covers_what_is_stored_and_comes_before_the_acknowledgements(office: Office) -> None:
    chain = office.chain(3)

    (receipt,) = office.take(*chain)

    assert (receipt.through, receipt.head, receipt.also, receipt.refused) == (3, chain[2]["hash"], (), ())
    assert [place for place, _ in office.link.said] == [topics.down(COUNTY, "p-1", "receipt"), "ack", "ack", "ack"]


def test_a_record_that_comes_again_is_stored_once_and_answered_again(office: Office) -> None:
    chain = office.chain(2)
    first = office.take(*chain, chain[0])
    again = office.take(chain[0])

    assert office.stored() == [1, 2]
    assert first[0].through == again[0].through == 2
    assert first[0].refused == again[0].refused == ()


def test_records_out_of_order_are_answered_as_runs_and_joined_when_the_gap_closes(office: Office) -> None:
    chain = office.chain(5)

    (early,) = office.take(chain[1], chain[2], chain[4])
    (late,) = office.take(chain[0])
    (last,) = office.take(chain[3])

    assert early.through == 0
    assert [(run.first, run.last, run.head) for run in early.also] == [
        (2, 3, chain[2]["hash"]),
        (5, 5, chain[4]["hash"]),
    ]
    assert (late.through, late.head) == (3, chain[2]["hash"])
    assert last.through == 5


def test_another_record_of_the_same_number_is_refused_and_both_are_kept(office: Office) -> None:
    first = office.record()
    other = office.record(clock_trusted=False, id="00000000-0000-7000-8000-00000000ffff")
    office.take(first)

    (receipt,) = office.take(other)

    assert [(entry.seq, entry.hash, entry.reason) for entry in receipt.refused] == [(1, other["hash"], "conflict")]
    assert receipt.head == first["hash"]
    with office.engine.connect() as connection:
        assert connection.scalar(select(refusal.c.envelope)) == envelope.canonical(other).decode()
        assert book.refusals(connection) == 1


def test_the_same_id_under_another_number_is_refused(office: Office) -> None:
    first = office.record()
    (receipt,) = office.take(first, office.record(2, first["hash"], id=first["id"]))

    assert [(entry.seq, entry.reason) for entry in receipt.refused] == [(2, "conflict")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_record_that_does_not_follow_the_one_before_is_refused(office: Office, order: tuple[int, int]) -> None:
    pair = (office.record(1), office.record(2, "ab" * 32))

    (receipt,) = office.take(*(pair[index] for index in order))

    assert [entry.reason for entry in receipt.refused] == ["chain"]
    assert len(office.stored()) == 1


def test_a_first_record_with_a_past_is_refused(office: Office) -> None:
    (receipt,) = office.take(office.record(1, "ab" * 32))

    assert [entry.reason for entry in receipt.refused] == ["chain"]


def test_a_signed_record_of_an_unknown_kind_is_refused_and_kept(office: Office) -> None:
    (receipt,) = office.take(office.record(body={"kind": "pension.dream", "of": "tomorrow"}))

    assert [entry.reason for entry in receipt.refused] == ["shape"]
    assert office.take(office.record(body={"kind": "pension.dream", "of": "tomorrow"}))[0].refused == receipt.refused


@pytest.mark.parametrize(
    ("reason", "topic", "changes"),
    [
        ("identity", topics.up(COUNTY, "p-2", "pension"), {}),
        ("unknown_point", topics.up(COUNTY, "p-3", "pension"), {"point": "p-3"}),
        ("topic", topics.up(COUNTY, "p-1", "alarm"), {}),
        ("topic", topics.up(COUNTY, "p-1", "gossip"), {}),
        ("topic", topics.up("elsewhere", "p-1", "pension"), {}),
        ("topic", topics.down(COUNTY, "p-1", "receipt"), {}),
        ("topic", None, {}),
        ("shape", "", {"seq": 0}),
        ("shape", "", {"epoch": "x"}),
        ("shape", "", {"time": "0001-01-01T00:00:00+14:00"}),
        ("shape", "", {"more": "than allowed"}),
    ],
)
def test_a_lying_message_is_set_aside_and_not_answered(
    office: Office, reason: str, topic: str | None, changes: dict[str, Any]
) -> None:
    assert office.take(office.record(**changes), topic=topic) == []
    assert office.set_aside() == [reason]
    assert office.link.said == [("ack", 1)]
    assert office.stored() == []


def test_a_record_that_somebody_else_signed_is_set_aside(office: Office, tmp_path: Path) -> None:
    forged = envelope.seal(
        {name: value for name, value in office.record().items() if name not in {"hash", "signature"}},
        keys.create(tmp_path / "forger").signing,
    )

    assert office.take(forged) == []
    assert office.set_aside() == ["signature"]


def test_a_point_that_is_registered_later_is_heard_without_a_restart(office: Office) -> None:
    document = office.record(point="p-9")
    topic = topics.up(COUNTY, "p-9", "pension")
    assert office.take(document, topic=topic) == []

    office.register("p-1", "p-2", "p-9")

    assert office.take(document, topic=topic)[0].through == 1


def test_a_file_of_points_that_breaks_later_changes_nothing(office: Office) -> None:
    office.file.write_text("[{")

    assert office.take(office.record())[0].through == 1
    with pytest.raises(RegistryError):
        Registry(office.file)


def test_quarantine_is_bounded_and_its_count_is_not(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "QUARANTINE_ROWS", 3)
    office.take(*([b"nonsense"] * 10))

    assert office.set_aside() == ["json"] * 3
    with office.engine.connect() as connection:
        assert book.quarantined(connection) == {"json": 10}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    [
        "v",
        "id",
        "point",
        "epoch",
        "seq",
        "time",
        "clock_trusted",
        "prev",
        "body",
        "hash",
        "signature",
        "online",
        "\ud800",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    topic=st.sampled_from(["pension", "alarm", "status", "x"]).map(lambda channel: topics.up(COUNTY, "p-1", channel))
    | st.text(),
    payload=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()),
    broken=st.dictionaries(fields, json_values, max_size=4),
    signed=st.booleans(),
)
def test_no_wrong_shape_stops_the_ingest(
    office: Office, topic: str, payload: bytes, broken: dict[str, Any], signed: bool
) -> None:
    """Raw bytes, JSON of any shape, and records with fields exchanged, some of them signed all the same."""
    document = {**office.record(7), **broken}
    if signed:
        try:
            document = envelope.seal({**document, "point": "p-1"}, office.keys.signing)
        except envelope.EnvelopeError:
            signed = False
    office.take(payload, json.dumps(document).encode(), topic=topic)

    assert [place for place, _ in office.link.said].count("ack") == 2
    assert office.take(office.record(1))[0].through == 1
