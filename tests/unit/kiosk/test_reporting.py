"""What the county is told of devices and plugs: at change, once when a fault begins and once when it ends."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.contracts.device import Condition, DeviceInfo
from drivers.contracts.errors import DeviceError, Fault
from kiosk.reporting import Reporter
from services.clock import SystemClock
from services.devices import DeviceHandle, DeviceState, Health, Timing
from services.inventory import Inventory, UsbDevice, Watch
from services.northbound.messages import Alarm, DeviceHealth, Envelope
from services.northbound.service import Northbound
from tests.support import way

SOON = 20.0


class Printer:
    """A device that is as a test says."""

    info = DeviceInfo("Scripted")

    def __init__(self) -> None:
        self.faults: frozenset[Fault] = frozenset()
        self.warnings: frozenset[Fault] = frozenset()
        self.unplugged = False

    def condition(self) -> Condition:
        if self.unplugged:
            raise DeviceError("receipt_printer", "condition", Fault.UNPLUGGED)
        return Condition(self.faults, self.warnings)

    def close(self) -> None:
        pass


class Bench:
    """A printer, a way to the county that leads nowhere, and the reporter between them."""

    def __init__(self, point: way.Point) -> None:
        self.point = point
        self.printer = Printer()
        timing = Timing(condition_every=0.01, reopen_first=0.01, reopen_most=0.02)
        self.handle: DeviceHandle[Printer] = DeviceHandle("receipt_printer", self._open, SystemClock(), timing)
        self.northbound = Northbound(
            point=point.name, county=point.county, database=point.database, journal=point.journal, clock=SystemClock(),
            mqtt=way.options(1),
        )  # fmt: skip
        self.plugs = Inventory()
        self.watch = Watch(lambda: self.plugs, every_s=0.01)
        self.reporter = Reporter(self.northbound, {"receipt_printer": self.handle}, self.watch, {"village-kiosk": "1"})
        self.recorded = threading.Condition()
        point.journal.subscribe(self._record_made)
        self.reporter.start()
        self.handle.start()
        self.watch.start()

    def _open(self) -> Printer:
        if self.printer.unplugged:
            raise DeviceError("receipt_printer", "open", Fault.NOT_FOUND)
        return self.printer

    def _record_made(self) -> None:
        with self.recorded:
            self.recorded.notify_all()

    def alarms(self, count: int) -> list[tuple[str, bool]]:
        """The alarms so far, once there are so many."""
        with self.recorded:
            assert self.recorded.wait_for(lambda: len(self._alarms()) >= count, SOON), self._alarms()
        return self._alarms()

    def _alarms(self) -> list[tuple[str, bool]]:
        with self.point.database.read() as connection:
            rows = connection.execute("SELECT envelope FROM record ORDER BY seq").fetchall()
        bodies = [Envelope.model_validate_json(row["envelope"]).body for row in rows]
        return [(body.fault, body.active) for body in bodies if isinstance(body, Alarm)]

    def until(self, health: Health) -> None:
        arrived = threading.Event()

        def look(state: DeviceState) -> None:
            if state.health is health:
                arrived.set()

        unsubscribe = self.handle.subscribe(look)
        look(self.handle.state)
        assert arrived.wait(SOON)
        unsubscribe()

    def close(self) -> None:
        self.watch.close()
        self.handle.close()
        self.reporter.close()
        self.northbound.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with way.point(tmp_path) as point:
        it = Bench(point)
        yield it
        it.close()


def test_a_fault_is_an_alarm_when_it_begins_and_when_it_ends(bench: Bench) -> None:
    bench.printer.faults = frozenset({Fault.PAPER_OUT})
    bench.alarms(1)
    bench.printer.faults = frozenset()
    assert bench.alarms(2) == [("paper_out", True), ("paper_out", False)]


def test_a_warning_reaches_the_county_too(bench: Bench) -> None:
    bench.printer.warnings = frozenset({Fault.PAPER_LOW})
    assert bench.alarms(1) == [("paper_low", True)]


def test_a_pulled_plug_is_one_alarm_however_its_absence_shows(bench: Bench) -> None:
    bench.until(Health.READY)
    bench.printer.unplugged = True
    bench.alarms(1)
    bench.printer.unplugged = False
    bench.until(Health.READY)
    assert bench.alarms(2) == [("unplugged", True), ("unplugged", False)]


def test_an_alarm_of_before_ends_when_the_device_is_well(bench: Bench) -> None:
    bench.northbound.alarm("receipt_printer", "cover_open", active=True)
    bench.printer.faults = frozenset({Fault.PAPER_OUT})
    assert sorted(bench.alarms(3)) == [("cover_open", False), ("cover_open", True), ("paper_out", True)]


def test_devices_and_plugs_are_in_the_state(bench: Bench) -> None:
    told = threading.Event()
    report = bench.northbound.report

    def listen(**parts: object) -> None:
        report(**parts)  # type: ignore[arg-type]
        if parts.get("plugs") and parts.get("devices"):
            told.set()

    bench.northbound.report = listen  # type: ignore[method-assign]
    bench.plugs = Inventory(usb=(UsbDevice("1-1.4", 0x1A86, 0x7523, "S1", "QinHeng", "HL-340"),))
    assert told.wait(SOON)
    detail = bench.northbound._status.online().detail
    assert detail is not None
    assert [(plug.port, plug.id, plug.serial, plug.name) for plug in detail.plugs] == [
        ("1-1.4", "1a86:7523", "S1", "QinHeng HL-340")
    ]
    assert [(device.name, device.health) for device in detail.devices] == [("receipt_printer", DeviceHealth.READY)]
    assert detail.versions == {"village-kiosk": "1"}
