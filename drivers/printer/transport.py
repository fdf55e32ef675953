"""The way to the printer: bytes there and back over a serial port, a network port or USB.

python-escpos has transports of its own, which are not used: none keeps a deadline. Its serial port waits without end
for a printer that has stopped the line, also while it is closed; its network port knows no address but IPv4 and takes a
closed connection for an empty answer; its USB port waits without end, takes the endpoints for granted, resets the
printer when it is opened and never gives it back to the kernel.
"""

import errno
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import serial

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import Fault
from drivers.printer.faults import PrinterError

#: The longest single wait for bytes: how soon a deadline is seen, in seconds.
SLICE: Final = 0.05

#: What the system says when a way cannot be opened.
OPEN_FAULTS: Final = {
    errno.ENOENT: Fault.NOT_FOUND,
    errno.ENXIO: Fault.NOT_FOUND,
    errno.ENODEV: Fault.NOT_FOUND,
    errno.ENOTDIR: Fault.NOT_FOUND,
    errno.EACCES: Fault.ACCESS_DENIED,
    errno.EPERM: Fault.ACCESS_DENIED,
    errno.EBUSY: Fault.BUSY,
    errno.EWOULDBLOCK: Fault.BUSY,
}


class Transport(Protocol):
    """An open way to a printer. It belongs to one thread."""

    @property
    def two_way(self) -> bool:
        """Whether anything can come back."""
        ...

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send bytes.

        Raises:
            PrinterError: `OFFLINE` when the printer has stopped the line until the deadline, `UNPLUGGED` when the way
                is gone.
        """
        ...

    def drain(self, deadline: Deadline) -> None:
        """Wait until the last byte has left this machine, as far as the system knows.

        Raises:
            PrinterError: as for `write`.
        """
        ...

    def read(self) -> bytes:
        """What has arrived; while nothing has, waits for one slice of time.

        Raises:
            PrinterError: `UNPLUGGED` when the way is gone.
        """
        ...

    def close(self) -> None:
        """Let go. Never raises, and may be called twice."""
        ...


@contextmanager
def line() -> Iterator[None]:
    """Turn what the system says of a dead or stopped line into a fault."""
    try:
        yield
    except (serial.SerialTimeoutException, TimeoutError) as error:
        raise PrinterError(Fault.OFFLINE, "the printer has stopped the line") from error
    except (OSError, termios.error) as error:
        raise PrinterError(Fault.UNPLUGGED, str(error)) from error
