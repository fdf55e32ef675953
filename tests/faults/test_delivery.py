"""Broker, county and point are killed while records flow: what was made is stored, each once."""

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import way
from tests.support.broker import Mosquitto, mosquitto_path
from tests.support.way import CountyProcess, Point, await_settled, await_state, options

if TYPE_CHECKING:
    from services.northbound.messages import Envelope

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(mosquitto_path() is None, reason="the Debian package mosquitto is not installed"),
]

_KILL_BEFORE_THE_RECEIPT = """
import os, signal
from services.county.ingest import Ingest
Ingest._answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

_KILL_BEFORE_THE_COMMIT = """
import os, signal
from services.county import book
book.take_record = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

_MAKE_RECORDS_FOR_EVER = """
import itertools, sys
from pathlib import Path
from tests.support.way import Point, options
point = Point(Path(sys.argv[1]))
point.connect(options(int(sys.argv[2]), sys.argv[3]))
for number in itertools.count():
    print(point.certify(number).seq, flush=True)
"""


@pytest.mark.parametrize("moment", [_KILL_BEFORE_THE_RECEIPT, _KILL_BEFORE_THE_COMMIT], ids=["receipt", "commit"])
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_county_killed_around_its_commit_stores_once_and_answers_later(
    tmp_path: Path, version: str, moment: str
) -> None:
    with Mosquitto(tmp_path / "broker") as broker, way.point(tmp_path / "point") as point:
        mqtt = options(broker.port, version)
        county = CountyProcess(way.county_config(tmp_path / "county", [point], mqtt))
        county.start(moment)
        northbound = point.connect(mqtt)
        made = point.certify()
        county.wait()

        assert not northbound.is_settled(made.id)
        county.start()
        try:
            await_settled(northbound, made.id)
        finally:
            county.kill()

    assert [seq for _, seq, _ in way.stored(tmp_path / "county")] == [1]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_overlapping_kills_of_broker_and_county_lose_and_double_nothing(tmp_path: Path, version: str) -> None:
    """The kills follow the count of records, so that they fall into the flow on any machine."""
    draw = random.Random(20260302)
    with Mosquitto(tmp_path / "broker") as broker, way.point(tmp_path / "point") as point:
        mqtt = options(broker.port, version)
        county = CountyProcess(way.county_config(tmp_path / "county", [point], mqtt))
        county.start()
        northbound = point.connect(mqtt)
        made: list[Envelope] = []
        victims: list[CountyProcess | Mosquitto] = [county, broker]
        for _ in range(6):
            made += [point.certify(len(made) + number) for number in range(draw.randint(20, 40))]
            first, second = draw.sample(victims, 2)
            first.kill()
            made += [point.certify(len(made) + number) for number in range(draw.randint(0, 20))]
            second.kill()
            made += [point.certify(len(made) + number) for number in range(draw.randint(0, 20))]
            for victim in draw.sample(victims, 2):
                victim.start()
        try:
            await_state(northbound, lambda state: state.pending == 0, 90)
        finally:
            county.kill()
        breaches = point.breaches()

    assert [hash_ for _, _, hash_ in way.stored(tmp_path / "county")] == [entry.hash for entry in made]
    assert breaches == []


def test_a_point_killed_while_it_makes_and_sends_keeps_and_delivers_every_record(tmp_path: Path) -> None:
    draw = random.Random(20260303)
    with Mosquitto(tmp_path / "broker") as broker:
        mqtt = options(broker.port)
        setup = Point(tmp_path / "point")
        config = way.county_config(tmp_path / "county", [setup], mqtt)
        setup.close()
        county = CountyProcess(config)
        county.start()
        said = 0
        try:
            for _ in range(4):
                said = _make_until_killed(tmp_path / "point", broker.port, draw.randint(1, 40))
            with way.point(tmp_path / "point") as point:
                assert point.breaches() == []
                northbound = point.connect(mqtt)
                await_state(northbound, lambda state: state.connected and state.pending == 0)
                with point.database.read() as connection:
                    made = [row["hash"] for row in connection.execute("SELECT hash FROM record ORDER BY seq")]
                assert point.breaches() == []
        finally:
            county.kill()

    assert len(made) >= said
    assert [hash_ for _, _, hash_ in way.stored(tmp_path / "county")] == made


def _make_until_killed(folder: Path, port: int, count: int) -> int:
    """Kill a point's process after it has said that it made so many records; the last number that it said."""
    with subprocess.Popen(
        (sys.executable, "-c", _MAKE_RECORDS_FOR_EVER, str(folder), str(port), "5"),
        cwd=way.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(count)]
        process.kill()
        return max([*said, *(int(line) for line in process.stdout if line.endswith("\n"))])
