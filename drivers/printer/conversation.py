"""Asking a printer and hearing what it answers, among answers that come late and bytes that are none.

Answers carry no number. What tells them apart is their form (see `status.Kind`) and that one question is asked at a
time. After any failure an answer may be under way that was never waited for; `settle` brings both sides together again.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition
from drivers.contracts.errors import Fault
from drivers.printer import status
from drivers.printer.faults import PrinterError
from drivers.printer.options import Dialect
from drivers.printer.status import Answer, Decoder, Kind, Question
from drivers.printer.transport import Transport

#: How long a printer may take to answer a real-time question, in seconds.
PROMPT: Final = 2.0
#: A pause this long says that no further answer is under way, in seconds.
QUIET: Final = 0.15
#: Between two looks at the printer while a slip is being printed, in seconds.
LOOK_EVERY: Final = 0.3

_SENSOR: Final = b"\x1dr\x01"
_RECOVER_AND_CLEAR: Final = b"\x10\x05\x02"  # DLE ENQ 2
_CLEAR: Final = bytes([0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8])  # DLE DC4 8
_FILLER: Final = bytes(1024)  # longer than any command: ends one that was cut off, and by itself says nothing


class Conversation:
    """What is said to a printer that answers, over a way that the adapter opens and closes."""

    def __init__(self, transport: Transport, dialect: Dialect, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._dialect = dialect
        self._monotonic = monotonic
        self._decoder = Decoder()
        self._answers: deque[Answer] = deque()
        self._jobs = itertools.count(1)
        # Another program, or this one before a restart, may have asked or printed:
        self._answers_under_way = True
        self._slip_left = True

    def present(self, deadline: Deadline) -> None:
        """Be sure that a printer answers.

        Raises:
            PrinterError: `SILENT`, `BAD_HEADER`, or a fault of the way.
        """
        with self._doubted_unless_done():
            self._hear_out(deadline)
            self._ask(Question.PRINTER, deadline)
        self._answers_under_way = False

    def condition(self, deadline: Deadline) -> Condition:
        """Ask the printer how it is.

        Raises:
            PrinterError: as for `present`.
        """
        with self._doubted_unless_done():
            if self._answers_under_way:
                self._hear_out(deadline)
            answers = {question: self._ask(question, deadline) for question in Question}
        self._answers_under_way = False
        return status.condition(answers)

    def identity(self, kind: int, deadline: Deadline) -> str:
        """What the printer says to `GS I`, empty where it does not answer."""
        self._transport.write(b"\x1dI" + bytes([kind]), deadline)
        answer = self._await((Kind.IDENTITY,), deadline.within(PROMPT))
        return answer.data.decode("ascii", "replace").strip() if answer else ""

    def settle(self, deadline: Deadline) -> None:
        """Have nothing of an earlier slip left in the printer, nor an answer to it under way.

        A printer that cannot clear its buffers prints what it has first: the answer to one more question, behind all
        that, and silence after it say that it has done so.

        Raises:
            PrinterError: what keeps it from that.
        """
        if not self._slip_left:
            return
        with self._doubted_unless_done():
            self.clear(deadline)
            self._hear_out(deadline)
            self._transport.write(_FILLER + _SENSOR, deadline)
            self._await_printed(Kind.SENSOR, b"", deadline)
            self._hear_out(deadline)
        self._answers_under_way = self._slip_left = False

    def clear(self, deadline: Deadline) -> None:
        """Have the printer forget what it has not printed, as far as its make can.

        Raises:
            PrinterError: when it cannot be told.
        """
        self._transport.write(_RECOVER_AND_CLEAR, deadline)
        if self._dialect is Dialect.EPSON:
            self._transport.write(_CLEAR, deadline)
            self._await((Kind.CLEARED,), deadline.within(PROMPT))

    def print(self, block: bytes, deadline: Deadline) -> None:
        """Send a block and wait until the printer says that it has printed it.

        Raises:
            PrinterError: what the printer says is wrong, as soon as it says so; otherwise `SILENT`, or a fault of the
                way.
        """
        with self._doubted_unless_done():
            if self._dialect is Dialect.EPSON:
                number = f"{next(self._jobs) % 10_000:04}".encode("ascii")
                self._transport.write(block + b"\x1d(H\x06\x0000" + number, deadline)
                self._await_printed(Kind.PROCESS, number, deadline)
            else:
                self._transport.write(block + _SENSOR, deadline)
                self._await_printed(Kind.SENSOR, b"", deadline)

    def _await_printed(self, kind: Kind, wanted: bytes, deadline: Deadline) -> None:
        """Wait for the answer behind the data, looking at the printer now and then while it answers that, too."""
        looking = True
        while True:
            answer = self._await((kind,), deadline.within(LOOK_EVERY), wanted)
            if answer is None and looking and not deadline.passed:
                answer, looking = self._look(kind, wanted, deadline)
            if answer is not None:
                if kind is Kind.SENSOR and status.paper_has_ended(answer.data[0]):
                    raise PrinterError(Fault.PAPER_OUT, f"sensor {answer.data.hex()}")
                return
            if deadline.passed:
                raise self._no_answer()

    def _look(self, kind: Kind, wanted: bytes, deadline: Deadline) -> tuple[Answer | None, bool]:
        """Raise what the printer says is wrong with it.

        Returns:
            The confirmation, when it came in the meantime, and whether the printer answers while it prints. One that
            does not is not asked again, because late answers could not be told apart.
        """
        confirmation: Answer | None = None
        answers: dict[Question, int] = {}
        for question in Question:
            self._transport.write(question.command, deadline)
            answer = self._await((Kind.REAL_TIME, kind), deadline.within(PROMPT), wanted)
            if answer is not None and answer.kind is kind:
                confirmation = answer
                answer = self._await((Kind.REAL_TIME,), deadline.within(PROMPT))
            if answer is None:
                return confirmation, False
            answers[question] = answer.data[0]
        if confirmation is None:
            self._raise_first(status.condition(answers), answers)
        return confirmation, True

    @staticmethod
    def _raise_first(condition: Condition, answers: dict[Question, int]) -> None:
        for fault in status.URGENCY:
            if fault in condition.faults:
                raise PrinterError(fault, " ".join(f"{question.name}={byte:02x}" for question, byte in answers.items()))

    def _ask(self, question: Question, deadline: Deadline) -> int:
        self._transport.write(question.command, deadline)
        answer = self._await((Kind.REAL_TIME,), deadline.within(PROMPT))
        if answer is None:
            raise self._no_answer()
        return answer.data[0]

    def _await(self, kinds: tuple[Kind, ...], deadline: Deadline, process: bytes = b"") -> Answer | None:
        """The next answer of one of these kinds, of this process where it is one; `None` when none comes in time."""
        while True:
            while self._answers:
                answer = self._answers.popleft()
                if answer.kind in kinds and (answer.kind is not Kind.PROCESS or answer.data == process):
                    return answer
            if deadline.passed:
                return None
            self._answers.extend(self._decoder.feed(self._transport.read()))

    def _hear_out(self, deadline: Deadline) -> None:
        """Drop what comes until nothing has come for a moment."""
        quiet_at = Deadline.after(QUIET, self._monotonic)
        while not quiet_at.passed and not deadline.passed:
            if self._transport.read():
                quiet_at = Deadline.after(QUIET, self._monotonic)
        self._decoder = Decoder()
        self._answers.clear()

    def _no_answer(self) -> PrinterError:
        if self._decoder.noise:
            return PrinterError(Fault.BAD_HEADER, f"{self._decoder.noise} bytes that are no answer")
        return PrinterError(Fault.SILENT)

    @contextmanager
    def _doubted_unless_done(self) -> Iterator[None]:
        try:
            yield
        except PrinterError:
            self._answers_under_way = self._slip_left = True
            raise
