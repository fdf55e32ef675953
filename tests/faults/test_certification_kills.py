"""kill -9 at random moments of a certification: each record exists once or not at all, and the county has it once."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from kiosk.compose import Appliance
from kiosk.demo import people, script
from services.certification.invariants import INVARIANTS, locked_data
from services.certification.residents import Residents
from services.clock import SystemClock
from services.northbound.invariants import RECORD_INVARIANTS, sealed_by
from services.store.check import check
from services.store.database import Database
from tests.support import appliance, way
from tests.support.broker import Mosquitto, mosquitto_path
from tests.support.certifier import YearClock

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.skipif(mosquitto_path() is None, reason="the Debian package mosquitto is not installed"),
]

KILLS = 100
_VISIT_S = 0.8  # a visit takes about half of it; what falls behind it hits the next one
_VISIT_STATEMENTS = 45  # a visit writes in about so many statements, receipts and slip included
_PERSON = people.RESIDENTS[0]


class Victim:
    """The process that is killed again and again."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.certified: list[str] = []

    def kill(self, order: dict[str, Any]) -> int:
        """Have a fresh appliance killed at a moment; the signal that ended it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        while "died" not in (said := self._say()):
            self.certified.append(said["certified"])
        return int(said["died"])

    def await_ready(self) -> None:
        assert self._say() == {"ready": True}

    def _say(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


@contextmanager
def victim(configuration: Path) -> Generator[Victim]:
    arguments = [sys.executable, "-m", "tests.support.certifier", str(configuration)]
    log = (configuration.parent / "victim.log").open("wb")
    with (
        log,
        subprocess.Popen(
            arguments, cwd=way.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        it = Victim(process)
        it.await_ready()
        yield it
        assert process.stdin is not None
        process.stdin.close()


def moments(count: int) -> Generator[dict[str, Any]]:
    """Half of them by time, half between two statements; the year grows, since a year is certified once."""
    draw = random.Random(20261125)
    year = 2027
    for number in range(count):
        order: dict[str, Any] = {"year": year}
        if number % 2:
            order["seconds"] = draw.uniform(0, _VISIT_S)
        else:
            order["statement"] = draw.randint(1, _VISIT_STATEMENTS)
        yield order
        year += 1


def test_killed_at_a_hundred_moments_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, appliance.bench(tmp_path / "point") as bench:
        mqtt = way.options(broker.port)
        bench.configure(broker.port)
        with way.running(bench.county(tmp_path / "county", mqtt)):
            with Appliance(bench.configuration, YearClock(2026), way.QUICK) as first:
                script.enrol(first, bench, script.take_clerks_on(first)[0], _PERSON)
            bench.thumb(_PERSON.name)
            with victim(bench.configuration) as killed:
                for order in moments(KILLS):
                    order["year"] = next_year(bench.database)
                    assert killed.kill(order) == signal.SIGKILL
                    assert breaches(bench) == []
                shown = killed.certified
            with Appliance(bench.configuration, YearClock(next_year(bench.database)), way.QUICK) as last:
                way.await_state(last.northbound, lambda state: state.connected and state.pending == 0)
                made = records(last.database)
        assert breaches(bench) == []
        stored = way.stored(tmp_path / "county")

    assert set(shown) <= {record_id for record_id, _ in made}, "shown as certified and not recorded"
    assert len(shown) >= KILLS // 4
    assert Counter(hashed for _, _, hashed in stored) == Counter(hashed for _, hashed in made)
    assert [seq for _, seq, _ in stored] == list(range(1, len(made) + 1))


def next_year(path: Path) -> int:
    """The first year that nobody is certified for."""
    with closing(Database.open(path)) as database, database.read() as connection:
        newest = connection.execute("SELECT max(year) FROM certification").fetchone()[0]
    return int(newest or 2026) + 1


def breaches(bench: appliance.Bench) -> list[str]:
    with closing(Database.open(bench.database)) as database:
        residents = Residents(database, bench.keys, SystemClock())
        every = (*RECORD_INVARIANTS, *INVARIANTS, sealed_by(bench.keys.public_key), locked_data(residents))
        return check(database, every)


def records(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(row["id"], row["hash"]) for row in connection.execute("SELECT id, hash FROM record ORDER BY seq")]
