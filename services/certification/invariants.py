"""What is true of every sound database of certifications; the numbers are those of `docs/storage.md`."""

import sqlite3
from collections.abc import Iterator

from services.certification.residents import Residents
from services.keys import SealBrokenError
from services.store.check import Invariant

INVARIANTS = (
    Invariant.none_of(
        "C1: a certification has exactly one record, of its kind and about it",
        """
        SELECT 'certification ' || certification.id FROM certification LEFT JOIN record ON record.id = record_id
        WHERE record.kind IS NOT 'pension.certification'
           OR json_extract(envelope, '$.body.certification_id') IS NOT certification.id
           OR json_extract(envelope, '$.body.year') IS NOT certification.year
           OR json_extract(envelope, '$.body.method') IS NOT certification.method
        """,
    ),
    Invariant.none_of(
        "C2: a record of a certification has exactly one certification",
        """
        SELECT 'record ' || id FROM record WHERE kind = 'pension.certification'
        AND (SELECT count(*) FROM certification WHERE record_id = record.id) <> 1
        """,
    ),
    Invariant.none_of(
        "C3: a resident is certified once a year",
        """
        SELECT 'resident ' || resident_id || ' in ' || year FROM certification
        GROUP BY resident_id, year HAVING count(*) > 1
        """,
    ),
    Invariant.none_of(
        "C4: a visit is certified exactly when a certification refers to it",
        """
        SELECT 'visit ' || visit.id FROM visit LEFT JOIN certification ON visit_id = visit.id
        WHERE (visit.state = 'certified') <> (certification.id IS NOT NULL)
        """,
    ),
    Invariant.none_of(
        "C5: without a finger two different clerks vouch, and the county reviews it",
        """
        SELECT 'certification ' || id FROM certification
        WHERE method <> 'finger' AND (clerk_id IS NULL OR second_clerk_id IS NULL OR clerk_id = second_clerk_id
                                      OR NOT review_required)
        """,
    ),
    Invariant.none_of(
        "C6: a certification has one slip",
        """
        SELECT 'certification ' || id FROM certification
        WHERE (SELECT count(*) FROM slip WHERE certification_id = certification.id) <> 1
        """,
    ),
    Invariant.none_of(
        "C7: a certification and its audit row are one",
        """
        SELECT 'certification ' || id FROM certification
        WHERE (SELECT count(*) FROM audit WHERE action = 'certification.make' AND subject = certification.id) <> 1
        UNION ALL
        SELECT 'audit row ' || id FROM audit
        WHERE action = 'certification.make' AND subject NOT IN (SELECT id FROM certification)
        """,
    ),
    Invariant.none_of(
        "C8: consent is older than what rests on it",
        """
        SELECT 'visit ' || visit.id FROM visit
        WHERE (SELECT count(*) FROM audit WHERE action = 'visit.consent' AND subject = visit.id) <> 1
        UNION ALL
        SELECT 'certification ' || certification.id FROM certification
        JOIN audit AS made ON made.action = 'certification.make' AND made.subject = certification.id
        JOIN audit AS agreed ON agreed.action = 'visit.consent' AND agreed.subject = visit_id
        WHERE agreed.id > made.id
        """,
    ),
    Invariant.none_of(
        "C9: an enrolment and a home visit have one record of their kind each",
        """
        SELECT 'enrolment ' || enrolment.id FROM enrolment LEFT JOIN record ON record.id = record_id
        WHERE state = 'saved' AND kind IS NOT 'pension.enrolment'
        UNION ALL
        SELECT 'home visit ' || home_visit.id FROM home_visit LEFT JOIN record ON record.id = record_id
        WHERE kind IS NOT 'pension.home_visit_request'
           OR json_extract(envelope, '$.body.request_id') IS NOT home_visit.id
        UNION ALL
        SELECT 'record ' || id FROM record WHERE kind = 'pension.enrolment'
        AND (SELECT count(*) FROM enrolment WHERE record_id = record.id) <> 1
        UNION ALL
        SELECT 'record ' || id FROM record WHERE kind = 'pension.home_visit_request'
        AND (SELECT count(*) FROM home_visit WHERE record_id = record.id) <> 1
        """,
    ),
    Invariant.none_of(
        "C10: a home visit is done exactly when a certification refers to it",
        """
        SELECT 'home visit ' || home_visit.id FROM home_visit LEFT JOIN certification ON home_visit_id = home_visit.id
        WHERE (state = 'done') <> (certification.id IS NOT NULL)
        """,
    ),
)


def locked_data(residents: Residents) -> Invariant:
    """C11, for whoever holds the key: names, numbers and templates open in their own place.

    Args:
        residents: unlock with the point's key.
    """

    def breaches(connection: sqlite3.Connection) -> Iterator[str]:
        for row in connection.execute("SELECT id FROM resident").fetchall():
            try:
                resident = residents.get(row["id"])
                residents.fingers_of(resident.resident_id)
            except SealBrokenError as error:
                yield str(error)
                continue
            found = residents.find(resident.number)
            if found is None or found.resident_id != row["id"]:
                yield f"resident {row['id']} is not found by the number"

    return Invariant("C11: what is locked opens with the key of this point, in its own place only", breaches)
