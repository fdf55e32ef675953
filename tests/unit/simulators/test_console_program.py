"""The bench as a program: where it says everything is, and how it ends."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulators", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_everything_is_and_ends_when_it_is_told(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "a folder"
    program = start("--folder", str(folder), "--pace", "0", "--make", "R503", "--columns", "48")
    try:
        assert program.stdout is not None
        addresses = json.loads(program.stdout.readline())
        assert addresses["fingerprint"] == str(folder / "fingerprint")
        assert urlsplit(addresses["receipt_printer"]).scheme == "serial"
        assert {path.name for path in folder.iterdir()} >= {"fingerprint", "receipt-printer"}
        place = urlsplit(addresses["console"])
        link = http.client.HTTPConnection(place.netloc, timeout=20)
        link.request("GET", "/api/state")
        state = json.loads(link.getresponse().read())
        link.close()
        assert (state["reader"]["make"], state["printer"]["columns"]) == ("R503", 48)
        program.send_signal(number)
        _, complaints = program.communicate(timeout=30)
        assert (program.returncode, complaints) == (0, "")
        assert not os.path.lexists(addresses["fingerprint"])
        assert not os.path.lexists(folder / "receipt-printer")
    finally:
        program.kill()
        program.communicate()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "--folder"),
        (("--folder", "x", "--make", "R999"), "R999"),
        (("--folder", "x", "--port", "99999"), "65535"),
        (("--folder", "x", "--pace", "-1"), "pace"),
        (("--folder", "x", "--columns", "40"), "40"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[str, ...], word: str) -> None:
    program = start(*arguments)
    _, complaints = program.communicate(timeout=60)
    assert program.returncode == 2
    assert word in complaints


def test_pictures_that_are_called_otherwise_are_named(tmp_path: Path) -> None:
    (tmp_path / "holiday.png").write_bytes(b"")
    program = start("--folder", str(tmp_path / "bench"), "--pictures", str(tmp_path))
    _, complaints = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "holiday.png" in complaints
