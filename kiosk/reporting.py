"""Tells the county how devices and plugs are: the state at every change, an alarm when a fault begins and ends."""

import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from drivers.contracts.errors import Fault
from services.devices import DeviceHandle, DeviceState, Health
from services.inventory import Change, Watch
from services.northbound.messages import DeviceHealth, DeviceStatus, Plug
from services.northbound.service import Northbound
from services.store.database import StoreError

_LOG = logging.getLogger(__name__)
_AGAIN_S: Final = 30.0  # after an alarm that could not be stored
_LONGEST: Final = 200
_MOST_PLUGS: Final = 64


class Reporter:
    """Follows the devices from `start` to `close`, in a thread of its own."""

    def __init__(
        self,
        northbound: Northbound,
        devices: Mapping[str, DeviceHandle[Any]],
        inventory: Watch,
        versions: Mapping[str, str],
    ) -> None:
        """Nothing is told before `start`.

        Args:
            northbound: carries the news.
            devices: the devices by their names in the configuration.
            inventory: knows what is plugged in.
            versions: what runs here, by name.
        """
        self._northbound = northbound
        self._inventory = inventory
        self._versions = dict(versions)
        self._lock = threading.Lock()
        self._states: dict[str, DeviceState] = {}
        self._absence: dict[str, frozenset[Fault]] = {}
        self._news = threading.Event()
        self._stopping = False
        self._unsubscribe = [device.subscribe(self._device_changed) for device in devices.values()]
        self._unsubscribe.append(inventory.subscribe(self._plugs_changed))
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._northbound.report(versions=self._versions)
        self._thread.start()

    def close(self) -> None:
        """Tell no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join()

    def _device_changed(self, state: DeviceState) -> None:
        with self._lock:
            self._states[state.name] = state
        self._news.set()

    def _plugs_changed(self, change: Change) -> None:
        del change
        self._news.set()

    def _run(self) -> None:
        failed = False
        while True:
            self._news.wait(_AGAIN_S if failed else None)
            self._news.clear()
            if self._stopping:
                return
            failed = not self._tell()

    def _tell(self) -> bool:
        with self._lock:
            states = tuple(self._states.values())
        self._northbound.report(devices=[_status(state) for state in states], plugs=self._plugs())
        try:
            for state in states:
                self._raise_and_end(state)
        except (StoreError, sqlite3.Error) as error:
            _LOG.warning("an alarm cannot be stored: %s", error)
            return False
        return True

    def _plugs(self) -> Sequence[Plug]:
        return [
            Plug(
                port=device.port, id=device.id, serial=device.serial[:_LONGEST],
                name=f"{device.maker} {device.name}".strip()[:_LONGEST],
            )
            for device in self._inventory.inventory.usb[:_MOST_PLUGS]
        ]  # fmt: skip

    def _raise_and_end(self, state: DeviceState) -> None:
        wanted = {str(fault) for fault in self._faults(state)}
        active = {alarm.fault for alarm in self._northbound.active_alarms() if alarm.source == state.name}
        for fault in sorted(wanted - active):
            self._northbound.alarm(state.name, fault, active=True)
        for fault in sorted(active - wanted):
            self._northbound.alarm(state.name, fault, active=False)

    def _faults(self, state: DeviceState) -> frozenset[Fault]:
        """What there is to raise; a device that is away stays away for its first reason: pulled, and then not found."""
        if state.health is Health.ABSENT:
            return self._absence.setdefault(state.name, state.faults)
        self._absence.pop(state.name, None)
        return state.faults | state.warnings


def _status(state: DeviceState) -> DeviceStatus:
    return DeviceStatus(
        name=state.name,
        health=DeviceHealth(state.health),
        faults=tuple(sorted(state.faults)),
        warnings=tuple(sorted(state.warnings)),
        model=state.info.model[:_LONGEST] if state.info else "",
        since=state.since,
    )
