"""The exchange on the serial line: one command, one acknowledgement, by one absolute deadline.

The protocol numbers nothing, so the answer to a command that timed out could pass for the answer to the next one. After
any failed exchange the link is therefore in doubt; before the next command it waits until the line is quiet and asks
for the system parameters, whose answer is of a length that no other has: what comes before it is late and is dropped.
"""

import errno
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

import serial

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import Fault
from drivers.fingerprint.ef01.codec import Decoder, Packet, PacketKind, encode
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.instructions import PROMPT, Instruction, SystemParameters

#: A pause this long inside a packet ends it, and between packets says that the line is quiet, in seconds.
QUIET: Final = 0.15
#: How long the module may pause between two data packets, in seconds.
DATA_PAUSE: Final = 2.0
#: What may still be under way on a link in doubt, in bits on the line: an image of 256 x 288 in small packets and more.
UNDER_WAY: Final = 600_000

_SLICE: Final = 0.05  # the longest single read: how soon a deadline or a cancellation is seen
_WRITE_TIMEOUT: Final = 5.0
_OPEN_FAULTS: Final = {
    errno.ENOENT: Fault.NOT_FOUND,
    errno.ENXIO: Fault.NOT_FOUND,
    errno.ENODEV: Fault.NOT_FOUND,
    errno.ENOTDIR: Fault.NOT_FOUND,
    errno.EACCES: Fault.ACCESS_DENIED,
    errno.EPERM: Fault.ACCESS_DENIED,
    errno.EBUSY: Fault.BUSY,
    errno.EWOULDBLOCK: Fault.BUSY,
}


def open_port(path: str, baud: int) -> serial.Serial:
    """Open a serial port for this process alone.

    Raises:
        EF01Error: `NOT_FOUND`, `ACCESS_DENIED`, or `BUSY` when another program holds it.
    """
    try:
        return serial.Serial(path, baud, timeout=_SLICE, write_timeout=_WRITE_TIMEOUT, exclusive=True)
    except (OSError, termios.error, ValueError) as error:  # SerialException is an OSError
        code = error.errno if isinstance(error, OSError) else None
        raise EF01Error(_OPEN_FAULTS.get(code or 0, Fault.NOT_FOUND), str(error)) from error


