"""Everything that can happen has words, everything that is said is known, and no sentence is a code."""

import re
from pathlib import Path

import pytest

from drivers.contracts.errors import Fault
from kiosk.ui import words
from kiosk.ui.words import Prompts
from services.certification import acts
from services.certification.views import EnrolmentStep, FingerPosition, Problem, Step
from services.identity import IdentityError, Reason

UI = Path(words.__file__).parent
PROMPTS = Prompts().sentences
SOURCES = [*UI.glob("*.py"), *UI.glob("templates/**/*.html")]


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_is_told(problem: Problem) -> None:
    if not problem.value.startswith(("printer_", "slip_")):
        assert words.problem(problem) in PROMPTS


@pytest.mark.parametrize("reason", Reason)
def test_everything_wrong_with_a_number_is_told(reason: Reason) -> None:
    assert words.rejection(IdentityError(reason)) in PROMPTS


@pytest.mark.parametrize("error", acts.ActError.__subclasses__())
def test_everything_a_clerk_cannot_do_is_told(error: type[acts.ActError]) -> None:
    assert words.rejection(error("x")) in PROMPTS


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_says_what_happened_and_what_to_do(fault: Fault) -> None:
    assert re.search("[请照]", words.fault(fault))


def test_every_step_has_a_title_and_a_page() -> None:
    for step in Step:
        assert f"visit-{step}" in PROMPTS
        assert (UI / f"templates/visit/{step}.html").exists()
    for stage in EnrolmentStep:
        if stage is not EnrolmentStep.ENDED:
            assert stage is EnrolmentStep.CHOOSE_FINGER or f"enrolment-{stage}" in PROMPTS
            assert (UI / f"templates/enrolment/{stage}.html").exists()
    for finger in FingerPosition:
        assert finger.words in PROMPTS[f"finger-{finger.term}"]


@pytest.mark.parametrize("key", PROMPTS)
def test_sentences_are_words_for_people(key: str) -> None:
    assert not re.search(r"[A-Za-z0-9_<>{}]", PROMPTS[key])


def test_everything_that_is_said_is_said_somewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    made = ("problem-", "number-", "finger-", "visit-", "enrolment-", "slip-")
    assert [
        key for key in PROMPTS if f'"{key}"' not in text and f"'{key}'" not in text and not key.startswith(made)
    ] == []


def test_a_missing_voice_is_silence(tmp_path: Path) -> None:
    (tmp_path / "prompts.toml").write_text('home = "甲"\n', encoding="utf-8")
    silent = Prompts(tmp_path)
    assert silent.text("home") == "甲"
    assert silent.file("home") is None
