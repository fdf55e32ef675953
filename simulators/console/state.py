"""The bench at one moment, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.console import words
from simulators.fingerprint import Digit

if TYPE_CHECKING:
    from simulators.console.bench import Bench

_SLIPS_SHOWN = 30


def state(bench: Bench) -> dict[str, Any]:
    """Reader and printer as they are now."""
    return {"reader": _reader(bench), "printer": _printer(bench)}


def residents(bench: Bench) -> dict[str, Any]:
    """Whose fingers there are, how they are named, and the pictures."""
    return {
        "residents": [
            {
                "name": resident.name,
                "fingers": [
                    {
                        "name": f"{resident.name}/{digit.name.lower()}",
                        "hand": _hand(digit),
                        "digit": words.DIGITS[digit],
                    }
                    for digit in Digit
                ],
            }
            for resident in bench.residents
        ],
        "pictures": list(bench.pictures),
    }


def _hand(digit: Digit) -> str:
    return "right" if digit <= Digit.RIGHT_LITTLE else "left"


def _reader(bench: Bench) -> dict[str, Any]:
    now = bench.reader.snapshot()
    last = now.last_exchange
    return {
        "make": now.make,
        "path": now.path,
        "plugged": now.plugged,
        "baud": now.baud,
        "finger": now.finger,
        "fault": now.fault,
        "led": {"mode": now.led.mode, "colour": now.led.colour},
        "used_slots": list(now.used_slots),
        "capacity": now.capacity,
        "last_exchange": None
        if last is None
        else {
            "number": last.number,
            "operation": f"{last.instruction:02X}h" if last.operation is None else last.operation.value,
            "confirmation": last.confirmation,
        },
    }


def _printer(bench: Bench) -> dict[str, Any]:
    now = bench.printer.snapshot()
    return {
        "make": now.make,
        "url": now.url,
        "columns": now.columns,
        "plugged": now.plugged,
        "online": now.plugged and now.state.online,
        "paper": now.state.paper,
        "paper_low": now.state.paper_low,
        "cover_open": now.state.cover_open,
        "cutter_error": now.state.cutter_error,
        "overheated": now.state.overheated,
        "failed": now.state.failed,
        "fault": None if now.fault is None else now.fault.kind,
        "waiting": now.waiting,
        "lines": now.lines,
        "unfinished": now.unfinished,
        "slips": list(range(now.slips, max(0, now.slips - _SLIPS_SHOWN), -1)),
    }
