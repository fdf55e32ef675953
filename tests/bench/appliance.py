"""How fast and how small the appliance is, on simulated hardware at the pace of real lines.

    python -m tests.bench.appliance --json

Chromium is driven by Playwright. Times are of this machine and of this moment; the last line is one JSON object.

- `ready_s`: from starting `kiosk run` to the line that says the screen answers, median.
- `idle_rss_mb`: resident memory of that process, the reader's library loaded and nobody there.
- `first_paint_ms`: first contentful paint of the resting screen in a fresh page, median.
- `tap_p95_ms`: from a tap to the first frame that shows the next step.
- `finger_to_verdict_s`: from the reader's noticing the finger to the masked name, median; split by step beside it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from drivers.contracts.fingerprint import CaptureEvent
from kiosk.compose import Appliance
from kiosk.demo import people, script
from services.certification.views import Step, VisitView
from simulators.fingerprint import PROFILES
from tests.support import appliance, way
from tests.support.appliance import Bench

STARTS, PAINTS, TAPS, FINGERS = 5, 10, 40, 5
SETTLE_S = 10.0
VIEWPORT = {"width": 1080, "height": 1920}
PERSON = people.RESIDENTS[0]

#: Into a visit, through consent (which is stored) to the finger, and out again.
JOURNEY = ("[data-start] button", "main .primary", "[data-nav=exit]")

#: Resolves with the milliseconds from the tap to the frame after the step has changed.
TAP = """
selector => new Promise(resolve => {
  const target = document.querySelector(selector);
  const before = document.querySelector('main');
  let begun = 0;
  const watch = new MutationObserver(() => {
    if (document.querySelector('main') === before) return;
    watch.disconnect();
    requestAnimationFrame(() => { const frame = new MessageChannel();
      frame.port1.onmessage = () => resolve(performance.now() - begun); frame.port2.postMessage(0); });
  });
  watch.observe(document.body, {childList: true, subtree: true});
  begun = performance.now();
  target.click();
})
"""


@contextmanager
def running(bench: Bench) -> Generator[tuple[psutil.Process, str, float]]:
    """`kiosk run`; its process, the screen's address and the seconds until it was ready."""
    begun = time.perf_counter()
    with subprocess.Popen(
        (sys.executable, "-m", "kiosk", "--log", "error", "run", "--json", "--config", str(bench.configuration)),
        cwd=way.ROOT, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["screen"]
        seconds = time.perf_counter() - begun
        try:
            yield psutil.Process(process.pid), address, seconds
        finally:
            process.terminate()


def ready(bench: Bench) -> float:
    seconds = []
    for _ in range(STARTS):
        with running(bench) as (_, _, needed):
            seconds.append(needed)
    return statistics.median(seconds)


def paint(page: Page, address: str) -> float:
    """First contentful paint of the resting screen."""
    found: list[float] = []
    for _ in range(PAINTS):
        page.goto("about:blank")
        page.goto(address)
        found.append(
            page.evaluate(
                """() => new Promise(resolve => new PerformanceObserver(list => {
                  for (const entry of list.getEntriesByName('first-contentful-paint')) resolve(entry.startTime);
                }).observe({type: 'paint', buffered: true}))"""
            )
        )
    return statistics.median(found)


def taps(page: Page, address: str) -> list[float]:
    """Milliseconds of each tap of the journey, again and again."""
    found: list[float] = []
    page.goto(address)
    while len(found) < TAPS:
        found.extend(page.evaluate(TAP, selector) for selector in JOURNEY)
    return found


def fingers(bench: Bench, configuration: Path) -> dict[str, float]:
    """Seconds by step, medians over some visits, at the module's own pace."""
    steps: list[dict[str, float]] = []
    with Appliance(configuration, timing=way.QUICK) as running_here:
        running_here.reader.wait_until_tried(60)
        script.load_library(running_here)
        steps.extend(one_finger(running_here, bench, impression) for impression in range(FINGERS))
        baud = running_here.reader.state.info
    medians = {name: round(statistics.median(step[name] for step in steps), 3) for name in steps[0]}
    return {**medians, "baud": int(baud.facts["baud"]) if baud else 0}


def one_finger(running_here: Appliance, bench: Bench, impression: int) -> dict[str, float]:
    moments: dict[str, float] = {}

    def changed(view: VisitView) -> None:
        name = view.capture if view.step is Step.PLACE_FINGER else view.step
        moments.setdefault(str(name), time.perf_counter())

    visits = running_here.certification.visits
    with script.shown(visits.subscribe, changed) as screen:
        visit_id = visits.start().visit_id
        visits.consent(visit_id, given=True)
        screen.until(lambda view: view.capture is CaptureEvent.PLACE)
        bench.thumb(PERSON.name, impression)
        screen.until(lambda view: view.step is Step.CONFIRM_PERSON)
        bench.lift()
        visits.leave(visit_id)
    noticed, features = moments[CaptureEvent.READING], moments[CaptureEvent.DONE]
    checking, verdict = moments[Step.CHECKING], moments[Step.CONFIRM_PERSON]
    return {
        "image_and_features_s": features - noticed,
        "upload_s": checking - features,
        "search_and_compare_s": verdict - checking,
        "finger_to_verdict_s": verdict - noticed,
    }


def measure(folder: Path, make: str) -> dict[str, Any]:
    """All figures."""
    profile = PROFILES[make]
    with appliance.bench(folder, profile=profile) as bench, Appliance(bench.configuration) as first:
        script.enrol(first, bench, script.take_clerks_on(first)[0], PERSON)
        script.load_library(first)
    with appliance.bench(folder, profile=profile, pace=1.0) as bench:
        figures: dict[str, Any] = {"make": make, "line_bit_s": "57600 at power-up, raised to 115200"}
        say = progress(figures)
        say("ready_s", round(ready(bench), 3))
        with running(bench) as (process, address, _), sync_playwright() as playwright:
            time.sleep(SETTLE_S)
            say("idle_rss_mb", round(process.memory_info().rss / 1e6, 1))
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
            say("first_paint_ms", round(paint(page, address), 1))
            found = taps(page, address)
            say("tap_p50_ms", round(statistics.median(found), 1))
            say("tap_p95_ms", round(statistics.quantiles(found, n=20)[-1], 1))
            browser.close()
        for name, value in fingers(bench, bench.configuration).items():
            say(name, value)
    return figures


def progress(figures: dict[str, Any]) -> Callable[[str, Any], None]:
    def say(name: str, value: Any) -> None:
        figures[name] = value
        sys.stdout.write(f"{name}: {value}\n")
        sys.stdout.flush()

    return say


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object, as it always is")
    parser.add_argument("--make", choices=sorted(PROFILES), default="R307", help="of the simulated reader")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-", ignore_cleanup_errors=True) as folder:
        figures = measure(Path(folder), options.make)
    figures["load"] = os.getloadavg()[0]
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(way.ROOT))
    main()
