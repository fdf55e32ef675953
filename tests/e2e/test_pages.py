"""Every page there is, at both sizes: measured in a real browser, and looked at by axe-core."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from drivers.contracts.errors import Fault
from services import identity
from services.certification.views import EnrolmentView, VisitView
from tests.e2e.conftest import MEASURE, SIZES, context, picture
from tests.e2e.stage import LONG_NAME, Stage, enrolment_views, stage, visit_views
from tests.support.certification import identity_number

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
LONG_REASON = "长期卧病在床，家里没有人能送来，" * 12


@dataclass
class Walk:
    """A point with people in it, whose screen shows any view that a test makes up."""

    staged: Stage
    visit: VisitView | None = None
    enrolment: EnrolmentView | None = None

    def __post_init__(self) -> None:
        front = self.staged.screen.front
        front.visit = lambda: self.visit  # type: ignore[method-assign]
        front.enrolment = lambda: self.enrolment  # type: ignore[method-assign]

    def sign_in(self, page: Page) -> None:
        """The browser's session is a clerk's."""
        page.goto(self.staged.url)
        token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "kiosk")
        session = self.staged.screen.front.sessions.find(token)
        assert session is not None
        session.clerk = self.staged.point.two_clerks()[0]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with stage(tmp_path_factory.mktemp("walk")) as staged:
        point = staged.point
        point.enrol("张三丰", identity_number())
        for serial in range(2, 12):
            with point.database.transaction() as transaction:
                number = identity_number(serial)
                name = "阿" + "依" * 18 + "·" + "买" * 20
                point.residents.add(transaction, identity.parse(number, staged.point.services.calendar.today()), name)
            point.services.home_visits.request(point.two_clerks()[0], name, number, LONG_REASON[:200])
        yield Walk(staged)


@pytest.fixture(scope="module", params=list(SIZES))
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    there = context(browser, request.param)
    yield there.new_page()
    there.close()


LOOKED_AT: set[tuple[int, str]] = set()


def holds(page: Page) -> None:
    """The page fits, can be read and touched, and axe-core finds nothing in it; pages of one form are alike to axe."""
    assert page.evaluate(MEASURE) == []
    form = (page.viewport_size or {"width": 0})["width"], str(page.locator("#screen").get_attribute("class"))
    if form in LOOKED_AT:
        return
    LOOKED_AT.add(form)
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"][:200]) for violation in found] == []


VISITS = dict(visit_views())
LONG_VISITS = {f"long-{name}": view for name, view in visit_views(LONG_NAME) if view.masked_name}
ENROLMENTS = dict(enrolment_views())
LONG_ENROLMENTS = {f"long-{name}": view for name, view in enrolment_views(LONG_NAME) if view.masked_name}


@pytest.mark.parametrize("name", [*VISITS, *LONG_VISITS])
def test_every_step_of_a_visit(page: Page, walk: Walk, name: str) -> None:
    walk.visit, walk.enrolment = (VISITS | LONG_VISITS)[name], None
    page.goto(walk.staged.url)
    assert page.locator(f".page-visit-{walk.visit.step}").count() == 1
    holds(page)


@pytest.mark.parametrize("name", [*ENROLMENTS, *LONG_ENROLMENTS])
def test_every_step_of_an_enrolment(page: Page, walk: Walk, name: str) -> None:
    walk.visit, walk.enrolment = None, None
    walk.sign_in(page)
    walk.enrolment = (ENROLMENTS | LONG_ENROLMENTS)[name]
    page.goto(f"{walk.staged.url}/enrolment")
    assert page.locator(f".page-enrolment-{walk.enrolment.step}").count() == 1
    holds(page)


@pytest.mark.parametrize("hand", ["right", "left"])
def test_the_fingers_of_a_hand(page: Page, walk: Walk, hand: str) -> None:
    walk.visit, walk.enrolment = None, None
    walk.sign_in(page)
    walk.enrolment = ENROLMENTS["review-None"]
    page.goto(f"{walk.staged.url}/enrolment?hand={hand}")
    holds(page)


@pytest.mark.parametrize(
    "address",
    [
        "/sign_in", "/clerk", "/clerk/statistics", "/clerk/outstanding", "/clerk/devices", "/clerk/date", "/clerk/pin",
        "/clerk/home_visits", "/clerk/home_visits?page=1", "/clerk/home_visits/new", "/help/wrong_date", "/nowhere",
    ],
)  # fmt: skip
def test_every_page_of_a_clerk(page: Page, walk: Walk, address: str) -> None:
    walk.visit, walk.enrolment = None, None
    walk.sign_in(page)
    page.goto(f"{walk.staged.url}{address}")
    holds(page)


def test_a_clerk_signs_in_with_a_pin(page: Page, walk: Walk) -> None:
    walk.visit, walk.enrolment = None, None
    page.goto(f"{walk.staged.url}/sign_in")
    page.get_by_text("甲乙丙").click()
    page.locator("input.pin").wait_for()
    holds(page)


@pytest.mark.parametrize("purpose", ["attest", "attest?other=1", "home_visit", "date"])
def test_every_page_of_a_clerk_who_helps(page: Page, walk: Walk, purpose: str) -> None:
    walk.visit, walk.enrolment = VISITS["clerk_needed-no_match-named"], None
    page.goto(walk.staged.url)
    page.goto(f"{walk.staged.url}/help/{purpose}")
    holds(page)
    for session in walk.staged.screen.front.sessions._sessions.values():
        session.helper = walk.staged.point.two_clerks()[0]
    page.goto(f"{walk.staged.url}/help/{purpose}")
    holds(page)


def test_the_day_of_a_home_visit_is_chosen(page: Page, walk: Walk) -> None:
    walk.visit, walk.enrolment = None, None
    walk.sign_in(page)
    walk.staged.clock.advance(9 * 86_400)
    page.goto(f"{walk.staged.url}/")
    walk.sign_in(page)
    page.goto(f"{walk.staged.url}/clerk/home_visits")
    page.locator("a.row").first.click()
    page.locator(".page-clerk-visit_day").wait_for()
    holds(page)
    page.locator(".act a").first.click()
    page.locator(".page-clerk-who").wait_for()
    holds(page)


@pytest.mark.parametrize("trouble", ["well", "reader", "paper", "cover", "printer"])
def test_the_home_page_says_what_somebody_should_see_to(browser: Browser, tmp_path: Path, trouble: str) -> None:
    with stage(tmp_path, plugged=trouble != "reader") as staged:
        fault = {"paper": Fault.PAPER_OUT, "cover": Fault.COVER_OPEN, "printer": Fault.CUTTER_JAM}.get(trouble)
        if fault:
            seen = threading.Event()
            staged.point.printer_handle.subscribe(lambda state: seen.set() if fault in state.faults else None)
            staged.point.printer.fault = fault
            staged.point.printer_handle.wake()
            assert seen.wait(20)
        for size in SIZES:
            there = context(browser, size)
            page = there.new_page()
            page.goto(staged.url)
            assert page.locator(".notice").count() == (trouble != "well")
            holds(page)
            if trouble == "well":
                picture(page, f"home-{size}")
            there.close()
