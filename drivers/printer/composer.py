"""A slip as ESC/POS commands.

python-escpos builds what it builds soundly: initialising, styles, the printer's own QR code and the cut. By hand is
done what it gets wrong: its text goes through a choice of code pages that knows Chinese neither by mode (`FS &`) nor by
size (`FS !`), and its images want a profile of the make, without which they print a complaint on standard output.
"""

from collections.abc import Iterator
from typing import Final

import qrcode
from escpos.constants import QR_ECLEVEL_M
from escpos.printer import Dummy

from drivers.contracts.errors import Fault
from drivers.contracts.printer import Align, QRCode, Slip
from drivers.printer import layout
from drivers.printer.encoding import encode
from drivers.printer.faults import PrinterError
from drivers.printer.layout import Line
from drivers.printer.options import ReceiptPrinterOptions

#: Bytes that are sent before the printer is asked whether it has printed them. The smallest buffers hold 4096.
BLOCK: Final = 2048

_USA: Final = b"\x1bR\x00"  # in China's set of ASCII a dollar prints as a yen
_CHINESE: Final = b"\x1c&"
_CHINESE_LARGE: Final = b"\x1c!\x0c"
_CHINESE_NORMAL: Final = b"\x1c!\x00"
_DOTS_PER_COLUMN: Final = 12
_QR_PART: Final = 0.7  # of the paper's width, at most
_QR_MODULES: Final = (3, 8)  # dots a module: what a telephone still reads, and what is enough
_QR_MOST: Final = 300
_QUIET_ABOVE: Final = b"\x1bJ\x10"  # two millimetres
_BAND_ROWS: Final = 24
_LARGE_SPACING: Final = 60  # dots; the usual 30 would leave none between lines of 48
_FEED_TO_TEAR: Final = 5  # lines


def blocks(slip: Slip, options: ReceiptPrinterOptions) -> tuple[bytes, ...]:
    """The slip's commands from initialisation to cut, in blocks of about `BLOCK` bytes.

    Raises:
        PrinterError: `UNPRINTABLE` for what the printer cannot put on paper, or a slip that is empty.
    """
    if not slip.elements:
        raise PrinterError(Fault.UNPRINTABLE, "the slip is empty")
    gathered: list[bytes] = []
    current = b""
    for command in _commands(slip, options):
        if current and len(current) + len(command) > BLOCK:
            gathered.append(current)
            current = b""
        current += command
    return (*gathered, current)


def _commands(slip: Slip, options: ReceiptPrinterOptions) -> Iterator[bytes]:
    """Commands that may be parted from each other."""
    yield _begin()
    for element in slip.elements:
        if isinstance(element, QRCode):
            yield from _qr(element.content, options)
        else:
            for line in layout.lines(element, options.columns):
                yield _line(line, options)
    yield _end(options)


def _begin() -> bytes:
    made = Dummy()
    made.hw("INIT")
    return bytes(made.output) + _USA + _CHINESE


def _line(line: Line, options: ReceiptPrinterOptions) -> bytes:
    """A line, self-contained: some makes forget the style with the first Chinese character of a line."""
    made = Dummy()
    size = 2 if line.large else 1
    align = "center" if line.align is Align.CENTRE else "left"
    made.set(align=align, bold=line.bold, custom_size=True, width=size, height=size)
    made.line_spacing(_LARGE_SPACING if line.large else None)
    made._raw(_CHINESE_LARGE if line.large else _CHINESE_NORMAL)
    return bytes(made.output) + encode(line.text, options.font) + b"\n"


def _qr(content: str, options: ReceiptPrinterOptions) -> Iterator[bytes]:
    data = content.encode("utf-8")
    if not 0 < len(data) <= _QR_MOST:
        raise PrinterError(Fault.UNPRINTABLE, f"a QR code of {len(data)} bytes")
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0)
    code.add_data(data, optimize=0)
    dots = _module(17 + 4 * code.best_fit(start=1), options.columns * _DOTS_PER_COLUMN)
    made = Dummy()
    made.set(align="center", bold=False, custom_size=True, width=1, height=1)
    made._raw(_QUIET_ABOVE)
    if options.qr == "native":
        made.qr(content, ec=QR_ECLEVEL_M, size=dots, native=True)
        yield bytes(made.output) + b"\n"
        return
    code.make(fit=True)
    yield bytes(made.output)
    yield from _raster(code.get_matrix(), dots)
    yield b"\n"


def _module(modules: int, paper: int) -> int:
    least, most = _QR_MODULES
    return max(least, min(most, int(paper * _QR_PART) // modules))


def _raster(matrix: list[list[bool]], dots: int) -> Iterator[bytes]:
    """`GS v 0`, a few rows of modules each. A run of dots is a module wide, so that no byte in it is a command's."""
    rows_a_band = max(1, _BAND_ROWS // dots)
    size = (len(matrix) * dots + 7) // 8
    for top in range(0, len(matrix), rows_a_band):
        rows = matrix[top : top + rows_a_band]
        height = len(rows) * dots
        image = b"".join(_pack(row, dots, size) * dots for row in rows)
        yield b"\x1dv0\x00" + size.to_bytes(2, "little") + height.to_bytes(2, "little") + image


def _pack(row: list[bool], dots: int, size: int) -> bytes:
    bits = "".join(("1" if black else "0") * dots for black in row).ljust(size * 8, "0")
    return int(bits, 2).to_bytes(size, "big")


def _end(options: ReceiptPrinterOptions) -> bytes:
    made = Dummy()
    if options.cutter:
        made.print_and_feed(1)
        made.cut(feed=False)  # which is GS V 66 0: on to the blade, and cut
    else:
        made.print_and_feed(_FEED_TO_TEAR)
    return bytes(made.output)
