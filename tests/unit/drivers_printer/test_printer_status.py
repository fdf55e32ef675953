"""What status bytes mean, and answers among other bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contracts.errors import Fault
from drivers.printer.status import Answer, Decoder, Kind, Question, condition, paper_has_ended

WELL = dict.fromkeys(Question, 0x12)


@pytest.mark.parametrize(
    ("changed", "faults", "warnings"),
    [
        ({}, set(), set()),
        ({Question.PAPER: 0x1E}, set(), {Fault.PAPER_LOW}),
        ({Question.PAPER: 0x7E}, {Fault.PAPER_OUT}, set()),
        ({Question.PRINTER: 0x1A, Question.OFFLINE_CAUSE: 0x32}, {Fault.PAPER_OUT}, set()),
        ({Question.PRINTER: 0x1A, Question.OFFLINE_CAUSE: 0x16}, {Fault.COVER_OPEN}, set()),
        ({Question.OFFLINE_CAUSE: 0x16, Question.PAPER: 0x7E}, {Fault.COVER_OPEN, Fault.PAPER_OUT}, set()),
        ({Question.PRINTER: 0x1A, Question.ERROR_CAUSE: 0x1A}, {Fault.CUTTER_JAM}, set()),
        ({Question.PRINTER: 0x1A, Question.ERROR_CAUSE: 0x52}, {Fault.OVERHEATED}, set()),
        ({Question.PRINTER: 0x1A, Question.ERROR_CAUSE: 0x32}, {Fault.OFFLINE}, set()),
        ({Question.PRINTER: 0x1A}, {Fault.OFFLINE}, set()),
    ],
)
def test_bits_are_faults(changed: dict[Question, int], faults: set[Fault], warnings: set[Fault]) -> None:
    found = condition({**WELL, **changed})
    assert (set(found.faults), set(found.warnings)) == (faults, warnings)


def test_the_questions_are_those_of_the_reference() -> None:
    assert [question.command for question in Question] == [bytes([0x10, 4, kind]) for kind in (1, 2, 3, 4)]


def test_the_sensor_tells_the_end_from_the_near_end() -> None:
    assert [paper_has_ended(byte) for byte in (0x00, 0x03, 0x0C, 0x0F)] == [False, False, True, True]


def test_answers_are_known_by_their_form() -> None:
    stream = b"\x12" + b"\x00" + b"\x37\x220042\x00" + b"\x37\x25\x00" + b"\x5fTM-T82X\x00" + b"\x7e" + b"\x0f"
    assert Decoder().feed(stream) == [
        Answer(Kind.REAL_TIME, b"\x12"),
        Answer(Kind.SENSOR, b"\x00"),
        Answer(Kind.PROCESS, b"0042"),
        Answer(Kind.CLEARED, b""),
        Answer(Kind.IDENTITY, b"TM-T82X"),
        Answer(Kind.REAL_TIME, b"\x7e"),
        Answer(Kind.SENSOR, b"\x0f"),
    ]


def test_automatic_status_is_passed_over_unasked() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x18\x00\x0f\x0f\x12") == [Answer(Kind.REAL_TIME, b"\x12")]
    assert decoder.noise == 0


def test_noise_is_counted() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xff\x81\x12") == [Answer(Kind.REAL_TIME, b"\x12")]
    assert decoder.noise == 2


@given(st.binary(max_size=60), st.data())
def test_it_makes_no_difference_how_the_bytes_arrive(stream: bytes, data: st.DataObject) -> None:
    whole, pieces = Decoder(), Decoder()
    expected = whole.feed(stream)
    found: list[Answer] = []
    rest = stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found += pieces.feed(rest[:size])
        rest = rest[size:]
    assert found == expected
    assert pieces.noise == whole.noise
