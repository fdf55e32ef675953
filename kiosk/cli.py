"""The command line: `kiosk run` and what an installer or an operator does beside it.

Every command imports what it needs and no more, so that `kiosk doctor` works where `kiosk run` cannot.
"""

import argparse
import getpass
import json
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from kiosk import config as configuration
from kiosk import release
from kiosk.config import Config
from services import keys
from services.configuration import ConfigError
from services.keys import KeyFileError
from services.store.claim import ClaimedError
from services.store.database import Database, StoreError

_CONFIG: Final = Path("/etc/kiosk/kiosk.toml")
_COUNTY_CONFIG: Final = Path("/etc/kiosk-county/county.toml")

#: What stops a command with one line instead of a traceback: somebody outside the program has to do something.
_COMPLAINTS: Final = (ConfigError, KeyFileError, ClaimedError, StoreError, OSError, ValueError, LookupError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command.

    Args:
        arguments: of the command line; `sys.argv` by default.

    Returns:
        0 when it is done, 2 when it cannot be done (the doctor has codes of its own).
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=options.log.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    act: Callable[[argparse.Namespace], int] = options.act
    try:
        return act(options)
    except _COMPLAINTS as error:
        print(f"kiosk {options.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk", description="The appliance of a village service point.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {release.VERSION}")
    parser.add_argument("--log", choices=("debug", "info", "warning", "error"), default="info", help="what is logged")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(act=act)
        return made

    def of_point(name: str, act: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        made = command(name, act, words)
        made.add_argument("--config", type=Path, default=_CONFIG, help=f"the point's configuration ({_CONFIG})")
        return made

    run = of_point("run", _run, "Run the appliance until SIGTERM.")
    run.add_argument("--json", action="store_true", help="say in one line of JSON when it is ready, and where")
    init = of_point("init", _init, "Make a new point's keys; existing ones are never overwritten.")
    init.add_argument("--pseudonym-key", type=Path, help="the county's key file of 32 bytes; drawn anew without it")
    doctor = of_point(
        "doctor", _doctor, "Look at everything a point needs and say what to do (0 well, 1 warnings, 2 bad)."
    )
    doctor.add_argument("--json", action="store_true", help="for programs")
    of_point("check", _check, "Hold the database against every invariant, seals and locks included.")
    backup = of_point("backup", _backup, "Copy the database, which may be in use.")
    backup.add_argument("target", type=Path, help="the copy")
    restore = of_point("restore", _restore, "Bring a backup back; what is there now is kept beside it.")
    restore.add_argument("backup", type=Path, help="what `kiosk backup` or the daily backup has made")
    _add_clerk(of_point("clerk", _clerk, "Say who works at the point."))
    county = command("county", _county, "Run the county's receiver until SIGTERM.")
    county.add_argument("--config", type=Path, default=_COUNTY_CONFIG, help=f"its configuration ({_COUNTY_CONFIG})")
    county.add_argument("--json", action="store_true", help="say in one line of JSON when it is ready, and where")
    demo = command("demo", _demo, "Run a whole point, its county and a broker on simulated hardware.")
    demo.add_argument("--once", action="store_true", help="one scripted certification without a screen, then end")
    demo.add_argument("--json", action="store_true", help="with --once: what happened, a line of JSON a step")
    demo.add_argument("--folder", type=Path, help="keep everything there; a temporary folder without it")
    demo.add_argument("--embedded-broker", action="store_true", help="the broker in Python even where mosquitto is")
    demo.add_argument("--port", type=int, default=8080, help="of the touchscreen, 0 for a free one (%(default)s)")
    demo.add_argument("--pace", type=float, default=1.0, help="times faster than real hardware, 0 for no waiting")
    return parser


def _add_clerk(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    acts.add_parser("list", help="everybody at work")
    add = acts.add_parser("add", help="take somebody on; asks for the PIN")
    add.add_argument("name")
    add.add_argument("role", choices=("A", "B"))
    for name, words in (("pin", "give somebody a new PIN, and end a lockout"), ("remove", "somebody leaves")):
        acts.add_parser(name, help=words).add_argument("name")


def _run(options: argparse.Namespace) -> int:
    from kiosk import service
    from kiosk.compose import Appliance

    def ready(appliance: Appliance) -> None:
        if options.json:
            print(json.dumps({"screen": f"http://127.0.0.1:{appliance.screen.port}/"}), flush=True)

    service.run(options.config, ready)
    return 0


def _init(options: argparse.Namespace) -> int:
    from services.county.registry import encode_key

    config = configuration.load(options.config)
    shared = options.pseudonym_key.read_bytes() if options.pseudonym_key else None
    made = keys.create(config.paths.keys, shared)
    config.paths.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    print(f"The keys of {config.point.id} are in {config.paths.keys}. Copy them to a safe place now.", file=sys.stderr)
    print("The county registers this point by:", file=sys.stderr)
    print(json.dumps({"id": config.point.id, "public_key": encode_key(made.public_key)}))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from kiosk import doctor
    from kiosk.timesync import TimesyncClock

    report = doctor.examine(options.config, TimesyncClock())
    print(report.json() if options.json else report.text())
    return report.exit_code


def _check(options: argparse.Namespace) -> int:
    from kiosk.timesync import TimesyncClock
    from services.certification.invariants import INVARIANTS, locked_data
    from services.certification.residents import Residents
    from services.northbound.invariants import RECORD_INVARIANTS, sealed_by
    from services.store.check import check

    config = configuration.load(options.config)
    own = keys.load(config.paths.keys)
    with closing(_existing(config)) as database:
        residents = Residents(database, own, TimesyncClock())
        every = (*RECORD_INVARIANTS, *INVARIANTS, sealed_by(own.public_key), locked_data(residents))
        breaches = check(database, every)
    for breach in breaches:
        print(breach)
    print("sound" if not breaches else f"{len(breaches)} breaches", file=sys.stderr)
    return 2 if breaches else 0


def _backup(options: argparse.Namespace) -> int:
    from services.store.backup import back_up

    config = configuration.load(options.config)
    back_up(config.paths.database, options.target)
    print(f"{options.target} is a sound copy. It holds locked personal data: keep it apart from the keys.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from services.clock import SystemClock
    from services.store.backup import restore
    from services.store.claim import Claim

    config = configuration.load(options.config)
    with Claim(config.paths.data):
        epoch = restore(options.backup, config.paths.database, SystemClock().now())
    print(f"{config.paths.database} is restored, as epoch {epoch}. What was there is kept beside it.")
    return 0


def _clerk(options: argparse.Namespace) -> int:
    from kiosk.timesync import TimesyncClock
    from services.clerks import Clerks, Role

    config = configuration.load(options.config)
    keys.load(config.paths.keys)  # who may read the keys may say who works here
    config.paths.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Database.open(config.paths.database)) as database:
        clerks = Clerks(database, TimesyncClock())
        if options.what == "add":
            clerks.add(options.name, Role(options.role), _new_pin())
        elif options.what == "list":
            for clerk in clerks.all():
                print(f"{clerk.role} {clerk.name}")
        else:
            found = [clerk for clerk in clerks.all() if clerk.name == options.name]
            if len(found) != 1:
                raise LookupError(f"{len(found)} clerks are called {options.name}")
            clerk = found[0]
            if options.what == "pin":
                clerks.change_pin(clerk, _new_pin(), "system")
            else:
                clerks.remove(clerk, "system")
    return 0


def _new_pin() -> str:
    """Ask for a PIN, twice at a terminal; one line where a program answers."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    pin = getpass.getpass("PIN of six digits: ")
    if getpass.getpass("once more: ") != pin:
        raise ValueError("these are two different PINs; nothing was changed")
    return pin


def _county(options: argparse.Namespace) -> int:
    from services.county import app
    from services.county import config as county_configuration
    from services.county.registry import RegistryError

    def ready(county: app.County) -> None:
        if options.json:
            print(json.dumps({"county": f"http://127.0.0.1:{county.http_port}/"}), flush=True)

    try:
        app.run(county_configuration.load(options.config), ready)
    except RegistryError as error:
        raise ConfigError(str(error)) from error
    return 0


def _demo(options: argparse.Namespace) -> int:
    from kiosk.demo import once, village

    wishes = village.Wishes(
        folder=options.folder, embedded_broker=options.embedded_broker, screen_port=options.port, pace=options.pace
    )
    if options.once:
        return once.run(wishes, as_json=options.json)
    return village.run(wishes)


def _existing(config: Config) -> Database:
    """The database, which is not made anew where it is missing."""
    if not config.paths.database.exists():
        raise FileNotFoundError(f"{config.paths.database} is not there")
    return Database.open(config.paths.database)
