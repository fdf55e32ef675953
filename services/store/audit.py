"""The audit trail: one row for everything that somebody did, in the transaction that did it."""

import json
import sqlite3
from collections.abc import Mapping

from services.clock import Clock


def write(
    transaction: sqlite3.Connection,
    clock: Clock,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, str | int | bool | None] | None = None,
) -> None:
    """Write one row.

    Args:
        transaction: the transaction of the act itself.
        clock: tells when, and whether that is to be trusted.
        actor: `resident`, `clerk:<id>`, `system` or `county`.
        action: what was done, as a dotted verb such as `certification.confirm`.
        subject: the id of what it was done to; never a name or a resident's number.
        detail: further facts, free of personal data.
    """
    transaction.execute(
        "INSERT INTO audit (at, trusted, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (
            clock.now().isoformat(),
            clock.trusted(),
            actor,
            action,
            subject,
            json.dumps(detail or {}, ensure_ascii=False),
        ),
    )
