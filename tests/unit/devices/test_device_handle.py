"""One owning thread a device: what callers may rely on."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition, DeviceInfo
from drivers.contracts.errors import DeviceError, Fault
from services.clock import SystemClock
from services.devices import DeviceHandle, DeviceState, Health, Timing

_SOON = 5.0
_QUICK = Timing(condition_every=0.02, reopen_first=0.01, reopen_most=0.02)


@dataclass
class Lamp:
    """A device of the tests' own."""

    faults: frozenset[Fault] = frozenset()
    info: DeviceInfo = field(default_factory=lambda: DeviceInfo("Lamp"))
    closed: int = 0
    threads: set[int] = field(default_factory=set)

    def condition(self) -> Condition:
        self.threads.add(threading.get_ident())
        return Condition(self.faults)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1


class Socket:
    """Where the lamp is plugged in, or not."""

    def __init__(self) -> None:
        self.lamp: Lamp | None = Lamp()
        self.opened = 0

    def open(self) -> Lamp:
        self.opened += 1
        if self.lamp is None:
            raise DeviceError("lamp", "open", Fault.NOT_FOUND)
        return self.lamp


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def handle(socket: Socket) -> Iterator[DeviceHandle[Lamp]]:
    handle: DeviceHandle[Lamp] = DeviceHandle("lamp", socket.open, SystemClock(), _QUICK)
    handle.start()
    assert handle.wait_until_tried(_SOON)
    yield handle
    handle.close()


def _do(handle: DeviceHandle[Lamp], operation: Callable[[Lamp], int], seconds: float = _SOON) -> Future[int]:
    return handle.submit(operation, name="blink", deadline=Deadline.after(seconds))


def _wait_for(handle: DeviceHandle[Lamp], health: Health) -> DeviceState:
    states: queue.Queue[DeviceState] = queue.Queue()
    unsubscribe = handle.subscribe(states.put)
    state = handle.state
    while state.health is not health:
        state = states.get(timeout=_SOON)
    unsubscribe()
    return state


def test_everything_that_touches_the_device_runs_in_one_thread(handle: DeviceHandle[Lamp], socket: Socket) -> None:
    assert socket.lamp is not None
    lamp = socket.lamp
    ran_in = [_do(handle, lambda _: threading.get_ident()).result(_SOON) for _ in range(3)]
    handle.close()
    assert len({*ran_in, *lamp.threads}) == 1
    assert threading.get_ident() not in lamp.threads
    assert lamp.closed == 1


def test_an_error_of_the_device_reaches_the_caller_and_the_next_call_works(handle: DeviceHandle[Lamp]) -> None:
    def fail(_: Lamp) -> int:
        raise DeviceError("lamp", "blink", Fault.POOR_IMAGE)

    with pytest.raises(DeviceError) as caught:
        _do(handle, fail).result(_SOON)
    assert caught.value.fault is Fault.POOR_IMAGE
    assert _do(handle, lambda _: 7).result(_SOON) == 7


def test_closing_ends_a_call_that_can_be_ended(handle: DeviceHandle[Lamp]) -> None:
    begun, cancel = threading.Event(), threading.Event()

    def wait(_: Lamp) -> bool:
        begun.set()
        return cancel.wait(_SOON)

    running = handle.submit(wait, name="wait", deadline=Deadline.after(_SOON), cancel=cancel)
    assert begun.wait(_SOON)
    handle.close()
    assert running.result(_SOON)


def test_a_defect_in_an_operation_does_not_end_the_thread(
    handle: DeviceHandle[Lamp], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ZeroDivisionError):
        _do(handle, lambda _: 1 // 0).result(_SOON)
    assert _do(handle, lambda _: 7).result(_SOON) == 7
    assert any(record.exc_info for record in caplog.records)


def test_a_device_that_goes_away_is_closed_told_and_opened_again_when_it_is_back(
    handle: DeviceHandle[Lamp], socket: Socket
) -> None:
    assert socket.lamp is not None
    gone = socket.lamp

    def unplug(_: Lamp) -> int:
        socket.lamp = None
        raise DeviceError("lamp", "blink", Fault.UNPLUGGED)

    with pytest.raises(DeviceError):
        _do(handle, unplug).result(_SOON)
    assert Fault.NOT_FOUND in _wait_for(handle, Health.ABSENT).faults | {Fault.NOT_FOUND}
    assert gone.closed == 1
    with pytest.raises(DeviceError) as caught:
        _do(handle, lambda _: 7).result(_SOON)
    assert caught.value.fault in {Fault.UNPLUGGED, Fault.NOT_FOUND}
    socket.lamp = Lamp()
    handle.wake()
    _wait_for(handle, Health.READY)
    assert _do(handle, lambda _: 7).result(_SOON) == 7


def test_unavailability_is_logged_once_and_recovery_once(socket: Socket, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "services.devices")
    socket.lamp = None
    handle: DeviceHandle[Lamp] = DeviceHandle("lamp", socket.open, SystemClock(), _QUICK)
    tried = threading.Event()
    handle.start()
    assert handle.wait_until_tried(_SOON)
    while socket.opened < 4:
        handle.wake()
        tried.wait(0.01)
    socket.lamp = Lamp()
    handle.wake()
    _wait_for(handle, Health.READY)
    handle.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_condition_that_keeps_the_device_from_working_is_a_degraded_state(
    handle: DeviceHandle[Lamp], socket: Socket
) -> None:
    assert socket.lamp is not None
    socket.lamp.faults = frozenset({Fault.PAPER_OUT})
    state = _wait_for(handle, Health.DEGRADED)
    assert state.faults == {Fault.PAPER_OUT}
    socket.lamp.faults = frozenset()
    assert _wait_for(handle, Health.READY).faults == frozenset()


def test_too_many_waiting_calls_are_refused_at_once_as_busy(handle: DeviceHandle[Lamp]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Lamp) -> int:
        begun.set()
        return int(go_on.wait(_SOON))

    held = _do(handle, hold)
    assert begun.wait(_SOON)
    futures = [_do(handle, lambda _: 7) for _ in range(40)]
    refused = [future for future in futures if future.done()]
    go_on.set()
    assert held.result(_SOON) == 1
    assert refused
    for future in refused:
        error = future.exception(_SOON)
        assert isinstance(error, DeviceError)
        assert error.fault is Fault.BUSY
    assert all(future.result(_SOON) == 7 for future in futures if future not in refused)


def test_a_call_whose_deadline_passed_in_the_queue_is_not_made(handle: DeviceHandle[Lamp]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Lamp) -> int:
        begun.set()
        return int(go_on.wait(_SOON))

    held = _do(handle, hold)
    assert begun.wait(_SOON)
    late = _do(handle, lambda _: 7, seconds=0.0)
    go_on.set()
    held.result(_SOON)
    error = late.exception(_SOON)
    assert isinstance(error, DeviceError)
    assert error.fault is Fault.BUSY


def test_after_closing_calls_are_cancelled(handle: DeviceHandle[Lamp]) -> None:
    handle.close()
    error = _do(handle, lambda _: 7).exception(_SOON)
    assert isinstance(error, DeviceError)
    assert error.fault is Fault.CANCELLED
