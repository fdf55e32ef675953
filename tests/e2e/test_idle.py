"""Nobody is there any more: a question, a countdown, and then nothing personal is left, here and in the services."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import MEASURE
from tests.e2e.stage import Stage
from tests.e2e.test_journeys import press, prove, title, to_finger
from tests.support.certification import identity_number


@pytest.fixture
def enrolled(staged: Stage) -> Stage:
    staged.point.enrol("张三丰", identity_number())
    return staged


@pytest.fixture
def waiting(enrolled: Stage, opened: Page) -> Page:
    """A browser whose clock the test moves, with a masked name on the screen."""
    opened.clock.install()
    opened.reload()
    to_finger(opened)
    enrolled.point.touches.put("index")
    title(opened, "请看一看，这是您吗？")
    return opened


def _gone(page: Page, staged: Stage) -> None:
    title(page, "养老金资格认证")
    assert "张" not in page.locator("body").inner_html()
    assert staged.point.visits.view() is None


def test_the_screen_asks_after_a_minute_and_clears_after_the_countdown(enrolled: Stage, waiting: Page) -> None:
    waiting.clock.fast_forward(59_000)
    expect(waiting.locator("#idle")).not_to_be_visible()
    waiting.clock.fast_forward(1_500)
    expect(waiting.locator("#idle")).to_be_visible()
    expect(waiting.locator("#idle-left")).to_have_text("30")
    assert waiting.evaluate(MEASURE) == []
    waiting.clock.run_for(31_000)
    _gone(waiting, enrolled)


def test_one_tap_extends(enrolled: Stage, waiting: Page) -> None:
    waiting.clock.fast_forward(61_000)
    enrolled.clock.advance(61)
    with waiting.expect_response("**/awake"):
        waiting.locator("#idle-stay").click()
    expect(waiting.locator("#idle")).not_to_be_visible()
    enrolled.clock.advance(60)
    enrolled.screen.front.sessions.look()
    title(waiting, "请看一看，这是您吗？")
    waiting.clock.fast_forward(61_000)
    expect(waiting.locator("#idle")).to_be_visible()


def test_the_server_clears_by_its_own_clock_and_the_page_follows(enrolled: Stage, waiting: Page) -> None:
    enrolled.clock.advance(91)
    enrolled.screen.front.sessions.look()
    _gone(waiting, enrolled)


def test_a_browser_that_died_leaves_nobody_s_visit_behind(enrolled: Stage, waiting: Page) -> None:
    waiting.close()
    enrolled.clock.advance(91)
    enrolled.screen.front.sessions.look()
    enrolled.point.watch.until(lambda view: view.step == "ended")
    assert enrolled.point.visits.view() is None


def test_a_finger_on_the_reader_counts_as_somebody(enrolled: Stage, opened: Page) -> None:
    to_finger(opened)
    enrolled.clock.advance(80)
    enrolled.point.touches.put("index")
    title(opened, "请看一看，这是您吗？")
    enrolled.clock.advance(80)
    enrolled.screen.front.sessions.look()
    title(opened, "请看一看，这是您吗？")


def test_a_clerk_who_walks_away_is_signed_out(staged: Stage, opened: Page) -> None:
    press(opened, "办事员入口")
    prove(opened, "甲乙丙")
    title(opened, "办事员")
    staged.clock.advance(91)
    staged.screen.front.sessions.look()
    title(opened, "养老金资格认证")
    opened.goto(f"{staged.url}/clerk")
    title(opened, "养老金资格认证")


def test_the_home_page_never_asks(opened: Page) -> None:
    opened.clock.install()
    opened.reload()
    opened.clock.fast_forward(600_000)
    expect(opened.locator("#idle")).not_to_be_visible()
