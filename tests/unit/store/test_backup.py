"""Backups are whole or not there, and the way back keeps what it replaces."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.clock import SystemClock
from services.northbound import outbox
from services.northbound.messages import Receipt
from services.store.backup import BackupError, DailyBackups, back_up, restore
from services.store.claim import Claim, ClaimedError
from services.store.database import DamagedError, Database, StoreError
from tests.support import way
from tests.support.certification import Point, fingerprint_of, identity_number
from tests.support.clocks import ManualClock

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_copy_of_a_database_in_use_holds_what_was_committed(tmp_path: Path) -> None:
    point = Point(tmp_path)
    point.enrol("样例甲", identity_number())
    back_up(point.database.path, tmp_path / "copy.sqlite")
    point.certify()
    point.close()

    copy = Database.open(tmp_path / "copy.sqlite")
    with copy.read() as connection:
        kinds = [row["kind"] for row in connection.execute("SELECT kind FROM record ORDER BY seq")]
    copy.close()
    assert kinds == ["pension.enrolment"]
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_copy_that_cannot_be_written_leaves_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite").write_bytes(b"the last one")
    with pytest.raises(StoreError):
        back_up(tmp_path / "missing.sqlite", tmp_path / "copy.sqlite")
    assert (tmp_path / "copy.sqlite").read_bytes() == b"the last one"
    assert [file.name for file in tmp_path.iterdir()] == ["copy.sqlite"]


def test_the_way_back_begins_an_epoch_and_keeps_what_was_there(tmp_path: Path) -> None:
    point = Point(tmp_path)
    point.enrol("样例甲", identity_number())
    before = point.database.epoch
    back_up(point.database.path, tmp_path / "copy.sqlite")
    point.close()
    point.database.path.write_bytes(b"not a database any more")

    epoch = restore(tmp_path / "copy.sqlite", point.database.path, NOW)

    assert (tmp_path / "point.db.before-20260304T050607").read_bytes() == b"not a database any more"
    point.open()
    assert point.database.epoch == epoch != before
    assert point.breaches() == []
    point.load_library()
    certification = point.certify().certification
    assert certification is not None
    assert point.rows("SELECT seq FROM record WHERE id = ?", certification.record_id) == [{"seq": 1}]
    point.close()


def test_no_log_of_the_old_database_is_read_with_the_new_one(tmp_path: Path) -> None:
    with way.point(tmp_path / "point") as point:
        path = point.database.path
        back_up(path, tmp_path / "copy.sqlite")
        point.certify()
        log = path.with_name(path.name + "-wal").read_bytes()
    path.with_name(path.name + "-wal").write_bytes(log)

    restore(tmp_path / "copy.sqlite", path, NOW)

    assert not path.with_name(path.name + "-wal").exists()
    assert path.with_name(path.name + ".before-20260304T050607-wal").read_bytes() == log


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(5000), b"something else"])
def test_what_is_no_backup_is_refused_and_nothing_is_changed(tmp_path: Path, content: bytes) -> None:
    with way.point(tmp_path / "point") as point:
        path = point.database.path
    (tmp_path / "copy.sqlite").write_bytes(content)
    before = fingerprint_of(path)
    with pytest.raises(BackupError):
        restore(tmp_path / "copy.sqlite", path, NOW)
    assert fingerprint_of(path) == before
    assert not [file for file in path.parent.iterdir() if ".part" in file.name or ".before" in file.name]


def test_a_backup_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    with way.point(tmp_path / "point") as point:
        back_up(point.database.path, tmp_path / "copy.sqlite")
    raw = sqlite3.connect(tmp_path / "copy.sqlite")
    raw.execute("PRAGMA user_version = 999")
    raw.close()
    with pytest.raises(BackupError, match="999"):
        restore(tmp_path / "copy.sqlite", point.database.path, NOW)


def test_records_of_the_ended_epoch_are_settled_although_the_county_has_more(tmp_path: Path) -> None:
    with way.point(tmp_path / "point") as point:
        kept = point.certify()
        back_up(point.database.path, tmp_path / "copy.sqlite")
        lost = point.certify(2)
        path = point.database.path
    restore(tmp_path / "copy.sqlite", path, NOW)
    with way.point(tmp_path / "point") as point, point.database.transaction() as transaction:
        receipt = Receipt(point=way.POINT, epoch=kept.epoch, through=2, head=lost.hash, time=NOW)
        settled = outbox.settle(transaction, way.POINT, receipt, SystemClock())
    assert [entry.record_id for entry in settled] == [kept.id]


def test_a_backup_is_made_once_a_day_and_the_last_seven_are_kept(tmp_path: Path) -> None:
    clock = ManualClock()
    folder = tmp_path / "backups"
    with way.point(tmp_path / "point") as point:
        backups = DailyBackups(point.database.path, folder, clock)
        names: list[str] = []
        for _ in range(9):
            assert backups.make_due() == 86_400
            (newest,) = {file.name for file in folder.iterdir()} - set(names)
            names.append(newest)
            os.utime(folder / newest, (clock.now().timestamp(),) * 2)
            assert backups.make_due() > 0
            clock.advance(86_401)
    assert sorted(file.name for file in folder.iterdir()) == names[-7:]


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    with Claim(tmp_path), pytest.raises(ClaimedError, match="in use"), Claim(tmp_path):
        pass
    with Claim(tmp_path):
        pass


def test_a_damaged_database_is_refused_and_the_way_back_is_named(tmp_path: Path) -> None:
    path = tmp_path / "point.sqlite"
    with way.point(tmp_path) as point:
        assert point.database.path == path
        for number in range(60):
            point.certify(number)
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xa5" * 8192
    path.write_bytes(content)
    before = fingerprint_of(path)
    with pytest.raises(DamagedError, match=r"point\.sqlite is damaged.*kiosk restore"):
        Database.open(path)
    assert fingerprint_of(path) == before
