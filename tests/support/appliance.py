"""The real appliance on simulated hardware: keys and a configuration, a module on a pty, a printer on TCP."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services import keys
from services.county.config import CountyConfig
from services.keys import PointKeys
from services.northbound.options import MqttOptions
from simulators.fingerprint import R307, Digit, FingerBox, FingerprintModule, Profile
from simulators.printer import ReceiptPrinter
from tests.support import way

FINGERS = FingerBox()
POINT = "p-001"

_TOML = """\
[point]
id = "{point}"
name = "石门村便民服务点"
county = "{county}"
supervision_phone = "000-0000000"
verify_url = "{verify_url}"
camera = "hall"

[paths]
data = "data"
keys = "keys"

[fingerprint]
driver = "ef01"
port = "{fingerprint}"

[receipt_printer]
driver = "escpos"
url = "{receipt_printer}"

[mqtt]
host = "127.0.0.1"
port = {mqtt_port}
version = "{mqtt_version}"
answer_s = 2.0
reconnect_first_s = 0.1
reconnect_most_s = 0.5
keepalive_s = 5

[screen]
port = 0
"""


@dataclass
class Bench:
    """What a test has in its hands.

    Attributes:
        folder: the point's.
        module: the simulated reader.
        printer: the simulated receipt printer.
        keys: the point's.
    """

    folder: Path
    module: FingerprintModule
    printer: ReceiptPrinter
    keys: PointKeys

    @property
    def configuration(self) -> Path:
        return self.folder / "kiosk.toml"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "point.sqlite"

    def configure(
        self, mqtt_port: int, version: str = "5", verify_url: str = "http://127.0.0.1:1", more: str = ""
    ) -> None:
        """Write the configuration; `more` are further tables."""
        text = _TOML.format(
            point=POINT, county=way.COUNTY, verify_url=verify_url, fingerprint=self.module.path,
            receipt_printer=self.printer.url, mqtt_port=mqtt_port, mqtt_version=version,
        )  # fmt: skip
        self.configuration.write_text(text + more, encoding="utf-8")

    def county(self, folder: Path, mqtt: MqttOptions) -> CountyConfig:
        """A county that knows this point."""
        folder.mkdir(parents=True, exist_ok=True)
        return CountyConfig(
            county=way.COUNTY, database_url=f"sqlite:///{folder / 'county.sqlite'}", mqtt=mqtt, http_port=0,
            points_file=way.register_keys(folder / "points.json", {POINT: self.keys}),
        )  # fmt: skip

    def place(self, finger: str, impression: int = 0) -> None:
        """The hand of `kiosk.demo.script`, without the way over HTTP."""
        self.module.place(FINGERS.take(finger, impression))

    def lift(self) -> None:
        self.module.lift()

    def thumb(self, person: str, impression: int = 7) -> None:
        self.module.place(FINGERS.finger(person, Digit.RIGHT_THUMB, impression))


@contextmanager
def bench(folder: Path, *, profile: Profile = R307, pace: float = math.inf, mqtt_port: int = 1) -> Generator[Bench]:
    """Hardware, keys and a configuration; the appliance is left to the test."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        FingerprintModule(profile, link=folder / "fingerprint", flash=folder / "flash", pace=pace) as module,
        ReceiptPrinter(port=0, pace=pace) as printer,
    ):
        key_folder = folder / "keys"
        own = keys.load(key_folder) if key_folder.exists() else keys.create(key_folder)
        it = Bench(folder, module, printer, own)
        it.configure(mqtt_port)
        yield it
