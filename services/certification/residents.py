"""Residents and their enrolled fingers, locked in the database and unlocked for as long as somebody needs them."""

import json
import logging
import sqlite3
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from drivers.contracts.fingerprint import Template
from services import identity
from services.biometrics.contract import EnrolledFinger
from services.certification.views import FingerPosition, ResidentView
from services.clock import Clock
from services.identity import IdentityNumber
from services.keys import PointKeys, SealBrokenError
from services.northbound.messages import Person
from services.store.database import Database

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident of the village, unlocked.

    Attributes:
        resident_id: the point's id of the resident.
        number: the identity number.
        name: the full name.
    """

    resident_id: str
    number: IdentityNumber
    name: str = field(repr=False)

    @property
    def view(self) -> ResidentView:
        """The resident as a screen may show one."""
        return ResidentView(self.resident_id, identity.mask_name(self.name), self.number.masked)


@dataclass(frozen=True, slots=True)
class Finger:
    """A finger that is enrolled.

    Attributes:
        finger_id: the point's id of it.
        position: which one it is.
        templates: what the matcher made of it.
        quality: 0 to 100 of its worst impression, `None` where the reader hands out no image.
    """

    finger_id: str
    position: FingerPosition
    templates: tuple[Template, ...]
    quality: int | None

    @property
    def enrolled(self) -> EnrolledFinger:
        """The finger as a matcher takes it."""
        return EnrolledFinger(self.finger_id, self.templates)


class Residents:
    """Keeps residents. May be used by any thread.

    Everything that unlocks raises `SealBrokenError` when the data was changed or the key is another one.
    """

    def __init__(self, database: Database, keys: PointKeys, clock: Clock) -> None:
        """Nothing is read yet."""
        self._database = database
        self._keys = keys
        self._clock = clock

    def find(self, number: IdentityNumber) -> Resident | None:
        """The resident with this number."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT * FROM resident WHERE number_index = ?", (self._keys.vault.blind_index(number.text),)
            ).fetchone()
        return self._unlock(row) if row else None

    def get(self, resident_id: str) -> Resident:
        """The resident with this id, who is known to exist."""
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM resident WHERE id = ?", (resident_id,)).fetchone()
        return self._unlock(row)

    def holder_of(self, finger_id: str) -> tuple[Resident, Finger] | None:
        """Whose finger it is, and the finger."""
        with self._database.read() as connection:
            finger = connection.execute("SELECT * FROM finger WHERE id = ?", (finger_id,)).fetchone()
        return (self.get(finger["resident_id"]), self._unlock_finger(finger)) if finger else None

    def fingers_of(self, resident_id: str) -> tuple[Finger, ...]:
        """A resident's fingers, the clearest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM finger WHERE resident_id = ? ORDER BY coalesce(quality, 0) DESC, position",
                (resident_id,),
            ).fetchall()
        return tuple(map(self._unlock_finger, rows))

    def finger(self, finger_id: str) -> EnrolledFinger | None:
        """One finger, as a matcher takes it."""
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM finger WHERE id = ?", (finger_id,)).fetchone()
        return self._unlock_finger(row).enrolled if row else None

    def all_fingers(self) -> Iterator[EnrolledFinger]:
        """Everybody's fingers: the clearest of each resident first, so that a small library knows everybody.

        A finger that does not open is left out and logged; the doctor finds the reason.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                """
                SELECT *, row_number() OVER (
                    PARTITION BY resident_id ORDER BY coalesce(quality, 0) DESC, position
                ) AS place FROM finger ORDER BY place, id
                """
            ).fetchall()
        for row in rows:
            try:
                yield self._unlock_finger(row).enrolled
            except SealBrokenError:
                _LOG.exception("finger %s is left out", row["id"])

    def add(self, transaction: sqlite3.Connection, number: IdentityNumber, name: str) -> Resident:
        """Add a resident, or give one who is there already this name."""
        index = self._keys.vault.blind_index(number.text)
        row = transaction.execute("SELECT id FROM resident WHERE number_index = ?", (index,)).fetchone()
        resident = Resident(row["id"] if row else str(uuid.uuid4()), number, name)
        sealed_name = self._keys.vault.lock(name.encode(), _place(resident.resident_id, "name"))
        if row:
            transaction.execute("UPDATE resident SET name = ? WHERE id = ?", (sealed_name, resident.resident_id))
            return resident
        sealed_number = self._keys.vault.lock(number.text.encode(), _place(resident.resident_id, "number"))
        transaction.execute(
            "INSERT INTO resident (id, number_index, number, name, added_at) VALUES (?, ?, ?, ?, ?)",
            (resident.resident_id, index, sealed_number, sealed_name, self._clock.now().isoformat()),
        )
        return resident

    def replace_fingers(self, transaction: sqlite3.Connection, resident: Resident, fingers: Sequence[Finger]) -> None:
        """Make these a resident's only fingers."""
        transaction.execute("DELETE FROM finger WHERE resident_id = ?", (resident.resident_id,))
        transaction.executemany(
            "INSERT INTO finger (id, resident_id, position, algorithm, templates, quality, enrolled_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    finger.finger_id,
                    resident.resident_id,
                    finger.position,
                    finger.templates[0].algorithm,
                    self._keys.vault.lock(_pack(finger.templates), _finger_place(finger.finger_id)),
                    finger.quality,
                    self._clock.now().isoformat(),
                )
                for finger in fingers
            ],
        )

    def replace_templates(self, transaction: sqlite3.Connection, finger_id: str, templates: Sequence[Template]) -> bool:
        """Give a finger other templates of the same algorithm; false where the finger was replaced in the meantime."""
        changed = transaction.execute(
            "UPDATE finger SET templates = ? WHERE id = ? AND algorithm = ?",
            (self._keys.vault.lock(_pack(templates), _finger_place(finger_id)), finger_id, templates[0].algorithm),
        )
        return changed.rowcount == 1

    def person(self, resident: Resident) -> Person:
        """The resident as a message may name one."""
        view = resident.view
        return Person(
            resident_id=resident.resident_id,
            pseudonym=self._keys.pseudonym(resident.number.text),
            masked_name=view.masked_name,
            masked_number=view.masked_number,
        )

    def _unlock(self, row: sqlite3.Row) -> Resident:
        number = self._keys.vault.unlock(row["number"], _place(row["id"], "number")).decode()
        name = self._keys.vault.unlock(row["name"], _place(row["id"], "name")).decode()
        return Resident(row["id"], identity.parse(number, date.max), name)

    def _unlock_finger(self, row: sqlite3.Row) -> Finger:
        packed = self._keys.vault.unlock(row["templates"], _finger_place(row["id"]))
        templates = _unpack(packed, row["algorithm"])
        return Finger(row["id"], FingerPosition(row["position"]), templates, row["quality"])


def _place(resident_id: str, what: str) -> str:
    return f"resident/{resident_id}/{what}"


def _finger_place(finger_id: str) -> str:
    return f"finger/{finger_id}/templates"


def _pack(templates: Sequence[Template]) -> bytes:
    return json.dumps([b64encode(template.data).decode() for template in templates]).encode()


def _unpack(packed: bytes, algorithm: str) -> tuple[Template, ...]:
    return tuple(Template(algorithm, b64decode(data)) for data in json.loads(packed))
