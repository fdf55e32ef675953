"""Which of the devices that libfprint has found is the configured reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.contracts.errors import Fault
from drivers.fingerprint.libfprint.faults import LibfprintError
from drivers.fingerprint.libfprint.news import FoundDevice
from drivers.fingerprint.libfprint.options import LibfprintOptions

USB_DEVICES: Final = Path("/sys/bus/usb/devices")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device and where it is plugged in.

    Attributes:
        index: its place in libfprint's list.
        device: what libfprint says of it.
        port: its USB port as the kernel names it, empty where it has none.
        serial: its USB serial number, empty where it has none.
    """

    index: int
    device: FoundDevice
    port: str
    serial: str

    def fits(self, options: LibfprintOptions) -> bool:
        """Whether it is what the options ask for."""
        return (
            options.driver in {None, self.device.driver}
            and options.usb_port in {None, self.port}
            and options.serial in {None, self.serial}
        )

    def __str__(self) -> str:
        place = f" in port {self.port}" if self.port else ""
        return f"{self.device.driver} ({self.device.name}){place}"


def choose(found: Sequence[FoundDevice], options: LibfprintOptions, usb_devices: Path = USB_DEVICES) -> Candidate:
    """The one device that fits.

    Args:
        found: libfprint's list.
        options: what is asked for.
        usb_devices: where the kernel lists what is plugged in.

    Raises:
        LibfprintError: `NOT_FOUND` when none fits or several do, `UNSUPPORTED` when it compares fingers in itself and
            hands out no image.
    """
    candidates = [Candidate(index, device, *_plugged(device, usb_devices)) for index, device in enumerate(found)]
    fitting = [candidate for candidate in candidates if candidate.fits(options)]
    if not fitting:
        raise LibfprintError(Fault.NOT_FOUND, f"libfprint has found {_listed(candidates)}")
    if len(fitting) > 1:
        raise LibfprintError(Fault.NOT_FOUND, f"which one is meant, by usb_port: {_listed(fitting)}?")
    if not fitting[0].device.captures:
        raise LibfprintError(Fault.UNSUPPORTED, f"{fitting[0]} hands out no images")
    return fitting[0]


def _plugged(device: FoundDevice, usb_devices: Path) -> tuple[str, str]:
    """USB port and serial number of a device."""
    if device.usb is not None:
        for place in usb_devices.glob("*-*"):
            if (_read(place / "busnum"), _read(place / "devnum")) == tuple(map(str, device.usb)):
                return place.name, _read(place / "serial")
    return "", ""


def _read(attribute: Path) -> str:
    try:
        return attribute.read_text().strip()
    except OSError:
        return ""


def _listed(candidates: Sequence[Candidate]) -> str:
    return ", ".join(map(str, candidates)) or "no reader"
