"""The one error a device may raise, and the faults that it can name.

A fault is a word that the screen, the doctor and the county all understand; the maker's own codes stay in `detail`,
for the log.
"""

from enum import StrEnum


class Fault(StrEnum):
    """What went wrong, in terms of what somebody can do about it."""

    # The way to the device.
    NOT_FOUND = "not_found"  # nothing is there under the configured name
    UNPLUGGED = "unplugged"  # it was there and went away
    BUSY = "busy"  # somebody else holds it, or it asks to wait
    OFFLINE = "offline"  # reachable, but it says that it is not ready
    ACCESS_DENIED = "access_denied"  # the system or the device's password refuses

    # What came back.
    SILENT = "silent"  # no answer before the deadline
    TRUNCATED = "truncated"  # an answer began and did not end before the deadline
    BAD_HEADER = "bad_header"  # bytes, but never the start of an answer
    BAD_CHECKSUM = "bad_checksum"  # an answer that was damaged on the way
    BAD_REPLY = "bad_reply"  # a sound answer to another question
    UNSUPPORTED = "unsupported"  # this make cannot do it
    REFUSED = "refused"  # understood and declined for a reason of its own

    # Fingerprint readers.
    NO_FINGER = "no_finger"
    POOR_IMAGE = "poor_image"
    TOO_FEW_FEATURES = "too_few_features"
    IMPRESSIONS_DIFFER = "impressions_differ"  # not one and the same finger
    NO_ROOM = "no_room"  # the template library is full
    BAD_SLOT = "bad_slot"  # outside the library, or nothing valid there
    BAD_TEMPLATE = "bad_template"
    STORAGE_FAILED = "storage_failed"  # the device's own flash
    SENSOR_FAILED = "sensor_failed"

    # Printers.
    PAPER_OUT = "paper_out"
    PAPER_LOW = "paper_low"
    COVER_OPEN = "cover_open"
    CUTTER_JAM = "cutter_jam"
    OVERHEATED = "overheated"
    UNPRINTABLE = "unprintable"  # content that this printer cannot put on paper

    # The caller.
    CANCELLED = "cancelled"


#: Faults after which the link itself is in doubt: the owner closes the device and opens it anew.
LINK_FAULTS = frozenset({Fault.NOT_FOUND, Fault.UNPLUGGED, Fault.ACCESS_DENIED})


class DeviceError(Exception):
    """A device did not do what it was asked to.

    Attributes:
        device: the device's name in the configuration, such as `fingerprint`.
        operation: what was asked, such as `capture`.
        fault: why it was not done.
        detail: the maker's own words or code, for the log only.
    """

    def __init__(self, device: str, operation: str, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{device}: {operation}: {fault}" + (f" ({detail})" if detail else ""))
        self.device = device
        self.operation = operation
        self.fault = fault
        self.detail = detail
