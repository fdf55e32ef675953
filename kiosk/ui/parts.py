"""What the screen is given. Its pages own no hardware and know nothing but this."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kiosk.config import PointConfig, ScreenConfig
from services.certification.service import Certification
from services.clerks import Clerks
from services.clock import Clock
from services.devices import DeviceHandle
from services.inventory import Watch
from services.northbound.service import Northbound


@dataclass(frozen=True, slots=True)
class Parts:
    """What the screen is given.

    Attributes:
        point: which service point this is.
        settings: the port, and how patient the screen is.
        certification: what residents and clerks can do.
        clerks: who may do what a clerk does.
        northbound: the way to the county.
        devices: the devices by their names in the configuration.
        inventory: what is plugged in.
        clock: tells the time.
    """

    point: PointConfig
    settings: ScreenConfig
    certification: Certification
    clerks: Clerks
    northbound: Northbound
    devices: Mapping[str, DeviceHandle[Any]]
    inventory: Watch
    clock: Clock
