"""A screen on a scripted point, and the views that nobody could bring about in every combination by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kiosk.config import PointConfig, ScreenConfig
from kiosk.ui.screen import Parts, Screen
from services.certification.views import (
    CertificationView,
    EnrolmentStep,
    EnrolmentView,
    FingerPosition,
    Problem,
    SlipState,
    Step,
    VisitView,
)
from services.inventory import Inventory, UsbDevice, Watch
from services.northbound.messages import Method
from services.northbound.service import Northbound
from tests.support.broker import free_port
from tests.support.certification import Point
from tests.support.clocks import ManualClock
from tests.support.way import options

LONG_NAME = "阿" + "*" * 19 + "·" + "*" * 19
NUMBER = "500236**********12"


@dataclass
class Stage:
    """A running screen and the point below it."""

    point: Point
    clock: ManualClock
    screen: Screen

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.screen.port}"


@contextmanager
def stage(folder: Path, *, plugged: bool = True) -> Iterator[Stage]:
    """A screen that is served, on hardware that does what the test scripts and without a county."""
    clock = ManualClock()
    point = Point(folder, clock=clock, plugged=plugged)
    point.two_clerks()
    northbound = Northbound(
        point="V001", county="test", database=point.database, journal=point.journal, clock=clock,
        mqtt=options(free_port()),
    )  # fmt: skip
    inventory = Watch(lambda: Inventory(usb=(UsbDevice("1-1", 0x1A86, 0x7523, "", "", "USB Serial"),)))
    screen = Screen(
        Parts(
            point=PointConfig(
                id="V001", name="石门村便民服务点", county="test", supervision_phone="12345-678",
                verify_url="https://county.example",
            ),
            settings=ScreenConfig(port=0), certification=point.services, clerks=point.clerks, northbound=northbound,
            devices={"fingerprint": point.reader_handle, "receipt_printer": point.printer_handle},
            inventory=inventory, clock=clock,
        )
    )  # fmt: skip
    screen.start()
    try:
        yield Stage(point, clock, screen)
    finally:
        screen.stop()
        northbound.stop()
        point.close()


def certification(slip: SlipState, problem: Problem | None = None, name: str = "张**") -> CertificationView:
    """A certification as it may be shown."""
    return CertificationView(
        certification_id="c", record_id="r", year=2026, certified_at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
        clock_trusted=True, method=Method.FINGER, masked_name=name, masked_number=NUMBER, slip=slip,
        slip_problem=problem, acknowledged=False,
    )  # fmt: skip


#: Which problems each step can come with.
TOUCH = (Problem.NO_FINGER, Problem.POOR_IMAGE, Problem.NO_MATCH, Problem.INCONCLUSIVE)
READER = (Problem.READER_UNPLUGGED, Problem.READER_SILENT, Problem.READER_BROKEN)
SLIPS = (
    (SlipState.WAITING, None), (SlipState.PRINTING, None), (SlipState.PRINTED, None),
    (SlipState.FAILED, Problem.PRINTER_PAPER_OUT), (SlipState.FAILED, Problem.PRINTER_COVER_OPEN),
    (SlipState.FAILED, Problem.PRINTER_UNAVAILABLE), (SlipState.FAILED, Problem.SLIP_INTERRUPTED),
)  # fmt: skip
PROBLEMS: dict[Step, tuple[Problem | None, ...]] = {
    Step.TRY_AGAIN: TOUCH,
    Step.OTHER_FINGER: TOUCH,
    Step.IDENTIFY: (Problem.NO_MATCH, Problem.NO_FINGER, Problem.NOT_ME, Problem.LIBRARY_INCOMPLETE),
    Step.CLERK_NEEDED: (
        None, *TOUCH, *READER, Problem.OTHER_READER, Problem.NOT_ME, Problem.LIBRARY_INCOMPLETE,
        Problem.DATA_UNREADABLE, Problem.CLOCK_UNTRUSTED, Problem.UNFORESEEN,
    ),
    Step.READER_UNAVAILABLE: READER,
    Step.CANNOT_SAVE: (Problem.STORE_FULL,),
}  # fmt: skip
ENROLMENT_PROBLEMS: dict[EnrolmentStep, tuple[Problem | None, ...]] = {
    EnrolmentStep.CHOOSE_FINGER: (
        None, Problem.NO_FINGER, Problem.POOR_IMAGE, Problem.IMPRESSIONS_DIFFER, Problem.UNFORESEEN,
    ),
    EnrolmentStep.IMPRESSION: (None, Problem.LOW_QUALITY),
    EnrolmentStep.DUPLICATE: (Problem.SAME_FINGER, Problem.OTHER_RESIDENT),
    EnrolmentStep.READER_UNAVAILABLE: READER,
    EnrolmentStep.CANNOT_SAVE: (Problem.STORE_FULL,),
}  # fmt: skip


def visit_views(name: str = "张**") -> Iterator[tuple[str, VisitView]]:
    """Every step of a visit with every problem that it can come with."""
    for step in Step:
        if step is Step.ENDED:
            continue
        for problem in PROBLEMS.get(step, (None,)):
            known = step in {Step.CONFIRM_PERSON, Step.OTHER_FINGER, Step.HOME_VISIT_NOTED, Step.ATTEST_SECOND_CLERK}
            for named in (True, False) if step is Step.CLERK_NEEDED else (known,):
                view = VisitView(
                    "v", 1, step, problem=problem, masked_name=name if named else None,
                    masked_number=NUMBER if named else None, tries_left=2,
                    finger=FingerPosition.LEFT_RING if step is Step.OTHER_FINGER else None,
                )  # fmt: skip
                if step in {Step.CERTIFIED, Step.ALREADY_CERTIFIED}:
                    for slip, why in SLIPS:
                        shown = certification(slip, why, name)
                        with_slip = VisitView("v", 1, step, masked_name=name, masked_number=NUMBER, certification=shown)
                        yield f"{step}-{slip}-{why}", with_slip
                else:
                    yield f"{step}-{problem}-{'named' if named else 'unknown'}", view


def enrolment_views(name: str = "张**") -> Iterator[tuple[str, EnrolmentView]]:
    """Every step of an enrolment with every problem that it can come with."""
    for step in EnrolmentStep:
        if step is EnrolmentStep.ENDED:
            continue
        for problem in ENROLMENT_PROBLEMS.get(step, (None,)):
            yield (
                f"{step}-{problem}",
                EnrolmentView(
                    "e", 1, step, problem=problem, masked_name=None if step is EnrolmentStep.PERSON else name,
                    masked_number=None if step is EnrolmentStep.PERSON else NUMBER, finger=FingerPosition.RIGHT_INDEX,
                    impression=2, quality=71, fingers_done=(FingerPosition.RIGHT_INDEX, FingerPosition.LEFT_MIDDLE),
                    enrolled_before=step is EnrolmentStep.CONSENT,
                ),
            )  # fmt: skip
