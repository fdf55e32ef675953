"""The journal: every record of the point in one gap-free, chained and signed sequence, and its place in the outbox."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

import uuid6

from services.clock import Clock
from services.keys import PointKeys
from services.northbound import envelope
from services.northbound.messages import Envelope, RecordBody


class Journal:
    """Makes records. A record is made in the transaction of the act that it tells of, or not at all."""

    def __init__(self, point: str, keys: PointKeys, clock: Clock, epoch: str) -> None:
        """Nothing is read or written before `append`.

        Args:
            point: the point's id at the county.
            keys: sign the records.
            clock: says when a record was made, and whether that is to be trusted.
            epoch: the database's own, see `Database.epoch`; sequences start anew with it.
        """
        self.point = point
        self.epoch = epoch
        self._keys = keys
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []
        self._lock = Lock()

    def append(self, transaction: sqlite3.Connection, body: RecordBody) -> Envelope:
        """Make the next record, in the caller's transaction.

        Call `announce` after the transaction has been committed.

        Returns:
            The record as it will be sent.
        """
        last = transaction.execute(
            "SELECT seq, hash FROM record WHERE epoch = ? ORDER BY seq DESC LIMIT 1", (self.epoch,)
        ).fetchone()
        document = envelope.seal(
            {
                "v": 1,
                "id": str(uuid6.uuid7()),
                "point": self.point,
                "epoch": self.epoch,
                "seq": last["seq"] + 1 if last else 1,
                "time": self._clock.now().isoformat(),
                "clock_trusted": self._clock.trusted(),
                "prev": last["hash"] if last else envelope.NO_RECORD,
                "body": body.model_dump(mode="json"),
            },
            self._keys.signing,
        )
        record = Envelope.model_validate(document)
        transaction.execute(
            "INSERT INTO record (epoch, seq, id, kind, hash, prev, envelope) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                record.epoch,
                record.seq,
                record.id,
                document["body"]["kind"],
                record.hash,
                record.prev,
                envelope.canonical(document).decode(),
            ),
        )
        transaction.execute(
            "INSERT INTO outbox (record_id, epoch, seq, priority, channel) VALUES (?, ?, ?, ?, ?)",
            (record.id, record.epoch, record.seq, body.priority, body.channel),
        )
        return record

    def announce(self) -> None:
        """Tell everybody who waits for records that a transaction with some has been committed; never blocks."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener at every `announce`, in the announcing thread.

        Returns:
            A function that ends the subscription.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe
