"""The simulated printer as programs see it that were not written here: python-escpos used plainly, and receiptio.

They prove that it takes others' bytes for what they are and answers as others expect, so that it is a fair reader of
the driver's bytes, too.
"""

import contextlib
import hashlib
import io
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import zxingcpp
from escpos.printer import Network, Serial
from PIL import Image, ImageDraw

from simulators.printer import FULL, PLAIN, FaultKind, PrintedSlip, ReceiptPrinter
from tests.support.slips import VERIFY

RECEIPTIO = Path(__file__).with_name("receiptio")


@pytest.fixture
def printer() -> Iterator[ReceiptPrinter]:
    with ReceiptPrinter(make=FULL, pace=math.inf) as simulated:
        yield simulated


def codes(slip: PrintedSlip) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(slip.png())))]


# --- python-escpos ----------------------------------------------------------------------------------------------------


def host(printer: ReceiptPrinter) -> Network:
    place = urlsplit(printer.url)
    return Network(place.hostname, place.port, timeout=10)


def test_escpos_prints_text_styles_and_a_cut(printer: ReceiptPrinter) -> None:
    client = host(printer)
    client.set(align="center", bold=True, double_height=True, double_width=True)
    client.text("RECEIPT\n")
    client.set(align="left", bold=False, normal_textsize=True, underline=1)
    client.text("one\ntwo\n")
    client.cut()
    slip = printer.wait_for_slip()
    assert slip.text.split() == ["RECEIPT", "one", "two"]
    assert not slip.dots[:96].any()  # what lay between head and blade before
    assert slip.dots[96:].any()
    client.close()


def test_escpos_draws_codes_both_ways(printer: ReceiptPrinter, capsys: pytest.CaptureFixture[str]) -> None:
    client = host(printer)
    client.qr(VERIFY, native=True, size=6)
    client.cut()
    client.qr(VERIFY, size=6, impl=None, image_arguments={"impl": "bitImageRaster"})
    client.cut()
    client.qr(VERIFY, size=6, image_arguments={"impl": "graphics"})
    client.cut()
    client.qr(VERIFY, size=6, image_arguments={"impl": "bitImageColumn"})
    client.cut()
    printer.wait_for_slip(4)
    assert printer.slips[0].qr_codes == (VERIFY,)
    assert [codes(slip) for slip in printer.slips] == [[VERIFY]] * 4
    assert printer.snapshot().unknown == ()
    client.close()


def test_escpos_hears_of_paper_and_of_the_printer_being_offline(printer: ReceiptPrinter) -> None:
    client = host(printer)
    client.open()
    assert (client.is_online(), client.paper_status()) == (True, 2)
    printer.paper_low()
    assert (client.is_online(), client.paper_status()) == (True, 1)
    printer.take_paper_out()
    assert (client.is_online(), client.paper_status()) == (False, 0)
    printer.load_paper()
    printer.open_cover()
    assert not client.is_online()
    client.close()


def test_escpos_text_needs_chinese_mode_for_chinese() -> None:
    """The trap: a client that sends GB18030 without `FS &` prints right on a Chinese make and wrong on any other."""
    for make, right in ((PLAIN, True), (FULL, False)):
        with ReceiptPrinter(make=make, pace=math.inf) as printer:
            client = host(printer)
            client._raw("样例\n".encode("gb18030"))
            client.cut()
            assert ("样例" in printer.wait_for_slip().text) is right
            client.close()


def test_escpos_prints_over_a_serial_line() -> None:
    with ReceiptPrinter(serial=True, baud=19200, pace=math.inf) as printer:
        client = Serial(urlsplit(printer.url).path, baudrate=19200, timeout=10, dsrdtr=False)
        client.text("over a cable\n")
        client.cut()
        assert printer.wait_for_slip().text.strip() == "over a cable"
        client.open()
        assert client.is_online()
        client.close()


def test_an_image_comes_out_dot_by_dot(printer: ReceiptPrinter) -> None:
    picture = Image.new("1", (200, 50), 1)
    ImageDraw.Draw(picture).ellipse((10, 5, 180, 45), fill=0)
    client = host(printer)
    client.image(picture)
    client.cut()
    dots = printer.wait_for_slip().dots
    assert int(dots.sum()) == int((~np.asarray(picture)).sum())
    client.close()


# --- receiptio --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def receiptio(request: pytest.FixtureRequest) -> Callable[[ReceiptPrinter, str, str], str]:
    """Runs receiptio, installed from its lock file into pytest's cache; `(printer, options, source) -> result`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    assert request.config.cache is not None
    version = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(RECEIPTIO.iterdir()))).hexdigest()[:16]
    folder = request.config.cache.mkdir("receiptio") / version
    if not folder.exists():
        _install(npm, folder)

    def run(printer: ReceiptPrinter, options: str, source: str = "") -> str:
        port = str(urlsplit(printer.url).port)
        command = [node, "print.js", port, f"-p escpos -c 32 -l zh-hans -t 20 {options}"]
        return subprocess.run(
            command, cwd=folder, input=source, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    return run


def _install(npm: str, folder: Path) -> None:
    """Install into a folder of its own, which then takes its place at once: others may be doing the same."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        fresh = Path(name) / "receiptio"
        shutil.copytree(RECEIPTIO, fresh)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        done = subprocess.run(install, cwd=fresh, capture_output=True, text=True, check=False, timeout=100)
        if done.returncode:
            pytest.skip(f"npm cannot install receiptio here: {done.stderr.strip().splitlines()[-1:]}")
        with contextlib.suppress(OSError):  # another was faster
            fresh.rename(folder)


@pytest.mark.xdist_group("receiptio")
def test_receiptio_prints_chinese_columns_and_a_code(
    receiptio: Callable[[ReceiptPrinter, str, str], str], printer: ReceiptPrinter
) -> None:
    source = f"^^^养老金资格\n姓名 | 样例甲\n金额 | ￥128.50\n{{code:{VERIFY}; option:qrcode,6,m}}\n"
    assert receiptio(printer, "", source) == "success"
    slip = printer.wait_for_slip()
    assert [line.split() for line in slip.text.splitlines()] == [
        ["养老金资格"],
        ["姓名", "样例甲"],
        ["金额", "￥128.50"],
    ]
    assert codes(slip) == [VERIFY]
    assert printer.snapshot().unknown == ()


@pytest.mark.xdist_group("receiptio")
@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda printer: None, "online"),
        (ReceiptPrinter.open_cover, "coveropen"),
        (ReceiptPrinter.take_paper_out, "paperempty"),
        (lambda printer: printer.fault(FaultKind.CUTTER_JAM), "error"),
        (ReceiptPrinter.unplug, "disconnect"),
    ],
    ids=["well", "cover", "paper", "cutter", "plug"],
)
def test_receiptio_hears_how_the_printer_is(
    receiptio: Callable[..., str], printer: ReceiptPrinter, spoil: Callable[[ReceiptPrinter], None], word: str
) -> None:
    spoil(printer)
    assert receiptio(printer, "-q") == word
