"""Receipts are computed from committed rows and from nothing else: no consumer's memory can lose or invent one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from services.county.schema import record, refusal, stream
from services.northbound.envelope import NO_RECORD
from services.northbound.messages import Receipt, Refusal, Run


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that a point has sent and wants an answer for."""

    seq: int
    hash: str


def compute(connection: Connection, point: str, epoch: str, claims: Collection[Claim], now: datetime) -> Receipt:
    """The answer to some records.

    Args:
        connection: sees committed rows only.
        point: whose records.
        epoch: of which of its databases.
        claims: the records to answer; beyond the unbroken beginning only these are spoken of, which bounds the message.
        now: when it is computed.
    """
    row = connection.execute(
        select(stream.c.through, stream.c.head).where(and_(stream.c.point == point, stream.c.epoch == epoch))
    ).first()
    through, head = (row.through, row.head) if row is not None else (0, NO_RECORD)
    return Receipt(
        point=point,
        epoch=epoch,
        through=through,
        head=head,
        also=_runs(connection, point, epoch, [claim.seq for claim in claims if claim.seq > through]),
        refused=_refusals(connection, point, epoch, claims),
        time=now,
    )


def _runs(connection: Connection, point: str, epoch: str, seqs: Collection[int]) -> tuple[Run, ...]:
    """Those of the sequences that are stored, as runs."""
    rows = connection.execute(
        select(record.c.seq, record.c.hash)
        .where(and_(record.c.point == point, record.c.epoch == epoch, record.c.seq.in_(seqs)))
        .order_by(record.c.seq)
    )
    runs: list[Run] = []
    for row in rows:
        if runs and row.seq == runs[-1].last + 1:
            runs[-1] = Run(first=runs[-1].first, last=row.seq, head=row.hash)
        else:
            runs.append(Run(first=row.seq, last=row.seq, head=row.hash))
    return tuple(runs)


def _refusals(connection: Connection, point: str, epoch: str, claims: Collection[Claim]) -> tuple[Refusal, ...]:
    rows = connection.execute(
        select(refusal.c.seq, refusal.c.hash, refusal.c.reason)
        .where(
            and_(
                refusal.c.point == point,
                refusal.c.epoch == epoch,
                refusal.c.hash.in_([claim.hash for claim in claims]),
            )
        )
        .order_by(refusal.c.seq)
    )
    return tuple(Refusal(seq=row.seq, hash=row.hash, reason=row.reason) for row in rows)
