"""Holds a database against its invariants: what must be true after every transaction, and so after every power cut."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from services.store.database import Database


@dataclass(frozen=True, slots=True)
class Invariant:
    """A statement that is true of every sound database.

    Attributes:
        name: the statement, in words.
        breaches: yields what breaks it, one description each; nothing when it holds.
    """

    name: str
    breaches: Callable[[sqlite3.Connection], Iterable[str]]

    @classmethod
    def none_of(cls, name: str, query: str) -> "Invariant":
        """The invariant that a query finds no row; the first column of a row describes the breach."""
        return cls(name, lambda connection: (str(row[0]) for row in connection.execute(query)))


#: What holds whatever the tables are.
BASE_INVARIANTS = (
    Invariant.none_of(
        "every page of the file is sound",
        "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    Invariant.none_of(
        "every reference leads somewhere",
        """SELECT "table" || ' row ' || rowid || ' refers to a missing ' || parent FROM pragma_foreign_key_check""",
    ),
    Invariant.none_of(
        "the database knows its epoch",
        "SELECT 'no epoch' WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'epoch')",
    ),
)


def check(database: Database, invariants: Iterable[Invariant] = ()) -> list[str]:
    """All breaches of the base invariants and the given ones, as `statement: breach`; empty for a sound database."""
    return list(_breaches(database, (*BASE_INVARIANTS, *invariants)))


def _breaches(database: Database, invariants: Iterable[Invariant]) -> Iterator[str]:
    with database.read() as connection:
        for invariant in invariants:
            for breach in invariant.breaches(connection):
                yield f"{invariant.name}: {breach}"
