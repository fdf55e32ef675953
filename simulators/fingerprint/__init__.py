"""A fingerprint module of the EF01 family (AS608, ZFM-20, R30x, R503) on a pty, with fingers to put on it.

::

    box = FingerBox()
    with FingerprintModule(R307, link=folder / "fingerprint") as module:
        module.place(box.finger("样例甲", Digit.RIGHT_THUMB, impression=0))
        ...  # a host opens module.path
        module.lift()
        module.fault(FaultKind.GARBAGE_BEFORE)

Nothing is shared with any driver: the packets, the codes and the constants here were written from the manuals.
"""

from simulators.fingerprint.catalogue import RESIDENTS, Digit, FingerBox, SimulatedResident
from simulators.fingerprint.faults import Fault, FaultKind
from simulators.fingerprint.flash import FlashFileError
from simulators.fingerprint.impression import SkinCondition
from simulators.fingerprint.journal import Exchange
from simulators.fingerprint.line import UnpluggedError
from simulators.fingerprint.memory import Confirmation, Led
from simulators.fingerprint.module import FingerprintModule, Snapshot
from simulators.fingerprint.profiles import AS608, FPM10A, PROFILES, R307, R503, ZFM20, Operation, Profile
from simulators.fingerprint.sensor import FingerImage

__all__ = [
    "AS608",
    "FPM10A",
    "PROFILES",
    "R307",
    "R503",
    "RESIDENTS",
    "ZFM20",
    "Confirmation",
    "Digit",
    "Exchange",
    "Fault",
    "FaultKind",
    "FingerBox",
    "FingerImage",
    "FingerprintModule",
    "FlashFileError",
    "Led",
    "Operation",
    "Profile",
    "SimulatedResident",
    "SkinCondition",
    "Snapshot",
    "UnpluggedError",
]
