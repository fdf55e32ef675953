"""Opens the point's database, keeps it sound, and hands out transactions.

The rules that every writer keeps are in `docs/storage.md`; `services.store.check` holds a database against them.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from services.store.migrations import MIGRATIONS

_BUSY_TIMEOUT_S = 10.0


class StoreError(Exception):
    """The database cannot be used as it is; the message says what to do about it."""


class DamagedError(StoreError):
    """The file is not a sound database. Nothing has been changed in it.

    Attributes:
        path: the damaged file.
    """

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"{path} is damaged ({detail}). Nothing was changed. "
            f"Keep a copy of it and of {path.name}-wal, then bring back the last backup with: kiosk restore"
        )
        self.path = path


class FullError(StoreError):
    """The disk has no room for the change; the change was not made at all."""


class Database:
    """The point's one database.

    Writers queue for one lock and use one connection; each reading thread has a connection of its own and sees the
    last committed state.
    """

    def __init__(self, path: Path) -> None:
        """Use `open`, which also checks and migrates."""
        self.path = path
        self._write_lock = threading.RLock()
        self._writer = self._connect()
        self._readers = threading.local()
        self._all_readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the database, creating it when the file does not exist, and bring it to the newest schema.

        Args:
            path: the file; its folder exists.

        Raises:
            DamagedError: the file is not a sound database.
            StoreError: the file belongs to a newer program, or cannot be read or written.
        """
        if _is_emptied(path):
            raise DamagedError(path, "nothing is left of it")
        try:
            database = cls(path)
        except sqlite3.DatabaseError as error:
            _take_back(path)
            raise _refusal(path, error) from error
        try:
            database._verify()
            database._migrate()
        except sqlite3.DatabaseError as error:
            database.close()
            raise _refusal(path, error) from error
        except StoreError:
            database.close()
            raise
        return database

    @property
    def epoch(self) -> str:
        """A UUID that is drawn when the database is made: the county tells a rebuilt point by it."""
        with self.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return str(row["value"])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One writing transaction: all of it is on disk when the block ends, or none of it when the block raises.

        Raises:
            FullError: the disk has no room.
        """
        with self._write_lock:
            if self._writer.in_transaction:
                raise RuntimeError("a transaction is already open in this thread")
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # after some errors SQLite has rolled back by itself
                    self._writer.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and _is_full(error):
                    raise FullError(f"no room left for {self.path}: {error}") from error
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread for reading; several statements in the block see one and the same state."""
        connection = self._reader()
        nested = connection.in_transaction
        if not nested:
            connection.execute("BEGIN")
        try:
            yield connection
        finally:
            if not nested:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every connection."""
        with self._readers_lock:
            readers, self._all_readers = self._all_readers, []
        for connection in (*readers, self._writer):
            connection.close()

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._readers.connection = connection
            with self._readers_lock:
                self._all_readers.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _verify(self) -> None:
        complaints = [str(row[0]) for row in self._writer.execute("PRAGMA quick_check(3)")]
        if complaints != ["ok"]:
            raise DamagedError(self.path, "; ".join(complaints))

    def _migrate(self) -> None:
        version = int(self._writer.execute("PRAGMA user_version").fetchone()[0])
        newest = MIGRATIONS[-1].number
        if version > newest:
            raise StoreError(
                f"{self.path} has schema {version}, this program knows {newest}: "
                "install the newer program again; nothing was changed"
            )
        for migration in MIGRATIONS:
            if migration.number > version:
                self._apply(migration.number, migration.sql)

    def _apply(self, number: int, sql: str) -> None:
        try:
            self._writer.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {number};")
            if number == 1:
                self._writer.execute("INSERT INTO meta (key, value) VALUES ('epoch', ?)", (str(uuid.uuid4()),))
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            raise


def _is_emptied(path: Path) -> bool:
    """Whether there was a database: SQLite would begin a new one in its place, and delete its log."""
    if path.exists():
        return path.is_file() and path.stat().st_size == 0
    return path.with_name(f"{path.name}-wal").exists()


def _take_back(path: Path) -> None:
    """Leave no empty file where no database could be begun: it would be taken for an emptied one."""
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


def _refusal(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """The error to raise for what SQLite said while the file was opened."""
    if _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return DamagedError(path, str(error))
    if _is_full(error):
        return FullError(f"no room left for {path}: {error}")
    return StoreError(f"{path} cannot be opened: {error}")


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, without the extension in the upper bytes; 0 where Python raised by itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_full(error: sqlite3.Error) -> bool:
    """Whether the disk has no room: said outright, or met while the write-ahead log was being extended."""
    return _code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
