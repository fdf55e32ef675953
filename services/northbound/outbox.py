"""The outbox: records that the county has not answered for. Only its receipt takes a row out, never the broker."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.clock import Clock
from services.northbound.envelope import NO_RECORD
from services.northbound.messages import Receipt


class ReceiptError(Exception):
    """A receipt speaks of what this point never made; nothing of it is believed."""


class Verdict(StrEnum):
    """What the county did with a record."""

    STORED = "stored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The county has answered for a record.

    Attributes:
        record_id: which one.
        verdict: whether it is stored.
        reason: why it was refused; `None` when it is stored.
        kind: of the record.
        seq: of the record.
    """

    record_id: str
    verdict: Verdict
    reason: str | None
    kind: str
    seq: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A record that waits for the county's answer.

    Attributes:
        record_id: which one.
        epoch: of the database it was made in.
        seq: its number there.
        kind: what it is.
        channel: the last part of its topic.
        time: when it was made, as the envelope says.
        envelope: the text that is sent.
        published: how often it was handed to the broker.
        refusal: why the broker did not take it the last time; `None` when it did, or was not asked yet.
    """

    record_id: str
    epoch: str
    seq: int
    kind: str
    channel: str
    time: str
    envelope: str
    published: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records are where.

    Attributes:
        pending: without an answer.
        held_up: those of them that the broker refused the last time.
        refused: those that the county refused.
    """

    pending: int
    held_up: int
    refused: int


def window(connection: sqlite3.Connection, channel: str, size: int) -> list[Pending]:
    """The first records of a channel in the order in which they should leave: by priority, then oldest first."""
    rows = connection.execute(
        """
        SELECT record_id, outbox.epoch, outbox.seq, kind, channel, json_extract(envelope, '$.time') AS time, envelope,
               published, refusal
        FROM outbox JOIN record ON record.id = outbox.record_id
        WHERE channel = ? ORDER BY priority, ordinal LIMIT ?
        """,
        (channel, size),
    )
    return [Pending(**row) for row in rows]


def counts(connection: sqlite3.Connection) -> Counts:
    """How many records are where."""
    row = connection.execute(
        """
        SELECT (SELECT count(*) FROM outbox) AS pending,
               (SELECT count(*) FROM outbox WHERE refusal IS NOT NULL) AS held_up,
               (SELECT count(*) FROM settlement WHERE verdict = 'refused') AS refused
        """
    ).fetchone()
    return Counts(**row)


def note_published(transaction: sqlite3.Connection, record_ids: Iterable[str]) -> None:
    """Count that records were handed to the broker once more."""
    transaction.executemany(
        "UPDATE outbox SET published = published + 1 WHERE record_id = ?", [(record_id,) for record_id in record_ids]
    )


def note_answer(transaction: sqlite3.Connection, record_id: str, refusal: str | None) -> None:
    """Write down whether the broker took a record."""
    transaction.execute("UPDATE outbox SET refusal = ? WHERE record_id = ?", (refusal, record_id))


def settlement(connection: sqlite3.Connection, record_id: str) -> Settlement | None:
    """The county's answer for a record; `None` while there is none."""
    row = connection.execute(
        """
        SELECT record_id, verdict, reason, kind, seq FROM settlement JOIN record ON record.id = record_id
        WHERE record_id = ?
        """,
        (record_id,),
    ).fetchone()
    return _settlement(row) if row else None


def settle(transaction: sqlite3.Connection, point: str, receipt: Receipt, clock: Clock) -> list[Settlement]:
    """Take out of the outbox what a receipt answers for.

    Returns:
        What was settled by it, and not before.

    Raises:
        ReceiptError: it is not for this point, or speaks of records that this point did not make; nothing was changed.
    """
    _validate(transaction, point, receipt)
    settled = [*_refused(transaction, receipt), *_stored(transaction, receipt)]
    at = clock.now().isoformat()
    transaction.executemany("DELETE FROM outbox WHERE record_id = ?", [(entry.record_id,) for entry in settled])
    transaction.executemany(
        "INSERT INTO settlement (record_id, verdict, reason, at) VALUES (?, ?, ?, ?)",
        [(entry.record_id, entry.verdict, entry.reason, at) for entry in settled],
    )
    return settled


def _validate(connection: sqlite3.Connection, point: str, receipt: Receipt) -> None:
    """Hold every hash that the receipt names against our own; by the chain they stand for all records before."""
    if receipt.point != point:
        raise ReceiptError(f"it is for point {receipt.point}")
    if receipt.through == 0 and receipt.head != NO_RECORD:
        raise ReceiptError("it covers nothing and names a hash")
    claims = [(run.last, run.head) for run in receipt.also]
    claims += [(refusal.seq, refusal.hash) for refusal in receipt.refused]
    if receipt.through:
        claims.append((receipt.through, receipt.head))
    for run in receipt.also:
        if not receipt.through < run.first <= run.last:
            raise ReceiptError(f"{run.first} to {run.last} is no run beyond {receipt.through}")
    known = _last_of_former_epoch(connection, receipt.epoch)
    for seq, claimed in claims:
        if known is not None and seq > known:
            continue  # made after the backup that this database was restored from, and lost here with what it replaced
        row = connection.execute("SELECT hash FROM record WHERE epoch = ? AND seq = ?", (receipt.epoch, seq)).fetchone()
        if row is None:
            raise ReceiptError(f"record {seq} of epoch {receipt.epoch} was never made here")
        if row["hash"] != claimed:
            raise ReceiptError(f"record {seq} of epoch {receipt.epoch} has another hash here")


def _last_of_former_epoch(connection: sqlite3.Connection, epoch: str) -> int | None:
    """The last record that is known here of an epoch that ended with a restored backup; `None` for any other epoch."""
    row = connection.execute(
        "SELECT max(seq) AS last FROM record WHERE epoch = ? AND epoch <> (SELECT value FROM meta WHERE key = 'epoch')",
        (epoch,),
    ).fetchone()
    return row["last"] if row else None


def _refused(connection: sqlite3.Connection, receipt: Receipt) -> Iterator[Settlement]:
    for refusal in receipt.refused:
        for row in _pending(connection, receipt.epoch, refusal.seq, refusal.seq):
            yield Settlement(row["record_id"], Verdict.REFUSED, refusal.reason, row["kind"], row["seq"])


def _stored(connection: sqlite3.Connection, receipt: Receipt) -> Iterator[Settlement]:
    refused = {refusal.seq for refusal in receipt.refused}
    spans = [(1, receipt.through), *((run.first, run.last) for run in receipt.also)]
    for first, last in spans:
        for row in _pending(connection, receipt.epoch, first, last):
            if row["seq"] not in refused:
                yield Settlement(row["record_id"], Verdict.STORED, None, row["kind"], row["seq"])


def _pending(connection: sqlite3.Connection, epoch: str, first: int, last: int) -> list[sqlite3.Row]:
    return connection.execute(
        """
        SELECT record_id, kind, outbox.seq AS seq FROM outbox JOIN record ON record.id = record_id
        WHERE outbox.epoch = ? AND outbox.seq BETWEEN ? AND ? ORDER BY outbox.seq
        """,
        (epoch, first, last),
    ).fetchall()


def _settlement(row: sqlite3.Row) -> Settlement:
    return Settlement(row["record_id"], Verdict(row["verdict"]), row["reason"], row["kind"], row["seq"])
