"""What the doctor says, and that no check can keep it from saying it."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.contracts.errors import Fault
from kiosk import doctor
from kiosk.doctor import words
from kiosk.doctor.checks import Check, carry_out
from kiosk.doctor.report import Finding, Outcome, Report, failed, ok, warning

FINE = ok("a", "甲", "好", version="1")
DOUBTFUL = warning("b", "乙", "有点问题", "看一看")
BROKEN = failed("c", "丙", "坏了", "修一修")


@pytest.mark.parametrize(
    ("findings", "outcome", "code"),
    [
        ((), Outcome.OK, 0),
        ((FINE,), Outcome.OK, 0),
        ((FINE, DOUBTFUL), Outcome.WARNING, 1),
        ((BROKEN, FINE, DOUBTFUL), Outcome.FAILED, 2),
    ],
)
def test_the_worst_finding_decides(findings: tuple[Finding, ...], outcome: Outcome, code: int) -> None:
    report = Report(findings)
    assert (report.outcome, report.exit_code) == (outcome, code)


def test_people_read_what_was_seen_and_what_to_do() -> None:
    lines = Report((FINE, BROKEN, DOUBTFUL)).text().splitlines()
    assert lines == [
        "[正常] 甲：好",
        "[故障] 丙：坏了",
        "       怎么办：修一修",
        "[注意] 乙：有点问题",
        "       怎么办：看一看",
        "共检查 3 项：1 项故障，1 项需要注意。",
    ]


def test_programs_read_keys_and_facts() -> None:
    document = json.loads(Report((FINE, BROKEN)).json())
    assert document["outcome"] == "failed"
    assert document["findings"][0] == {
        "key": "a", "outcome": "ok", "title": "甲", "seen": "好", "advice": "", "facts": {"version": "1"},
    }  # fmt: skip


def test_a_check_that_hangs_or_raises_is_a_finding_and_the_others_go_on() -> None:
    never = threading.Event()

    def hang() -> Iterator[Finding]:
        never.wait()
        yield FINE

    def crash() -> Iterator[Finding]:
        yield FINE
        raise ZeroDivisionError("by nought")

    try:
        found = carry_out(
            (
                Check("hanging", "挂起", hang, deadline_s=0.05),
                Check("crashing", "崩溃", crash),
                Check("sound", "健全", lambda: (FINE, DOUBTFUL)),
            )
        )
    finally:
        never.set()
    assert [(finding.key, finding.outcome) for finding in found] == [
        ("hanging", Outcome.FAILED),
        ("crashing", Outcome.FAILED),
        ("a", Outcome.OK),
        ("b", Outcome.WARNING),
    ]
    assert "by nought" in found[1].seen
    assert all(finding.advice for finding in found if finding.outcome is not Outcome.OK)


def test_every_fault_of_a_device_has_words() -> None:
    assert set(words.FAULTS) == set(Fault)


def test_a_configuration_that_cannot_be_used_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text('[point]\nid = "p 1"\n')
    report = doctor.examine(path)
    assert [finding.key for finding in report.findings] == ["configuration"]
    assert report.exit_code == 2
    assert f"{path}:2" in report.findings[0].seen
