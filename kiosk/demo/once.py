"""`kiosk demo --once`: one scripted certification, told step by step; well only once the county's receipt is back."""

import json
import time
from collections.abc import Callable
from typing import Final

from kiosk.compose import Appliance
from kiosk.demo import people, script
from kiosk.demo.hardware import HardwareError
from kiosk.demo.processes import ChildError
from kiosk.demo.script import ScriptError
from kiosk.demo.village import Village, Wishes, settled
from services.certification.views import SlipState, VisitView
from services.northbound.outbox import Verdict

_RECEIPT_S: Final = 60.0
_READER_S: Final = 30.0


class Teller:
    """Tells what happens, as JSON for programs or as lines for people, with the seconds since the start."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._begun = time.monotonic()

    def tell(self, step: str, **facts: str | int | bool | None) -> None:
        """One thing has happened."""
        seconds = round(time.monotonic() - self._begun, 3)
        if self._as_json:
            line = json.dumps({"step": step, "t": seconds, **facts}, ensure_ascii=False)
        else:
            line = f"{seconds:7.3f} s  {step:<12} " + "  ".join(f"{name}={value}" for name, value in facts.items())
        print(line, flush=True)

    def changed(self) -> Callable[[VisitView], None]:
        """A listener that tells what a resident would see."""

        def tell(view: VisitView) -> None:
            certification = view.certification
            self.tell(
                "screen", shows=view.step, reader=view.capture, problem=view.problem, name=view.masked_name,
                slip=certification.slip if certification else None,
            )  # fmt: skip

        return tell


def run(wishes: Wishes, *, as_json: bool) -> int:
    """Run the script.

    Returns:
        0 once the county has answered that it has stored the record, 1 when anything else happened.
    """
    teller = Teller(as_json=as_json)
    person = people.RESIDENTS[0]
    try:
        with settled(wishes, [person]) as village:
            teller.tell("ready", broker=village.broker.name, county=village.county, hardware=village.hardware.console)
            with Appliance(village.configuration) as appliance:
                stored = _certify(appliance, village, person, teller)
    except (ChildError, HardwareError, ScriptError, OSError) as error:
        teller.tell("failed", why=str(error))
        return 1
    teller.tell("end", ok=stored)
    return 0 if stored else 1


def _certify(appliance: Appliance, village: Village, person: people.Person, teller: Teller) -> bool:
    appliance.reader.wait_until_tried(_READER_S)
    info = appliance.reader.state.info
    teller.tell("reader", health=appliance.reader.state.health, model=info.model if info else "")
    script.load_library(appliance)
    done = script.certify(appliance, village.hardware, person, teller.changed())
    certification = done.certification
    if certification is None:
        raise ScriptError(f"nothing was certified: {done}")
    teller.tell("record", id=certification.record_id, year=certification.year, method=certification.method)
    teller.tell("slip", state=certification.slip, problem=certification.slip_problem)
    settlement = script.await_settlement(appliance, certification.record_id, _RECEIPT_S)
    mqtt = appliance.northbound.state.version
    if settlement is None:
        teller.tell("receipt", verdict=None, mqtt=mqtt, problem=appliance.northbound.state.problem)
        return False
    teller.tell("receipt", verdict=settlement.verdict, reason=settlement.reason, mqtt=mqtt)
    return settlement.verdict is Verdict.STORED and certification.slip is SlipState.PRINTED
