"""The command line: what installers and operators do, and one line instead of a traceback."""

import io
import json
from pathlib import Path

import pytest

from kiosk import cli
from services import keys
from services.county.registry import encode_key
from tests.unit.kiosk.test_config import GOOD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kiosk.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def kiosk(*words: object) -> int:
    return cli.main([str(word) for word in words])


def test_a_new_point_gets_keys_and_says_how_it_is_registered(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kiosk("init", "--config", file) == 0
    made = json.loads(capsys.readouterr().out)
    own = keys.load(file.parent / "keys")
    assert made == {"id": "qingshan-01", "public_key": encode_key(own.public_key)}
    assert (file.parent / "keys" / "signing.pem").stat().st_mode & 0o777 == 0o600


def test_keys_are_never_made_twice(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kiosk("init", "--config", file) == 0
    own = keys.load(file.parent / "keys").public_key
    assert kiosk("init", "--config", file) == 2
    assert "exists already" in capsys.readouterr().err
    assert keys.load(file.parent / "keys").public_key == own


def test_the_county_s_pseudonym_key_is_taken(file: Path) -> None:
    shared = file.parent / "county.key"
    shared.write_bytes(bytes(range(32)))
    assert kiosk("init", "--config", file, "--pseudonym-key", shared) == 0
    assert keys.load(file.parent / "keys").pseudonym_key == bytes(range(32))


def test_clerks_come_get_new_pins_and_leave(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kiosk("init", "--config", file) == 0
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("284615\n739152\n"))
    assert kiosk("clerk", "--config", file, "add", "办事员甲", "A") == 0
    assert kiosk("clerk", "--config", file, "pin", "办事员甲") == 0
    assert kiosk("clerk", "--config", file, "list") == 0
    assert capsys.readouterr().out == "A 办事员甲\n"
    assert kiosk("clerk", "--config", file, "remove", "办事员甲") == 0
    assert kiosk("clerk", "--config", file, "remove", "办事员甲") == 2
    assert "0 clerks are called 办事员甲" in capsys.readouterr().err


def test_an_easy_pin_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kiosk("init", "--config", file) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("123456\n"))
    assert kiosk("clerk", "--config", file, "add", "办事员甲", "A") == 2
    assert "too easy" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "run", "clerk"])
def test_without_keys_a_command_says_how_to_make_them(
    file: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kiosk(command, "--config", file, *(["list"] if command == "clerk" else [])) == 2
    said = capsys.readouterr().err
    assert "kiosk init" in said
    assert "Traceback" not in said


def test_a_mistake_in_a_driver_s_options_names_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace('url = "tcp://127.0.0.1:9100"', 'url = "tcp://127.0.0.1:9100"\ncolumn = 32'), "utf-8")
    assert kiosk("run", "--config", file) == 2
    line = file.read_text("utf-8").splitlines().index("column = 32") + 1
    assert f"{file}:{line}: receipt_printer.column" in capsys.readouterr().err


def test_a_missing_database_is_not_made_by_a_look_at_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kiosk("init", "--config", file) == 0
    assert kiosk("check", "--config", file) == 2
    assert "is not there" in capsys.readouterr().err
    assert not (file.parent / "data" / "point.sqlite").exists()


def test_a_county_s_configuration_names_the_line_to_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "county.toml"
    file.write_text(
        'county = "demo"\ndatabase_url = "sqlite://"\npoints_file = "p"\nhttp_prt = 1\n[mqtt]\nhost="h"\n', "utf-8"
    )
    assert kiosk("county", "--config", file) == 2
    assert f"{file}:4: http_prt: unknown key" in capsys.readouterr().err
