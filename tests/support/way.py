"""Points and a county on a broker of their own: the whole way of a record, for tests."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from services import keys
from services.clock import SystemClock
from services.county.app import County
from services.county.config import CountyConfig
from services.county.registry import encode_key
from services.county.schema import open_engine, record
from services.keys import PointKeys
from services.northbound.invariants import RECORD_INVARIANTS, sealed_by
from services.northbound.journal import Journal
from services.northbound.messages import Certification, Envelope, Method, Person
from services.northbound.options import MqttOptions
from services.northbound.outbox import Settlement
from services.northbound.sender import Timing
from services.northbound.service import Northbound
from services.northbound.state import NorthboundState
from services.store.check import check
from services.store.database import Database

ROOT = Path(__file__).parents[2]
COUNTY = "test-county"
POINT = "p-001"
PATIENCE_S = 60.0

#: As in production, only less patient, so that a test of lost receipts ends soon.
QUICK = Timing(receipt=1.0, receipt_most=4.0, look_every=0.5, heartbeat=30.0, status_least=0.05)


def options(port: int, version: str = "5", **more: object) -> MqttOptions:
    """How to reach a broker of this machine, in a hurry."""
    quick = {"answer_s": 2.0, "reconnect_first_s": 0.1, "reconnect_most_s": 0.5, "keepalive_s": 5}
    return MqttOptions.model_validate({"host": "127.0.0.1", "port": port, "version": version, **quick, **more})


def certification(number: int = 1) -> Certification:
    """A certification of somebody made up."""
    return Certification(
        certification_id=f"00000000-0000-4000-8000-{number:012d}",
        year=2026,
        person=Person(
            resident_id="00000000-0000-4000-8000-00000000000a",
            pseudonym="ab" * 32,
            masked_name="测**",
            masked_number="500236**********12",
        ),
        method=Method.FINGER,
        finger="right_thumb",
        algorithm="test",
        score_milli=87,
        consent="v1",
        certified_at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
        review_required=False,
    )


@dataclass
class Point:
    """A point: its database, its journal and its way to the county."""

    folder: Path
    name: str = POINT
    county: str = COUNTY
    timing: Timing = QUICK
    keys: PointKeys = field(init=False)
    database: Database = field(init=False)
    journal: Journal = field(init=False)
    northbound: Northbound | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        here = self.folder / "keys"
        self.keys = keys.load(here) if here.exists() else keys.create(here)
        self.database = Database.open(self.folder / "point.sqlite")
        self.journal = Journal(self.name, self.keys, SystemClock(), self.database.epoch)

    def connect(self, mqtt: MqttOptions) -> Northbound:
        """Begin to send."""
        self.northbound = Northbound(
            point=self.name,
            county=self.county,
            database=self.database,
            journal=self.journal,
            clock=SystemClock(),
            mqtt=mqtt,
            timing=self.timing,
        )
        self.northbound.start()
        return self.northbound

    def certify(self, number: int = 1) -> Envelope:
        """Make a record."""
        with self.database.transaction() as transaction:
            made = self.journal.append(transaction, certification(number))
        self.journal.announce()
        return made

    def close(self) -> None:
        """Stop sending and close the database."""
        if self.northbound is not None:
            self.northbound.stop()
        self.database.close()

    def breaches(self) -> list[str]:
        """What is wrong with the database."""
        return check(self.database, (*RECORD_INVARIANTS, sealed_by(self.keys.public_key)))


class CountyProcess:
    """The county in a process of its own, to be killed."""

    def __init__(self, config: CountyConfig) -> None:
        """Nothing is started before `start`."""
        self._config = config
        self._process: subprocess.Popen[str] | None = None

    def start(self, before: str = "") -> None:
        """Start it, and wait until it serves.

        Args:
            before: Python that it runs first.
        """
        program = (
            "import sys\n"
            "from services.county import app\n"
            "from services.county.config import CountyConfig\n"
            f"{before}\n"
            "app.run(CountyConfig.model_validate_json(sys.argv[1]), lambda _: print('ready', flush=True))\n"
        )
        self._process = subprocess.Popen(
            (sys.executable, "-c", program, self._config.model_dump_json()),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the county does not start"

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self.wait()

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        assert self._process is not None
        process, self._process = self._process, None
        assert process.stdout is not None
        with process.stdout:
            return process.wait(PATIENCE_S)


@contextmanager
def running_county(folder: Path, points: "Sequence[Point]", mqtt: MqttOptions) -> "Iterator[County]":
    """A county in this process that knows these points."""
    with running(county_config(folder, points, mqtt)) as it:
        yield it


@contextmanager
def running(config: CountyConfig) -> "Iterator[County]":
    """A county in this process."""
    it = County(config, SystemClock())
    it.start()
    try:
        yield it
    finally:
        it.stop()


def stored(folder: Path) -> list[tuple[str, int, str]]:
    """Point, sequence and hash of every record that a county has stored."""
    engine = open_engine(f"sqlite:///{folder / 'county.sqlite'}")
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(record.c.point, record.c.seq, record.c.hash).order_by(record.c.seq))
            return [(row.point, row.seq, row.hash) for row in rows]
    finally:
        engine.dispose()


@contextmanager
def point(folder: Path, name: str = POINT, timing: Timing = QUICK) -> Iterator[Point]:
    """A point that is closed at the end."""
    it = Point(folder, name, timing=timing)
    try:
        yield it
    finally:
        it.close()


def register(path: Path, points: Sequence[Point]) -> Path:
    """Write the county's file of points."""
    return register_keys(path, {it.name: it.keys for it in points})


def register_keys(path: Path, points: Mapping[str, PointKeys]) -> Path:
    """Write the county's file of points, each with its keys."""
    entries = [
        {
            "id": name,
            "name": f"{name} 服务点",
            "township": "测试乡",
            "village": "测试村",
            "public_key": encode_key(own.public_key),
        }
        for name, own in points.items()
    ]
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    return path


def county_config(folder: Path, points: Sequence[Point], mqtt: MqttOptions) -> CountyConfig:
    """A county that knows these points."""
    folder.mkdir(parents=True, exist_ok=True)
    return CountyConfig(
        county=COUNTY,
        database_url=f"sqlite:///{folder / 'county.sqlite'}",
        points_file=register(folder / "points.json", points),
        mqtt=mqtt,
        http_port=0,
    )


def await_state(
    northbound: Northbound, wanted: Callable[[NorthboundState], bool], patience: float = PATIENCE_S
) -> NorthboundState:
    """Wait until the state is as wanted."""
    arrived = threading.Event()

    def look(state: NorthboundState) -> None:
        if wanted(state):
            arrived.set()

    unsubscribe = northbound.subscribe(look)
    try:
        look(northbound.state)
        if not arrived.wait(patience):
            raise AssertionError(f"not in {patience:g} s, but {northbound.state}")
    finally:
        unsubscribe()
    return northbound.state


def await_settled(northbound: Northbound, record_id: str, patience: float = PATIENCE_S) -> Settlement:
    """Wait until the county has answered for a record."""
    arrived = threading.Event()

    def look(settled: Sequence[Settlement]) -> None:
        if any(entry.record_id == record_id for entry in settled):
            arrived.set()

    unsubscribe = northbound.subscribe_settled(look)
    try:
        if not northbound.is_settled(record_id) and not arrived.wait(patience):
            raise AssertionError(f"not settled in {patience:g} s: {northbound.state}")
    finally:
        unsubscribe()
    found = northbound.settlement(record_id)
    assert found is not None
    return found
