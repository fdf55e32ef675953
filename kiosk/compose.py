"""The only place where the appliance is wired: configuration in, running parts out, and all of them ended in order."""

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import ValidationError

from drivers import registry
from drivers.registry import UnknownDriverError
from kiosk import config as configuration
from kiosk import release
from kiosk.config import Config, DeviceConfig
from kiosk.reporting import Reporter
from kiosk.timesync import TimesyncClock
from kiosk.ui.screen import Parts, Screen
from services import keys
from services.biometrics.contract import Matcher
from services.biometrics.module import ModuleMatcher
from services.biometrics.slots import SlotMap
from services.certification import service as certification
from services.certification.residents import Residents
from services.certification.rules import Rules
from services.clerks import Clerks
from services.clock import Clock
from services.configuration import ConfigError, complain
from services.devices import DeviceHandle
from services.inventory import Change, Watch
from services.northbound.journal import Journal
from services.northbound.sender import Timing
from services.northbound.service import Northbound
from services.store.backup import DailyBackups
from services.store.claim import Claim
from services.store.database import Database
from services.store.migrations import MIGRATIONS

if TYPE_CHECKING:
    from drivers.contracts.fingerprint import MatchingReader
    from drivers.contracts.printer import ReceiptPrinter

#: The appliance's devices: their tables in the configuration are their families in the registry.
FINGERPRINT: Final = "fingerprint"
RECEIPT_PRINTER: Final = "receipt_printer"


