"""The service manager hears what the appliance is, on a real datagram socket."""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.notify import ServiceManager, Watchdog

PATIENCE_S = 30.0


class Hearing:
    """The receiving end that systemd has."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(PATIENCE_S)
        self.environment = {"NOTIFY_SOCKET": address}

    def next(self) -> str:
        return self.socket.recv(4096).decode()

    def silent_for(self, seconds: float) -> bool:
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE_S)
        return False


@pytest.fixture(params=["path", "abstract"])
def hearing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hearing]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@kiosk-test-{secrets.token_hex(8)}"
    it = Hearing(address)
    yield it
    it.socket.close()


def test_the_manager_hears_ready_and_stopping(hearing: Hearing) -> None:
    manager = ServiceManager(hearing.environment)
    manager.ready("认证服务就绪\nsecond line")
    assert hearing.next() == "READY=1\nSTATUS=认证服务就绪 second line"
    manager.status("打印机缺纸")
    assert hearing.next() == "STATUS=打印机缺纸"
    manager.stopping()
    assert hearing.next() == "STOPPING=1"


def test_without_a_service_manager_nothing_happens() -> None:
    manager = ServiceManager({})
    manager.ready()
    assert manager.watchdog_s is None


def test_a_manager_that_is_gone_is_logged_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    assert "READY=1" in caplog.text


@pytest.mark.parametrize(
    ("environment", "period"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours_only_when_the_manager_says_so(environment: dict[str, str], period: float | None) -> None:
    assert ServiceManager(environment).watchdog_s == period


def test_pings_come_only_while_every_part_proves_alive(hearing: Hearing, caplog: pytest.LogCaptureFixture) -> None:
    sender_lives = threading.Event()
    asked_in_vain = threading.Semaphore(0)

    def sender() -> bool:
        if not sender_lives.is_set():
            asked_in_vain.release()
        return sender_lives.is_set()

    sender_lives.set()
    manager = ServiceManager({**hearing.environment, "WATCHDOG_USEC": "30000"})
    watchdog = Watchdog(manager, {"screen": lambda: True, "sender": sender})
    watchdog.start()
    try:
        assert hearing.next() == "WATCHDOG=1"
        sender_lives.clear()
        for _ in range(2):  # whatever was on its way at the first look has been sent by the second
            assert asked_in_vain.acquire(timeout=PATIENCE_S)
        hearing.socket.setblocking(False)
        while True:
            try:
                hearing.next()
            except BlockingIOError:
                break
        for _ in range(3):
            assert asked_in_vain.acquire(timeout=PATIENCE_S)
        assert hearing.silent_for(0.01)
        assert "no sign of life from: sender" in caplog.text
        sender_lives.set()
        assert hearing.next() == "WATCHDOG=1"
    finally:
        watchdog.stop()


def test_a_part_that_raises_is_not_alive(hearing: Hearing) -> None:
    asked = threading.Semaphore(0)

    def broken() -> bool:
        asked.release()
        raise RuntimeError("gone")

    watchdog = Watchdog(ServiceManager({**hearing.environment, "WATCHDOG_USEC": "30000"}), {"store": broken})
    watchdog.start()
    try:
        for _ in range(3):
            assert asked.acquire(timeout=PATIENCE_S)
        assert hearing.silent_for(0.01)
    finally:
        watchdog.stop()
