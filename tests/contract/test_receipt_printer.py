"""What every receipt printer does, whatever it is made of (drivers/contracts/printer.py)."""

import io
from collections.abc import Callable, Iterator

import pytest
import zxingcpp
from PIL import Image

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.printer import QRCode, ReceiptPrinter, Slip, Text
from simulators.printer import Fault as Trouble
from simulators.printer import FaultKind
from simulators.printer import ReceiptPrinter as SimulatedPrinter
from tests.contract.receipt_printers import BENCHES, Bench
from tests.support.slips import CERTIFICATION, SHORT, VERIFY


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as opened:
        yield opened


def put_out(bench: Bench, slip: Slip, seconds: float = 30.0) -> None:
    bench.printer.print_slip(slip, Deadline.after(seconds))


def fault_of(act: Callable[[], object]) -> Fault:
    with pytest.raises(DeviceError) as raised:
        act()
    return raised.value.fault


def test_it_says_what_it_is_and_is_well(bench: Bench) -> None:
    assert isinstance(bench.printer, ReceiptPrinter)
    assert bench.printer.info.model
    assert bench.printer.condition().faults == frozenset()
    assert bench.printer.condition().warnings == frozenset()


def test_a_slip_is_on_paper_when_the_call_returns(bench: Bench) -> None:
    put_out(bench, CERTIFICATION)
    (slip,) = bench.paper.slips
    assert slip.text.splitlines()[:5] == [
        "养老金资格",
        "认证回执",
        "-" * 32,
        "姓名" + " " * 24 + "样**",
        "证件号码" + " " * 6 + "512***********0010",
    ]
    assert "￥128.50" in slip.text
    assert "扫码核验本次认证记录" in slip.text
    assert bench.paper.snapshot().unknown == ()


def test_the_code_on_the_paper_can_be_scanned(bench: Bench) -> None:
    put_out(bench, CERTIFICATION)
    picture = Image.open(io.BytesIO(bench.paper.slips[0].png()))
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [VERIFY]


def test_slips_come_out_one_by_one(bench: Bench) -> None:
    for count in range(1, 4):
        put_out(bench, SHORT)
        assert [slip.text.strip() for slip in bench.paper.slips] == ["第二张"] * count


def test_little_paper_is_a_warning_and_prints(bench: Bench) -> None:
    bench.paper.paper_low()
    condition = bench.printer.condition()
    assert (condition.faults, condition.warnings) == (frozenset(), frozenset({Fault.PAPER_LOW}))
    put_out(bench, SHORT)
    assert len(bench.paper.slips) == 1


def _no_paper(paper: SimulatedPrinter) -> None:
    paper.take_paper_out()


def _open_cover(paper: SimulatedPrinter) -> None:
    paper.open_cover()


def _overheated(paper: SimulatedPrinter) -> None:
    paper.fault(FaultKind.OVERHEATED)


def _jammed(paper: SimulatedPrinter) -> None:
    paper.fault(FaultKind.CUTTER_JAM)


def _broken(paper: SimulatedPrinter) -> None:
    paper.fault(FaultKind.FAILED)


def _mended(paper: SimulatedPrinter) -> None:
    paper.clear_fault()
    paper.load_paper()
    paper.close_cover()


TROUBLES = {
    Fault.PAPER_OUT: _no_paper,
    Fault.COVER_OPEN: _open_cover,
    Fault.OVERHEATED: _overheated,
    Fault.CUTTER_JAM: _jammed,
    Fault.OFFLINE: _broken,
}


@pytest.mark.parametrize("fault", TROUBLES)
def test_what_is_wrong_beforehand_is_named_and_nothing_is_printed(bench: Bench, fault: Fault) -> None:
    TROUBLES[fault](bench.paper)
    assert bench.printer.condition().faults == frozenset({fault})
    assert fault_of(lambda: put_out(bench, CERTIFICATION)) is fault
    _mended(bench.paper)
    assert bench.printer.condition().faults == frozenset()
    put_out(bench, SHORT)
    assert [slip.text.strip() for slip in bench.paper.slips] == ["第二张"]


