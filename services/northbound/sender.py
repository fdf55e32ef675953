"""Sends the outbox and the point's state over the link, and settles records by the county's receipts."""

import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

from pydantic import ValidationError

from services.clock import Clock
from services.northbound import outbox, topics
from services.northbound.alarms import Alarms
from services.northbound.journal import Journal
from services.northbound.link import Link, Published, Received
from services.northbound.messages import Alarm, PointStatus, Receipt
from services.northbound.outbox import Pending, ReceiptError, Settlement, Verdict
from services.northbound.state import Listeners, StateBoard
from services.northbound.status import StatusReport, tells_more
from services.store.database import Database, StoreError

_LOG = logging.getLogger(__name__)
_ALARM_SOURCE = "county"
_ALARM_KIND = Alarm.model_fields["kind"].default


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient and how talkative the sender is, in seconds where nothing else is said.

    Attributes:
        window: how many records of a channel may be without an answer, a number.
        receipt: how long the county has for its receipt before a record is sent again, the first time; doubles.
        receipt_most: the bound of that.
        silent_after: after how many unanswered publishes of one record the county counts as silent, a number.
        look_every: the outbox is looked at this often even if nobody said that there is something.
        heartbeat: the longest pause between two states.
        status_least: the shortest.
    """

    window: int = 64
    receipt: float = 15.0
    receipt_most: float = 300.0
    silent_after: int = 5
    look_every: float = 5.0
    heartbeat: float = 900.0
    status_least: float = 1.0


@dataclass(slots=True)
class _Attempt:
    """How it stands with a record that was handed to the broker.

    Attributes:
        count: how often that was done without an answer of the county.
        due: when to do it again, monotonic.
        held_up: whether the outbox says that the broker refused it.
    """

    count: int
    due: float
    held_up: bool


class Sender:
    """The handler of the point's connection; everything but `wake` belongs to the connection's thread."""

    def __init__(
        self,
        *,
        point: str,
        county: str,
        database: Database,
        journal: Journal,
        alarms: Alarms,
        status: StatusReport,
        board: StateBoard,
        settled: Listeners[Sequence[Settlement]],
        clock: Clock,
        timing: Timing,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Nothing happens before the link is up."""
        self._point = point
        self._county = county
        self._database = database
        self._journal = journal
        self._alarms = alarms
        self._status = status
        self._board = board
        self._settled = settled
        self._clock = clock
        self._timing = timing
        self._draw = draw
        self._receipts = topics.down(county, point, "receipt")
        self._stirred = Event()
        self._link: Link | None = None
        self._attempts: dict[str, _Attempt] = {}
        self._records_by_mid: dict[int, str] = {}
        self._look_at = 0.0
        self._status_mid: int | None = None
        self._last_status: PointStatus | None = None
        self._last_status_at = 0.0

    def wake(self) -> None:
        """There may be something new in the outbox. May be called by any thread."""
        self._stirred.set()

    def online(self, link: Link) -> None:
        """Begin anew: what was under way on the last link is sent again."""
        self._link = link
        self._attempts.clear()
        self._records_by_mid.clear()
        self._look_at = 0.0
        self._last_status = None
        self._board.update(connected=True, version=str(link.version), problem="")

    def offline(self, reason: str) -> None:
        """Nothing more can be sent; what is under way is sent again on the next link."""
        self._link = None
        self._board.update(connected=False, problem=reason)

    def received(self, message: Received) -> None:
        """Take a receipt; what is none is acknowledged, too, since it would be none the next time either."""
        if message.topic == self._receipts:
            try:
                receipt = Receipt.model_validate_json(message.payload)
                self._take(receipt)
            except (ValidationError, ReceiptError) as error:
                self._disbelieve(error)
        if self._link is not None:
            self._link.acknowledge(message)

    def published(self, answer: Published) -> None:
        """A refused publish is seen by nobody but us: it stays in the outbox and is tried again."""
        if answer.mid == self._status_mid:
            if answer.refusal is not None:
                self._board.update(last_refusal=f"status: {answer.refusal}")
            return
        record_id = self._records_by_mid.pop(answer.mid, None)
        attempt = self._attempts.get(record_id) if record_id is not None else None
        if record_id is None or attempt is None:
            return
        if answer.refusal is not None:
            self._board.update(last_refusal=f"record {record_id}: {answer.refusal}")
            self._alarm("publish_refused", active=True, detail=answer.refusal)
        if attempt.held_up or answer.refusal is not None:
            self._note(lambda transaction: outbox.note_answer(transaction, record_id, answer.refusal))
            attempt.held_up = answer.refusal is not None
            self._board.recount(self._database)
        if answer.refusal is None and not self._board.state.held_up:
            self._alarm("publish_refused", active=False)

    def work(self) -> float:
        """Publish the state and the records whose time has come."""
        now = self._clock.monotonic()
        self._say_status(now)
        if self._stirred.is_set() or now >= self._look_at:
            self._stirred.clear()
            self._send_due(now)
        return max(0.0, self._look_at - self._clock.monotonic())

    def stopping(self) -> None:
        """Say that we go: a DISCONNECT in good order makes the broker forget the last will."""
        self._publish_status(self._status.offline())

    def _send_due(self, now: float) -> None:
        with self._database.read() as connection:
            rows = [
                row
                for channel in topics.RECORD_CHANNELS
                for row in outbox.window(connection, channel, self._timing.window)
            ]
        kept = {row.record_id for row in rows}
        self._attempts = {record_id: attempt for record_id, attempt in self._attempts.items() if record_id in kept}
        sent = [row.record_id for row in rows if self._send(row, now)]
        if sent:
            self._note(lambda transaction: outbox.note_published(transaction, sent))
        if any(attempt.count > self._timing.silent_after for attempt in self._attempts.values()):
            self._alarm("silent", active=True, detail="records are published and no receipt comes")
        self._look_at = min((attempt.due for attempt in self._attempts.values()), default=now + self._timing.look_every)
        self._look_at = min(self._look_at, now + self._timing.look_every)
        self._board.recount(self._database)

    def _send(self, row: Pending, now: float) -> bool:
        """Publish a record if it is new or its time has come again."""
        attempt = self._attempts.get(row.record_id)
        if self._link is None or (attempt is not None and now < attempt.due):
            return False
        mid = self._link.publish(
            topics.up(self._county, self._point, row.channel),
            row.envelope.encode(),
            attributes=(
                ("specversion", "1.0"),
                ("id", row.record_id),
                ("source", f"/kiosk/{self._county}/{self._point}"),
                ("type", row.kind),
                ("time", row.time),
            ),
        )
        self._records_by_mid[mid] = row.record_id
        count = attempt.count + 1 if attempt is not None else 1
        self._attempts[row.record_id] = _Attempt(count, now + self._patience(count), row.refusal is not None)
        return True

    def _patience(self, count: int) -> float:
        """Seconds until a record is published again; half of it is jitter, so that a fleet does not march in step."""
        bound = min(self._timing.receipt_most, self._timing.receipt * 2.0 ** min(count - 1, 32))
        return bound * (1.0 + self._draw()) / 2.0

    def _take(self, receipt: Receipt) -> None:
        with self._database.transaction() as transaction:
            settled = outbox.settle(transaction, self._point, receipt, self._clock)
            for entry in settled:
                if entry.verdict is Verdict.REFUSED and entry.kind != _ALARM_KIND:  # no alarm about an alarm
                    self._alarms.report_in(
                        transaction, f"record/{entry.seq}", "refused", active=True, detail=entry.reason or ""
                    )
        self._board.update(last_receipt_at=self._clock.now())
        self._board.recount(self._database)
        self._alarm("receipt_invalid", active=False)
        if not settled:
            return
        for entry in settled:
            self._attempts.pop(entry.record_id, None)
            if entry.verdict is Verdict.REFUSED:
                self._board.update(last_refusal=f"record {entry.record_id}: the county refuses it: {entry.reason}")
                _LOG.error("the county refuses record %s (%s): %s", entry.seq, entry.kind, entry.reason)
        self._alarm("silent", active=False)
        if not self._board.state.held_up:
            self._alarm("publish_refused", active=False)
        self._stirred.set()
        self._settled.tell(settled)

    def _disbelieve(self, error: Exception) -> None:
        _LOG.error("a receipt is not believed: %s", error)
        self._board.update(last_refusal=f"receipt: {error}")
        self._alarm("receipt_invalid", active=True, detail=str(error))

    def _say_status(self, now: float) -> None:
        if self._last_status is not None and now - self._last_status_at < self._timing.status_least:
            return
        status = self._status.online()
        if tells_more(status, self._last_status) or now - self._last_status_at >= self._timing.heartbeat:
            self._publish_status(status)
            self._last_status = status
            self._last_status_at = now

    def _publish_status(self, status: PointStatus) -> None:
        if self._link is None:
            return
        self._status_mid = self._link.publish(
            topics.up(self._county, self._point, topics.STATUS), status.model_dump_json().encode(), retain=True
        )

    def _note(self, write: Callable[[sqlite3.Connection], None]) -> None:
        """Write down what is good to know and not worth stopping for: on a full disk, records still have to leave."""
        try:
            with self._database.transaction() as transaction:
                write(transaction)
        except (StoreError, sqlite3.Error) as error:
            _LOG.warning("the outbox cannot be updated: %s", error)

    def _alarm(self, fault: str, *, active: bool, detail: str = "") -> None:
        try:
            self._alarms.report(_ALARM_SOURCE, fault, active=active, detail=detail)
        except (StoreError, sqlite3.Error) as error:
            _LOG.warning("the alarm %s cannot be recorded: %s", fault, error)
