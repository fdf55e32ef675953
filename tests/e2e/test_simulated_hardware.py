"""The page of the simulated hardware, as somebody uses it who has none."""

import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from drivers.contracts.deadline import Deadline
from drivers.printer import open_receipt_printer
from simulators.console.app import Server
from simulators.console.bench import Bench
from tests.e2e.conftest import context
from tests.support.slips import CERTIFICATION


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench"), pace=math.inf, grow_ahead=False) as on_it:
        yield on_it


@pytest.fixture
def page(browser: Browser, bench: Bench) -> Iterator[Page]:
    bench.reader.lift()
    there = context(browser)
    wrong: list[str] = []
    with Server(bench, 0) as server:
        page = there.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(server.url)
        yield page
        there.close()
    assert wrong == []


def test_a_finger_rests_as_long_as_the_button_is_held(page: Page, bench: Bench) -> None:
    page.get_by_role("radio", name="样例乙").click()
    page.get_by_role("radio", name="左手食指").click()
    page.get_by_role("button", name="按住，放上手指").hover()
    page.mouse.down()
    expect(page.locator("#caption")).to_have_text("样例乙 左手食指 第 0 次")
    assert bench.reader.snapshot().finger == "样例乙/left_index/0"
    page.mouse.up()
    expect(page.get_by_text("没有手指")).to_be_visible()
    assert bench.reader.snapshot().finger is None


def test_a_finger_can_be_left_there_by_keyboard_and_each_touch_is_another(page: Page, bench: Bench) -> None:
    page.get_by_role("button", name="放上不动").press("Enter")
    expect(page.locator("#caption")).to_have_text("样例甲 右手拇指 第 0 次")
    page.get_by_role("button", name="拿开").press("Enter")
    page.get_by_role("button", name="放上不动").press("Enter")
    expect(page.locator("#caption")).to_have_text("样例甲 右手拇指 第 1 次")


def test_slips_come_out_and_troubles_are_shown(page: Page, bench: Bench) -> None:
    with closing(open_receipt_printer(url=bench.printer.url)) as printer:
        printer.print_slip(CERTIFICATION, Deadline.after(30))
    slip = page.get_by_role("img", name="第 1 张小票")
    expect(slip).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalHeight > 600", arg=slip.element_handle())
    page.get_by_role("button", name="放上不动").click()
    expect(page.locator("#preview")).to_be_visible()
    page.get_by_role("button", name="取出纸卷").click()
    expect(page.locator("#printer-state")).to_have_text("缺纸")
    page.get_by_role("button", name="装新纸卷").click()
    page.get_by_role("button", name="打开上盖").click()
    expect(page.locator("#printer-state")).to_have_text("上盖开着")
    page.get_by_role("button", name="合上上盖").click()
    expect(page.locator("#printer-state")).to_have_text("正常")
    page.get_by_role("combobox", name="指纹模块故障").select_option(label="不应答")
    page.get_by_role("button", name="出故障").first.click()
    expect(page.locator("#reader-plug")).to_have_text("故障：不应答")
    page.get_by_role("button", name="修好").first.click()
    expect(page.locator("#reader-plug")).to_have_text("正常")


def test_a_bench_that_has_gone_is_said(browser: Browser, tmp_path: Path) -> None:
    there = context(browser)
    with Bench(tmp_path, pace=math.inf, grow_ahead=False) as bench:
        page = there.new_page()
        with Server(bench, 0) as server:
            page.goto(server.url)
            expect(page.locator("#printer-state")).to_have_text("正常")
        expect(page.get_by_text("与模拟硬件的连接断开，正在重试")).to_be_visible()
    there.close()
