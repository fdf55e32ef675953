"""What a transaction promises, what readers see, and which files are taken for the point's database."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from services.store import database as module
from services.store.check import check
from services.store.database import DamagedError, Database, FullError, StoreError
from services.store.migrations import MIGRATIONS, Migration
from tests.support.certification import fingerprint_of

NEWEST = MIGRATIONS[-1].number
PUT = "INSERT INTO meta (key, value) VALUES (?, ?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "point.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database.open(path)
    yield database
    assert check(database) == []
    database.close()


def _keys(database: Database) -> set[str]:
    with database.read() as connection:
        return {str(row["key"]) for row in connection.execute("SELECT key FROM meta WHERE key <> 'epoch'")}


def _shape(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        return int(raw.execute("PRAGMA user_version").fetchone()[0])


# --- transactions


def test_a_transaction_is_there_after_it_ends(database: Database, path: Path) -> None:
    with database.transaction() as transaction:
        transaction.execute(PUT, ("a", "1"))
        transaction.execute(PUT, ("b", "2"))
    database.close()
    reopened = Database.open(path)
    assert _keys(reopened) == {"a", "b"}
    reopened.close()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.IntegrityError])
def test_a_transaction_that_raises_leaves_no_trace(database: Database, error: type[BaseException]) -> None:
    with pytest.raises(error), database.transaction() as transaction:
        transaction.execute(PUT, ("a", "1"))
        raise error
    assert _keys(database) == set()
    with database.transaction() as transaction:
        transaction.execute(PUT, ("b", "2"))
    assert _keys(database) == {"b"}


def test_a_broken_rule_undoes_the_whole_transaction(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as transaction:
        transaction.execute(PUT, ("a", "1"))
        transaction.execute(
            "INSERT INTO finger (id, resident_id, position, algorithm, templates, enrolled_at)"
            " VALUES ('f', 'nobody', 1, 'x', x'', '')"
        )
    assert _keys(database) == set()


def test_a_transaction_inside_another_is_refused(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.execute(PUT, ("a", "1"))
        with pytest.raises(RuntimeError, match="already open"), database.transaction():
            pytest.fail("it was opened")
        transaction.execute(PUT, ("b", "2"))
    assert _keys(database) == {"a", "b"}


def test_writers_of_many_threads_take_turns(database: Database) -> None:
    def count(_: int) -> None:
        with database.transaction() as transaction:
            row = transaction.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()
            transaction.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('count', ?)", (str(int(row["value"]) + 1),)
            )

    with database.transaction() as transaction:
        transaction.execute(PUT, ("count", "0"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(40)))
    with database.read() as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()["value"] == "40"


# --- readers


def test_readers_see_the_last_commit_and_wait_for_nobody(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.execute(PUT, ("a", "1"))
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(_keys, database).result() == set()
        assert _keys(database) == set()  # not even this thread's own
    assert _keys(database) == {"a"}


def test_a_block_of_reading_sees_one_state(database: Database) -> None:
    def write() -> None:
        with database.transaction() as transaction:
            transaction.execute(PUT, ("a", "1"))

    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM meta").fetchone()[0] == 1
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        with database.read() as nested:
            assert nested is connection
        assert connection.execute("SELECT count(*) FROM meta").fetchone()[0] == 1
    assert _keys(database) == {"a"}


def test_readers_cannot_write(database: Database) -> None:
    with database.read() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute(PUT, ("a", "1"))


def test_reading_goes_on_after_an_error(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError), database.read() as connection:
        connection.execute("SELECT * FROM nothing")
    assert _keys(database) == set()


# --- a full disk


def test_without_room_nothing_is_changed_and_it_goes_on_with_room(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.execute(PUT, ("a", "1"))
    pages = database._writer.execute("PRAGMA page_count").fetchone()[0]
    database._writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(FullError, match=r"no room left for .*point\.sqlite"), database.transaction() as transaction:
        transaction.execute(PUT, ("b", "2"))
        transaction.execute(PUT, ("c", "x" * 100_000))
    assert _keys(database) == {"a"}
    database._writer.execute(f"PRAGMA max_page_count = {pages + 1000}")
    with database.transaction() as transaction:
        transaction.execute(PUT, ("c", "x" * 100_000))
    assert _keys(database) == {"a", "c"}


# --- opening


def test_a_new_database_has_the_newest_schema_and_an_epoch(database: Database, path: Path) -> None:
    assert _version(path) == NEWEST
    assert len(database.epoch) == 36
    with database.read() as connection:
        facts = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys")]
        assert (*facts, connection.execute("PRAGMA synchronous").fetchone()[0]) == ("wal", 1, 2)


def test_the_epoch_is_drawn_once_for_each_database(database: Database, path: Path, tmp_path: Path) -> None:
    again = Database.open(path)
    other = Database.open(tmp_path / "other.sqlite")
    assert again.epoch == database.epoch != other.epoch
    again.close()
    other.close()


@pytest.mark.parametrize("version", range(1, NEWEST))
def test_an_older_schema_is_brought_up_and_keeps_its_rows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    with monkeypatch.context() as older:
        older.setattr(module, "MIGRATIONS", MIGRATIONS[:version])
        before = Database.open(path)
    with before.transaction() as transaction:
        transaction.execute(PUT, ("kept", "1"))
    epoch = before.epoch
    before.close()
    assert _version(path) == version
    after = Database.open(path)
    assert (_keys(after), after.epoch) == ({"kept"}, epoch)
    assert check(after) == []
    after.close()
    Database.open(tmp_path / "fresh.sqlite").close()
    assert _version(path) == NEWEST
    assert _shape(path) == _shape(tmp_path / "fresh.sqlite")


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Database.open(path).close()
    before = _shape(path)
    bad = Migration(NEWEST + 1, "CREATE TABLE half (id INTEGER); INSERT INTO nothing VALUES (1)")
    with monkeypatch.context() as newer:
        newer.setattr(module, "MIGRATIONS", (*MIGRATIONS, bad))
        with pytest.raises(StoreError, match="nothing"):
            Database.open(path)
    assert (_version(path), _shape(path)) == (NEWEST, before)
    Database.open(path).close()


def test_the_database_of_a_newer_program_is_left_alone(path: Path) -> None:
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {NEWEST + 1}")
    before = fingerprint_of(path)
    with pytest.raises(StoreError, match=rf"schema {NEWEST + 1}.*install the newer program"):
        Database.open(path)
    assert fingerprint_of(path) == before


@pytest.mark.parametrize(
    "content", [b"not a database at all " * 200, b"\0" * 8192, b"SQLite format 3\0" + b"\xa5" * 5000]
)
def test_what_is_no_database_is_refused_and_left_byte_for_byte(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"point\.sqlite is damaged.*kiosk restore") as error:
        Database.open(path)
    assert error.value.path == path
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_database_that_was_cut_short_is_refused_and_left_byte_for_byte(path: Path) -> None:
    Database.open(path).close()
    path.write_bytes(path.read_bytes()[:-8192])
    before = fingerprint_of(path)
    with pytest.raises(DamagedError):
        Database.open(path)
    assert fingerprint_of(path) == before


@pytest.mark.parametrize("missing", [False, True])
def test_no_new_database_is_begun_in_the_place_of_an_emptied_one(path: Path, tmp_path: Path, missing: bool) -> None:
    database = Database.open(tmp_path / "whole.sqlite")
    log = path.with_name(f"{path.name}-wal")
    log.write_bytes((tmp_path / "whole.sqlite-wal").read_bytes())
    database.close()
    if not missing:
        path.touch()
    before = fingerprint_of(log)
    with pytest.raises(DamagedError, match=r"nothing is left.*point\.sqlite-wal.*kiosk restore"):
        Database.open(path)
    assert fingerprint_of(log) == before
    assert path.exists() is not missing


def test_a_database_that_could_not_be_begun_can_be_begun_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("database or disk is full")

    connect = sqlite3.connect
    with monkeypatch.context() as full:
        full.setattr(sqlite3, "connect", lambda *args, **named: connect(*args, **named, factory=Full))
        with pytest.raises(StoreError, match="full"):
            Database.open(path)
    Database.open(path).close()


def test_what_cannot_be_opened_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match=r"point\.sqlite cannot be opened"):
        Database.open(path)
    with pytest.raises(StoreError, match=r"missing.point\.sqlite cannot be opened"):
        Database.open(path.parent / "missing" / path.name)
