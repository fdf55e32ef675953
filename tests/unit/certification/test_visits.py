"""What residents and clerks can do in a visit, and what they cannot."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from drivers.contracts.errors import Fault
from services import identity
from services.certification.acts import (
    AlreadyCertifiedError,
    DateDiffersError,
    NotFoundError,
    Occupied,
    OutOfStep,
    ReasonError,
    SameClerkError,
    VisitDateError,
)
from services.certification.views import FingerPosition, Problem, SlipState, Step, VisitView
from services.identity import IdentityError
from tests.support.certification import SOON, Point, identity_number, moment
from tests.support.clocks import ManualClock

NUMBER = identity_number()
NAME = "张三丰"
AFTER_TOUCH = (Step.CONFIRM_PERSON, Step.TRY_AGAIN, Step.OTHER_FINGER, Step.IDENTIFY, Step.CLERK_NEEDED, Step.CERTIFIED)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def point(tmp_path: Path, clock: ManualClock) -> Iterator[Point]:
    point = Point(tmp_path, clock=clock)
    yield point
    assert point.breaches() == []
    point.close()


@pytest.fixture
def enrolled(point: Point) -> Point:
    point.enrol(NAME, NUMBER)
    return point


def _certifications(point: Point) -> int:
    return len(point.rows("SELECT id FROM certification"))


def _printed(point: Point) -> VisitView:
    return point.watch.until(
        lambda view: view.certification is not None and view.certification.slip is SlipState.PRINTED
    )


def test_a_finger_and_a_confirmed_name_certify(enrolled: Point) -> None:
    visit_id = enrolled.visit_until_finger()
    view = enrolled.touch("index", Step.CONFIRM_PERSON)
    assert (view.masked_name, view.masked_number) == ("张**", "500236**********" + NUMBER[-2:])
    assert _certifications(enrolled) == 0
    view = enrolled.visits.confirm(visit_id, is_me=True)
    assert view.step is Step.CERTIFIED
    assert view.certification is not None
    assert view.certification.year == 2026
    record = json.loads(
        str(enrolled.rows("SELECT envelope FROM record WHERE id = ?", view.certification.record_id)[0]["envelope"])
    )
    assert record["body"]["method"] == "finger"
    assert record["body"]["finger"] == "right_thumb"
    assert record["body"]["footage"]["camera"] == "hall"
    assert record["clock_trusted"] is True
    assert NUMBER not in json.dumps(record)
    assert NAME not in json.dumps(record, ensure_ascii=False)


def test_nothing_is_read_before_consent_is_stored(enrolled: Point) -> None:
    visit = enrolled.visits.start()
    assert visit.step is Step.CONSENT
    assert not enrolled.reader.asking.is_set()
    enrolled.visits.consent(visit.visit_id, given=True)
    assert enrolled.rows("SELECT state FROM visit WHERE id = ?", visit.visit_id) == [{"state": "started"}]


def test_without_consent_nothing_is_stored_and_the_visit_ends(enrolled: Point) -> None:
    visit = enrolled.visits.start()
    assert enrolled.visits.consent(visit.visit_id, given=False).step is Step.ENDED
    assert enrolled.visits.view() is None
    assert enrolled.rows("SELECT * FROM visit") == []


def test_not_me_leads_to_the_number_and_certifies_nobody(enrolled: Point) -> None:
    visit_id = enrolled.visit_until_finger()
    enrolled.touch("index", Step.CONFIRM_PERSON)
    view = enrolled.visits.confirm(visit_id, is_me=False)
    assert (view.step, view.problem, view.masked_name) == (Step.IDENTIFY, Problem.NOT_ME, None)
    assert _certifications(enrolled) == 0


def test_three_tries_without_a_hit_lead_to_the_number(enrolled: Point) -> None:
    visit_id = enrolled.visit_until_finger()
    for left in (2, 1):
        view = enrolled.touch("stranger", Step.TRY_AGAIN)
        assert (view.tries_left, view.problem) == (left, Problem.NO_MATCH)
        enrolled.visits.retry(visit_id)
    assert enrolled.touch("stranger", Step.IDENTIFY).problem is Problem.NO_MATCH


def _known_by_number(point: Point) -> str:
    visit_id = point.visit_until_finger()
    for _ in range(2):
        point.touch("stranger", Step.TRY_AGAIN)
        point.visits.retry(visit_id)
    point.touch("stranger", Step.IDENTIFY)
    return visit_id


def test_the_number_and_a_finger_certify_one_to_one(enrolled: Point) -> None:
    visit_id = _known_by_number(enrolled)
    view = enrolled.visits.enter_number(visit_id, NUMBER)
    assert (view.step, view.finger, view.tries_left) == (Step.PLACE_FINGER, FingerPosition.RIGHT_THUMB, 3)
    assert enrolled.touch("thumb", Step.CERTIFIED).certification is not None


def test_three_tries_then_the_next_finger_then_a_clerk(enrolled: Point) -> None:
    visit_id = _known_by_number(enrolled)
    enrolled.visits.enter_number(visit_id, NUMBER)
    for finger in (FingerPosition.RIGHT_THUMB, FingerPosition.RIGHT_INDEX):
        for left in (2, 1):
            view = enrolled.touch("stranger", Step.TRY_AGAIN)
            assert (view.finger, view.tries_left) == (finger, left)
            enrolled.visits.retry(visit_id)
        view = enrolled.touch("stranger", Step.OTHER_FINGER, Step.CLERK_NEEDED)
        if finger is FingerPosition.RIGHT_THUMB:
            assert (view.step, view.finger, view.tries_left) == (Step.OTHER_FINGER, FingerPosition.RIGHT_INDEX, 3)
            enrolled.visits.other_finger(visit_id)
    assert (view.step, view.problem) == (Step.CLERK_NEEDED, Problem.NO_MATCH)
    assert _certifications(enrolled) == 0


def test_another_finger_can_be_had_before_the_tries_are_used_up(enrolled: Point) -> None:
    visit_id = _known_by_number(enrolled)
    enrolled.visits.enter_number(visit_id, NUMBER)
    enrolled.touch("stranger", Step.TRY_AGAIN)
    view = enrolled.visits.other_finger(visit_id)
    assert (view.step, view.finger, view.tries_left) == (Step.PLACE_FINGER, FingerPosition.RIGHT_INDEX, 3)


def test_a_reader_fault_uses_up_no_try(enrolled: Point) -> None:
    visit_id = enrolled.visit_until_finger()
    view = enrolled.touch(Fault.SILENT, Step.READER_UNAVAILABLE)
    assert (view.problem, view.tries_left) == (Problem.READER_SILENT, 3)
    enrolled.visits.retry(visit_id)
    assert enrolled.touch(Fault.NO_FINGER, Step.TRY_AGAIN).tries_left == 3
    enrolled.visits.retry(visit_id)
    assert enrolled.touch(Fault.POOR_IMAGE, Step.TRY_AGAIN).tries_left == 2


def test_a_reader_that_comes_back_asks_for_the_finger_by_itself(enrolled: Point) -> None:
    enrolled.plugged = False
    visit_id = enrolled.visit_until_finger()
    assert enrolled.touch(Fault.UNPLUGGED, Step.READER_UNAVAILABLE).problem is Problem.READER_UNPLUGGED
    enrolled.plugged = True
    enrolled.reader_handle.wake()
    enrolled.watch.until(lambda view: view.step is Step.PLACE_FINGER)
    enrolled.touch("index", Step.CONFIRM_PERSON)
    assert enrolled.visits.confirm(visit_id, is_me=True).step is Step.CERTIFIED


def test_a_reader_without_a_search_leads_to_the_number(enrolled: Point) -> None:
    enrolled.reader.refuses["search"] = Fault.UNSUPPORTED
    enrolled.visit_until_finger()
    assert enrolled.touch("index", Step.IDENTIFY).problem is Problem.LIBRARY_INCOMPLETE


def test_already_certified_is_a_kind_answer_with_the_slip(enrolled: Point) -> None:
    view = enrolled.certify()
    enrolled.visits.leave(view.visit_id)
    again = enrolled.certify()
    assert again.step is Step.ALREADY_CERTIFIED
    assert again.certification is not None
    assert view.certification is not None
    assert again.certification.record_id == view.certification.record_id
    assert _certifications(enrolled) == 1


def test_the_next_year_is_another_certification(enrolled: Point, clock: ManualClock) -> None:
    enrolled.visits.leave(enrolled.certify().visit_id)
    clock.wall = moment("2026-12-31T15:59:59+00:00")
    view = enrolled.certify()
    assert view.step is Step.ALREADY_CERTIFIED  # 23:59:59 in Shanghai
    enrolled.visits.leave(view.visit_id)
    clock.advance(1)
    view = enrolled.certify()
    assert view.certification is not None
    assert (view.step, view.certification.year) == (Step.CERTIFIED, 2027)


def test_who_is_too_young_or_unknown_is_told_so(enrolled: Point) -> None:
    visit_id = _known_by_number(enrolled)
    with pytest.raises(IdentityError) as error:
        enrolled.visits.enter_number(visit_id, "12")
    assert error.value.reason is identity.Reason.LENGTH
    assert enrolled.visits.enter_number(visit_id, identity_number(2)).step is Step.NOT_ENROLLED
    enrolled.visits.leave(visit_id)
    visit_id = _known_by_number(enrolled)
    young = identity_number(3, born="19660303")  # sixty tomorrow
    assert enrolled.visits.enter_number(visit_id, young).step is Step.NOT_ELIGIBLE


def _with_clerk(point: Point) -> str:
    visit_id = _known_by_number(point)
    point.visits.call_clerk(visit_id)
    assert point.visits.enter_number(visit_id, NUMBER).step is Step.CLERK_NEEDED
    return visit_id


def test_two_clerks_certify_for_the_countys_review(enrolled: Point) -> None:
    first, second = enrolled.two_clerks()
    visit_id = _with_clerk(enrolled)
    with pytest.raises(ReasonError):
        enrolled.visits.attest(visit_id, first, " ")
    assert enrolled.visits.attest(visit_id, first, "指纹磨损").step is Step.ATTEST_SECOND_CLERK
    with pytest.raises(SameClerkError):
        enrolled.visits.confirm_attestation(visit_id, first)
    assert _certifications(enrolled) == 0
    view = enrolled.visits.confirm_attestation(visit_id, second)
    assert view.step is Step.CERTIFIED
    body = json.loads(
        str(enrolled.rows("SELECT envelope FROM record WHERE kind = 'pension.certification'")[0]["envelope"])
    )["body"]
    assert (body["method"], body["review_required"], body["reason"]) == ("attested", True, "指纹磨损")
    assert len(body["clerks"]) == 2


def test_nobody_is_attested_before_it_is_known_who_it_is(enrolled: Point) -> None:
    visit_id = _known_by_number(enrolled)
    enrolled.visits.call_clerk(visit_id)
    with pytest.raises(OutOfStep):
        enrolled.visits.attest(visit_id, enrolled.two_clerks()[0], "指纹磨损")


def test_a_home_visit_is_asked_for_once_and_certifies_when_made(enrolled: Point, clock: ManualClock) -> None:
    first, second = enrolled.two_clerks()
    homes = enrolled.services.home_visits
    visit_id = _with_clerk(enrolled)
    assert enrolled.visits.request_home_visit(visit_id, first, "行动不便").step is Step.HOME_VISIT_NOTED
    enrolled.visits.leave(visit_id)
    (request,) = homes.open_requests()
    assert request.resident.masked_name == "张**"
    assert homes.request(second, NAME, NUMBER, "行动不便") == request.request_id
    with pytest.raises(VisitDateError):
        homes.complete(request.request_id, first, second, date(2026, 3, 3))
    with pytest.raises(SameClerkError):
        homes.complete(request.request_id, first, first, date(2026, 3, 2))
    clock.advance(86_400)
    view = homes.complete(request.request_id, first, second, date(2026, 3, 3))
    assert view.year == 2026
    assert homes.open_requests() == ()
    with pytest.raises(NotFoundError):
        homes.complete(request.request_id, first, second, date(2026, 3, 3))
    with pytest.raises(AlreadyCertifiedError):
        homes.request(first, NAME, NUMBER, "行动不便")
    statistics = enrolled.services.statistics()
    assert (statistics.certified_today, statistics.outstanding, statistics.waiting_for_review) == (1, (), 1)


def test_a_request_is_needless_once_the_resident_came(enrolled: Point) -> None:
    enrolled.services.home_visits.request(enrolled.two_clerks()[0], NAME, NUMBER, "行动不便")
    assert enrolled.services.statistics().home_visits_open == 1
    enrolled.certify()
    assert enrolled.services.home_visits.open_requests() == ()


def test_the_slip_says_what_was_certified_and_a_copy_says_that_it_is_one(enrolled: Point) -> None:
    view = enrolled.certify()
    _printed(enrolled)
    enrolled.visits.reprint(view.visit_id)
    _printed(enrolled)
    original, copy = (repr(slip) for slip in enrolled.printer.slips)
    assert view.certification is not None
    record = view.certification.record_id
    stored = enrolled.rows("SELECT hash FROM record WHERE id = ?", record)[0]["hash"]
    assert f"https://county.example/v/{record}/{str(stored)[:16]}" in original
    assert "养老金资格认证回执" in original
    assert "张**" in original
    assert NUMBER not in original
    assert "补打" not in original
    assert "补打" in copy
    assert _certifications(enrolled) == 1
    assert len(enrolled.rows("SELECT id FROM record WHERE kind = 'pension.certification'")) == 1


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.PAPER_OUT, Problem.PRINTER_PAPER_OUT),
        (Fault.COVER_OPEN, Problem.PRINTER_COVER_OPEN),
        (Fault.SILENT, Problem.PRINTER_UNAVAILABLE),
    ],
)
def test_a_printer_fault_undoes_nothing(enrolled: Point, fault: Fault, problem: Problem) -> None:
    enrolled.printer.fault = fault
    visit_id = enrolled.certify().visit_id
    view = enrolled.watch.until(
        lambda view: view.certification is not None and view.certification.slip is SlipState.FAILED
    )
    assert view.step is Step.CERTIFIED
    assert view.certification is not None
    assert view.certification.slip_problem is problem
    enrolled.printer.fault = None
    enrolled.visits.reprint(visit_id)
    _printed(enrolled)
    assert _certifications(enrolled) == 1


def test_a_second_tap_prints_nothing(enrolled: Point) -> None:
    visit_id = enrolled.certify().visit_id
    _printed(enrolled)
    enrolled.printer.gate.clear()
    enrolled.visits.reprint(visit_id)
    with pytest.raises(OutOfStep):
        enrolled.visits.reprint(visit_id)
    enrolled.printer.gate.set()
    _printed(enrolled)
    assert len(enrolled.printer.slips) == 2


def test_the_countys_answer_reaches_the_screen(enrolled: Point) -> None:
    view = enrolled.certify()
    _printed(enrolled)
    assert view.certification is not None
    with enrolled.database.transaction() as transaction:
        transaction.execute("DELETE FROM outbox WHERE record_id = ?", (view.certification.record_id,))
        transaction.execute(
            "INSERT INTO settlement (record_id, verdict, at) VALUES (?, 'stored', '2026-03-02T02:00:00+00:00')",
            (view.certification.record_id,),
        )
    enrolled.visits.refresh()
    enrolled.watch.until(lambda view: view.certification is not None and view.certification.acknowledged)


def test_leaving_drops_everything_personal_and_cancels_the_reader(enrolled: Point) -> None:
    visit_id = _known_by_number(enrolled)
    enrolled.visits.enter_number(visit_id, NUMBER)
    ended = enrolled.visits.leave(visit_id)
    assert ended == VisitView(visit_id, ended.revision, Step.ENDED)
    assert enrolled.watch.until(lambda view: view.step is Step.ENDED) == ended
    assert enrolled.visits.view() is None
    assert NAME not in repr(vars(enrolled.visits))
    assert NUMBER not in repr(vars(enrolled.visits))
    assert enrolled.rows("SELECT state FROM visit") == [{"state": "left"}]
    assert enrolled.visits.leave(visit_id).step is Step.ENDED
    enrolled.visit_until_finger()  # the reader is free again
    enrolled.touch("index", Step.CONFIRM_PERSON)


def test_acts_of_another_visit_or_step_change_nothing(enrolled: Point) -> None:
    view = enrolled.visits.start()
    acts: tuple[Callable[[], VisitView], ...] = (
        enrolled.visits.start,
        lambda: enrolled.visits.consent("another", given=True),
        lambda: enrolled.visits.confirm(view.visit_id, is_me=True),
        lambda: enrolled.visits.retry(view.visit_id),
        lambda: enrolled.visits.reprint(view.visit_id),
    )
    for act in acts:
        with pytest.raises(OutOfStep):
            act()
    assert enrolled.visits.view() == view
    with pytest.raises(Occupied):
        enrolled.enrolments.start(enrolled.two_clerks()[0])


def test_listeners_hear_growing_revisions_without_the_lock(enrolled: Point) -> None:
    heard: list[int] = []
    free: list[bool] = []

    def listen(view: VisitView) -> None:
        heard.append(view.revision)
        other = threading.Thread(target=enrolled.visits.view, daemon=True)
        other.start()
        other.join(SOON)
        free.append(not other.is_alive())

    enrolled.visits.subscribe(listen)
    enrolled.certify()
    _printed(enrolled)
    assert len(heard) > 4
    assert all(free)
    assert sorted(set(heard)) == sorted(heard)


def test_a_doubtful_clock_stops_at_once_until_a_clerk_confirms_the_date(enrolled: Point, clock: ManualClock) -> None:
    clerk = enrolled.two_clerks()[0]
    clock.synchronised = False
    clock.wall += timedelta(days=730)
    view = enrolled.visits.start()
    assert (view.step, view.problem) == (Step.CLERK_NEEDED, Problem.CLOCK_UNTRUSTED)
    with pytest.raises(OutOfStep):
        enrolled.visits.retry(view.visit_id)
    with pytest.raises(DateDiffersError):
        enrolled.visits.confirm_date(view.visit_id, clerk, date(2026, 3, 2))
    clock.wall -= timedelta(days=730)  # the clock was set by hand
    assert enrolled.visits.confirm_date(view.visit_id, clerk, date(2026, 3, 2)).step is Step.CONSENT
    enrolled.visits.consent(view.visit_id, given=True)
    enrolled.touch("index", Step.CONFIRM_PERSON)
    view = enrolled.visits.confirm(view.visit_id, is_me=True)
    assert view.certification is not None
    assert (view.certification.year, view.certification.clock_trusted) == (2026, False)


def test_a_clock_that_jumps_while_the_finger_is_read_certifies_nobody_in_silence(
    enrolled: Point, clock: ManualClock
) -> None:
    visit_id = enrolled.visit_until_finger()
    enrolled.touch("index", Step.CONFIRM_PERSON)
    clock.synchronised = False
    clock.wall += timedelta(days=400)
    view = enrolled.visits.confirm(visit_id, is_me=True)
    assert (view.step, view.problem) == (Step.CLERK_NEEDED, Problem.CLOCK_UNTRUSTED)
    assert _certifications(enrolled) == 0
    today = identity.today(clock.now())
    assert enrolled.visits.confirm_date(visit_id, enrolled.two_clerks()[0], today).step is Step.CERTIFIED
