"""The speed of the line: found by trying, raised where the module can follow."""

from typing import Final

from drivers.contracts.errors import Fault
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.instructions import Instruction
from drivers.fingerprint.ef01.link import Link
from drivers.fingerprint.ef01.module import Module

#: The speed that this driver sets, and then the factory's: the ones worth trying first.
FASTEST: Final = 115_200
#: Every speed of the family (9600 times 1 to 12) that makes are delivered with, the likeliest first.
SPEEDS: Final = (57_600, FASTEST, 9_600, 19_200, 38_400, 28_800, 76_800)

_HELLO_PATIENCE: Final = 0.4  # seconds: a handshake is answered within a few milliseconds
_ROUNDS: Final = 2  # a module that has just been powered may miss the first


def find(link: Link, module: Module, speeds: tuple[int, ...] = SPEEDS) -> None:
    """Set the link to the speed at which the module answers, and show the password there.

    Raises:
        EF01Error: `ACCESS_DENIED` for a wrong password, `UNPLUGGED`, or `SILENT` when nothing answers at any speed (a
            fault of the line when something does, but never properly).
    """
    heard: EF01Error | None = None
    for speed in speeds * _ROUNDS:
        try:
            if _answers_at(link, speed):
                module.verify_password()
                return
        except EF01Error as error:
            if error.fault in {Fault.UNPLUGGED, Fault.ACCESS_DENIED}:
                raise
            if error.fault not in {Fault.SILENT, Fault.UNSUPPORTED}:
                heard = error
    if heard is not None:
        raise heard
    raise EF01Error(Fault.SILENT, f"no answer at {', '.join(map(str, speeds))} bit/s")


def raise_to_fastest(link: Link, module: Module) -> None:
    """Move module and link to the fastest speed; back to the old one when the module does not follow.

    Raises:
        EF01Error: when the module is found at neither speed afterwards.
    """
    before = link.baud
    try:
        module.set_baud(FASTEST)
    except EF01Error as error:
        if error.fault is Fault.UNPLUGGED:
            raise
        # Declined, or acknowledged at the new speed already: the search below tells which.
    find(link, module, (FASTEST, before))


def _answers_at(link: Link, speed: int) -> bool:
    """Whether anything that is an acknowledgement comes back at this speed."""
    link.set_baud(speed)
    link.trust()
    link.await_quiet()
    # Deliberately without a password: a wrong one must be told from a wrong speed.
    return bool(link.command(bytes([Instruction.READ_SYS_PARA]), _HELLO_PATIENCE))
