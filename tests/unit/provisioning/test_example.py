"""The example configuration is one that the product takes."""

import tomllib
from pathlib import Path

import pytest

from drivers import registry
from kiosk import config as configuration

PROVISIONING = Path(__file__).parents[3] / "provisioning"
EXAMPLE = PROVISIONING / "kiosk.example.toml"
FAMILIES = ("fingerprint", "receipt_printer")


def test_the_example_loads(tmp_path: Path) -> None:
    installed = tmp_path / "kiosk.toml"
    installed.write_bytes(EXAMPLE.read_bytes())
    config = configuration.load(installed)
    assert config.mqtt.ca_file == tmp_path / "mqtt" / "ca.pem"
    assert config.paths.data == Path("/var/lib/kiosk")


def test_the_example_with_every_comment_taken_off_loads(tmp_path: Path) -> None:
    """What is commented out is a valid setting, too, and not remembered from an older version."""
    whole = tmp_path / "kiosk.toml"
    lines = (line.removeprefix("# ") if " = " in line else line for line in EXAMPLE.read_text().splitlines())
    whole.write_text("\n".join(lines))
    config = configuration.load(whole)
    assert config.point.camera == "hall"
    registry.options("fingerprint", config.fingerprint.driver).model_validate(config.fingerprint.options)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_drivers_take_the_example_s_options(family: str) -> None:
    section = tomllib.loads(EXAMPLE.read_text())[family]
    driver = section.pop("driver")
    assert driver in registry.names(family)
    registry.options(family, driver).model_validate(section)


def test_the_example_names_what_udev_and_systemd_name() -> None:
    document = tomllib.loads(EXAMPLE.read_text())
    rules = (PROVISIONING / "udev" / "70-kiosk.rules").read_text()
    assert f'SYMLINK+="{Path(document["fingerprint"]["port"]).name}"' in rules
    assert 'SYMLINK+="kiosk-receipt"' in rules
    assert "/dev/kiosk-receipt" in document["receipt_printer"]["url"]
    unit = (PROVISIONING / "systemd" / "kiosk.service").read_text()
    assert f"WorkingDirectory={document['paths']['data']}" in unit
    assert f"d {document['paths']['keys']} " in (PROVISIONING / "tmpfiles.d" / "kiosk.conf").read_text()
    screen = (PROVISIONING / "systemd" / "kiosk-screen.service").read_text()
    assert f"http://127.0.0.1:{document['screen']['port']}/" in screen
