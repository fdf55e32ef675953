"""What a printer says of itself, by the status commands of Epson's ESC/POS reference."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from drivers.contracts.device import Condition
from drivers.contracts.errors import Fault

#: What is told first when several things are wrong: what somebody has to do first.
URGENCY: Final = (Fault.COVER_OPEN, Fault.PAPER_OUT, Fault.CUTTER_JAM, Fault.OVERHEATED, Fault.OFFLINE)


class Question(IntEnum):
    """The `n` of `DLE EOT n`."""

    PRINTER = 1
    OFFLINE_CAUSE = 2
    ERROR_CAUSE = 3
    PAPER = 4

    @property
    def command(self) -> bytes:
        """The bytes that ask."""
        return bytes([0x10, 0x04, self])


_PRINTER_OFFLINE: Final = 0x08
_COVER_OPEN: Final = 0x04
_STOPPED_BY_PAPER_END: Final = 0x20
_CUTTER_ERROR: Final = 0x08
_RECOVERS_BY_ITSELF: Final = 0x40  # as a head does that cools down
_NEAR_END: Final = 0x0C
_END: Final = 0x60
_SENSOR_END: Final = 0x0C  # in the answer to GS r


def condition(answers: dict[Question, int]) -> Condition:
    """How the printer is, by its answers to all four questions."""
    faults: set[Fault] = set()
    if answers[Question.OFFLINE_CAUSE] & _COVER_OPEN:
        faults.add(Fault.COVER_OPEN)
    if answers[Question.OFFLINE_CAUSE] & _STOPPED_BY_PAPER_END or answers[Question.PAPER] & _END:
        faults.add(Fault.PAPER_OUT)
    if answers[Question.ERROR_CAUSE] & _CUTTER_ERROR:
        faults.add(Fault.CUTTER_JAM)
    if answers[Question.ERROR_CAUSE] & _RECOVERS_BY_ITSELF:
        faults.add(Fault.OVERHEATED)
    if answers[Question.PRINTER] & _PRINTER_OFFLINE and not faults:
        faults.add(Fault.OFFLINE)
    low = answers[Question.PAPER] & _NEAR_END and Fault.PAPER_OUT not in faults
    return Condition(frozenset(faults), frozenset({Fault.PAPER_LOW} if low else ()))


def paper_has_ended(sensor: int) -> bool:
    """Whether the answer to `GS r 1` says that the roll is at its end."""
    return sensor & _SENSOR_END == _SENSOR_END


class Kind(Enum):
    """What an answer answers; the printer's bytes tell it."""

    REAL_TIME = "DLE EOT"
    SENSOR = "GS r"
    PROCESS = "GS ( H"
    CLEARED = "DLE DC4"
    IDENTITY = "GS I"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the printer.

    Attributes:
        kind: what it answers.
        data: the status byte, the process id or the text.
    """

    kind: Kind
    data: bytes


class Decoder:
    """Finds answers in what arrives.

    Attributes:
        noise: bytes that were part of no answer.
    """

    def __init__(self) -> None:
        self.noise = 0
        self._pending = bytearray()

    def feed(self, chunk: bytes) -> list[Answer]:
        """Take bytes in and return the answers that are whole."""
        self._pending += chunk
        found = []
        while self._pending:
            length = self._length()
            if length is None:
                break
            piece = bytes(self._pending[:length])
            del self._pending[:length]
            answer = _answer(piece)
            if answer is not None:
                found.append(answer)
            elif not _is_automatic(piece[0]):
                self.noise += length
        return found

    def _length(self) -> int | None:
        """How many bytes the next answer has; `None` while they are not all there."""
        pending = self._pending
        if pending[0] == 0x5F:  # a text, up to its NUL
            end = pending.find(0)
            return end + 1 if end >= 0 else None
        wanted = 1
        if pending[0] == 0x37 and len(pending) > 1:
            wanted = {0x22: 7, 0x25: 3}.get(pending[1], 1)
        elif pending[0] == 0x37:
            wanted = 2
        elif _is_automatic(pending[0]):
            wanted = 4
        return wanted if len(pending) >= wanted else None


def _is_automatic(first: int) -> bool:
    """Whether automatic status back begins, which some printers send unasked: four bytes."""
    return first & 0x93 == 0x10


def _answer(piece: bytes) -> Answer | None:
    first = piece[0]
    if first == 0x37 and len(piece) == 7:
        return Answer(Kind.PROCESS, piece[2:6])
    if first == 0x37 and len(piece) == 3:
        return Answer(Kind.CLEARED, b"")
    if first == 0x5F and len(piece) > 1:
        return Answer(Kind.IDENTITY, piece[1:-1])
    if first & 0x93 == 0x12:
        return Answer(Kind.REAL_TIME, piece)
    if first & 0x90 == 0 and len(piece) == 1:
        return Answer(Kind.SENSOR, piece)
    return None
