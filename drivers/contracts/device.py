"""What every device has in common: it is opened, says what it is, tells how it is, and is closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from drivers.contracts.errors import Fault


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a device says of itself when it is opened.

    Attributes:
        model: make and model as far as it can be known, such as `ZFM-20` or `TM-T88V`.
        serial: the serial number, empty where the device has none.
        firmware: the firmware's version, empty where it is not told.
        facts: further facts for the doctor and the county, such as `{"baud": "115200"}`.
    """

    model: str
    serial: str = ""
    firmware: str = ""
    facts: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Condition:
    """How a device is at this moment.

    Attributes:
        faults: what keeps it from working now; empty when it is well.
        warnings: what will keep it from working soon, such as `PAPER_LOW`.
    """

    faults: frozenset[Fault] = frozenset()
    warnings: frozenset[Fault] = frozenset()


@runtime_checkable
class Device(Protocol):
    """A device that is open. It belongs to one thread; no method may be called from another."""

    @property
    def info(self) -> DeviceInfo:
        """What the device said of itself when it was opened."""
        ...

    def condition(self) -> Condition:
        """Ask the device how it is.

        Raises:
            DeviceError: when it cannot be asked.
        """
        ...

    def close(self) -> None:
        """Let go of the device. Never raises, and may be called twice."""
        ...
