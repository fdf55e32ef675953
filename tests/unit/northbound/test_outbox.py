import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services import keys
from services.northbound import outbox
from services.northbound.alarms import Alarms
from services.northbound.envelope import NO_RECORD
from services.northbound.invariants import RECORD_INVARIANTS, sealed_by
from services.northbound.journal import Journal
from services.northbound.messages import Envelope, Receipt, Refusal, Run
from services.northbound.outbox import ReceiptError, Verdict
from services.store.check import check
from services.store.database import Database
from tests.support.clocks import ManualClock
from tests.support.way import certification

POINT = "p-1"


class Desk:
    """A journal on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.keys = keys.create(folder / "keys")
        self.database = Database.open(folder / "point.sqlite")
        self.journal = Journal(POINT, self.keys, self.clock, self.database.epoch)
        self.alarms = Alarms(self.database, self.journal, self.clock)

    def make(self, count: int) -> list[Envelope]:
        with self.database.transaction() as transaction:
            return [self.journal.append(transaction, certification(number)) for number in range(count)]

    def settle(self, receipt: Receipt) -> list[outbox.Settlement]:
        with self.database.transaction() as transaction:
            return outbox.settle(transaction, POINT, receipt, self.clock)

    def counts(self) -> outbox.Counts:
        with self.database.read() as connection:
            return outbox.counts(connection)

    def breaches(self) -> list[str]:
        return check(self.database, (*RECORD_INVARIANTS, sealed_by(self.keys.public_key)))

    def receipt(self, through: int, head: str, **more: object) -> Receipt:
        fields = {"point": POINT, "epoch": self.database.epoch, "time": datetime.now(UTC), **more}
        return Receipt.model_validate({"through": through, "head": head, **fields})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    it = Desk(tmp_path)
    yield it
    it.database.close()


def test_records_are_numbered_without_gaps_and_chained(desk: Desk) -> None:
    records = desk.make(3)

    assert [record.seq for record in records] == [1, 2, 3]
    assert [record.prev for record in records] == [NO_RECORD, records[0].hash, records[1].hash]
    assert desk.breaches() == []


def test_a_transaction_that_fails_leaves_no_gap(desk: Desk) -> None:
    desk.make(1)
    with pytest.raises(RuntimeError), desk.database.transaction() as transaction:
        desk.journal.append(transaction, certification())
        raise RuntimeError("the act did not happen")

    assert desk.make(1)[0].seq == 2
    assert desk.breaches() == []


@pytest.mark.parametrize("statement", ["DELETE FROM record", "UPDATE record SET kind = 'x'"])
def test_records_can_be_neither_changed_nor_deleted(desk: Desk, statement: str) -> None:
    desk.make(1)

    with pytest.raises(sqlite3.IntegrityError), desk.database.transaction() as transaction:
        transaction.execute(statement)


def test_a_receipt_settles_the_beginning_and_the_runs_it_names(desk: Desk) -> None:
    records = desk.make(6)

    settled = desk.settle(desk.receipt(2, records[1].hash, also=[Run(first=4, last=5, head=records[4].hash)]))

    assert [(entry.seq, entry.verdict) for entry in settled] == [(seq, Verdict.STORED) for seq in (1, 2, 4, 5)]
    assert desk.counts().pending == 2
    assert desk.breaches() == []


def test_the_same_receipt_again_settles_nothing(desk: Desk) -> None:
    records = desk.make(2)
    receipt = desk.receipt(2, records[1].hash)
    desk.settle(receipt)

    assert desk.settle(receipt) == []
    assert desk.breaches() == []


def test_a_refused_record_is_settled_as_refused_and_kept(desk: Desk) -> None:
    records = desk.make(3)
    refusal = Refusal(seq=2, hash=records[1].hash, reason="shape")

    settled = desk.settle(
        desk.receipt(1, records[0].hash, refused=[refusal], also=[Run(first=3, last=3, head=records[2].hash)])
    )

    assert {entry.seq: entry.verdict for entry in settled} == {
        1: Verdict.STORED,
        2: Verdict.REFUSED,
        3: Verdict.STORED,
    }
    assert desk.counts() == outbox.Counts(pending=0, held_up=0, refused=1)
    with desk.database.read() as connection:
        assert outbox.settlement(connection, records[1].id) == next(entry for entry in settled if entry.seq == 2)
    assert desk.breaches() == []


def wrong_receipts(desk: Desk, records: list[Envelope]) -> dict[str, Receipt]:
    good, other = records[1].hash, "ab" * 32
    return {
        "another point": desk.receipt(2, good, point="p-2"),
        "another epoch": desk.receipt(2, good, epoch="00000000-0000-4000-8000-000000000000"),
        "more than was made": desk.receipt(3, good),
        "another hash": desk.receipt(2, other),
        "a hash for nothing": desk.receipt(0, other),
        "a run never made": desk.receipt(0, NO_RECORD, also=[Run(first=2, last=3, head=good)]),
        "a run of another hash": desk.receipt(0, NO_RECORD, also=[Run(first=2, last=2, head=other)]),
        "a run backwards": desk.receipt(0, NO_RECORD, also=[Run(first=2, last=1, head=records[0].hash)]),
        "a refusal never asked": desk.receipt(0, NO_RECORD, refused=[Refusal(seq=3, hash=other, reason="x")]),
        "a refusal of another": desk.receipt(0, NO_RECORD, refused=[Refusal(seq=1, hash=other, reason="x")]),
    }


def test_a_receipt_that_cannot_be_true_settles_nothing(desk: Desk) -> None:
    for name, receipt in wrong_receipts(desk, desk.make(2)).items():
        with pytest.raises(ReceiptError):
            desk.settle(receipt)
            pytest.fail(f"believed: {name}")
        assert desk.counts().pending == 2, name


def test_alarms_leave_before_certifications_are_even_looked_at(desk: Desk) -> None:
    desk.make(70)
    desk.alarms.report("printer", "paper_out", active=True)

    with desk.database.read() as connection:
        assert [row.kind for row in outbox.window(connection, "alarm", 64)] == ["alarm"]
        assert [row.seq for row in outbox.window(connection, "pension", 64)] == list(range(1, 65))


def test_an_alarm_is_recorded_when_it_begins_and_when_it_ends(desk: Desk) -> None:
    news = [desk.alarms.report("printer", "paper_out", active=active) for active in (False, True, True, False, False)]

    assert news == [False, True, False, True, False]
    assert desk.alarms.active() == ()
    assert desk.counts().pending == 2
    assert desk.breaches() == []


@pytest.mark.parametrize(
    ("damage", "statement"),
    [
        ("DROP TRIGGER record_keeps_rows; DELETE FROM outbox WHERE seq = 2; DELETE FROM record WHERE seq = 2", "gaps"),
        ("DROP TRIGGER record_is_final; UPDATE record SET prev = hash WHERE seq = 2", "before it"),
        ("DELETE FROM outbox WHERE seq = 2", "either in the outbox or settled"),
        ("INSERT INTO settlement SELECT id, 'stored', NULL, 'now' FROM record", "either in the outbox or settled"),
        ("INSERT INTO active_alarm VALUES ('a', 'b', 'now')", "alarm"),
        ("DROP TRIGGER record_is_final; UPDATE record SET envelope = replace(envelope, '2026', '2027')", "sealed"),
    ],
)
def test_damage_is_named(desk: Desk, damage: str, statement: str) -> None:
    desk.make(3)
    raw = sqlite3.connect(desk.database.path)
    raw.executescript(damage)
    raw.close()

    assert any(statement in breach for breach in desk.breaches())
