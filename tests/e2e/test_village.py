"""The whole way in a real browser: simulated hardware on its own wire, the appliance, a broker and the county."""

from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from zxingcpp import read_barcodes

from kiosk.compose import Appliance
from kiosk.demo import people
from kiosk.demo.village import Wishes, settled
from tests.e2e.conftest import context, keep, picture
from tests.e2e.test_journeys import press, title, to_finger
from tests.support.broker import mosquitto_path
from tests.support.way import await_settled

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is missing: apt-get install mosquitto"),
]

PATIENCE_MS = 60_000


def test_a_resident_certifies_and_the_county_answers(tmp_path: Path, browser: Browser) -> None:
    person = people.RESIDENTS[0]
    wishes = Wishes(folder=tmp_path, pace=0.0, screen_port=0)
    there = context(browser)
    page = there.new_page()
    with settled(wishes, [person]) as village, Appliance(village.configuration) as appliance:
        page.goto(f"http://127.0.0.1:{appliance.screen.port}/")
        expect(page.locator(".quiet .well")).to_have_count(3, timeout=PATIENCE_MS)
        to_finger(page)
        village.hardware.place(f"{person.name}/right_thumb", 5)
        expect(page.locator("h1")).to_have_text("请看一看，这是您吗？", timeout=PATIENCE_MS)
        village.hardware.lift()
        press(page, "是我")
        title(page, "认证成功")
        expect(page.locator(".lead")).to_have_text("请拿好您的凭条。", timeout=PATIENCE_MS)
        view = appliance.certification.visits.view()
        assert view is not None
        assert view.certification is not None
        assert await_settled(appliance.northbound, view.certification.record_id).verdict == "stored"
        slip = urlopen(f"{village.hardware.console}api/slips/1.png").read()
        assert [code.text for code in read_barcodes(Image.open(BytesIO(slip)))] == [
            f"{village.county.rstrip('/')}/v/{view.certification.record_id}/{record_hash(appliance)[:16]}"
        ]
        keep("slip", lambda: slip)
        press(page, "好了，结束")
        title(page, "养老金资格认证")
        page.goto(village.county)
        expect(page.locator("body")).to_contain_text(view.certification.masked_name)
        picture(page, "county")
        page.set_viewport_size({"width": 1366, "height": 1000})
        village.hardware.place(f"{person.name}/right_thumb", 5)
        page.goto(village.hardware.console)
        expect(page.locator("body")).to_contain_text(person.name)
        picture(page, "console")
    there.close()


def record_hash(appliance: Appliance) -> str:
    with appliance.database.read() as connection:
        row = connection.execute("SELECT hash FROM record WHERE kind = 'pension.certification'").fetchone()
    return str(row["hash"])
