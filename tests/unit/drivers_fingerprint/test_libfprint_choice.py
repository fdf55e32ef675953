"""Which of several readers is meant."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.contracts.errors import Fault
from drivers.fingerprint.libfprint.choice import choose
from drivers.fingerprint.libfprint.faults import LibfprintError
from drivers.fingerprint.libfprint.news import FoundDevice
from drivers.fingerprint.libfprint.options import LibfprintOptions


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    """Two readers of one make, and a hub without a serial number."""
    for port, bus, number, serial in (("1-1", 1, 2, ""), ("1-1.4", 1, 5, "A1"), ("2-3", 2, 5, "B2")):
        place = tmp_path / port
        place.mkdir()
        (place / "busnum").write_text(f"{bus}\n")
        (place / "devnum").write_text(f"{number}\n")
        if serial:
            (place / "serial").write_text(f"{serial}\n")
    return tmp_path


def found(
    driver: str = "uru4000", *, at: tuple[int, int] | None = (1, 5), scan: str = "press", captures: bool = True
) -> FoundDevice:
    return FoundDevice(driver=driver, name="Reader", scan=scan, captures=captures, usb=at)


TWO = [found(), found(at=(2, 5))]


def test_one_reader_is_taken_with_its_port_and_number(usb: Path) -> None:
    chosen = choose([found(at=(2, 5))], LibfprintOptions(), usb)
    assert (chosen.index, chosen.port, chosen.serial) == (0, "2-3", "B2")


@pytest.mark.parametrize("options", [{"usb_port": "2-3"}, {"serial": "B2"}, {"usb_port": "2-3", "driver": "uru4000"}])
def test_of_two_the_one_that_is_asked_for_is_taken(usb: Path, options: dict[str, str]) -> None:
    assert choose(TWO, LibfprintOptions.model_validate(options), usb).index == 1


def test_without_a_wish_two_are_one_too_many_and_named_by_their_ports(usb: Path) -> None:
    with pytest.raises(LibfprintError, match=r"1-1\.4.*2-3") as raised:
        choose(TWO, LibfprintOptions(), usb)
    assert raised.value.fault is Fault.NOT_FOUND


@pytest.mark.parametrize(
    "options", [{"usb_port": "1-1"}, {"serial": "C3"}, {"driver": "aes2501"}, {"usb_port": "1-1.4", "serial": "B2"}]
)
def test_what_is_not_there_is_answered_with_what_is(usb: Path, options: dict[str, str]) -> None:
    with pytest.raises(LibfprintError, match="uru4000") as raised:
        choose(TWO, LibfprintOptions.model_validate(options), usb)
    assert raised.value.fault is Fault.NOT_FOUND


def test_no_reader_at_all_is_said(usb: Path) -> None:
    with pytest.raises(LibfprintError, match="no reader"):
        choose([], LibfprintOptions(), usb)


def test_a_reader_without_images_is_of_no_use(usb: Path) -> None:
    with pytest.raises(LibfprintError, match="no images") as raised:
        choose([found("synaptics", captures=False)], LibfprintOptions(), usb)
    assert raised.value.fault is Fault.UNSUPPORTED


@pytest.mark.parametrize("at", [None, (7, 7)])
def test_a_reader_that_is_not_on_usb_has_no_port(usb: Path, at: tuple[int, int] | None) -> None:
    assert choose([found(at=at)], LibfprintOptions(), usb).port == ""


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"usb_port": "3"}, "usb_port"),
        ({"usb_port": "1-1.4:1.0"}, "usb_port"),
        ({"driver": ""}, "driver"),
        ({"dpi": 0}, "dpi"),
        ({"port": "/dev/kiosk-fingerprint"}, "port"),
        ({"environment": {"LD_PRELOAD": "x"}}, "environment"),
    ],
)
def test_the_error_names_the_bad_key(options: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError) as raised:
        registry.adapter("fingerprint", "libfprint")(**options)
    assert raised.value.errors()[0]["loc"][0] == key


def test_the_registry_knows_the_model_of_the_options() -> None:
    assert registry.options("fingerprint", "libfprint") is LibfprintOptions
