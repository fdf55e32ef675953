"""Fingers compared by this machine from the images of a serial reader, in the whole appliance."""

from pathlib import Path

import pytest

from kiosk.compose import Appliance
from kiosk.demo import people, script
from services.biometrics.host.template import ALGORITHM
from services.certification.views import Step
from services.configuration import ConfigError
from services.northbound.messages import Certification, Envelope
from tests.support import appliance
from tests.support.certification import Watch

FIRST, SECOND = people.RESIDENTS[:2]
HOST = '[matching]\non = "host"\nlearn = true\n'


def test_a_resident_is_enrolled_and_found_by_images_alone(tmp_path: Path) -> None:
    with appliance.bench(tmp_path) as bench:
        bench.configure(1, more=HOST)
        with Appliance(bench.configuration) as running:
            script.enrol(running, bench, script.take_clerks_on(running)[0], FIRST)
            script.load_library(running)
            done = script.certify(running, bench, FIRST).certification
            assert done is not None
            with running.database.read() as connection:
                row = connection.execute("SELECT envelope FROM record WHERE id = ?", (done.record_id,)).fetchone()
                algorithms = {row["algorithm"] for row in connection.execute("SELECT algorithm FROM finger")}
            body = Envelope.model_validate_json(row["envelope"]).body
            assert isinstance(body, Certification)
            assert body.algorithm == ALGORITHM
            assert algorithms == {ALGORITHM}
            assert bench.module.snapshot().used_slots == ()


def test_a_stranger_is_not_certified(tmp_path: Path) -> None:
    with appliance.bench(tmp_path) as bench:
        bench.configure(1, more=HOST)
        with Appliance(bench.configuration) as running:
            script.enrol(running, bench, script.take_clerks_on(running)[0], FIRST)
            script.load_library(running)
            visits = running.certification.visits
            watch = Watch(visits.subscribe)
            visit_id = visits.start().visit_id
            visits.consent(visit_id, given=True)
            bench.thumb(SECOND.name)
            view = watch.until(lambda view: view.step not in {Step.CONSENT, Step.PLACE_FINGER, Step.CHECKING})
            assert view.step in {Step.TRY_AGAIN, Step.IDENTIFY}
            assert view.masked_name is None
            visits.leave(visit_id)


def test_a_reader_of_images_alone_needs_the_host(tmp_path: Path) -> None:
    with appliance.bench(tmp_path) as bench:
        text = bench.configuration.read_text("utf-8")
        port = f'driver = "ef01"\nport = "{bench.module.path}"'
        bench.configuration.write_text(text.replace(port, 'driver = "libfprint"'), "utf-8")
        with pytest.raises(ConfigError, match='set on = "host"'):
            Appliance(bench.configuration)
