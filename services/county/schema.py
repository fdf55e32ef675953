"""The county's tables, for SQLite and PostgreSQL alike."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
)

metadata = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no zones and gives it back without one; this puts it back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Only moments with a zone are stored, in UTC."""
        del dialect
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """A moment with its zone."""
        del dialect
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


#: Records that are stored, each once; never changed.
record = Table(
    "record",
    metadata,
    Column("point", String(40), primary_key=True),
    Column("epoch", String(36), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("prev", String(64), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("envelope", Text, nullable=False),  # canonical JSON, so that anybody can verify it again
    Index("record_by_arrival", "received_at"),
)

#: How far each sequence is stored without a gap; one row a point and epoch, locked by whoever stores for it.
stream = Table(
    "stream",
    metadata,
    Column("point", String(40), primary_key=True),
    Column("epoch", String(36), primary_key=True),
    Column("through", BigInteger, nullable=False),
    Column("head", String(64), nullable=False),  # the hash of record `through`
)

#: Signed records that are not stored and never will be, with why.
refusal = Table(
    "refusal",
    metadata,
    Column("point", String(40), primary_key=True),
    Column("epoch", String(36), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), primary_key=True),
    Column("reason", String(40), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("envelope", Text, nullable=False),
)

#: Messages that nobody can be held to: unknown point, wrong shape, wrong signature.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("received_at", UtcTime, nullable=False),
    Column("topic", String(400), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("detail", String(400), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("quarantine_by_arrival", "received_at"),
)

#: How many messages were quarantined for each reason, for ever; the messages themselves are bounded.
quarantine_count = Table(
    "quarantine_count",
    metadata,
    Column("reason", String(40), primary_key=True),
    Column("messages", BigInteger, nullable=False),
)

#: The last state of each point.
point_status = Table(
    "point_status",
    metadata,
    Column("point", String(40), primary_key=True),
    Column("online", Boolean, nullable=False),
    Column("since", UtcTime, nullable=False),  # of `online`
    Column("received_at", UtcTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=True),  # the last detail that came, kept while the point is offline
)


def open_engine(url: str) -> Engine:
    """Open the database and make what is missing."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    metadata.create_all(engine)
    return engine


def _on_sqlite_connect(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, before the first read
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
