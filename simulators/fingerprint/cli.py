"""One module on a pty from the command line, its hand and its fault console on standard input."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.fingerprint.catalogue import FingerBox
from simulators.fingerprint.faults import FaultKind
from simulators.fingerprint.module import FingerprintModule
from simulators.fingerprint.profiles import PROFILES, R307

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HELP = """fingers            list the fingers
place NAME [N]     put impression N of a finger on the window
lift               take it away
fault KIND         one of: {kinds}
mend               take the fault back, plug in
unplug | plug      the plug
state              show the module
quit"""


def main(arguments: Sequence[str] | None = None, commands: Iterable[str] | None = None) -> int:
    """Run a module until ``quit`` or the end of the input.

    Args:
        arguments: Of the command line; ``sys.argv`` by default.
        commands: Lines for the console; standard input by default.
    """
    options = _parser().parse_args(arguments)
    box = FingerBox(pictures=options.pictures, cache=options.cache)
    pace = math.inf if options.pace == 0 else options.pace
    with FingerprintModule(PROFILES[options.make], link=options.link, flash=options.flash, pace=pace) as module:
        print(module.path, flush=True)
        for line in sys.stdin if commands is None else commands:
            words = line.split()
            if words == ["quit"]:
                break
            if words:
                print(_obey(words, module, box), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.fingerprint", description=__doc__)
    parser.add_argument("--make", choices=sorted(PROFILES), default=R307.name)
    parser.add_argument("--link", type=Path, help="stable path for the host, made and removed with the plug")
    parser.add_argument("--flash", type=Path, help="file that keeps templates and settings")
    parser.add_argument("--pace", type=float, default=1.0, help="times faster than the real line; 0 for no waiting")
    parser.add_argument("--pictures", type=Path, help="folder of pictures FINGER_IMPRESSION.png")
    parser.add_argument("--cache", type=Path, help="folder that keeps grown fingers")
    return parser


def _obey(words: list[str], module: FingerprintModule, box: FingerBox) -> str:
    plain = {
        "lift": module.lift,
        "mend": module.clear_fault,
        "unplug": module.unplug,
        "plug": module.plug,
    }
    try:
        match words:
            case ["fingers"]:
                return "\n".join(box.names)
            case ["place", name, *number] if len(number) <= 1:
                module.place(box.take(name, int(number[0]) if number else 0))
            case ["fault", *kind]:
                module.fault(FaultKind(" ".join(kind)))
            case ["state"]:
                return _state(module)
            case [word] if word in plain:
                plain[word]()
            case _:
                return _HELP.format(kinds=", ".join(FaultKind))
    except (KeyError, ValueError) as error:
        return f"no: {error.args[0]}"
    return "done"


def _state(module: FingerprintModule) -> str:
    now = module.snapshot()
    plug = "plugged in" if now.plugged else "unplugged"
    slots = f"{len(now.used_slots)}/{now.capacity} slots"
    return f"{now.make} {plug} at {now.path}, {now.baud} baud, {slots}, finger {now.finger}, fault {now.fault}"
