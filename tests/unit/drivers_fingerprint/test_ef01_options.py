"""Bad options are named before anything is touched."""

from typing import Any

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.fingerprint.ef01.options import EF01Options


def test_defaults_are_the_factory_settings() -> None:
    options = EF01Options(port="/dev/reader")
    assert (options.address, options.password, options.baud, options.raise_baud) == (0xFFFFFFFF, 0, "auto", True)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "port"),
        ({"port": ""}, "port"),
        ({"port": "x", "baud": 57_000}, "baud"),
        ({"port": "x", "baud": 230_400}, "baud"),
        ({"port": "x", "address": 1 << 32}, "address"),
        ({"port": "x", "password": -1}, "password"),
        ({"port": "x", "speed": 57_600}, "speed"),
    ],
)
def test_the_error_names_the_bad_key(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as raised:
        registry.adapter("fingerprint", "ef01")(**options)
    assert raised.value.errors()[0]["loc"][0] == key


def test_the_password_stays_out_of_the_log() -> None:
    assert "4711" not in repr(EF01Options(port="x", password=4711))


def test_the_registry_knows_the_model_of_the_options() -> None:
    assert registry.options("fingerprint", "ef01") is EF01Options


def test_unknown_drivers_are_answered_with_the_known_ones() -> None:
    with pytest.raises(registry.UnknownDriverError, match=r"'ef02'; there is ef01"):
        registry.adapter("fingerprint", "ef02")
    with pytest.raises(registry.UnknownDriverError, match="fingerprint, receipt_printer"):
        registry.names("iris")
