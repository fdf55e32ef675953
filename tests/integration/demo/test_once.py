"""`kiosk demo --once --json`: one certification over real protocols, and 0 only with the county's receipt."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.broker import mosquitto_path
from tests.support.way import ROOT

pytestmark = pytest.mark.timeout(300)


def demo(folder: Path, *more: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        (sys.executable, "-m", "kiosk", "--log", "warning", "demo", "--once", "--json", "--pace", "0", "--port", "0",
         "--folder", str(folder), *more),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize(
    ("arguments", "broker", "mqtt"), [((), "mosquitto", "5"), (("--embedded-broker",), "amqtt", "3.1.1")]
)
def test_a_certification_is_told_step_by_step_up_to_the_receipt(
    tmp_path: Path, arguments: tuple[str, ...], broker: str, mqtt: str
) -> None:
    if broker == "mosquitto" and mosquitto_path() is None:
        pytest.skip("the Debian package mosquitto is not installed")
    code, steps, errors = demo(tmp_path, *arguments)

    assert code == 0, (steps, errors)
    told = {step["step"]: step for step in steps}
    assert told["ready"]["broker"] == broker
    shown = [step["shows"] for step in steps if step["step"] == "screen"]
    assert [name for number, name in enumerate(shown) if number == 0 or name != shown[number - 1]] == [
        "consent", "place_finger", "checking", "confirm_person", "certified",
    ]  # fmt: skip
    assert told["slip"]["state"] == "printed"
    assert (told["receipt"]["verdict"], told["receipt"]["mqtt"]) == ("stored", mqtt)
    assert steps[-1]["ok"] is True


def test_a_second_time_in_the_same_folder_is_a_kind_answer_and_no_second_record(tmp_path: Path) -> None:
    first = demo(tmp_path)[1]
    code, steps, errors = demo(tmp_path)
    assert code == 0, (steps, errors)
    record = {step["id"] for told in (first, steps) for step in told if step["step"] == "record"}
    assert len(record) == 1
