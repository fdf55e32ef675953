"""The line of the simulated module: speed, pace, plug."""

from __future__ import annotations

import fcntl
import math
import os
import sys
import termios
import threading
from typing import TYPE_CHECKING

import pytest
import serial

from simulators.fingerprint import (
    FPM10A,
    R307,
    R503,
    Fault,
    FaultKind,
    FingerBox,
    FingerprintModule,
    Operation,
    Profile,
    UnpluggedError,
)
from tests.integration.simulators_fingerprint.ef01_host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BAUDS = [9600, 19200, 38400, 57600, 115200]


class LeapingClock:
    """A clock on which waiting takes no time and is added up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.time = 0.0

    def now(self) -> float:
        with self._lock:
            return self.time

    def wait(self, event: threading.Event, seconds: float) -> bool:
        with self._lock:
            self.time += seconds
        return event.is_set()


@pytest.fixture
def module(tmp_path: Path) -> Iterator[FingerprintModule]:
    with FingerprintModule(R307, link=tmp_path / "module", pace=math.inf) as module:
        yield module


@pytest.mark.parametrize(("baud", "seconds"), [(57600, 7.0), (115200, 3.5)])
def test_a_picture_takes_as_long_as_the_line_needs(baud: int, seconds: float, box: FingerBox, tmp_path: Path) -> None:
    clock = LeapingClock()
    with FingerprintModule(R307, link=tmp_path / "module", clock=clock) as module, Host(module) as host:
        assert host.ask(0x0E, 4, baud // 9600) == b"\x00"
        host.port.baudrate = baud
        module.place(box.finger("样例甲"))
        assert host.ask(0x01) == b"\x00"
        before = clock.now()
        assert host.ask(0x0A) == b"\x00"
        picture = b"".join(host.data())
        module.wait_for(Operation.UP_IMAGE, after=0)
        assert len(picture) == 36864
        assert clock.now() - before == pytest.approx(seconds, rel=0.01)


def test_a_paced_module_is_as_much_faster_as_it_is_told(box: FingerBox, tmp_path: Path) -> None:
    clock = LeapingClock()
    with FingerprintModule(R503, link=tmp_path / "module", clock=clock, pace=7.0) as module, Host(module) as host:
        module.place(box.finger("样例甲"))
        assert host.ask(0x01) == b"\x00"
        before = clock.now()
        assert host.ask(0x0A) == b"\x00"
        host.data()
        module.wait_for(Operation.UP_IMAGE, after=0)
        assert clock.now() - before == pytest.approx(18432 * 1.085 * 10 / 57600 / 7.0, rel=0.03)


@pytest.mark.parametrize("host_baud", BAUDS)
@pytest.mark.parametrize("module_baud", BAUDS)
def test_only_the_right_speed_is_understood(module_baud: int, host_baud: int, module: FingerprintModule) -> None:
    with Host(module) as host:
        assert host.ask(0x0E, 4, module_baud // 9600) == b"\x00"
    with Host(module, host_baud) as host:
        mark = module.mark
        host.send(0x0F)
        if host_baud == module_baud:
            assert host.receive()[1][0] == 0
        else:
            # Nothing was understood: the next command at the right speed is the first the module knows of.
            host.port.timeout = 0.05
            assert b"\xef\x01" not in host.port.read(28)
            host.port.baudrate = module_baud
            host.port.timeout = 10
            host.port.write(bytes(4))  # ends what the noise may have begun
            assert host.ask(0x1D) == b"\x00\x00\x00"
            module.wait_for(0x1D, after=mark)
            assert [exchange.instruction for exchange in module.exchanges[mark:]] == [0x1D]


def test_the_answer_to_a_change_of_speed_still_has_the_old_one(module: FingerprintModule) -> None:
    with Host(module) as host:
        assert host.ask(0x0E, 4, 12) == b"\x00"
        assert module.baud == 115200
        host.port.baudrate = 115200
        assert host.ask(0x0F)[-2:] == b"\x00\x0c"


def test_a_packet_that_never_ends_does_not_swallow_the_next(module: FingerprintModule) -> None:
    with Host(module) as host:
        host.port.write(host.packet(0x01, b"\x0f")[:7])
        host.port.timeout = 1.0
        assert host.port.read(1) == b""  # longer than the module waits for the rest
        host.port.timeout = 10
        assert host.ask(0x1D) == b"\x00\x00\x00"


def test_a_command_with_a_wrong_sum_is_told(module: FingerprintModule) -> None:
    with Host(module) as host:
        host.port.write(host.packet(0x01, b"\x0f")[:-1] + b"\x00")
        assert host.receive() == (0x07, b"\x01")


def test_the_path_goes_with_the_plug_and_comes_back(module: FingerprintModule, tmp_path: Path) -> None:
    link = tmp_path / "module"
    with Host(module) as host:
        assert host.ask(0x1D) == b"\x00\x00\x00"
        module.unplug()
        assert not link.is_symlink()
        with pytest.raises(serial.SerialException):
            host.port.read(1)
        with pytest.raises(serial.SerialException):
            serial.Serial(str(link))
    assert not module.snapshot().plugged
    module.plug()
    assert link.is_symlink()
    with Host(module) as host:
        assert host.ask(0x1D) == b"\x00\x00\x00"


def test_pulling_and_putting_the_plug_again_and_again(module: FingerprintModule, box: FingerBox) -> None:
    module.place(box.finger("样例甲"))
    for _ in range(10):
        with Host(module) as host:
            assert host.ask(0x01) == b"\x00"
            host.send(0x02, 1)  # its answer would come when the plug is out
            module.unplug()
            module.plug()
        with Host(module) as host:
            assert host.ask(0x02, 1) == b"\x15"  # the picture went with the power


def test_a_module_without_a_link_has_the_ptys_own_path() -> None:
    with FingerprintModule(R307, pace=math.inf) as module:
        with Host(module) as host:
            assert host.ask(0x1D) == b"\x00\x00\x00"
        module.unplug()
        with pytest.raises(UnpluggedError):
            _ = module.path
        assert module.snapshot().path == ""


@pytest.mark.parametrize("after_bytes", [0, 5, 12, 20000])
def test_the_plug_pulled_in_the_middle_of_a_picture(
    after_bytes: int, module: FingerprintModule, box: FingerBox
) -> None:
    module.place(box.finger("样例甲"))
    with Host(module) as host:
        assert host.ask(0x01) == b"\x00"
        module.fault(Fault(FaultKind.UNPLUGGED, after_bytes=after_bytes))
        received = b""
        with pytest.raises(serial.SerialException):
            host.send(0x0A)
            while True:
                received += host.port.read(1)
        assert len(received) <= after_bytes
    module.wait_until_unplugged()
    assert module.snapshot().fault is FaultKind.UNPLUGGED
    module.clear_fault()
    with Host(module) as host:
        assert host.ask(0x01) == b"\x00"


@pytest.mark.parametrize(("profile", "greeting"), [(R307, b"\x55"), (FPM10A, b"")], ids=["R307", "FPM10A"])
def test_power_up_greets_where_the_make_does(profile: Profile, greeting: bytes) -> None:
    with FingerprintModule(profile, pace=math.inf) as module:
        # pyserial drops what came before it opened the port, so the port is opened without it.
        port = os.open(module.path, os.O_RDWR | os.O_NOCTTY)
        try:
            waiting = int.from_bytes(fcntl.ioctl(port, termios.FIONREAD, bytes(4)), sys.byteorder)
            assert (os.read(port, waiting) if waiting else b"") == greeting
        finally:
            os.close(port)


def test_closing_twice_does_no_harm_and_takes_the_path_away(tmp_path: Path) -> None:
    module = FingerprintModule(R307, link=tmp_path / "module")
    module.start()
    module.close()
    assert list(tmp_path.iterdir()) == []
    module.plug()
    assert not module.snapshot().plugged
