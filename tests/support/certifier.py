"""An appliance in which one resident certifies year after year until it is killed; started anew by forking.

Run as `python -m tests.support.certifier CONFIGURATION`. Each line of the input is a JSON object: `year`, in which the
resident comes first, and the moment of the kill: after `seconds` of the first visit, or before SQL statement number
`statement` since its beginning. Each line of the output is one, too: `certified` with the record's id, or `died`.
"""

import json
import os
import signal
import sqlite3
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.compose import Appliance
from services.certification.views import Step, VisitView
from services.clock import SystemClock
from tests.support.certification import Watch
from tests.support.way import QUICK

PATIENCE_S = 30.0


class YearClock(SystemClock):
    """The machine's clock in another year, believed."""

    def __init__(self, year: int) -> None:
        super().__init__()
        self.year = year

    def now(self) -> datetime:
        return datetime.now(UTC).replace(year=self.year, month=6, day=1)

    def trusted(self) -> bool:
        return True


def say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def die() -> None:
    """No handler, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


class Moment:
    """When the process is killed."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._seconds: float | None = order.get("seconds")
        self._left: int | None = order.get("statement")
        self._begun = threading.Event()

    def watch(self, connection: sqlite3.Connection) -> None:
        """Count the statements of a connection."""
        connection.set_trace_callback(self._statement)

    def begin(self) -> None:
        """The first visit begins."""
        self._begun.set()
        if self._seconds is not None:
            threading.Thread(target=self._wait, args=(self._seconds,), daemon=True).start()

    def _wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)
        die()

    def _statement(self, statement: str) -> None:
        del statement
        if self._left is not None and self._begun.is_set():
            self._left -= 1
            if self._left <= 0:
                die()


def certify_for_ever(path: Path, order: dict[str, Any]) -> None:
    """One visit after the other, the finger lying on the reader all the time."""
    clock = YearClock(order["year"])
    moment = Moment(order)
    with Appliance(path, clock, QUICK) as appliance:
        appliance.reader.wait_until_tried(PATIENCE_S)
        moment.watch(appliance.database._writer)
        visits = appliance.certification.visits
        watch: Watch[VisitView] = Watch(visits.subscribe)
        while True:
            moment.begin()
            certify(appliance, watch)
            clock.year += 1


def certify(appliance: Appliance, watch: Watch[VisitView]) -> None:
    visits = appliance.certification.visits
    visit_id = visits.start().visit_id
    visits.consent(visit_id, given=True)
    view = watch.until(lambda view: view.step not in {Step.CONSENT, Step.PLACE_FINGER, Step.CHECKING, Step.ENDED})
    if view.step is Step.CONFIRM_PERSON:
        view = visits.confirm(visit_id, is_me=True)
    if view.step is Step.CERTIFIED and view.certification is not None:
        say(certified=view.certification.record_id)
    visits.leave(visit_id)


def main() -> None:
    path = Path(sys.argv[1])
    say(ready=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                certify_for_ever(path, json.loads(line))
            os._exit(1)
        _, status = os.waitpid(child, 0)
        say(died=os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
