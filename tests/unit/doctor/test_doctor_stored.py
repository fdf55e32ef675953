"""What the doctor reads out of database and keys, and that it changes nothing."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.doctor import stored
from kiosk.doctor.report import Finding, Outcome
from services import keys
from services.clock import SystemClock
from services.northbound.alarms import Alarms
from services.store.migrations import MIGRATIONS
from tests.support import way
from tests.support.clocks import ManualClock
from tests.support.way import Point


@pytest.fixture
def point(tmp_path: Path) -> Iterator[Point]:
    with way.point(tmp_path / "point") as it:
        yield it


def only(findings: Iterator[Finding]) -> Finding:
    [finding] = findings
    return finding


def later(**past: float) -> ManualClock:
    return ManualClock(wall=SystemClock().now() + timedelta(**past))


def test_a_sound_database_is_told_with_its_records(point: Point) -> None:
    finding = only(stored.database(point.database.path))
    assert (finding.outcome, finding.facts["records"]) == (Outcome.OK, "0")


def test_a_breach_of_an_invariant_is_named(point: Point) -> None:
    point.certify()  # a record of a certification without the certification
    finding = only(stored.database(point.database.path))
    assert finding.outcome is Outcome.FAILED
    assert "C2" in finding.seen
    assert "kiosk restore" in finding.advice


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    finding = only(stored.database(tmp_path / "point.sqlite"))
    assert finding.outcome is Outcome.WARNING
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_told_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "point.sqlite"
    path.write_bytes(b"not a database at all" * 500)
    before = hashlib.sha256(path.read_bytes()).digest()
    finding = only(stored.database(path))
    assert finding.outcome is Outcome.FAILED
    assert str(path) in finding.seen
    assert hashlib.sha256(path.read_bytes()).digest() == before


@pytest.mark.parametrize(("step", "outcome"), [(-1, Outcome.WARNING), (1, Outcome.FAILED)])
def test_a_database_of_another_version_is_left_as_it_is(tmp_path: Path, step: int, outcome: Outcome) -> None:
    path = tmp_path / "point.sqlite"
    version = MIGRATIONS[-1].number + step
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    assert only(stored.database(path)).outcome is outcome
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == version
    connection.close()


def test_keys_and_database_that_belong_together(point: Point) -> None:
    point.certify()
    finding = only(stored.point_keys(point.folder / "keys", point.database.path))
    assert (finding.outcome, finding.seen) == (Outcome.OK, "密钥文件完好，与数据库配套")


def test_keys_of_another_point_do_not_pass_for_ours(point: Point, tmp_path: Path) -> None:
    point.certify()
    keys.create(tmp_path / "other")
    finding = only(stored.point_keys(tmp_path / "other", point.database.path))
    assert finding.outcome is Outcome.FAILED
    assert "不配套" in finding.seen


def test_a_data_key_that_opens_nothing_does_not_pass(point: Point, tmp_path: Path) -> None:
    sealed = point.keys.vault.lock(b"x", "resident/r-1/number")
    with point.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO resident (id, number_index, number, name, added_at) VALUES ('r-1', ?, ?, ?, '2026')",
            (bytes(32), sealed, sealed),
        )
    own = point.folder / "keys"
    assert only(stored.point_keys(own, point.database.path)).outcome is Outcome.OK
    keys.create(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "data.key", own / "data.key")
    finding = only(stored.point_keys(own, point.database.path))
    assert "居民资料打不开" in finding.seen


def test_a_missing_key_of_a_point_in_use_must_not_be_made_anew(point: Point, tmp_path: Path) -> None:
    assert "不要重新生成" in only(stored.point_keys(tmp_path / "none", point.database.path)).advice
    assert "kiosk init" in only(stored.point_keys(tmp_path / "none", tmp_path / "none.sqlite")).advice


def test_keys_open_to_others_are_told(point: Point) -> None:
    (point.folder / "keys" / "data.key").chmod(0o644)
    finding = only(stored.point_keys(point.folder / "keys", point.database.path))
    assert finding.outcome is Outcome.FAILED
    assert "chmod 600" in finding.seen


@pytest.mark.parametrize(("hours", "outcome"), [(0.1, Outcome.OK), (5, Outcome.WARNING), (24 * 4, Outcome.FAILED)])
def test_records_that_wait_too_long_for_the_county_are_told(point: Point, hours: float, outcome: Outcome) -> None:
    point.certify()
    finding = only(stored.county(point.database.path, later(hours=hours)))
    assert (finding.outcome, finding.facts["pending"]) == (outcome, "1")


def test_nothing_waiting_is_fine_however_long_ago_the_last_receipt_came(point: Point) -> None:
    assert only(stored.county(point.database.path, later(days=90))).outcome is Outcome.OK


def test_what_the_broker_and_the_county_refused_is_told(point: Point) -> None:
    held_up, refused = point.certify(1), point.certify(2)
    with point.database.transaction() as transaction:
        transaction.execute("UPDATE outbox SET refusal = 'not authorised' WHERE record_id = ?", (held_up.id,))
        transaction.execute("DELETE FROM outbox WHERE record_id = ?", (refused.id,))
        transaction.execute(
            "INSERT INTO settlement VALUES (?, 'refused', 'shape', '2026-11-24T00:00:00Z')", (refused.id,)
        )
    found = {finding.key: finding.outcome for finding in stored.county(point.database.path, later())}
    assert found == {"county": Outcome.OK, "county.held_up": Outcome.FAILED, "county.refused": Outcome.WARNING}


def test_alarms_that_are_about_no_device_are_findings_of_their_own(point: Point) -> None:
    reports = Alarms(point.database, point.journal, SystemClock())
    reports.report("fingerprint", "silent", active=True)
    reports.report("county", "publish_refused", active=True)
    finding = only(stored.other_alarms(point.database.path, frozenset({"fingerprint"})))
    assert (finding.key, finding.facts["fault"]) == ("alarm.county", "publish_refused")
    assert {alarm.source for alarm in stored.alarms(point.database.path)} == {"fingerprint", "county"}


def test_the_newest_record_dates_the_clock(point: Point, tmp_path: Path) -> None:
    assert stored.newest_record(tmp_path / "none.sqlite") is None
    assert stored.newest_record(point.database.path) is None


def test_the_doctor_reads_while_the_appliance_writes(point: Point) -> None:
    with point.database.transaction() as transaction:
        transaction.execute("INSERT INTO meta (key, value) VALUES ('x', 'y')")
        assert only(stored.database(point.database.path)).outcome is Outcome.OK
