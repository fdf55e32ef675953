"""The bench from the command line: one line of JSON says where everything is, then it runs until it is told to end."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.console.app import Server
from simulators.console.bench import Bench
from simulators.fingerprint import PROFILES, R307, FlashFileError
from simulators.printer import PAPERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench until SIGTERM or SIGINT.

    Args:
        arguments: Of the command line; ``sys.argv`` by default.
    """
    options = _parser().parse_args(arguments)
    told = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        bench = Bench(
            options.folder,
            make=options.make,
            columns=options.columns,
            pace=math.inf if options.pace == 0 else options.pace,
            pictures=options.pictures,
        )
        with bench, Server(bench, options.port) as server:
            addresses = {
                "console": server.url,
                "fingerprint": bench.reader.path,
                "receipt_printer": bench.printer.url,
            }
            print(json.dumps(addresses, ensure_ascii=False), flush=True)
            told.wait()
    except (OSError, ValueError, FlashFileError) as error:
        print(f"the simulated hardware cannot run: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="holds the paths, the flash and grown fingers")
    parser.add_argument("--port", type=_port, default=0, help="of the page, on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--make", choices=sorted(PROFILES), default=R307.name, help="of the fingerprint module")
    parser.add_argument("--columns", type=int, choices=sorted(PAPERS), default=32, help="of the printer's paper")
    parser.add_argument("--pace", type=_pace, default=1.0, help="times faster than real hardware; 0 for no waiting")
    parser.add_argument("--pictures", type=Path, help="folder of pictures FINGER_IMPRESSION.png")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _pace(text: str) -> float:
    pace = float(text)
    if not pace >= 0:
        raise argparse.ArgumentTypeError("a pace is 0 or more")
    return pace