@pytest.mark.parametrize(
    ("trouble", "fault"),
    [
        (Trouble(FaultKind.PAPER_OUT, after=4), Fault.PAPER_OUT),
        (Trouble(FaultKind.COVER_OPEN, after=4), Fault.COVER_OPEN),
        (Trouble(FaultKind.CUTTER_JAM, after=1), Fault.CUTTER_JAM),
    ],
    ids=lambda value: value.kind if isinstance(value, Trouble) else "",
)
def test_what_goes_wrong_in_the_middle_is_named_and_the_next_slip_is_whole(
    bench: Bench, trouble: Trouble, fault: Fault
) -> None:
    put_out(bench, SHORT)
    bench.paper.fault(trouble)
    assert fault_of(lambda: put_out(bench, CERTIFICATION)) is fault
    _mended(bench.paper)
    put_out(bench, SHORT)
    assert bench.paper.slips[-1].text.splitlines()[-2:].count("第二张") == 1
    assert bench.printer.condition().faults == frozenset()


def test_a_silent_printer_is_named_by_the_deadline_and_prints_again(bench: Bench) -> None:
    bench.paper.fault(FaultKind.SILENT)
    assert fault_of(lambda: put_out(bench, SHORT, 0.3)) is Fault.SILENT
    bench.paper.clear_fault()
    put_out(bench, SHORT)
    assert len(bench.paper.slips) == 1


def test_a_printer_that_falls_silent_in_the_middle_is_named_and_prints_again(bench: Bench) -> None:
    put_out(bench, SHORT)
    bench.paper.fault(Trouble(FaultKind.SILENT, after=100))
    assert fault_of(lambda: put_out(bench, CERTIFICATION, 2.0)) is Fault.SILENT
    _mended(bench.paper)
    put_out(bench, SHORT)
    assert bench.paper.slips[-1].text.strip().endswith("第二张")


def test_noise_is_no_answer(bench: Bench) -> None:
    bench.paper.fault(FaultKind.GARBAGE)
    assert fault_of(bench.printer.condition) is Fault.BAD_HEADER
    bench.paper.clear_fault()
    assert bench.printer.condition().faults == frozenset()


def test_a_pulled_plug_is_named_and_the_printer_prints_once_it_is_in_again(bench: Bench) -> None:
    put_out(bench, SHORT)
    bench.paper.unplug()
    assert fault_of(lambda: put_out(bench, SHORT)) is Fault.UNPLUGGED
    bench.paper.plug()
    bench.printer.close()
    anew = bench.reopen()
    anew.print_slip(SHORT, Deadline.after(30))
    assert len(bench.paper.slips) == 2


def test_a_plug_pulled_in_the_middle_is_named(bench: Bench) -> None:
    put_out(bench, SHORT)
    bench.paper.fault(Trouble(FaultKind.UNPLUGGED, after=300))
    assert fault_of(lambda: put_out(bench, CERTIFICATION)) is Fault.UNPLUGGED
    assert len(bench.paper.slips) == 1


@pytest.mark.parametrize(
    "slip",
    [Slip(()), Slip((QRCode(""),)), Slip((Text("前"), QRCode("x" * 301))), Slip((Text("前"), Text("\U0010ffff")))],
    ids=["nothing", "empty code", "long code", "no such character"],
)
def test_what_cannot_be_printed_is_refused_before_anything_is(bench: Bench, slip: Slip) -> None:
    assert fault_of(lambda: put_out(bench, slip)) is Fault.UNPRINTABLE
    assert bench.paper.snapshot().lines == 0


def test_a_deadline_that_has_passed_prints_nothing(bench: Bench) -> None:
    assert fault_of(lambda: put_out(bench, SHORT, 0.0)) is Fault.SILENT
    assert bench.paper.slips == ()


def test_closing_never_fails(bench: Bench) -> None:
    bench.printer.close()
    bench.printer.close()
    assert fault_of(bench.printer.condition) is Fault.UNPLUGGED
