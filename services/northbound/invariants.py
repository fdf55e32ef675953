"""What is true of the journal and the outbox after every transaction."""

import sqlite3
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.northbound import envelope
from services.northbound.envelope import NO_RECORD, EnvelopeError
from services.store.check import Invariant

RECORD_INVARIANTS = (
    Invariant.none_of(
        "sequences have no gaps",
        """
        SELECT 'epoch ' || epoch || ' has ' || count(*) || ' records from ' || min(seq) || ' to ' || max(seq)
        FROM record GROUP BY epoch HAVING min(seq) <> 1 OR max(seq) <> count(*)
        """,
    ),
    Invariant.none_of(
        "every record names the one before it",
        f"""
        SELECT 'record ' || seq || ' of epoch ' || epoch FROM (
            SELECT epoch, seq, prev, lag(hash, 1, '{NO_RECORD}') OVER (PARTITION BY epoch ORDER BY seq) AS before
            FROM record
        ) WHERE prev <> before
        """,  # noqa: S608 - a constant of ours
    ),
    Invariant.none_of(
        "columns say what the envelope says",
        """
        SELECT 'record ' || id FROM record
        WHERE id <> json_extract(envelope, '$.id') OR epoch <> json_extract(envelope, '$.epoch')
           OR seq <> json_extract(envelope, '$.seq') OR hash <> json_extract(envelope, '$.hash')
           OR prev <> json_extract(envelope, '$.prev') OR kind <> json_extract(envelope, '$.body.kind')
        """,
    ),
    Invariant.none_of(
        "a record is either in the outbox or settled",
        """
        SELECT 'record ' || id || ' is ' || iif(waiting, 'both', 'neither') FROM (
            SELECT id, EXISTS (SELECT 1 FROM outbox WHERE record_id = id) AS waiting,
                   EXISTS (SELECT 1 FROM settlement WHERE record_id = id) AS settled
            FROM record
        ) WHERE waiting = settled
        """,
    ),
    Invariant.none_of(
        "the outbox knows its records",
        """
        SELECT 'record ' || id FROM outbox JOIN record ON record.id = record_id
        WHERE outbox.epoch <> record.epoch OR outbox.seq <> record.seq
        """,
    ),
    Invariant.none_of(
        "an alarm is active exactly while its last record says so",
        """
        WITH latest AS (
            SELECT json_extract(envelope, '$.body.source') AS source, json_extract(envelope, '$.body.fault') AS fault,
                   json_extract(envelope, '$.body.active') AS active, max(rowid)
            FROM record WHERE kind = 'alarm' GROUP BY source, fault
        ), said AS (SELECT source, fault FROM latest WHERE active), kept AS (SELECT source, fault FROM active_alarm)
        SELECT source || '/' || fault FROM (SELECT * FROM said EXCEPT SELECT * FROM kept)
        UNION ALL SELECT source || '/' || fault FROM (SELECT * FROM kept EXCEPT SELECT * FROM said)
        """,
    ),
)


def sealed_by(public_key: bytes) -> Invariant:
    """The invariant that every record is sealed with the point's key.

    Args:
        public_key: the 32 bytes of Ed25519.
    """
    key = Ed25519PublicKey.from_public_bytes(public_key)

    def breaches(connection: sqlite3.Connection) -> Iterator[str]:
        for row in connection.execute("SELECT id, envelope FROM record ORDER BY rowid"):
            try:
                envelope.verify(envelope.parse(row["envelope"].encode()), key)
            except EnvelopeError as error:
                yield f"record {row['id']}: {error}"

    return Invariant("every record is sealed with the point's key", breaches)
