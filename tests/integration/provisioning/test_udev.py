"""The udev rules as Debian's own udev applies them, to devices of a sysfs that umockdev stands in for."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

RULES: Final = Path(__file__).parents[3] / "provisioning" / "udev" / "70-kiosk.rules"
_BUS: Final = "/devices/pci0000:00/0000:00:14.0"
_NEEDED: Final = ("udevadm", "umockdev-run", "unshare")
_MISSING: Final = [program for program in _NEEDED if shutil.which(program) is None]

pytestmark = pytest.mark.skipif(
    bool(_MISSING), reason=f"missing: {', '.join(_MISSING)} (apt-get install udev umockdev)"
)

_HOST = f"""\
P: {_BUS}
E: SUBSYSTEM=pci
E: PCI_SLOT_NAME=0000:00:14.0
A: vendor=0x8086\\n

P: {_BUS}/usb1
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
A: idVendor=1d6b\\n
A: idProduct=0002\\n
A: bDeviceClass=09\\n

"""


def converter(port: str, vendor: str, product: str, name: str = "ttyUSB0") -> tuple[str, str]:
    """A USB device that is a serial port; its description for umockdev, and the path of the port."""
    usb = f"{_BUS}/usb1/1-{port}"
    path = f"{usb}/1-{port}:1.0/{name}/tty/{name}"
    return (
        f"""\
P: {usb}
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
A: idVendor={vendor}\\n
A: idProduct={product}\\n
A: bDeviceClass=ff\\n
A: devpath={port}\\n

P: {usb}/1-{port}:1.0
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
A: bInterfaceNumber=00\\n
A: bInterfaceClass=ff\\n

P: {usb}/1-{port}:1.0/{name}
E: SUBSYSTEM=usb-serial

P: {path}
N: {name}
E: SUBSYSTEM=tty
E: DEVNAME=/dev/{name}
E: MAJOR=188
E: MINOR=0
A: dev=188:0\\n
""",
        path,
    )


def printer(port: str) -> tuple[str, str]:
    """A USB printer of class 7; umockdev hands no descriptors to udev, so what udev reads from them is given."""
    path = f"{_BUS}/usb1/1-{port}"
    return (
        f"""\
P: {path}
N: bus/usb/001/005
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DEVNAME=/dev/bus/usb/001/005
E: MAJOR=189
E: MINOR=4
A: busnum=1\\n
A: devnum=5\\n
A: idVendor=0416\\n
A: idProduct=5011\\n
A: bDeviceClass=00\\n
A: devpath={port}\\n
E: ID_USB_INTERFACES=:070102:
""",
        path,
    )


def applied(tmp_path: Path, rules: str, device: tuple[str, str]) -> str:
    """What udev says while it applies the rules to a device.

    It runs in a mount namespace with the rules and a group kiosk; what it writes to /dev and /run goes to overlays.
    """
    folder = tmp_path / "rules.d"
    folder.mkdir()
    (folder / RULES.name).write_text(rules)
    group = tmp_path / "group"
    group.write_text(Path("/etc/group").read_text() + "kiosk:x:4711:\n")
    (tmp_path / "bus.umockdev").write_text(_HOST + device[0])
    script = " && ".join(
        (
            f"mount --bind /dev/pts {_folder(tmp_path, 'pts')}",
            *(_overlay(tmp_path, name) for name in ("dev", "run")),
            f"mount --bind {tmp_path}/pts /dev/pts",  # umockdev stands in for a serial port with one of these
            f"mount --bind {folder} /etc/udev/rules.d",
            f"mount --bind {group} /etc/group",
            f"exec umockdev-run -d {tmp_path}/bus.umockdev -- udevadm test /sys{device[1]}",
        )
    )
    namespace = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
    done = subprocess.run((*namespace, "sh", "-c", script), capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    if "not permitted" in said and "mount" in said:
        pytest.skip(f"no mount namespace on this machine: {said.strip()[:200]}")
    assert f"{folder.name}/{RULES.name}" in said, said
    return said


def _overlay(tmp_path: Path, name: str) -> str:
    upper, work = _folder(tmp_path, f"{name}/upper"), _folder(tmp_path, f"{name}/work")
    return f"mount -t overlay overlay -o lowerdir=/{name},upperdir={upper},workdir={work} /{name}"


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    return folder


def links(said: str) -> set[str]:
    found = re.search(r"^DEVLINKS=(.*)$", said, re.MULTILINE)
    return set(found[1].split()) if found else set()


def complaints(said: str) -> list[str]:
    """What udev finds wrong with the rules: everything it says of a line but what that line has done."""
    return [line for line in said.splitlines() if re.match(rf"\S*{RULES.name}:\d+ ", line)]


def test_the_reader_and_the_printer_are_known_by_their_ports(tmp_path: Path) -> None:
    for port, name in (("1", "/dev/kiosk-fingerprint"), ("2", "/dev/kiosk-receipt")):
        here = tmp_path / port
        here.mkdir()
        said = applied(here, RULES.read_text(), converter(port, "1a86", "7523"))
        assert complaints(said) == []
        assert {link for link in links(said) if "kiosk" in link} == {name}
        assert "GROUP 4711" in said
        assert "MODE 0660" in said
        assert "ID_MM_DEVICE_IGNORE=1" in said


def test_a_converter_in_another_port_gets_access_and_no_name(tmp_path: Path) -> None:
    said = applied(tmp_path, RULES.read_text(), converter("4.2", "10c4", "ea60"))
    assert not any("kiosk" in link for link in links(said))
    assert "GROUP 4711" in said


def test_a_serial_port_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    said = applied(tmp_path, RULES.read_text(), converter("1", "2c7c", "0125"))  # a mobile modem
    assert not any("kiosk" in link for link in links(said))
    assert "GROUP 4711" not in said


def test_a_usb_printer_is_given_to_the_appliance(tmp_path: Path) -> None:
    said = applied(tmp_path, RULES.read_text(), printer("3"))
    assert "GROUP 4711" in said


def test_a_mistake_in_the_rules_would_be_noticed(tmp_path: Path) -> None:
    broken = RULES.read_text().replace('SYMLINK+="kiosk-receipt"', 'SYMLNK+="kiosk-receipt"')
    assert complaints(applied(tmp_path, broken, converter("2", "1a86", "7523")))
