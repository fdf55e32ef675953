"""Confirmation codes, the first byte of every acknowledgement, and the faults that they mean.

Up to 21h the makes agree; what lies above is only read through the table of the dialect that probing found.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.contracts.errors import Fault

OK: Final = 0x00
#: The module did not understand the packet: damaged on the way, or an instruction that it does not know.
NOT_RECEIVED: Final = 0x01
NO_FINGER: Final = 0x02
NO_MATCH: Final = 0x08
NOT_FOUND: Final = 0x09
#: The module was powered anew and wants its password before anything else.
PASSWORD_WANTED: Final = 0x21

COMMON: Final[Mapping[int, Fault]] = MappingProxyType(
    {
        NOT_RECEIVED: Fault.BAD_CHECKSUM,
        NO_FINGER: Fault.NO_FINGER,
        0x03: Fault.POOR_IMAGE,  # could not be collected
        0x04: Fault.POOR_IMAGE,  # too dry or too light
        0x05: Fault.POOR_IMAGE,  # too wet or too dark
        0x06: Fault.POOR_IMAGE,  # too disorderly
        0x07: Fault.TOO_FEW_FEATURES,
        NO_MATCH: Fault.REFUSED,
        NOT_FOUND: Fault.REFUSED,
        0x0A: Fault.IMPRESSIONS_DIFFER,  # could not be combined
        0x0B: Fault.BAD_SLOT,  # beyond the library
        0x0C: Fault.BAD_SLOT,  # the template there is missing or invalid
        0x0D: Fault.BAD_TEMPLATE,  # could not be sent to the host
        0x0E: Fault.REFUSED,  # cannot take data packets now
        0x0F: Fault.REFUSED,  # the image could not be sent to the host
        0x10: Fault.STORAGE_FAILED,  # could not be deleted
        0x11: Fault.STORAGE_FAILED,  # the library could not be emptied
        0x12: Fault.REFUSED,  # cannot go to sleep
        0x13: Fault.ACCESS_DENIED,  # wrong password
        0x14: Fault.REFUSED,  # cannot reset itself
        0x15: Fault.POOR_IMAGE,  # no usable image in the buffer
        0x16: Fault.REFUSED,  # firmware update failed
        0x17: Fault.POOR_IMAGE,  # a residue, or the finger has not moved since
        0x18: Fault.STORAGE_FAILED,  # flash could not be read or written
        0x19: Fault.REFUSED,  # no reason given
        0x1A: Fault.UNSUPPORTED,  # no such register
        0x1B: Fault.REFUSED,  # no such value for the register
        0x1C: Fault.UNSUPPORTED,  # no such page of the notepad
        0x1D: Fault.REFUSED,  # the port could not be switched
        0x1E: Fault.IMPRESSIONS_DIFFER,  # automatic enrolment failed
        0x1F: Fault.NO_ROOM,
        0x20: Fault.BAD_REPLY,  # another module's address
        PASSWORD_WANTED: Fault.ACCESS_DENIED,
    }
)

GROW: Final[Mapping[int, Fault]] = MappingProxyType(
    {
        0x22: Fault.BAD_SLOT,  # the template is empty
        0x24: Fault.BAD_SLOT,  # the library is empty
        0x26: Fault.NO_FINGER,  # timed out
        0x27: Fault.REFUSED,  # the finger is enrolled already
        0x29: Fault.SENSOR_FAILED,
        0xFC: Fault.UNSUPPORTED,
        0xFD: Fault.SENSOR_FAILED,
        0xFE: Fault.REFUSED,  # could not be carried out
    }
)

SYNOCHIP: Final[Mapping[int, Fault]] = MappingProxyType(
    {
        0x22: Fault.REFUSED,  # the slot is taken
        0x24: Fault.BAD_SLOT,  # the library is empty
        0x25: Fault.REFUSED,  # wrong number of impressions
        0x26: Fault.NO_FINGER,  # timed out
        0x27: Fault.REFUSED,  # the finger is enrolled already
        0x28: Fault.BAD_TEMPLATE,
        0x33: Fault.SENSOR_FAILED,
    }
)


def fault_of(code: int, of_make: Mapping[int, Fault] = COMMON) -> Fault:
    """The fault behind a confirmation code; `REFUSED` where neither the family nor the make explains it.

    Args:
        code: the code, not `OK`.
        of_make: the table of the module's dialect, asked where the family's has nothing.
    """
    return COMMON.get(code) or of_make.get(code) or Fault.REFUSED
