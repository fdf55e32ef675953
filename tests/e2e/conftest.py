"""One Chromium a worker, and pages at the two sizes that the product has to fit."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.stage import Stage, stage

CHROMIUM = shutil.which("chromium")
SIZES = {"upright": (1080, 1920), "lying": (1366, 768)}
PATIENCE_MS = 15_000

#: Returns everything about a page that does not hold.
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")

Open = Callable[[str], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is driven in the browser; without one it is skipped."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="chromium is missing: apt-get install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
        it = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield it
        it.close()


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as it:
        yield it


def context(browser: Browser, size: str = "lying", *, scripts: bool = True) -> BrowserContext:
    width, height = SIZES[size]
    it = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        locale="zh-CN",
        java_script_enabled=scripts,
    )
    it.set_default_timeout(PATIENCE_MS)
    return it


@pytest.fixture
def opened(browser: Browser, staged: Stage) -> Iterator[Page]:
    """The home page in a browser of its own; nothing may go wrong in its console."""
    there = context(browser)
    page = there.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    page.goto(staged.url)
    yield page
    there.close()
    assert wrong == []


def picture(page: Page, name: str) -> None:
    """Keep a picture of a page for the documentation where one is asked for."""
    keep(name, page.screenshot)


def keep(name: str, take: Callable[[], bytes]) -> None:
    """Keep a picture for the documentation where one is asked for."""
    folder = os.environ.get("KIOSK_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(take())