class Link:
    """A module at the other end of a serial port.

    Attributes:
        address: the module's address; packets from any other are no answer.
    """

    def __init__(
        self, port: serial.Serial, address: int = 0xFFFFFFFF, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.address = address
        self._port = port
        self._monotonic = monotonic
        self._decoder = Decoder()
        self._packets: deque[Packet] = deque()
        self._in_doubt = False

    @property
    def baud(self) -> int:
        """The speed of the line in bit/s."""
        return int(self._port.baudrate)

    def set_baud(self, baud: int) -> None:
        """Talk at another speed from now on; what is still under way at the old one is dropped.

        Raises:
            EF01Error: `UNPLUGGED` when the port is gone, `UNSUPPORTED` when it cannot do that speed.
        """
        with _line():
            try:
                self._port.baudrate = baud
            except ValueError as error:
                raise EF01Error(Fault.UNSUPPORTED, str(error)) from error
        self.discard()

    def close(self) -> None:
        """Let go of the port; never raises."""
        try:
            self._port.close()
        except (OSError, termios.error):
            self._port.is_open = False

    def doubt(self) -> None:
        """Distrust what comes next, because an answer may still be under way."""
        self._in_doubt = True

    def trust(self) -> None:
        """Forget the doubt: the caller knows that nothing is under way."""
        self._in_doubt = False

    def command(self, payload: bytes, seconds: float) -> bytes:
        """Send a command and wait for its acknowledgement.

        Args:
            payload: instruction code and parameters.
            seconds: how long the answer may take.

        Returns:
            The acknowledgement's payload, at least its confirmation code.

        Raises:
            EF01Error: a fault of the line; the next command still works.
        """
        if self._in_doubt:
            self._settle()
        self.discard()
        return self._ask(payload, Deadline.after(seconds, self._monotonic))

    def receive_data(self, seconds: float, cancel: Event | None = None) -> bytes:
        """Receive data packets up to the one that says it is the last.

        Raises:
            EF01Error: `CANCELLED` when `cancel` was set, otherwise a fault of the line, as soon as it shows.
        """
        deadline = Deadline.after(seconds, self._monotonic)
        data = bytearray()
        with self._doubted_unless_done():
            while True:
                packet = self._receive(deadline.within(DATA_PAUSE), (PacketKind.DATA, PacketKind.END_OF_DATA), cancel)
                data += packet.payload
                if packet.kind is PacketKind.END_OF_DATA:
                    return bytes(data)

    def send_data(self, data: bytes, packet_bytes: int) -> None:
        """Send data in packets of `packet_bytes`; the module does not acknowledge them.

        Raises:
            EF01Error: when the port is gone or does not take them.
        """
        last = max(0, len(data) - 1) // packet_bytes
        with self._doubted_unless_done():
            for number in range(last + 1):
                kind = PacketKind.END_OF_DATA if number == last else PacketKind.DATA
                self._send(kind, data[number * packet_bytes : (number + 1) * packet_bytes])

    def discard(self) -> None:
        """Drop whatever has arrived and was not asked for.

        Raises:
            EF01Error: `UNPLUGGED` when the port is gone.
        """
        with _line():
            self._port.reset_input_buffer()
        self._decoder = Decoder()
        self._packets.clear()

    def await_quiet(self) -> None:
        """Read and drop until the line has been quiet for a moment.

        Raises:
            EF01Error: `BAD_HEADER` when it does not fall quiet in the time that the longest transfer takes.
        """
        deadline = Deadline.after(1.0 + UNDER_WAY / self.baud, self._monotonic)
        quiet_at = Deadline.after(QUIET, self._monotonic)
        while not quiet_at.passed:
            if deadline.passed:
                raise EF01Error(Fault.BAD_HEADER, "the line does not fall quiet")
            if self._read():
                quiet_at = Deadline.after(QUIET, self._monotonic)
        self.discard()

    def _settle(self) -> None:
        """Be sure that no late answer is under way, as the head of this file says."""
        self.await_quiet()
        question = bytes([Instruction.READ_SYS_PARA])
        deadline = Deadline.after(PROMPT, self._monotonic)
        answer = self._ask(question, deadline)
        while len(answer) != 1 + SystemParameters.SIZE:
            with self._doubted_unless_done():
                answer = self._receive(deadline, (PacketKind.ACKNOWLEDGE,)).payload
        self.await_quiet()
        self._in_doubt = False

    def _ask(self, payload: bytes, deadline: Deadline) -> bytes:
        with self._doubted_unless_done():
            self._send(PacketKind.COMMAND, payload)
            answer = self._receive(deadline, (PacketKind.ACKNOWLEDGE,)).payload
            if not answer:
                raise EF01Error(Fault.BAD_REPLY, "an acknowledgement without a confirmation code")
            return answer

    def _send(self, kind: PacketKind, payload: bytes) -> None:
        with _line():
            self._port.write(encode(Packet(kind, payload, self.address)))

    def _receive(self, deadline: Deadline, kinds: tuple[PacketKind, ...], cancel: Event | None = None) -> Packet:
        """Wait for a packet of one of `kinds`; in the midst of data any damage ends the wait at once."""
        in_data = PacketKind.DATA in kinds
        strangers = 0
        last_byte_at = self._monotonic()
        truncated = False
        while True:
            while self._packets:
                packet = self._packets.popleft()
                if packet.address != self.address or packet.kind not in kinds:
                    strangers += 1
                elif in_data and (strangers or packet.after_loss):
                    raise self._failure(strangers, begun=True)
                else:
                    return packet
            if cancel is not None and cancel.is_set():
                raise EF01Error(Fault.CANCELLED)
            if deadline.passed or (in_data and (strangers or self._decoder.loss)):
                raise self._failure(strangers, begun=truncated or in_data)
            chunk = self._read()
            if chunk:
                last_byte_at = self._monotonic()
                self._packets.extend(self._decoder.feed(chunk))
            elif self._decoder.pending and self._monotonic() - last_byte_at >= QUIET:
                truncated = True
                self._packets.extend(self._decoder.abandon())

    def _failure(self, strangers: int, *, begun: bool) -> EF01Error:
        """Name what was wrong with the bytes that came instead of the packet waited for."""
        if self._decoder.damaged:
            return EF01Error(Fault.BAD_CHECKSUM, f"{self._decoder.damaged} damaged packets")
        if strangers:
            return EF01Error(Fault.BAD_REPLY, f"{strangers} packets of another kind or module")
        if begun or self._decoder.pending:
            return EF01Error(Fault.TRUNCATED, f"not the whole of it, and {self._decoder.noise} loose bytes")
        if self._decoder.noise:
            return EF01Error(Fault.BAD_HEADER, f"{self._decoder.noise} bytes without a packet")
        return EF01Error(Fault.SILENT)

    def _read(self) -> bytes:
        """What has arrived; while nothing has, waits for one slice of time."""
        with _line():
            return bytes(self._port.read(self._port.in_waiting or 1))

    @contextmanager
    def _doubted_unless_done(self) -> Iterator[None]:
        try:
            yield
        except EF01Error:
            self._in_doubt = True
            raise


@contextmanager
def _line() -> Iterator[None]:
    """Turn what the system says of a dead port into a fault."""
    try:
        yield
    except serial.SerialTimeoutException as error:
        raise EF01Error(Fault.SILENT, str(error)) from error
    except (OSError, termios.error) as error:
        raise EF01Error(Fault.UNPLUGGED, str(error)) from error
