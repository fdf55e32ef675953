"""Reads the buffer command by command and has each one carried out.

Written from Epson's ESC/POS reference. What it does not know is noted and skipped as a printer skips it: the command's
two bytes go, its parameters print as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.printer import charset, qr
from simulators.printer.buffer import ClearedError, Watch
from simulators.printer.paper import BLADE_GAP
from simulators.printer.press import DEFAULT_SPACING, Press

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from simulators.printer.buffer import ReceiveBuffer
    from simulators.printer.makes import Make, Paper
    from simulators.printer.mechanism import Mechanism

_ESC, _FS, _GS, _DLE = 0x1B, 0x1C, 0x1D, 0x10
_IGNORED = frozenset({0x00, 0x0D, 0x0C, 0x18, _DLE})
_QR = 49
_MOST_DOTS = 4096  # a sane limit for either side of an image

# Commands that are read and change nothing here, with the number of their parameters.
_INERT: Mapping[tuple[int, int], int] = {
    (_ESC, ord("=")): 1,
    (_ESC, ord(" ")): 1,
    (_ESC, ord("V")): 1,
    (_ESC, ord("{")): 1,
    (_ESC, ord("r")): 1,
    (_ESC, ord("p")): 3,
    (_ESC, ord("B")): 2,
    (_ESC, ord("M")): 1,
    (_ESC, ord("c")): 2,
    (_FS, ord("S")): 2,
    (_FS, ord("-")): 1,
    (_FS, ord("W")): 1,
    (_FS, ord("C")): 1,
    (_GS, ord("b")): 1,
    (_GS, ord("H")): 1,
    (_GS, ord("h")): 1,
    (_GS, ord("w")): 1,
    (_GS, ord("f")): 1,
    (_GS, ord("L")): 2,
    (_GS, ord("W")): 2,
    (_GS, ord("P")): 2,
    (_GS, ord("|")): 1,
}


class Interpreter:
    """One power session of a printer's firmware."""

    def __init__(
        self, make: Make, paper: Paper, buffer: ReceiveBuffer, mechanism: Mechanism, answer: Callable[[bytes], None]
    ) -> None:
        """Power up.

        Args:
            make: What it understands.
            paper: What it prints on.
            buffer: Where the commands come from.
            mechanism: Where the dots go.
            answer: Sends bytes to the host.
        """
        self._make = make
        self._buffer = buffer
        self._mechanism = mechanism
        self._answer = answer
        self._watch = Watch(buffer)
        self._press = Press(paper, mechanism.move)
        self._qr_data = b""
        self._graphic: NDArray[np.bool_] | None = None
        self.unknown: list[bytes] = []
        self.automatic = False
        self._initialise()

    def run(self) -> None:
        """Carry out commands until the power goes.

        Raises:
            PowerOffError: The power went.
        """
        self._mechanism.watch = self._watch
        while True:
            try:
                first = self._one()
                self._mechanism.await_online()
                self._obey(first)
            except ClearedError:
                self._press.drop_line()
                self._watch.check(clearing=False)

    def _initialise(self) -> None:
        self._press.reset()
        self._chinese = self._make.chinese_at_start
        self._page = 0
        self._nation = 15
        self._qr_module = 3
        self._qr_level = 48

    def _take(self, count: int) -> bytes:
        return self._buffer.take(count, self._watch)

    def _one(self) -> int:
        return self._take(1)[0]

    def _two(self) -> int:
        return int.from_bytes(self._take(2), "little")

    def _obey(self, first: int) -> None:
        if first == 0x0A:
            self._press.feed_line()
        elif first == 0x09:
            self._press.tab()
        elif first in (_ESC, _FS, _GS):
            self._command(first, self._one())
        elif first >= 0x20:
            self._character(first)
        elif first not in _IGNORED:
            self.unknown.append(bytes([first]))

    # --- text -----------------------------------------------------------------------------------------------------

    def _character(self, first: int) -> None:
        if not (self._chinese and charset.is_lead(first)):
            self._press.character(charset.single(first, self._page, self._nation), chinese=False)
            return
        second = self._one()
        length = charset.length(first, second, four_bytes=self._make.four_bytes)
        if length is None:
            self._press.character(charset.UNKNOWN, chinese=False)
            self._obey(second)
            return
        character = charset.multiple(bytes([first, second]) + self._take(length - 2))
        self._press.character(character, chinese=True)

    # --- commands -------------------------------------------------------------------------------------------------

    def _command(self, family: int, code: int) -> None:
        known = {_ESC: self._escape, _FS: self._chinese_command, _GS: self._group}[family](code)
        if known:
            return
        parameters = _INERT.get((family, code))
        if parameters is None:
            self.unknown.append(bytes([family, code]))
        else:
            self._take(parameters)

    def _escape(self, code: int) -> bool:
        plain: Mapping[str, Callable[[], None]] = {
            "@": self._initialise,
            "2": lambda: self._set_spacing(DEFAULT_SPACING),
            "3": lambda: self._set_spacing(self._one()),
            "J": lambda: self._press.feed(self._one()),
            "d": lambda: self._feed_lines(self._one()),
            "a": self._align,
            "E": lambda: self._set_bold(self._one()),
            "G": lambda: self._set_bold(self._one()),
            "-": self._underline,
            "!": lambda: self._print_mode(self._one()),
            "t": self._select_page,
            "R": self._select_nation,
            "*": self._column_image,
            "$": lambda: self._press.go_to(self._two()),
            "\\": self._move,
            "i": self._mechanism.cut,
            "m": self._mechanism.cut,
        }
        return _carry_out(plain, code)

    def _chinese_command(self, code: int) -> bool:
        plain: Mapping[str, Callable[[], None]] = {
            "&": lambda: self._set_chinese(on=True),
            "(": self._extended_chinese,
            ".": lambda: self._set_chinese(on=False),
            "!": self._chinese_print_mode,
        }
        return _carry_out(plain, code)

    def _group(self, code: int) -> bool:
        plain: dict[str, Callable[[], None]] = {
            "!": self._size,
            "B": self._inverse,
            "V": self._cut,
            "v": self._raster,
            "k": self._barcode,
            "r": self._transmit_status,
            "(": self._extended,
            "8": self._large,
        }
        if self._make.identifies:
            plain |= {"I": self._identify, "a": self._automatic}
        return _carry_out(plain, code)

    def _set_spacing(self, dots: int) -> None:
        self._press.spacing = dots

    def _feed_lines(self, count: int) -> None:
        self._press.feed(count * self._press.spacing)

    def _align(self) -> None:
        where = self._one() % 48
        if self._press.at_line_start:
            self._press.align = where

    def _set_bold(self, value: int) -> None:
        self._press.style.bold = bool(value & 1)

    def _underline(self) -> None:
        self._press.style.underline = min(self._one() % 48, 2)

    def _inverse(self) -> None:
        self._press.style.inverse = bool(self._one() & 1)

    def _print_mode(self, value: int) -> None:
        style = self._press.style
        wide, high = 1 + (value >> 5 & 1), 1 + (value >> 4 & 1)
        style.wide, style.high = wide, high
        if self._make.identifies:  # cheap makes size Chinese by FS ! alone
            style.chinese_wide, style.chinese_high = wide, high
        style.bold = bool(value & 0x08)
        style.underline = value >> 7 & 1

    def _chinese_print_mode(self) -> None:
        value = self._one()
        style = self._press.style
        style.chinese_wide, style.chinese_high = 1 + (value >> 2 & 1), 1 + (value >> 3 & 1)

    def _size(self) -> None:
        value = self._one()
        style = self._press.style
        style.wide = style.chinese_wide = 1 + (value >> 4 & 7)
        style.high = style.chinese_high = 1 + (value & 7)

    def _select_page(self) -> None:
        self._page = self._one()

    def _select_nation(self) -> None:
        self._nation = self._one()

    def _set_chinese(self, *, on: bool) -> None:
        self._chinese = on

    def _cut(self) -> None:
        mode = self._one()
        if mode % 48 in (0, 1):
            self._mechanism.cut()
        elif mode in (65, 66):
            self._press.feed(BLADE_GAP + self._one())
            self._mechanism.cut()
        else:
            self.unknown.append(bytes([_GS, ord("V"), mode]))

    # --- images ---------------------------------------------------------------------------------------------------

    def _column_image(self) -> None:
        """``ESC *``: columns of 8 or 24 dots, which stand in the line like a character."""
        mode, columns = self._one(), self._two()
        tall = 3 if mode & 32 else 1
        bits = np.unpackbits(np.frombuffer(self._take(columns * tall), dtype=np.uint8))
        dots = bits.reshape(columns, tall * 8).T.astype(np.bool_)
        if tall == 1:
            dots = dots.repeat(3, axis=0)
        self._press.cell(dots if mode & 1 else dots.repeat(2, axis=1))

    def _raster(self) -> None:
        """``GS v 0``: rows of dots, a line of their own."""
        zero, mode, width, height = self._one(), self._one(), self._two(), self._two()
        if zero != ord("0") or not 0 < width * 8 <= _MOST_DOTS or not 0 < height <= _MOST_DOTS:
            self.unknown.append(bytes([_GS, ord("v"), zero, mode]))
            return
        dots = _bits(self._take(width * height), width, height)
        self._press.image(dots.repeat(1 + (mode >> 1 & 1), axis=0).repeat(1 + (mode & 1), axis=1))

    def _barcode(self) -> None:
        """``GS k``: read to its end; bars are not drawn."""
        kind = self._one()
        if kind < 65:
            while self._one():
                pass
        else:
            self._take(self._one())
        self.unknown.append(bytes([_GS, ord("k"), kind]))

    def _move(self) -> None:
        distance = self._two()
        self._press.go_by(distance - 0x10000 if distance & 0x8000 else distance)

    def _extended_chinese(self) -> None:
        """``FS (``: fonts and the like, which change nothing here."""
        self._one()
        self._take(self._two())

    def _large(self) -> None:
        """``GS 8 L``: graphics with a length of four bytes."""
        name, size = self._one(), int.from_bytes(self._take(4), "little")
        if name != ord("L") or size > _MOST_DOTS * _MOST_DOTS // 8:
            self.unknown.append(bytes([_GS, ord("8"), name]))
            return
        self._graphics(self._take(size))

    def _graphics(self, data: bytes) -> None:
        """Keep an image (112) or print what was kept (2, 50)."""
        function = data[1]
        if function == 112:
            wide, high = data[3], data[4]
            width, height = (int.from_bytes(data[place : place + 2], "little") for place in (6, 8))
            dots = _bits(data[10:], (width + 7) // 8, height)[:, :width]
            self._graphic = dots.repeat(high, axis=0).repeat(wide, axis=1)
        elif function in (2, 50) and self._graphic is not None:
            graphic, self._graphic = self._graphic, None
            self._press.image(graphic)
        else:
            self.unknown.append(bytes([_GS, ord("("), ord("L"), function]))

    def _extended(self) -> None:
        """``GS (``: functions that say how long they are."""
        name = self._one()
        data = self._take(self._two())
        if name == ord("k") and data[:1] == bytes([_QR]) and self._make.draws_qr:
            self._qr_function(data[1], data[2:])
        elif name == ord("L") and len(data) >= 2:
            self._graphics(data)
        elif name == ord("H") and data[:2] == b"00" and self._make.identifies:
            self._answer(b"\x37\x22" + data[2:6] + b"\x00")
        else:
            self.unknown.append(bytes([_GS, ord("("), name]))

    def _qr_function(self, function: int, data: bytes) -> None:
        match function:
            case 65:
                return
            case 67:
                self._qr_module = max(1, min(16, data[0]))
            case 69:
                self._qr_level = data[0]
            case 80:
                self._qr_data = data[1:]
            case 81:
                symbol = qr.symbol(self._qr_data, module=self._qr_module, level=self._qr_level)
                self._press.image(symbol, code=self._qr_data.decode("utf-8", "replace"))

    # --- answers that wait their turn -----------------------------------------------------------------------------

    def _transmit_status(self) -> None:
        if self._one() in (1, 49):
            self._answer(self._mechanism.state.paper_sensor())

    def _automatic(self) -> None:
        self.automatic = bool(self._one())
        if self.automatic:
            self._answer(self._mechanism.state.automatic())

    def _identify(self) -> None:
        texts = {65: "1.00", 66: self._make.maker, 67: self._make.name, 68: "S0000001", 69: "CHINA GB18030"}
        kind = self._one()
        if kind in texts:
            self._answer(b"\x5f" + texts[kind].encode("ascii") + b"\x00")
        elif kind in (1, 2, 49, 50):
            self._answer(b"\x02")


def _carry_out(commands: Mapping[str, Callable[[], None]], code: int) -> bool:
    command = commands.get(chr(code))
    if command is None:
        return False
    command()
    return True


def _bits(data: bytes, width: int, height: int) -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8)).reshape(height, width * 8).astype(np.bool_)
