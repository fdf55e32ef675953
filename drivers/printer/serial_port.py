"""A printer on a serial port."""

import termios
from typing import Final

import serial

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import Fault
from drivers.printer.address import SerialAddress
from drivers.printer.faults import PrinterError
from drivers.printer.transport import OPEN_FAULTS, SLICE, line

_PIECE: Final = 256


class SerialTransport:
    """A serial port, for this process alone."""

    def __init__(self, address: SerialAddress) -> None:
        try:
            self._port = serial.Serial(
                address.path,
                address.baud,
                timeout=SLICE,
                exclusive=True,
                rtscts=address.flow == "rtscts",
                dsrdtr=address.flow == "dsrdtr",
                xonxoff=address.flow == "xonxoff",
            )
        except (OSError, termios.error, ValueError) as error:  # SerialException is an OSError
            code = error.errno if isinstance(error, OSError) else None
            raise PrinterError(OPEN_FAULTS.get(code or 0, Fault.NOT_FOUND), str(error)) from error

    @property
    def two_way(self) -> bool:
        """Always, as far as the system knows."""
        return True

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send bytes."""
        with line():
            for start in range(0, len(data), _PIECE):
                self._port.write_timeout = max(deadline.remaining(), SLICE)
                self._port.write(data[start : start + _PIECE])

    def drain(self, deadline: Deadline) -> None:
        """Wait until the output queue of the port is empty; the system offers no wait with an end, so it is asked."""
        with line():
            while self._port.out_waiting:
                if deadline.passed:
                    raise PrinterError(Fault.OFFLINE, f"{self._port.out_waiting} bytes have not left the port")
                self._port.read(1)  # a printer that never answers sends nothing: this only waits for a slice

    def read(self) -> bytes:
        """What has arrived."""
        if not self._port.is_open:
            raise PrinterError(Fault.UNPLUGGED, "the port is closed")
        with line():
            return bytes(self._port.read(self._port.in_waiting or 1))

    def close(self) -> None:
        """Let go of the port and of what has not left it: closing does not wait for a stopped line."""
        try:
            self._port.reset_output_buffer()
            self._port.close()
        except (OSError, termios.error):
            self._port.is_open = False
