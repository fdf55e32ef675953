"""Readers on USB as libfprint finds them, on a bus that umockdev makes up: which one is in which port."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.libfprint import missing

pytestmark = [
    pytest.mark.skipif(shutil.which("umockdev-run") is None, reason="the Debian package umockdev is not installed"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

READER = (0x05BA, 0x000A)  # U.are.U 4000B
HUB = (0x1D6B, 0x0002)

ASK = """
import json, sys
from drivers.contracts.deadline import Deadline
from drivers.fingerprint.libfprint.choice import choose
from drivers.fingerprint.libfprint.faults import LibfprintError
from drivers.fingerprint.libfprint.options import LibfprintOptions
from drivers.fingerprint.libfprint.process import WorkerProcess

worker = WorkerProcess({})
found = worker.expect(Deadline.after(30)).devices
worker.close()
for wish in json.loads(sys.argv[1]):
    try:
        chosen = choose(found, LibfprintOptions.model_validate(wish))
        print(chosen.device.driver, chosen.port, chosen.serial)
    except LibfprintError as error:
        print(error.fault)
"""


def usb_device(path: str, number: int, product: tuple[int, int], serial: str = "") -> str:
    """One device of the bus in umockdev's words."""
    vendor_id, product_id = product
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 255, 255, 255, 64, vendor_id, product_id, 0x103, 0, 0, 0, 1)
    interface = struct.pack("<9B", 9, 4, 0, 0, 1, 255, 255, 255, 0) + struct.pack("<BBBBHB", 7, 5, 0x81, 3, 64, 10)
    configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(interface), 1, 1, 0, 0xA0, 50)
    descriptors = (device + configuration + interface).hex().upper()
    attributes = {
        "bConfigurationValue": "1",
        "busnum": "1",
        "devnum": str(number),
        "speed": "12",
        "idVendor": f"{vendor_id:04x}",
        "idProduct": f"{product_id:04x}",
        **({"serial": serial} if serial else {}),
    }
    return "\n".join(
        [
            f"P: /devices/pci0000:00/0000:00:14.0/{path}",
            f"N: bus/usb/001/{number:03d}={descriptors}",
            f"E: DEVNAME=/dev/bus/usb/001/{number:03d}",
            "E: DEVTYPE=usb_device",
            "E: SUBSYSTEM=usb",
            "E: BUSNUM=001",
            f"E: DEVNUM={number:03d}",
            *(f"A: {name}={value}\\n" for name, value in attributes.items()),
            f"H: descriptors={descriptors}",
            "",
        ]
    )


def ask(bus: Path, *wishes: dict[str, str]) -> list[str]:
    """What is chosen for each wish by a process that sees the made-up bus alone."""
    done = subprocess.run(
        ["umockdev-run", "-d", str(bus), "--", sys.executable, "-c", ASK, json.dumps(wishes)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_reader_is_known_by_its_port_or_its_number(tmp_path: Path) -> None:
    bus = tmp_path / "bus.umockdev"
    bus.write_text(
        "\n".join(
            [
                usb_device("usb1", 1, HUB),
                usb_device("usb1/1-1", 4, READER, serial="A1"),
                usb_device("usb1/1-3", 5, READER),
            ]
        )
    )
    assert ask(bus, {"usb_port": "1-3"}, {"usb_port": "1-1"}, {"serial": "A1"}, {"usb_port": "1-2"}, {}) == [
        "uru4000 1-3 ",
        "uru4000 1-1 A1",
        "uru4000 1-1 A1",
        "not_found",
        "not_found",
    ]


def test_a_bus_without_readers_has_none(tmp_path: Path) -> None:
    bus = tmp_path / "bus.umockdev"
    bus.write_text(usb_device("usb1", 1, HUB))
    assert ask(bus, {}) == ["not_found"]
