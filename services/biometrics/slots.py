"""Which finger a module's library holds in which slot: kept in the point's database, since the module cannot say."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from services.store.database import Database

_GENERATION = "library_generation"


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done to a library that is ours.

    Attributes:
        missing: slots and the fingers that have to be stored there.
        held: slots that hold a finger already.
        unplaced: fingers for which there is no slot.
    """

    missing: tuple[tuple[int, str], ...]
    held: frozenset[int]
    unplaced: tuple[str, ...]


class SlotMap:
    """Assigns slots. May be used by any thread."""

    def __init__(self, database: Database) -> None:
        """Nothing is read yet."""
        self._database = database

    @property
    def label(self) -> bytes:
        """The 32 bytes that the module carries whose library this map describes; zeros never do."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (_GENERATION,)).fetchone()
        generation = row["value"] if row else ""
        return hashlib.sha256(f"village-kiosk/{self._database.epoch}/{generation}".encode()).digest()

    def begin_anew(self) -> None:
        """Nothing is held any more and no module carries the label: before a module is emptied and labelled."""
        with self._database.transaction() as transaction:
            transaction.execute("UPDATE library_slot SET stored = 0")
            transaction.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (_GENERATION, secrets.token_hex(16)),
            )

    def lacks_any(self, algorithm: str) -> bool:
        """Whether there is an enrolled finger of this algorithm that no slot is known to hold."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM finger WHERE algorithm = ? AND id NOT IN"
                " (SELECT finger_id FROM library_slot WHERE stored) LIMIT 1",
                (algorithm,),
            ).fetchone()
        return row is not None

    def plan(self, wanted: Collection[str], capacity: int, occupied: Collection[int]) -> Plan:
        """Give every finger a slot as far as there are any; fingers that are no longer wanted lose theirs.

        Args:
            wanted: the fingers by id, the most important first.
            capacity: slots 0 to `capacity - 1` exist.
            occupied: the slots that the module says it holds something in.
        """
        with self._database.transaction() as transaction:
            rows = transaction.execute("SELECT slot, finger_id, stored FROM library_slot").fetchall()
            slots = {row["finger_id"]: row["slot"] for row in rows if row["slot"] < capacity}
            stored = {row["slot"] for row in rows if row["stored"]} & set(occupied)
            placed = list(wanted)[:capacity]
            for finger_id in slots.keys() - set(placed):
                stored.discard(slots.pop(finger_id))
            free = iter(sorted(set(range(capacity)) - set(slots.values())))
            slots.update({finger_id: next(free) for finger_id in placed if finger_id not in slots})
            transaction.execute("DELETE FROM library_slot")
            transaction.executemany(
                # A finger that was replaced in the meantime is passed over.
                "INSERT INTO library_slot (slot, finger_id, stored) SELECT ?, id, ? FROM finger WHERE id = ?",
                [(slot, slot in stored, finger_id) for finger_id, slot in slots.items()],
            )
        return Plan(
            missing=tuple((slots[finger_id], finger_id) for finger_id in placed if slots[finger_id] not in stored),
            held=frozenset(stored),
            unplaced=tuple(list(wanted)[capacity:]),
        )

    def assign(self, finger_id: str, capacity: int) -> int | None:
        """A slot for one more finger, its own where it has one; `None` when there is no room."""
        with self._database.transaction() as transaction:
            rows = transaction.execute("SELECT slot, finger_id FROM library_slot").fetchall()
            slots = {row["finger_id"]: int(row["slot"]) for row in rows}
            if finger_id in slots:
                return slots[finger_id]
            free = set(range(capacity)) - set(slots.values())
            if not free:
                return None
            slot = min(free)
            transaction.execute("INSERT INTO library_slot (slot, finger_id) VALUES (?, ?)", (slot, finger_id))
        return slot

    def mark(self, slot: int, finger_id: str, *, stored: bool) -> None:
        """Note that the module holds a finger in a slot, or that it is not to be relied on to."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE library_slot SET stored = ? WHERE slot = ? AND finger_id = ?", (stored, slot, finger_id)
            )

    def release(self, finger_id: str) -> int | None:
        """Take a finger out of the map; says which slot it had."""
        with self._database.transaction() as transaction:
            row = transaction.execute("SELECT slot FROM library_slot WHERE finger_id = ?", (finger_id,)).fetchone()
            transaction.execute("DELETE FROM library_slot WHERE finger_id = ?", (finger_id,))
        return int(row["slot"]) if row else None

    def finger_in(self, slot: int) -> str | None:
        """The finger that the module holds in a slot."""
        with self._database.read() as connection:
            row = connection.execute("SELECT finger_id FROM library_slot WHERE slot = ? AND stored", (slot,)).fetchone()
        return str(row["finger_id"]) if row else None
