"""What a clerk can do in an enrolment, what is stored of it, and what is not."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from drivers.contracts.errors import Fault
from drivers.contracts.fingerprint import CaptureEvent
from services import identity
from services.certification.acts import DateDoubtfulError, NameRejectedError, Occupied, OutOfStep
from services.certification.views import EnrolmentStep, EnrolmentView, FingerPosition, Problem, Step
from services.devices import Health
from services.identity import IdentityError
from tests.support.certification import SOON, Point, identity_number, ridges
from tests.support.clocks import ManualClock

NAME, NUMBER = "样例甲", identity_number(1)
OTHER_NAME, OTHER_NUMBER = "样例乙", identity_number(2)
THUMB, INDEX, MIDDLE = FingerPosition.RIGHT_THUMB, FingerPosition.RIGHT_INDEX, FingerPosition.RIGHT_MIDDLE
STOPS = {EnrolmentStep.CHOOSE_FINGER, EnrolmentStep.DUPLICATE, EnrolmentStep.REVIEW, EnrolmentStep.READER_UNAVAILABLE}


@pytest.fixture
def point(tmp_path: Path) -> Iterator[Point]:
    point = Point(tmp_path, clock=ManualClock())
    yield point
    assert point.breaches() == []
    point.close()


@pytest.fixture
def enrolled(point: Point) -> Point:
    point.enrol(NAME, NUMBER)
    return point


def _agreed(point: Point, name: str = NAME, number: str = NUMBER) -> str:
    enrolment_id = point.enrolments.start(point.two_clerks()[0]).enrolment_id
    assert point.enrolments.enter_person(enrolment_id, name, number).step is EnrolmentStep.CONSENT
    assert point.enrolments.consent(enrolment_id, given=True).step is EnrolmentStep.CHOOSE_FINGER
    return enrolment_id


def _finger(point: Point, enrolment_id: str, position: FingerPosition, *touches: str | Fault) -> EnrolmentView:
    """Choose a finger and touch; the first view that waits for the clerk again."""
    point.enrolments.choose_finger(enrolment_id, position)
    for touch in touches:
        point.touches.put(touch)
    point.enrolment_watch.until(lambda view: view.step is EnrolmentStep.IMPRESSION and view.finger is position)
    return point.enrolment_watch.until(lambda view: view.step in STOPS)


def _two_fingers(point: Point, enrolment_id: str) -> None:
    assert _finger(point, enrolment_id, THUMB, *["thumb"] * 3).step is EnrolmentStep.CHOOSE_FINGER
    assert _finger(point, enrolment_id, INDEX, *["index"] * 3).step is EnrolmentStep.REVIEW


def _stored(point: Point) -> int:
    return len(point.rows("SELECT id FROM finger"))


# --- the whole way


def test_person_consent_two_fingers_and_one_record(point: Point) -> None:
    clerk = point.two_clerks()[0]
    enrolment_id = _agreed(point)
    view = point.enrolments.view()
    assert view is not None
    assert (view.masked_name, view.masked_number) == ("样**", identity.mask_number(NUMBER))
    assert not view.enrolled_before
    _two_fingers(point, enrolment_id)
    assert _stored(point) == 0
    view = point.enrolments.finish(enrolment_id)
    assert (view.step, view.fingers_done) == (EnrolmentStep.SAVED, (THUMB, INDEX))
    (row,) = point.rows("SELECT kind, envelope FROM record")
    body = json.loads(str(row["envelope"]))["body"]
    assert (row["kind"], body["fingers"]) == ("pension.enrolment", ["right_thumb", "right_index"])
    assert (body["clerk"], body["consent"]) == (clerk.signature, point.rules.enrolment_consent)
    assert NUMBER not in str(row["envelope"])
    assert NAME not in str(row["envelope"])
    actions = [row["action"] for row in point.rows("SELECT action FROM audit WHERE subject = ?", enrolment_id)]
    assert actions == ["enrolment.consent", "enrolment.save"]
    point.enrolments.leave(enrolment_id)
    assert point.rows("SELECT state FROM enrolment") == [{"state": "saved"}]
    point.load_library()
    assert point.certify("thumb").step is Step.CERTIFIED


def test_impressions_are_counted_and_graded(point: Point) -> None:
    enrolment_id = _agreed(point)
    _finger(point, enrolment_id, THUMB, *["thumb"] * 3)
    seen = [view for view in point.enrolment_watch.seen if view.step is EnrolmentStep.IMPRESSION]
    assert sorted({view.impression for view in seen}) == [1, 2, 3]
    assert {view.impressions_needed for view in seen} == {3}
    assert {CaptureEvent.PLACE, CaptureEvent.READING} <= {view.capture for view in seen}
    assert (seen[0].quality, seen[-1].quality) == (None, 100)


def test_consent_is_stored_before_any_finger_is_read(point: Point) -> None:
    enrolment_id = point.enrolments.start(point.two_clerks()[0]).enrolment_id
    point.enrolments.enter_person(enrolment_id, NAME, NUMBER)
    with pytest.raises(OutOfStep):
        point.enrolments.choose_finger(enrolment_id, THUMB)
    assert point.rows("SELECT * FROM enrolment") == []
    assert not point.reader.asking.is_set()
    point.enrolments.consent(enrolment_id, given=True)
    assert point.rows("SELECT state, consent FROM enrolment") == [
        {"state": "started", "consent": point.rules.enrolment_consent}
    ]
    assert not point.reader.asking.is_set()


def test_without_consent_nothing_is_stored_and_it_ends(point: Point) -> None:
    enrolment_id = point.enrolments.start(point.two_clerks()[0]).enrolment_id
    point.enrolments.enter_person(enrolment_id, NAME, NUMBER)
    view = point.enrolments.consent(enrolment_id, given=False)
    assert view == EnrolmentView(enrolment_id, view.revision, EnrolmentStep.ENDED)
    assert point.enrolments.view() is None
    assert point.rows("SELECT * FROM enrolment") == point.rows("SELECT * FROM resident") == []


# --- who


@pytest.mark.parametrize("number", ["", "12", "500236500307001", NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")])
def test_what_is_no_number_is_refused_and_asked_again(point: Point, number: str) -> None:
    view = point.enrolments.start(point.two_clerks()[0])
    with pytest.raises(IdentityError):
        point.enrolments.enter_person(view.enrolment_id, NAME, number)
    with pytest.raises(NameRejectedError):
        point.enrolments.enter_person(view.enrolment_id, "Zhang", NUMBER)
    assert point.enrolments.view() == view
    assert point.enrolments.enter_person(view.enrolment_id, NAME, NUMBER).step is EnrolmentStep.CONSENT


def test_who_is_under_sixty_is_told_so_and_somebody_else_may_come(point: Point) -> None:
    enrolment_id = point.enrolments.start(point.two_clerks()[0]).enrolment_id
    young = identity_number(3, born="19660303")  # sixty tomorrow
    assert point.enrolments.enter_person(enrolment_id, NAME, young).step is EnrolmentStep.NOT_ELIGIBLE
    with pytest.raises(OutOfStep):
        point.enrolments.consent(enrolment_id, given=True)
    sixty = identity_number(3, born="19660302")
    assert point.enrolments.enter_person(enrolment_id, NAME, sixty).step is EnrolmentStep.CONSENT


def test_nobodys_age_is_known_while_the_date_is_in_doubt(point: Point) -> None:
    assert isinstance(point.clock, ManualClock)
    view = point.enrolments.start(point.two_clerks()[0])
    point.clock.wall, point.clock.synchronised = point.clock.wall + timedelta(days=730), False
    with pytest.raises(DateDoubtfulError):
        point.enrolments.enter_person(view.enrolment_id, NAME, NUMBER)
    assert point.enrolments.view() == view


# --- fingers


def test_a_poor_impression_is_asked_for_again(point: Point) -> None:
    enrolment_id = _agreed(point)
    point.reader.image = ridges(contrast=6.0)
    point.enrolments.choose_finger(enrolment_id, THUMB)
    point.touches.put("thumb")
    view = point.enrolment_watch.until(lambda view: view.problem is Problem.LOW_QUALITY)
    assert (view.step, view.impression) == (EnrolmentStep.IMPRESSION, 1)
    assert view.quality is not None
    assert view.quality < point.rules.quality_floor
    point.reader.image = ridges()
    for _ in range(3):
        point.touches.put("thumb")
    assert point.enrolment_watch.until(lambda view: view.step in STOPS).fingers_done == (THUMB,)


@pytest.mark.parametrize(
    ("touches", "problem"),
    [
        (("thumb", "thumb", "index"), Problem.IMPRESSIONS_DIFFER),
        (("thumb", Fault.NO_FINGER), Problem.NO_FINGER),
        ((Fault.POOR_IMAGE,), Problem.POOR_IMAGE),
    ],
)
def test_a_finger_that_cannot_be_enrolled_is_chosen_anew(
    point: Point, touches: tuple[str | Fault, ...], problem: Problem
) -> None:
    enrolment_id = _agreed(point)
    view = _finger(point, enrolment_id, THUMB, *touches)
    assert (view.step, view.problem, view.fingers_done) == (EnrolmentStep.CHOOSE_FINGER, problem, ())
    assert _finger(point, enrolment_id, THUMB, *["thumb"] * 3).fingers_done == (THUMB,)


def test_one_finger_is_not_two(point: Point) -> None:
    enrolment_id = _agreed(point)
    _finger(point, enrolment_id, THUMB, *["thumb"] * 3)
    view = _finger(point, enrolment_id, INDEX, *["thumb"] * 3)
    assert (view.step, view.problem, view.fingers_done) == (EnrolmentStep.DUPLICATE, Problem.SAME_FINGER, (THUMB,))
    with pytest.raises(OutOfStep):
        point.enrolments.finish(enrolment_id)
    assert _finger(point, enrolment_id, INDEX, *["index"] * 3).step is EnrolmentStep.REVIEW


def test_a_finger_of_another_resident_is_refused(enrolled: Point) -> None:
    enrolment_id = _agreed(enrolled, OTHER_NAME, OTHER_NUMBER)
    view = _finger(enrolled, enrolment_id, THUMB, *["index"] * 3)
    assert (view.step, view.problem, view.fingers_done) == (EnrolmentStep.DUPLICATE, Problem.OTHER_RESIDENT, ())
    assert NAME not in repr(view)


@pytest.mark.parametrize("touches", [("ring", "ring", "little"), ("index",) * 3, (Fault.NO_FINGER,), (Fault.SILENT,)])
def test_enough_fingers_can_be_stored_whatever_becomes_of_one_more(
    point: Point, touches: tuple[str | Fault, ...]
) -> None:
    enrolment_id = _agreed(point)
    _two_fingers(point, enrolment_id)
    view = _finger(point, enrolment_id, MIDDLE, *touches)
    assert (view.step, view.fingers_done) == (EnrolmentStep.REVIEW, (THUMB, INDEX))
    assert view.problem is not None
    assert point.enrolments.finish(enrolment_id).step is EnrolmentStep.SAVED


def test_enrolling_anew_replaces_fingers_and_name(enrolled: Point) -> None:
    enrolment_id = _agreed(enrolled, OTHER_NAME, NUMBER)
    view = enrolled.enrolments.view()
    assert view is not None
    assert view.enrolled_before
    assert _finger(enrolled, enrolment_id, MIDDLE, *["index"] * 3).problem is None  # one's own finger is no duplicate
    _finger(enrolled, enrolment_id, THUMB, *["new thumb"] * 3)
    enrolled.enrolments.finish(enrolment_id)
    enrolled.enrolments.leave(enrolment_id)
    (resident,) = enrolled.rows("SELECT id FROM resident")
    assert enrolled.residents.get(str(resident["id"])).name == OTHER_NAME
    assert {row["position"] for row in enrolled.rows("SELECT position FROM finger")} == {THUMB, MIDDLE}
    enrolled.load_library()
    assert {template.data for template in enrolled.flash.slots.values()} == {b"index", b"new thumb"}
    enrolled.visit_until_finger()
    assert enrolled.touch("thumb", Step.TRY_AGAIN).problem is Problem.NO_MATCH


# --- what goes wrong on the way


def test_a_reader_that_is_unplugged_comes_back_and_the_finger_begins_anew(point: Point) -> None:
    enrolment_id = _agreed(point)
    point.plugged = False
    view = _finger(point, enrolment_id, THUMB, "thumb", Fault.UNPLUGGED)
    assert (view.step, view.problem) == (EnrolmentStep.READER_UNAVAILABLE, Problem.READER_UNPLUGGED)
    assert _finger(point, enrolment_id, THUMB).step is EnrolmentStep.READER_UNAVAILABLE
    back = Event()
    point.reader_handle.subscribe(lambda state: back.set() if state.health is Health.READY else None)
    point.plugged = True
    assert back.wait(SOON)
    _two_fingers(point, enrolment_id)
    assert point.enrolments.finish(enrolment_id).step is EnrolmentStep.SAVED


def test_a_full_disk_loses_no_finger(point: Point) -> None:
    enrolment_id = _agreed(point)
    _finger(point, enrolment_id, THUMB, *["thumb" * 8000] * 3)  # so much that the change needs room
    _finger(point, enrolment_id, INDEX, *["index" * 8000] * 3)
    point.database._writer.execute("PRAGMA max_page_count = 1")  # SQLite takes it as: not a page more
    view = point.enrolments.finish(enrolment_id)
    assert (view.step, view.problem) == (EnrolmentStep.CANNOT_SAVE, Problem.STORE_FULL)
    assert view.fingers_done == (THUMB, INDEX)
    assert point.rows("SELECT id FROM resident") == point.rows("SELECT id FROM record") == []
    point.database._writer.execute("PRAGMA max_page_count = 100000")
    assert point.enrolments.finish(enrolment_id).step is EnrolmentStep.SAVED
    assert _stored(point) == 2


def test_nothing_personal_is_in_the_files_in_the_clear(point: Point) -> None:
    thumb, index = "样例指纹甲" * 20, "样例指纹乙" * 20
    point.enrol(NAME, NUMBER, (thumb, index))
    files = b"".join(file.read_bytes() for file in point.folder.glob("point.db*"))
    assert b"enrolment.save" in files
    for secret in (NAME, NUMBER, NUMBER[6:14], thumb[:5], index[:5]):
        assert secret.encode() not in files


def test_leaving_drops_everything_and_frees_the_reader(point: Point) -> None:
    enrolment_id = _agreed(point)
    _finger(point, enrolment_id, THUMB, *["thumb"] * 3)
    point.enrolments.choose_finger(enrolment_id, INDEX)
    with pytest.raises(Occupied):
        point.visits.start()
    ended = point.enrolments.leave(enrolment_id)
    assert ended == EnrolmentView(enrolment_id, ended.revision, EnrolmentStep.ENDED)
    assert point.enrolments.leave(enrolment_id).step is EnrolmentStep.ENDED
    assert point.enrolments.view() is None
    assert NAME not in repr(vars(point.enrolments))
    assert point.rows("SELECT state FROM enrolment") == [{"state": "left"}]
    assert point.rows("SELECT id FROM resident") == []
    with pytest.raises(OutOfStep):
        point.enrolments.finish(enrolment_id)
    point.visit_until_finger()
