"""A certification whose slip fails on real paper: the record stands, and printing again makes no second one."""

import math
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition
from drivers.contracts.printer import Slip
from drivers.printer import open_receipt_printer
from drivers.printer.receipts import EscPosPrinter
from services.certification.views import Problem, SlipState, VisitView
from simulators.printer import Fault, FaultKind, ReceiptPrinter
from tests.support import certification
from tests.support.certification import Point, ScriptedPrinter, identity_number


class OnPaper(ScriptedPrinter):
    """A point's printer whose slips go through the driver."""

    def __init__(self, printer: EscPosPrinter) -> None:
        super().__init__()
        self._printer = printer

    def condition(self) -> Condition:
        return self._printer.condition()

    def print_slip(self, slip: Slip, deadline: Deadline) -> None:
        self._printer.print_slip(slip, deadline)


@pytest.fixture
def paper() -> Iterator[ReceiptPrinter]:
    with ReceiptPrinter(serial=True, pace=math.inf) as printer:
        yield printer


@pytest.fixture
def point(tmp_path: Path, paper: ReceiptPrinter) -> Iterator[Point]:
    with (
        closing(open_receipt_printer(url=paper.url, dialect="epson")) as printer,
        mock.patch.object(certification, "ScriptedPrinter", lambda: OnPaper(printer)),
    ):
        point = Point(tmp_path)
        point.enrol("样例甲", identity_number())
        yield point
        assert point.breaches() == []
        point.close()


def slip_in(point: Point, state: SlipState) -> VisitView:
    return point.watch.until(lambda view: view.certification is not None and view.certification.slip is state)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [(FaultKind.PAPER_OUT, Problem.PRINTER_PAPER_OUT), (FaultKind.COVER_OPEN, Problem.PRINTER_COVER_OPEN)],
)
def test_a_slip_that_fails_half_way_is_printed_anew_and_the_record_is_one(
    point: Point, paper: ReceiptPrinter, kind: FaultKind, problem: Problem
) -> None:
    paper.fault(Fault(kind, after=6))
    visit_id = point.certify().visit_id
    failed = slip_in(point, SlipState.FAILED).certification
    assert failed is not None
    assert failed.slip_problem is problem
    paper.clear_fault()
    paper.close_cover()
    paper.load_paper()
    point.visits.reprint(visit_id)
    slip_in(point, SlipState.PRINTED)
    (slip,) = paper.slips
    assert "补打" in slip.text
    (code,) = slip.qr_codes
    assert re.search(r"/v/([0-9a-f-]+)/", code)
    records = [str(row["id"]) for row in point.rows("SELECT id FROM record WHERE kind = 'pension.certification'")]
    assert records == [failed.record_id]
    assert failed.record_id in code
