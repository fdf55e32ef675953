"""What residents and clerks can do in a visit, and what they cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.certification.views import Step
from tests.support.certification import Point, identity_number

NUMBER = identity_number()
NAME = "张三丰"


@pytest.fixture
def point(tmp_path: Path) -> Iterator[Point]:
    point = Point(tmp_path)
    yield point
    assert point.breaches() == []
    point.close()


def test_finger_name_certified(point: Point) -> None:
    point.enrol(NAME, NUMBER)
    visit_id = point.visit_until_finger()
    view = point.touch("index", Step.CONFIRM_PERSON)
    assert (view.masked_name, view.masked_number) == ("张**", "500236**********" + NUMBER[-2:])
    view = point.visits.confirm(visit_id, is_me=True)
    assert view.step is Step.CERTIFIED
    assert view.certification is not None
    assert view.certification.year == 2026
