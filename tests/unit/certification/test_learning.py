"""A finger is learnt only where the matcher finds it better, and the audit says so."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from drivers.contracts.fingerprint import FingerprintSample, Template
from services.certification.learning import Learning
from tests.support.certification import Point, identity_number


class Teacher:
    """As much of a matcher as learning asks for."""

    def __init__(self, lesson: str | None) -> None:
        self.lesson = lesson

    def improved(self, templates: Sequence[Template], sample: FingerprintSample) -> tuple[Template, ...] | None:
        if self.lesson is None:
            return None
        return (*templates, Template(templates[0].algorithm, self.lesson.encode()))


@pytest.mark.parametrize("lesson", ["one more impression", None])
def test_what_is_learnt_is_stored_locked_and_audited(tmp_path: Path, lesson: str | None) -> None:
    point = Point(tmp_path)
    point.enrol("样例甲", identity_number())
    (row, *_) = point.rows("SELECT id FROM finger ORDER BY position")
    finger_id = str(row["id"])
    woken: list[bool] = []
    learning = Learning(
        matcher=Teacher(lesson), residents=point.residents, database=point.database, clock=point.clock,  # type: ignore[arg-type]
        changed=lambda: woken.append(True),
    )  # fmt: skip

    learning.learn(finger_id, FingerprintSample(None, None), "certification-1")

    finger = point.residents.finger(finger_id)
    assert finger is not None
    learnt = [template.data.decode() for template in finger.templates[1:]]
    audited = point.rows("SELECT detail FROM audit WHERE action = 'finger.learn' AND subject = ?", finger_id)
    assert learnt == ([lesson] if lesson else [])
    assert len(audited) == len(woken) == len(learnt)
    assert b"one more impression" not in point.database.path.read_bytes()
    point.close()


def test_a_finger_that_was_replaced_in_the_meantime_is_left_alone(tmp_path: Path) -> None:
    point = Point(tmp_path)
    learning = Learning(
        matcher=Teacher("x"), residents=point.residents, database=point.database, clock=point.clock,  # type: ignore[arg-type]
        changed=lambda: pytest.fail("nothing was learnt"),
    )  # fmt: skip
    learning.learn("gone", FingerprintSample(None, None), "certification-1")
    assert point.rows("SELECT 1 FROM audit WHERE action = 'finger.learn'") == []
    point.close()
