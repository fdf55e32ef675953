"""One owning thread a device: calls go in by a bounded queue, results come out by futures, every call has a deadline.

A device that is missing or goes away never stops the appliance: its owner keeps trying to open it, and everybody else
sees its state, an immutable snapshot, change.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Condition, Device, DeviceInfo
from drivers.contracts.errors import LINK_FAULTS, DeviceError, Fault
from services.clock import Clock

_LOG = logging.getLogger(__name__)
_QUEUE_SIZE = 16

D = TypeVar("D", bound=Device)
T = TypeVar("T")


class Health(StrEnum):
    """Whether a device can do its work."""

    READY = "ready"
    DEGRADED = "degraded"  # open, but something keeps it from working: no paper, a cover
    ABSENT = "absent"  # not there, or not answering


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How a device is, as everybody may know it.

    Attributes:
        name: its name in the configuration.
        health: whether it can work.
        faults: why not; empty when it is ready.
        warnings: what will keep it from working soon.
        info: what it said of itself when it was last open.
        since: since when it is so, wall time in UTC.
    """

    name: str
    health: Health
    faults: frozenset[Fault]
    warnings: frozenset[Fault]
    info: DeviceInfo | None
    since: datetime

    def same_as(self, other: "DeviceState") -> bool:
        """Whether nothing but the time differs."""
        return replace(self, since=other.since) == other


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the owner of a device is, in seconds.

    Attributes:
        condition_every: between two looks at an idle device.
        reopen_first: before the first new attempt to open an absent one; doubles with each attempt.
        reopen_most: the longest pause between two attempts.
    """

    condition_every: float = 5.0
    reopen_first: float = 0.5
    reopen_most: float = 8.0


@dataclass(frozen=True, slots=True)
class _Call(Generic[D]):
    run: Callable[[D], None]
    fail: Callable[[DeviceError], None]
    name: str
    deadline: Deadline
    cancel: threading.Event | None


class DeviceHandle(Generic[D]):
    """The rest of the program's way to one device."""

    def __init__(self, name: str, open_device: Callable[[], D], clock: Clock, timing: Timing | None = None) -> None:
        """Nothing is opened before `start`.

        Args:
            name: the device's name in the configuration.
            open_device: opens it; raises `DeviceError`. Called in the owning thread only.
            clock: for the times in states.
            timing: how often to look and to try again.
        """
        self.name = name
        self._open_device = open_device
        self._clock = clock
        self._timing = timing or Timing()
        self._calls: queue.Queue[_Call[D] | None] = queue.Queue(_QUEUE_SIZE)
        self._listeners: list[Callable[[DeviceState], None]] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._state = DeviceState(
            name, Health.ABSENT, frozenset({Fault.NOT_FOUND}), frozenset(), info=None, since=clock.now()
        )
        self._device: D | None = None
        self._cancel: threading.Event | None = None
        self._attempts = 0
        self._next_look = 0.0
        self._thread = threading.Thread(target=self._own, name=f"device-{name}", daemon=True)

    @property
    def state(self) -> DeviceState:
        """How the device is now."""
        return self._state

    @property
    def alive(self) -> bool:
        """Whether there is somebody who owns the device."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to own the device."""
        self._thread.start()

    def close(self) -> None:
        """Let go of the device; calls that are still waiting fail as cancelled, and one that can be ended is."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        cancel = self._cancel
        if cancel is not None:
            cancel.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._fail_waiting()

    def wait_until_tried(self, timeout: float) -> bool:
        """Wait until the first attempt to open the device has ended, well or badly."""
        return self._settled.wait(timeout)

    def subscribe(self, listener: Callable[[DeviceState], None]) -> Callable[[], None]:
        """Tell a listener every change of state, in the owning thread; it only enqueues.

        Returns:
            A function that ends the subscription.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock, suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    def wake(self) -> None:
        """Look at the device now: it may just have been plugged in."""
        self._next_look = 0.0
        with suppress(queue.Full):  # a full queue is awake already
            self._calls.put_nowait(None)

    def submit(
        self, operation: Callable[[D], T], *, name: str, deadline: Deadline, cancel: threading.Event | None = None
    ) -> Future[T]:
        """Have the owning thread do something with the device.

        Args:
            operation: gets the open device; returns or raises `DeviceError`.
            name: what it is, for errors and the log.
            deadline: by when the operation has to have begun; the operation itself keeps it inside.
            cancel: ends the operation early; set when the handle is closed meanwhile.

        Returns:
            The result, or a `DeviceError`: at once and `BUSY` when too much is waiting already, the reason of its
            absence when the device is not there.
        """
        future: Future[T] = Future()

        def run(device: D) -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(operation(device))
                except BaseException as error:
                    future.set_exception(error)
                    raise

        def fail(error: DeviceError) -> None:
            with suppress(InvalidStateError):  # cancelled by the caller in the meantime
                future.set_exception(error)

        if self._stopping.is_set():
            fail(DeviceError(self.name, name, Fault.CANCELLED, "the appliance is stopping"))
            return future
        try:
            self._calls.put_nowait(_Call(run, fail, name, deadline, cancel))
        except queue.Full:
            fail(DeviceError(self.name, name, Fault.BUSY, f"{_QUEUE_SIZE} calls are waiting"))
        return future

    def _own(self) -> None:
        """The owning thread: nothing else ever touches the device."""
        while not self._stopping.is_set():
            if self._clock.monotonic() >= self._next_look:
                self._look()
            pause = max(0.0, self._next_look - self._clock.monotonic())
            try:
                call = self._calls.get(timeout=pause)
            except queue.Empty:
                continue
            if call is not None:
                self._serve(call)
        self._drop()

    def _look(self) -> None:
        """Open an absent device, or ask an open one how it is; then say when to look again."""
        if self._device is None:
            self._try_open()
        if self._device is not None:
            self._ask_condition(self._device)
        self._settled.set()
        self._next_look = self._clock.monotonic() + self._pause()

    def _pause(self) -> float:
        if self._device is not None:
            return self._timing.condition_every
        doubled: float = self._timing.reopen_first * 2.0 ** min(self._attempts - 1, 16)
        return min(doubled, self._timing.reopen_most)

    def _try_open(self) -> None:
        self._attempts += 1
        try:
            self._device = self._open_device()
        except DeviceError as error:
            self._become(Health.ABSENT, frozenset({error.fault}), detail=str(error))
        else:
            self._attempts = 0

    def _ask_condition(self, device: D) -> None:
        try:
            condition = device.condition()
        except DeviceError as error:
            self._lose(error)
        else:
            self._take(condition)

    def _take(self, condition: Condition) -> None:
        health = Health.DEGRADED if condition.faults else Health.READY
        self._become(health, condition.faults, condition.warnings)

    def _serve(self, call: _Call[D]) -> None:
        if self._device is None:
            call.fail(DeviceError(self.name, call.name, next(iter(self._state.faults)), "the device is absent"))
            return
        if call.deadline.passed:
            call.fail(DeviceError(self.name, call.name, Fault.BUSY, "its turn came after its deadline"))
            return
        self._cancel = call.cancel
        if call.cancel is not None and self._stopping.is_set():  # closed before it could know what to end
            call.cancel.set()
        try:
            call.run(self._device)
        except DeviceError as error:
            if error.fault in LINK_FAULTS:
                self._lose(error)
            else:
                self._next_look = 0.0  # the fault may be the device's condition: find out now
        except Exception:
            _LOG.exception("%s: %s failed in an unforeseen way", self.name, call.name)
        finally:
            self._cancel = None

    def _lose(self, error: DeviceError) -> None:
        """Close a device that can no longer be relied on; the next look opens it anew."""
        self._drop()
        self._become(Health.ABSENT, frozenset({error.fault}), detail=str(error))
        self._attempts = 1
        self._next_look = self._clock.monotonic() + self._timing.reopen_first

    def _drop(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None

    def _become(
        self,
        health: Health,
        faults: frozenset[Fault],
        warnings: frozenset[Fault] = frozenset(),
        detail: str = "",
    ) -> None:
        """Take on a state; say so once if it is another one than before."""
        before = self._state
        info = self._device.info if self._device is not None else before.info
        state = DeviceState(self.name, health, faults, warnings, info, self._clock.now())
        if self._settled.is_set() and state.same_as(before):
            return
        self._state = state
        if health is Health.READY:
            _LOG.info("%s is ready", self.name)
        else:
            _LOG.warning("%s is %s: %s %s", self.name, health, ", ".join(sorted(faults)), detail)
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(state)

    def _fail_waiting(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            if call is not None:
                call.fail(DeviceError(self.name, call.name, Fault.CANCELLED, "the appliance is stopping"))
