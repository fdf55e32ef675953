"""The units, users and folders as Debian's own systemd reads them, in a tree of files that stands for a machine."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

PROVISIONING = Path(__file__).parents[3] / "provisioning"
UNITS = sorted(path.name for path in (PROVISIONING / "systemd").glob("*.service"))
MOST_EXPOSURE = 1.5
_SYSTEM_UNITS = Path("/usr/lib/systemd/system")
_PROGRAMS = ("opt/kiosk/bin/kiosk", "usr/bin/cage", "usr/bin/chromium")

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is missing: apt-get install systemd"
)


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's tree with the distribution's units, ours, and the programs that ours start."""
    root = tmp_path / "machine"
    shutil.copytree(_SYSTEM_UNITS, root / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(PROVISIONING / "systemd", root / "etc/systemd/system")
    for program in _PROGRAMS:
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    return root


def complaints(machine: Path, units: Sequence[str]) -> str:
    """What `verify` has to say; it ends with 0 whatever it finds in a unit's text."""
    done = run("systemd-analyze", "verify", f"--root={machine}", *units)
    return done.stderr + (f"ended with {done.returncode}" if done.returncode else "")


def exposure(unit: Path) -> float:
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


def test_systemd_has_nothing_to_say_about_the_units(machine: Path) -> None:
    assert UNITS == ["kiosk-screen.service", "kiosk.service"]
    assert complaints(machine, UNITS) == ""


def test_a_misspelt_key_would_be_noticed(machine: Path) -> None:
    unit = machine / "etc/systemd/system/kiosk.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchDogSec="))
    assert "WatchDogSec" in complaints(machine, ["kiosk.service"])


def test_the_appliance_is_exposed_as_little_as_its_hardware_allows() -> None:
    assert exposure(PROVISIONING / "systemd/kiosk.service") <= MOST_EXPOSURE


def test_the_exposure_is_measured(tmp_path: Path) -> None:
    loose = tmp_path / "kiosk.service"
    text = (PROVISIONING / "systemd/kiosk.service").read_text()
    loose.write_text(text.replace("NoNewPrivileges=yes\n", "").replace("CapabilityBoundingSet=\n", ""))
    assert exposure(loose) > MOST_EXPOSURE


def test_users_and_folders_are_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for table in ("passwd", "group"):
        (tmp_path / "etc" / table).write_text("")
    users = run("systemd-sysusers", f"--root={tmp_path}", str(PROVISIONING / "sysusers.d/kiosk.conf"))
    assert users.returncode == 0, users.stderr
    names = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    assert {"kiosk", "kiosk-screen"} <= names
    folders = run("systemd-tmpfiles", "--create", f"--root={tmp_path}", str(PROVISIONING / "tmpfiles.d/kiosk.conf"))
    assert folders.returncode == 0, folders.stderr
    assert (tmp_path / "etc/kiosk/keys").stat().st_mode & 0o777 == 0o700


def test_the_screen_may_open_nothing_but_the_appliance() -> None:
    policy = json.loads((PROVISIONING / "chromium/kiosk.json").read_text())
    unit = (PROVISIONING / "systemd/kiosk-screen.service").read_text()
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == ["http://127.0.0.1:8080"]
    assert unit.rstrip().count("http://127.0.0.1:8080/") == 1
    assert policy["AutoplayAllowed"] is True
