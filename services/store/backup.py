"""Backups of the point's database, and the way back from one.

A file is written under another name, checked, synchronised and renamed, and then its folder is synchronised: a backup
is whole or not there. What stands in the place of a restored database is kept beside it, never overwritten.
"""

import logging
import os
import sqlite3
import threading
import uuid
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from services.clock import Clock
from services.store.database import StoreError
from services.store.migrations import MIGRATIONS

_LOG = logging.getLogger(__name__)

_PATTERN: Final = "point-*.sqlite"
_KEPT: Final = 7
_EVERY: Final = timedelta(hours=24)
_AGAIN_S: Final = 600.0  # after a backup that failed
_LOGS: Final = ("-wal", "-shm")


class BackupError(StoreError):
    """The file is no backup that can be restored; nothing was changed."""


def back_up(path: Path, target: Path) -> None:
    """Copy a database that may be in use, as it is at one moment (SQLite's online backup).

    Args:
        path: the database.
        target: where the copy goes, over whatever is there.

    Raises:
        StoreError: the copy cannot be written, or is not sound; `target` is as it was.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        _check(part)
        _settle(part, target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def restore(backup: Path, path: Path, now: datetime) -> str:
    """Put a backup in the database's place and give it a new epoch, so that its records are not taken for forged ones.

    The database that was there is kept as `<name>.before-<time>`, with its `-wal` and `-shm`. The caller holds the
    claim to the folder.

    Args:
        backup: what `back_up` has made.
        path: the database's place.
        now: names what is kept.

    Returns:
        The new epoch.

    Raises:
        BackupError: the file is missing, damaged, or of a newer program.
        StoreError: the disk does not take it; the database is as it was.
    """
    part = path.with_name(path.name + ".part")
    epoch = str(uuid.uuid4())
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_bytes(backup.read_bytes())
        _check(part)
        with closing(sqlite3.connect(part)) as connection, connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
        _keep(path, f".before-{now:%Y%m%dT%H%M%S}")
        _settle(part, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} cannot be restored from {backup}: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return epoch


class DailyBackups:
    """Backs the database up once a day, in a thread of its own; the last seven are kept."""

    def __init__(self, path: Path, folder: Path, clock: Clock) -> None:
        """Nothing is copied before `start`.

        Args:
            path: the database.
            folder: where backups go.
            clock: names them, and says when the next one is due.
        """
        self._path = path
        self._folder = folder
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backups", daemon=True)

    def start(self) -> None:
        """Begin; the first one is made at once where the newest is a day old."""
        self._thread.start()

    def close(self) -> None:
        """Make no more; one that is being made is finished."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def make_due(self) -> float:
        """Make a backup if one is due.

        Returns:
            Seconds until the next one is.

        Raises:
            StoreError, OSError: it cannot be made.
        """
        pause = self._pause()
        if pause > 0:
            return pause
        back_up(self._path, self._folder / f"point-{self._clock.now():%Y%m%dT%H%M%S}.sqlite")
        self._thin_out()
        return _EVERY.total_seconds()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                pause = self.make_due()
            except (StoreError, OSError) as error:
                _LOG.warning("no backup was made: %s", error)
                pause = _AGAIN_S

    def _pause(self) -> float:
        """Seconds until the next backup is due; one that is dated in the future says nothing."""
        newest = max((file.stat().st_mtime for file in self._folder.glob(_PATTERN)), default=None)
        if newest is None:
            return 0.0
        age = self._clock.now().timestamp() - newest
        return max(0.0, _EVERY.total_seconds() - age) if age >= 0 else 0.0

    def _thin_out(self) -> None:
        """Delete the oldest by the order in which they were written: names tell what the clock said, right or wrong."""
        files = sorted(self._folder.glob(_PATTERN), key=lambda file: file.stat().st_mtime)
        for file in files[:-_KEPT]:
            file.unlink()


def _check(path: Path) -> None:
    """Make sure that a file is a sound database of ours.

    Raises:
        BackupError: it is not.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"it is not a sound database ({error}); nothing was changed") from error
    if verdict != "ok":
        raise BackupError(f"it is damaged ({verdict}); nothing was changed")
    newest = MIGRATIONS[-1].number
    if not 1 <= version <= newest:
        raise BackupError(f"it has schema {version}, this program knows 1 to {newest}; nothing was changed")


def _keep(path: Path, suffix: str) -> None:
    """Give what is there a second name, and take away the log, which must not be read with another database.

    The database's own name never leads nowhere: a power cut here must not look like a new point.
    """
    if path.exists():
        os.link(path, path.with_name(path.name + suffix))
    for side in _LOGS:
        file = path.with_name(path.name + side)
        if file.exists():
            file.rename(path.with_name(path.name + suffix + side))


def _settle(part: Path, target: Path) -> None:
    """Have a written file on disk, then give it its name, then have the name on disk."""
    _synchronise(part)
    part.rename(target)
    _synchronise(target.parent)


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
