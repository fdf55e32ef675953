"""Writes what was judged into the county's tables. Everything here happens in the caller's transaction."""

from datetime import datetime

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from services.county.judgement import SignedRecord, Unreliable
from services.county.schema import point_status, quarantine, quarantine_count, record, refusal, stream
from services.northbound.envelope import NO_RECORD
from services.northbound.link import Received
from services.northbound.messages import EnvelopeHeader, PointStatus

#: How many quarantined messages are kept to be looked at; all of them are counted.
QUARANTINE_ROWS = 10_000
_TEXT = 400


def take_record(connection: Connection, signed: SignedRecord, now: datetime) -> None:
    """Store a record once, or write down why it cannot be stored."""
    header = signed.header
    through = _lock_stream(connection, header)
    if _is_stored(connection, header):
        return
    reason = signed.refusal or _objection(connection, header)
    if reason is not None:
        _refuse(connection, signed, reason, now)
        return
    connection.execute(
        insert(record).values(
            point=header.point,
            epoch=header.epoch,
            seq=header.seq,
            id=header.id,
            kind=signed.kind,
            hash=header.hash,
            prev=header.prev,
            made_at=header.time,
            received_at=now,
            envelope=signed.document,
        )
    )
    if header.seq == through + 1:
        _advance(connection, header, through)


def take_status(connection: Connection, status: PointStatus, now: datetime) -> None:
    """Keep the last state of a point."""
    values: dict[str, object] = {"online": status.online, "received_at": now, "status": status.model_dump_json()}
    if status.detail is not None:
        values["detail"] = status.detail.model_dump_json()
    known = connection.execute(select(point_status.c.online).where(point_status.c.point == status.point)).first()
    if known is None:
        connection.execute(insert(point_status).values(point=status.point, since=now, **values))
        return
    if known.online is not status.online:
        values["since"] = now
    connection.execute(update(point_status).where(point_status.c.point == status.point).values(**values))


def set_aside(connection: Connection, message: Received, verdict: Unreliable, now: datetime) -> None:
    """Keep a message that nobody can be held to, and count it; the oldest make room."""
    inserted = connection.execute(
        insert(quarantine).values(
            received_at=now,
            topic=_printable(message.topic or ""),
            reason=verdict.reason,
            detail=_printable(verdict.detail),
            payload=message.payload[:65_536],
        )
    )
    newest = inserted.inserted_primary_key
    if newest is not None:
        connection.execute(delete(quarantine).where(quarantine.c.id <= newest[0] - QUARANTINE_ROWS))
    counted = connection.execute(
        update(quarantine_count)
        .where(quarantine_count.c.reason == verdict.reason)
        .values(messages=quarantine_count.c.messages + 1)
    )
    if counted.rowcount == 0:
        connection.execute(insert(quarantine_count).values(reason=verdict.reason, messages=1))


def quarantined(connection: Connection) -> dict[str, int]:
    """How many messages were set aside, by reason."""
    rows = connection.execute(select(quarantine_count).order_by(quarantine_count.c.reason))
    return {row.reason: row.messages for row in rows}


def refusals(connection: Connection) -> int:
    """How many signed records were refused."""
    return connection.scalar(select(func.count()).select_from(refusal)) or 0


def _lock_stream(connection: Connection, header: EnvelopeHeader) -> int:
    """How far it is stored for this point and epoch; other processes that store for it wait."""
    place = and_(stream.c.point == header.point, stream.c.epoch == header.epoch)
    through = connection.scalar(select(stream.c.through).where(place).with_for_update())
    if through is None:
        connection.execute(insert(stream).values(point=header.point, epoch=header.epoch, through=0, head=NO_RECORD))
        return 0
    return int(through)


def _is_stored(connection: Connection, header: EnvelopeHeader) -> bool:
    found = connection.scalar(
        select(record.c.hash).where(
            and_(record.c.point == header.point, record.c.epoch == header.epoch, record.c.seq == header.seq)
        )
    )
    return found == header.hash


def _objection(connection: Connection, header: EnvelopeHeader) -> str | None:
    """Why a record does not fit with those that are stored: a word, `None` when it does fit."""
    taken = connection.scalar(
        select(func.count())
        .select_from(record)
        .where(
            or_(
                record.c.id == header.id,
                and_(record.c.point == header.point, record.c.epoch == header.epoch, record.c.seq == header.seq),
            )
        )
    )
    if taken:
        return "conflict"
    before = _neighbour(connection, header, header.seq - 1)
    after = _neighbour(connection, header, header.seq + 1)
    if header.seq == 1 and header.prev != NO_RECORD:
        return "chain"
    if before is not None and before.hash != header.prev:
        return "chain"
    if after is not None and after.prev != header.hash:
        return "chain"
    return None


def _neighbour(connection: Connection, header: EnvelopeHeader, seq: int) -> Row[str, str] | None:
    return connection.execute(
        select(record.c.hash, record.c.prev).where(
            and_(record.c.point == header.point, record.c.epoch == header.epoch, record.c.seq == seq)
        )
    ).first()


def _refuse(connection: Connection, signed: SignedRecord, reason: str, now: datetime) -> None:
    header = signed.header
    place = and_(
        refusal.c.point == header.point,
        refusal.c.epoch == header.epoch,
        refusal.c.seq == header.seq,
        refusal.c.hash == header.hash,
    )
    if connection.execute(select(refusal.c.seq).where(place)).first() is None:
        connection.execute(
            insert(refusal).values(
                point=header.point,
                epoch=header.epoch,
                seq=header.seq,
                hash=header.hash,
                reason=reason,
                received_at=now,
                envelope=signed.document,
            )
        )


def _advance(connection: Connection, header: EnvelopeHeader, through: int) -> None:
    """Move the end of the unbroken beginning as far as it goes now."""
    head = NO_RECORD
    rows = connection.execute(
        select(record.c.seq, record.c.hash)
        .where(and_(record.c.point == header.point, record.c.epoch == header.epoch, record.c.seq > through))
        .order_by(record.c.seq)
    )
    for row in rows:
        if row.seq != through + 1:
            break
        through, head = row.seq, row.hash
    rows.close()
    connection.execute(
        update(stream)
        .where(and_(stream.c.point == header.point, stream.c.epoch == header.epoch))
        .values(through=through, head=head)
    )


def _printable(text: str) -> str:
    """Text that any database takes: short, without NUL and half surrogate pairs."""
    return text[:_TEXT].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
