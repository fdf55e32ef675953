"""A village on one machine: broker, county and simulated hardware as processes, the appliance in this one."""

import json
import signal
import socket
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kiosk.compose import Appliance
from kiosk.demo import broker, people, script
from kiosk.demo.hardware import Hardware
from kiosk.demo.processes import Child
from services import keys
from services.county.registry import encode_key

_POINT: Final = "demo-001"
_NAME: Final = "示例村便民服务点"

_KIOSK_TOML: Final = """\
# Written by `kiosk demo`.
[point]
id = "{point}"
name = "{name}"
county = "demo-county"
supervision_phone = "000-0000000"
verify_url = "{county}"

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

[screen]
port = {screen_port}
"""

_COUNTY_TOML: Final = """\
# Written by `kiosk demo`.
county = "demo-county"
database_url = "sqlite:///{folder}/county.sqlite"
points_file = "points.json"
http_port = 0

[mqtt]
host = "127.0.0.1"
port = {mqtt_port}
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the demonstration is to be.

    Attributes:
        folder: where everything is kept; a temporary folder where none is given.
        embedded_broker: take the broker in Python even where mosquitto is installed.
        screen_port: of the touchscreen; 0 takes a free one.
        pace: how many times faster than real hardware; 0 for no waiting.
    """

    folder: Path | None = None
    embedded_broker: bool = False
    screen_port: int = 0
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Village:
    """What runs.

    Attributes:
        folder: where everything is kept.
        broker: the broker's process.
        mqtt_port: where it listens.
        county: the address of the county's page.
        hardware: the simulated hardware.
        configuration: the appliance's.
    """

    folder: Path
    broker: Child
    mqtt_port: int
    county: str
    hardware: Hardware
    configuration: Path


@contextmanager
def settled(wishes: Wishes, residents: Sequence[people.Person]) -> Generator[Village]:
    """A village whose residents are enrolled and whose clerks are at work; the appliance is left to the caller.

    Raises:
        ChildError: a process does not start.
        OSError: the folder cannot be written.
    """
    with ExitStack() as stack:
        folder = wishes.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-demo-")))
        folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        mqtt_port = broker.free_port()
        running = stack.enter_context(broker.start(folder, mqtt_port, embedded=wishes.embedded_broker))
        _register(folder)
        county = stack.enter_context(_county(folder, mqtt_port)).ready()["county"]
        with _hardware(folder, pace=0.0) as child:  # fingers are enrolled at once, not in the 20 s each that they take
            addresses = child.ready()
            path = _configure(folder, mqtt_port, county, addresses, screen_port=0)
            _enrol(path, Hardware(addresses["console"]), residents)
        addresses = stack.enter_context(_hardware(folder, wishes.pace)).ready()
        path = _configure(folder, mqtt_port, county, addresses, wishes.screen_port)
        yield Village(folder, running, mqtt_port, county, Hardware(addresses["console"]), path)


def run(wishes: Wishes) -> int:
    """Run the village until SIGTERM or SIGINT, and say where to look.

    Returns:
        0.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    print("正在准备模拟硬件、消息服务和县级平台……", flush=True)
    with settled(wishes, people.RESIDENTS) as village, Appliance(village.configuration) as appliance:
        print(_welcome(village, appliance.screen.port), flush=True)
        stopping.wait()
        print("正在停止……", flush=True)
    return 0


def _welcome(village: Village, screen_port: int) -> str:
    first, newcomer = people.RESIDENTS[0], people.NEWCOMER
    enrolled = "、".join(person.name for person in people.RESIDENTS)
    clerks = "，".join(f"{clerk.name} {clerk.pin}" for clerk in people.CLERKS)
    return f"""
触摸屏    http://127.0.0.1:{screen_port}/
模拟硬件  {village.hardware.console}
县级平台  {village.county}
消息服务  127.0.0.1:{village.mqtt_port}（{village.broker.name}）
数据      {village.folder}

试一试：在触摸屏上点“开始认证”，再到模拟硬件页把“{first.name}”的右手拇指放上去。
已登记的居民：{enrolled}（右手拇指、右手食指）
可以登记的新居民：{newcomer.name}，身份证号 {newcomer.number}
办事员和密码：{clerks}
按 Ctrl+C 结束。"""


def _register(folder: Path) -> None:
    """Make the point's keys where it has none, and register the point at the county."""
    key_folder = folder / "keys"
    own = keys.load(key_folder) if key_folder.exists() else keys.create(key_folder)
    key = encode_key(own.public_key)
    entry = {"id": _POINT, "name": _NAME, "township": "示例乡", "village": "示例村", "public_key": key}
    (folder / "points.json").write_text(json.dumps([entry], ensure_ascii=False), encoding="utf-8")


def _county(folder: Path, mqtt_port: int) -> Child:
    settings = folder / "county.toml"
    settings.write_text(_COUNTY_TOML.format(folder=folder, mqtt_port=mqtt_port), encoding="utf-8")
    return Child.python("county", "kiosk", "county", "--json", "--config", str(settings), log=folder / "county.log")


def _hardware(folder: Path, pace: float) -> Child:
    return Child.python(
        "simulators", "simulators", "--folder", str(folder / "hardware"), "--pace", str(pace),
        log=folder / "simulators.log",
    )  # fmt: skip


def _configure(folder: Path, mqtt_port: int, county: str, addresses: dict[str, Any], screen_port: int) -> Path:
    path = folder / "kiosk.toml"
    content = _KIOSK_TOML.format(
        point=_POINT, name=_NAME, county=county.rstrip("/"), mqtt_port=mqtt_port, screen_port=_free(screen_port),
        fingerprint=addresses["fingerprint"], receipt_printer=addresses["receipt_printer"],
    )  # fmt: skip
    path.write_text(content, encoding="utf-8")
    return path


def _free(port: int) -> int:
    """The port where nobody has it, else 0, which takes a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _enrol(path: Path, hardware: Hardware, residents: Sequence[people.Person]) -> None:
    """Have clerks at work, and residents enrolled who are not yet."""
    with Appliance(path) as appliance:
        clerk = script.take_clerks_on(appliance)[0]
        for person in residents:
            if not script.is_enrolled(appliance, person):
                script.enrol(appliance, hardware, clerk, person)
        script.load_library(appliance)
