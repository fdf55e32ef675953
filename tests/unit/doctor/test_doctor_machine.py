"""What the doctor thinks of clock, disk, fonts and voice."""

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk.doctor import machine
from kiosk.doctor.report import Finding, Outcome
from tests.support.clocks import ManualClock

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def file_system(free: int = 9_000_000_000, inodes: int = 900, flags: int = 0) -> SimpleNamespace:
    """A file system of 10 GB and 1,000 inodes, as statvfs(3) tells of one."""
    return SimpleNamespace(
        f_frsize=1000, f_blocks=10**7, f_bavail=free // 1000, f_files=1000, f_favail=inodes, f_flag=flags
    )


def outcomes(findings: Iterable[Finding]) -> dict[str, Outcome]:
    return {finding.key: finding.outcome for finding in findings}


@pytest.mark.parametrize(
    ("now", "synchronised", "newest", "outcome"),
    [
        (NOW, True, None, Outcome.OK),
        (NOW, True, NOW + timedelta(minutes=5), Outcome.OK),
        (NOW, False, NOW - timedelta(days=1), Outcome.WARNING),
        (NOW - timedelta(days=730), False, None, Outcome.FAILED),
        (NOW, True, NOW + timedelta(days=1), Outcome.FAILED),
        (datetime(2077, 1, 1, tzinfo=UTC), True, None, Outcome.FAILED),
    ],
)
def test_the_clock_is_held_against_what_is_known(
    now: datetime, synchronised: bool, newest: datetime | None, outcome: Outcome
) -> None:
    [finding] = machine.clock(ManualClock(wall=now, synchronised=synchronised), newest)
    assert finding.outcome is outcome
    assert bool(finding.advice) is (outcome is not Outcome.OK)


def test_the_date_is_shown_as_the_village_has_it() -> None:
    [finding] = machine.clock(ManualClock(wall=datetime(2026, 11, 24, 17, tzinfo=UTC)), None)
    assert "2026-11-25" in finding.seen


@pytest.mark.parametrize(
    ("free", "outcome"),
    [(400_000_000, Outcome.FAILED), (1_500_000_000, Outcome.WARNING), (9_000_000_000, Outcome.OK)],
)
def test_a_disk_that_fills_up_is_noticed(
    free: int, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: file_system(free=free))
    assert outcomes(machine.disk(tmp_path)) == {"disk": outcome, "disk.write": Outcome.OK}
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_inodes_or_set_to_read_only_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: file_system(inodes=10, flags=os.ST_RDONLY))
    found = outcomes(machine.disk(tmp_path))
    assert (found["disk.inodes"], found["disk.write"]) == (Outcome.WARNING, Outcome.FAILED)


def test_a_data_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    [finding] = machine.disk(tmp_path / "missing")
    assert finding.outcome is Outcome.FAILED
    assert "missing" in finding.seen


def test_no_chinese_font_means_boxes_on_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "fc-list"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert outcomes(machine.fonts()) == {"fonts": Outcome.FAILED}
    program.write_text("#!/bin/sh\necho 'Noto Sans CJK SC,思源黑体'\n")
    [finding] = machine.fonts()
    assert (finding.outcome, finding.seen) == (Outcome.OK, "Noto Sans CJK SC")


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A screen's folder with one prompt that is rendered."""
    folder = tmp_path / "static" / "voice"
    folder.mkdir(parents=True)
    (tmp_path / "prompts.toml").write_text('done = "认证成功。"\n')
    (folder / "done.ogg").write_bytes(b"sound")
    entry = {"sentence": "认证成功。", "file": "done.ogg", "sha256": hashlib.sha256(b"sound").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"prompts": {"done": entry}}))
    return tmp_path


def test_the_voice_is_complete(spoken: Path) -> None:
    assert outcomes(machine.voice(spoken)) == {"voice": Outcome.OK}


def test_a_sentence_that_changed_or_a_file_that_was_damaged_is_noticed(spoken: Path) -> None:
    (spoken / "static" / "voice" / "done.ogg").write_bytes(b"other")
    [finding] = machine.voice(spoken)
    assert finding.outcome is Outcome.WARNING
    assert "done" in finding.seen
    (spoken / "static" / "voice" / "done.ogg").write_bytes(b"sound")
    (spoken / "prompts.toml").write_text('done = "认证成功！"\n')
    assert outcomes(machine.voice(spoken)) == {"voice": Outcome.WARNING}
    (spoken / "static" / "voice" / "manifest.json").unlink()
    assert outcomes(machine.voice(spoken)) == {"voice": Outcome.WARNING}


def test_the_software_is_listed() -> None:
    [finding] = machine.software()
    assert finding.outcome is Outcome.OK
    assert {"python", "sqlite", "village-kiosk", "paho-mqtt"} <= set(finding.facts)
