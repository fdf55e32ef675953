"""The worker's process: what it says is checked, and one that is ill is ended."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.fingerprint.libfprint import process
from drivers.fingerprint.libfprint.faults import LibfprintError
from drivers.fingerprint.libfprint.news import Finger, Image, News
from drivers.fingerprint.libfprint.process import WorkerProcess
from drivers.fingerprint.libfprint.reader import open_reader

NO_DEVICES = '{"news": "devices", "devices": []}'
IMAGE = '{"news": "image", "width": 3, "height": 2, "ppmm": 0.0, "size": 6}'

Impostor = Callable[[str], WorkerProcess]


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Impostor:
    """Starts a shell script in the worker's place."""

    def start(script: str) -> WorkerProcess:
        program = tmp_path / "python3"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setattr(process, "PYTHON", str(program))
        return WorkerProcess({})

    return start


def soon() -> Deadline:
    return Deadline.after(20.0)


def fault_of(call: Callable[[], object]) -> Fault:
    with pytest.raises(LibfprintError) as raised:
        call()
    return raised.value.fault


def test_pixels_follow_their_line_however_the_stream_is_cut(impostor: Impostor) -> None:
    cut = IMAGE.replace('"', '\\"')
    worker = impostor(
        f'printf "{cut[:20]}"; read a; printf "{cut[20:]}\\nab{{\\n}}"; read b; printf "c"\n'
        'printf \'{"news": "finger", "needed": true, "present": false}\\n\'; read c'
    )
    worker.send("first")
    assert worker.receive(Deadline.after(0.2)) is None
    worker.send("second")
    received = worker.receive(soon())
    assert received is not None
    assert isinstance(received[0], Image)
    assert received[1] == b"ab{\n}c"
    assert worker.expect(soon()) == Finger(news="finger", needed=True, present=False)
    worker.close()


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        '{"news": "weather"}',
        IMAGE.replace("3", "-3"),
        IMAGE.replace("6", '"6"'),
        NO_DEVICES.replace("[]", "[{}]"),
        "x" * 200_000,
    ],
    ids=lambda line: line[:40],
)
def test_what_is_no_news_is_refused(impostor: Impostor, line: str) -> None:
    worker = impostor(f"printf '%s\\n' '{line}'; read a" if len(line) < 1000 else "yes x | tr -d '\\n'")
    assert fault_of(lambda: worker.expect(soon())) is Fault.BAD_REPLY
    worker.close()


def test_a_worker_that_ends_was_unplugged(impostor: Impostor) -> None:
    worker = impostor("exit 3")
    with pytest.raises(LibfprintError, match="status 3") as raised:
        worker.expect(soon())
    assert raised.value.fault is Fault.UNPLUGGED
    assert fault_of(lambda: worker.send("capture")) is Fault.UNPLUGGED
    worker.close()


def test_a_worker_that_says_nothing_is_ended(impostor: Impostor) -> None:
    worker = impostor("trap '' TERM; exec sleep 1000")
    assert fault_of(lambda: worker.expect(Deadline.after(0.1))) is Fault.SILENT
    assert fault_of(lambda: worker.expect(soon())) is Fault.UNPLUGGED
    worker.close()


def test_a_worker_that_does_not_listen_is_ended_on_closing(impostor: Impostor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PARTING", 0.1)
    worker = impostor("exec sleep 1000")
    worker.close()
    worker.close()
    assert not Path(f"/proc/{worker.pid}").exists()


def test_news_out_of_turn_are_a_bad_reply(impostor: Impostor) -> None:
    impostor("true").close()
    for script in (f"printf '%s\\n' '{IMAGE}' 'abcde'; read a", 'printf \'{"news": "opened"}\\n\'; read a'):
        impostor(script).close()
        with pytest.raises(DeviceError) as raised:
            open_reader()
        assert raised.value.fault is Fault.BAD_REPLY


def test_a_missing_library_is_told_with_the_packages_to_install(impostor: Impostor) -> None:
    missing = '{"news": "missing", "detail": "Namespace FPrint not available"}'
    impostor(f"printf '%s\\n' '{missing}'").close()
    with pytest.raises(DeviceError, match=r"FPrint.*gir1\.2-fprint-2\.0") as raised:
        open_reader()
    assert raised.value.fault is Fault.UNSUPPORTED


def test_a_missing_interpreter_is_told_with_the_packages_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PYTHON", "/no/such/python3")
    with pytest.raises(DeviceError, match=r"no/such/python3.*python3-gi") as raised:
        open_reader()
    assert raised.value.fault is Fault.UNSUPPORTED


def test_every_kind_of_news_is_one_line_of_json() -> None:
    said: News = process._parse(json.dumps({"news": "condition", "removed": False, "temperature": "hot"}).encode())
    assert said.news == "condition"
