"""What a village PC goes through: no broker, a full disk, a damaged database, a wrong clock."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.compose import Appliance
from kiosk.demo import people, script
from services.certification.acts import DateDiffersError
from services.certification.views import Problem, SlipState, Step, VisitView
from services.clerks import Clerk
from services.clock import SystemClock
from services.northbound.outbox import Verdict
from tests.support import appliance, way
from tests.support.appliance import Bench
from tests.support.broker import Mosquitto, free_port, mosquitto_path
from tests.support.certification import Watch, fingerprint_of

pytestmark = pytest.mark.faults

FIRST, SECOND = people.RESIDENTS[:2]


class BelievedClock(SystemClock):
    """The machine's clock with an offset, synchronised or not."""

    def __init__(self, offset: timedelta = timedelta(), *, believed: bool = True) -> None:
        super().__init__()
        self.offset = offset
        self.believed = believed

    def now(self) -> datetime:
        return super().now() + self.offset

    def trusted(self) -> bool:
        return self.believed


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with appliance.bench(tmp_path / "point") as it:
        yield it


def enrolled(bench: Bench, running: Appliance, person: people.Person = FIRST) -> tuple[Clerk, ...]:
    clerks = script.take_clerks_on(running)
    script.enrol(running, bench, clerks[0], person)
    script.load_library(running)
    return clerks


@pytest.mark.skipif(mosquitto_path() is None, reason="the Debian package mosquitto is not installed")
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_without_a_broker_everything_works_and_is_delivered_when_it_is_back(tmp_path: Path, version: str) -> None:
    port = free_port()
    with appliance.bench(tmp_path / "point") as bench:
        bench.configure(port, version)
        with Appliance(bench.configuration, BelievedClock(), way.QUICK) as running:
            enrolled(bench, running)
            done = script.certify(running, bench, FIRST).certification
            assert done is not None
            assert (done.slip, done.acknowledged) == (SlipState.PRINTED, False)
            assert done.record_id in bench.printer.wait_for_slip().text.replace("\n", "")
            assert running.northbound.state.pending >= 2

            mqtt = way.options(port, version)
            with Mosquitto(tmp_path / "broker", port), way.running(bench.county(tmp_path / "county", mqtt)):
                settlement = way.await_settled(running.northbound, done.record_id)
                way.await_state(running.northbound, lambda state: state.pending == 0)
        assert settlement.verdict is Verdict.STORED
        assert len(way.stored(tmp_path / "county")) == len({hashed for _, _, hashed in way.stored(tmp_path / "county")})


def test_on_a_full_disk_nobody_is_told_to_be_certified_and_the_next_try_succeeds(bench: Bench) -> None:
    with small_disk(bench.folder / "data"), Appliance(bench.configuration, BelievedClock()) as running:
        enrolled(bench, running)
        filler = bench.folder / "data" / "filler"
        visits = running.certification.visits
        watch: Watch[VisitView] = Watch(visits.subscribe)
        visit_id = visits.start().visit_id
        visits.consent(visit_id, given=True)
        bench.thumb(FIRST.name)
        watch.until(lambda view: view.step is Step.CONFIRM_PERSON)
        fill(filler)
        refused = visits.confirm(visit_id, is_me=True)
        assert (refused.step, refused.problem, refused.certification) == (Step.CANNOT_SAVE, Problem.STORE_FULL, None)
        with running.database.read() as connection:
            assert connection.execute("SELECT count(*) FROM certification").fetchone()[0] == 0

        filler.unlink()
        assert visits.retry(visit_id).step is Step.CERTIFIED
        visits.leave(visit_id)
        with running.database.read() as connection:
            assert connection.execute("SELECT count(*) FROM certification").fetchone()[0] == 1


class small_disk:  # noqa: N801 - reads as a context
    """A file system of 4 MB in a folder's place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.mkdir()
        mounted = subprocess.run(
            ("mount", "-t", "tmpfs", "-o", "size=4m", "none", str(self._folder)), capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("a small disk can be mounted by root alone")

    def __exit__(self, *ignored: object) -> None:
        subprocess.run(("umount", "-l", str(self._folder)), check=True)


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue


def test_a_damaged_database_is_refused_at_the_start_with_the_file_and_the_way_back(bench: Bench) -> None:
    with Appliance(bench.configuration, BelievedClock()) as running:
        enrolled(bench, running)
        copy = bench.folder / "copy.sqlite"
        kiosk(bench, "backup", str(copy))
    content = bytearray(bench.database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    bench.database.write_bytes(content)
    before = fingerprint_of(bench.database)

    code, said = kiosk(bench, "run")
    assert code == 2
    assert f"{bench.database} is damaged" in said
    assert "kiosk restore" in said
    assert "Traceback" not in said
    assert fingerprint_of(bench.database) == before

    assert kiosk(bench, "restore", str(copy))[0] == 0
    assert kiosk(bench, "check") == (0, "sound\n")
    with Appliance(bench.configuration, BelievedClock()) as running:
        assert script.is_enrolled(running, FIRST)
        assert script.certify(running, bench, FIRST).certification is not None


def kiosk(bench: Bench, command: str, *more: str) -> tuple[int, str]:
    """Run a command; its exit code and what it said to people."""
    done = subprocess.run(
        (sys.executable, "-m", "kiosk", "--log", "error", command, "--config", str(bench.configuration), *more),
        cwd=way.ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("years", [-2, 2])
def test_with_a_clock_two_years_off_a_clerk_is_asked_before_anybody_is_certified(bench: Bench, years: int) -> None:
    with Appliance(bench.configuration, BelievedClock()) as running:
        clerks = enrolled(bench, running)
        script.certify(running, bench, FIRST)

    clock = BelievedClock(timedelta(days=365 * years), believed=False)
    with Appliance(bench.configuration, clock) as running:
        visits = running.certification.visits
        asked = visits.start()
        assert (asked.step, asked.problem) == (Step.CLERK_NEEDED, Problem.CLOCK_UNTRUSTED)
        visits.leave(asked.visit_id)

        with pytest.raises(DateDiffersError):
            running.certification.calendar.confirm_today(clerks[0], datetime.now(UTC).date())
        clock.offset = timedelta()  # somebody sets it
        view = visits.start()
        assert view.step is Step.CONSENT
        visits.leave(view.visit_id)
