"""The module's end of the pty by itself."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING

import pytest
import serial

from simulators.fingerprint.line import SerialLine, UnpluggedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = bytes(range(0, 250, 7))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SerialLine]:
    line = SerialLine(tmp_path / "line", pace=math.inf)
    line.plug()
    yield line
    line.close()


def session_of(line: SerialLine) -> int:
    session = line.session
    assert session is not None
    return session


def test_what_is_sent_at_another_speed_arrives_as_noise(line: SerialLine) -> None:
    session = session_of(line)
    with serial.Serial(line.path, 9600, timeout=10) as port:
        line.write(session, DATA, 57600)
        line.write(session, DATA, 9600)
        assert port.read_until(DATA).endswith(DATA)
        line.write(session, DATA, 57600)
        assert port.in_waiting < len(DATA)
        port.write(DATA)
        assert line.read(session, 57600, 10) != DATA
        port.write(DATA)
        assert line.read(session, 9600, 10) == DATA


def test_a_session_ends_with_the_plug_even_if_the_next_has_begun(line: SerialLine) -> None:
    before = session_of(line)
    line.unplug()
    assert line.session is None
    line.plug()
    assert session_of(line) != before
    with serial.Serial(line.path, 57600, timeout=0) as port:
        port.write(DATA)
        for use in (
            lambda: line.write(before, DATA, 57600),
            lambda: line.read(before, 57600, 10),
            lambda: line.hold(before, 0),
        ):
            with pytest.raises(UnpluggedError):
                use()
        assert port.in_waiting == 0
        assert line.read(session_of(line), 57600, 10) == DATA


def test_a_wait_for_bytes_ends_with_the_plug_even_if_it_is_in_again_at_once(line: SerialLine) -> None:
    for _ in range(200):
        before = session_of(line)
        ended = threading.Event()

        def listen(session: int = before, ended: threading.Event = ended) -> None:
            with contextlib.suppress(UnpluggedError):
                line.read(session, 57600, None)
            ended.set()

        listener = threading.Thread(target=listen)
        listener.start()
        line.unplug()
        line.plug()
        assert ended.wait(10)
        listener.join()


def test_a_host_that_never_reads_loses_bytes_and_does_not_stop_the_module(tmp_path: Path) -> None:
    line = SerialLine(tmp_path / "line", pace=100)  # paced, so that the bytes go out in many bursts
    line.plug()
    with serial.Serial(line.path, 57600, timeout=10) as port:
        line.write(session_of(line), bytes(200_000), 115200)
        port.reset_input_buffer()
        line.write(session_of(line), DATA, 57600)
        assert port.read(len(DATA)) == DATA
    line.close()


@pytest.mark.parametrize("pace", [0, -1.0])
def test_a_pace_that_never_arrives_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="pace"):
        SerialLine(pace=pace)