class Appliance:
    """A whole point. Use it as a context manager: it runs inside the block."""

    def __init__(self, path: Path, clock: Clock | None = None, timing: Timing | None = None) -> None:
        """Read the configuration, claim the data folder, open the database and wire everything; nothing runs yet.

        Args:
            path: the configuration.
            clock: the machine's own where none is given.
            timing: how patient the way to the county is.

        Raises:
            ConfigError: the configuration cannot be used.
            KeyFileError: the keys are missing or unusable.
            ClaimedError: another appliance works with this data.
            StoreError: the database cannot be used as it is.
            OSError: the data folder or the screen's port cannot be had.
        """
        self.config = configuration.load(path)
        self._clock = clock or TimesyncClock()
        _require_matcher(path, self.config)
        openers = {name: _opener(path, name, getattr(self.config, name)) for name in (FINGERPRINT, RECEIPT_PRINTER)}
        self._ending = ExitStack()
        with ExitStack() as undoing:  # whatever was opened is closed again when the rest cannot be had
            self._open(undoing, openers, timing)
            self._ending = undoing.pop_all()

    def _open(self, stack: ExitStack, openers: dict[str, Callable[[], Any]], timing: Timing | None) -> None:
        config, clock = self.config, self._clock
        config.paths.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        point_keys = keys.load(config.paths.keys)
        stack.enter_context(Claim(config.paths.data))
        self.database = Database.open(config.paths.database)
        stack.callback(self.database.close)
        self._backups = DailyBackups(config.paths.database, config.paths.backups, clock)
        stack.callback(self._backups.close)

        journal = Journal(config.point.id, point_keys, clock, self.database.epoch)
        self.northbound = Northbound(
            point=config.point.id, county=config.point.county, database=self.database, journal=journal, clock=clock,
            mqtt=config.mqtt, timing=timing,
        )  # fmt: skip
        stack.callback(self.northbound.stop)

        self.reader: DeviceHandle[MatchingReader] = DeviceHandle(FINGERPRINT, openers[FINGERPRINT], clock)
        self.printer: DeviceHandle[ReceiptPrinter] = DeviceHandle(RECEIPT_PRINTER, openers[RECEIPT_PRINTER], clock)
        devices: dict[str, DeviceHandle[Any]] = {handle.name: handle for handle in (self.reader, self.printer)}
        self.inventory = Watch()
        self.inventory.subscribe(self._plugs_changed)
        versions = {"village-kiosk": release.VERSION, "schema": str(MIGRATIONS[-1].number)}
        self._reporter = Reporter(self.northbound, devices, self.inventory, versions)
        stack.callback(self._reporter.close)

        self.residents = Residents(self.database, point_keys, clock)
        self.clerks = Clerks(self.database, clock)
        self.matcher = self._make_matcher()
        self.certification = certification.start(
            database=self.database, journal=journal, residents=self.residents, rules=rules(config), clock=clock,
            matcher=self.matcher,
            reader=self.reader, printer=self.printer, built_on=release.EARLIEST,
        )  # fmt: skip
        stack.callback(self.certification.close)
        stack.callback(self.northbound.subscribe_settled(lambda _: self.certification.visits.refresh()))
        for handle in devices.values():
            stack.callback(handle.close)  # before certification: it ends what is under way there
        stack.callback(self.inventory.close)
        self.screen = Screen(
            Parts(
                point=config.point, settings=config.screen, certification=self.certification, clerks=self.clerks,
                northbound=self.northbound, devices=devices, inventory=self.inventory, clock=clock,
            )
        )  # fmt: skip
        stack.callback(self.screen.stop)

    def _make_matcher(self) -> Matcher:
        matching = self.config.matching
        if matching.on == "host":
            # Imported only when asked for: the network's runtime costs memory that not every point has to spare.
            host = import_module("services.biometrics.host.matcher")
            found: Matcher = host.HostMatcher(matching.false_match_rate)
            return found
        return ModuleMatcher(self.reader, SlotMap(self.database), self.residents.finger)

    def __enter__(self) -> Self:
        """Start everything. Devices that are missing and a broker that is away are waited for by their own threads."""
        self.reader.start()
        self.printer.start()
        self.inventory.start()
        self._reporter.start()
        self.northbound.start()
        self._backups.start()
        self.screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything in order; what is pending stays stored."""
        self._ending.close()

    @property
    def parts(self) -> dict[str, Callable[[], bool]]:
        """What the watchdog asks: names of parts, and whether each is alive."""
        return {
            "reader": lambda: self.reader.alive,
            "printer": lambda: self.printer.alive,
            "county": lambda: self.northbound.alive,
            "database": self._database_answers,
            "screen": self.screen.alive,
        }

    def _database_answers(self) -> bool:
        with self.database.read() as connection:
            return connection.execute("SELECT 1").fetchone() is not None

    def _plugs_changed(self, change: Change) -> None:
        """Something was plugged in: an absent device may be there now, without waiting for its next attempt."""
        if change.arrived:
            self.reader.wake()
            self.printer.wake()


def rules(config: Config) -> Rules:
    """What the configuration says about certification, in the service's own terms."""
    point, chosen = config.point, config.certification
    return Rules(
        point_name=point.name,
        supervision_phone=point.supervision_phone,
        verify_url=point.verify_url,
        camera=point.camera,
        minimum_age=chosen.minimum_age,
        tries_per_finger=chosen.tries_per_finger,
        capture_s=chosen.capture_s,
        quality_floor=chosen.quality_floor,
        learn=config.matching.learn,
    )


def _require_matcher(path: Path, config: Config) -> None:
    """Make sure that somebody compares fingers.

    Raises:
        ConfigError: the reader is to do it and cannot.
    """
    driver = config.fingerprint.driver
    if config.matching.on == "module" and driver in registry.names(FINGERPRINT) and not registry.matches(driver):
        raise complain(path, "matching", "on", f'readers of the driver {driver} hand out images only: set on = "host"')


def _opener(path: Path, family: str, device: DeviceConfig) -> Callable[[], Any]:
    """What opens a device, its options validated now: a bad option is a mistake in the file, not a missing device."""
    try:
        options = registry.options(family, device.driver).model_validate(device.options)
        opener = registry.adapter(family, device.driver)
    except UnknownDriverError as error:
        raise complain(path, family, "driver", str(error)) from error
    except ValidationError as error:
        complaints = [
            str(complain(path, family, str(entry["loc"][0]) if entry["loc"] else "driver", entry["msg"]))
            for entry in error.errors()
        ]
        raise ConfigError("\n".join(complaints)) from error
    return lambda: opener(device=family, **options.model_dump(exclude_unset=True))
