"""The configuration: `kiosk.toml`, read into frozen models. An unknown key or a bad value names the line to mend."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

_KEY_LINE = r"^\s*{key}\s*="
_TABLE_LINE = r"^\s*\[\s*{table}\s*\]"


class ConfigError(Exception):
    """The configuration cannot be used; every complaint names file, line and key."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PointConfig(_Section):
    """Which service point this is.

    Attributes:
        id: the point's id at the county: letters, digits and hyphens, since it is part of MQTT topics.
        name: what residents call it.
        county: the county's name in MQTT topics.
        supervision_phone: printed on every slip and shown on the screen.
        verify_url: where the county answers what a slip's QR code asks; the record's id and hash are appended.
        camera: the monitoring camera's name, empty where there is none; certifications then name no footage.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    county: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    supervision_phone: Annotated[str, Field(pattern=r"^[0-9-]{3,20}$")]
    verify_url: Annotated[str, Field(pattern=r"^https?://[^\s]+[^/\s]$", max_length=120)]
    camera: Annotated[str, Field(max_length=40)] = ""


class PathsConfig(_Section):
    """Where things are kept; relative paths count from the folder of the configuration file.

    Attributes:
        data: the database and its backups.
        keys: the key files, on their own, never beside the database.
    """

    data: Path
    keys: Path


class DeviceConfig(_Section):
    """A device: the name of its driver, and that driver's own options beside it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: Annotated[str, Field(min_length=1)]

    @property
    def options(self) -> dict[str, Any]:
        """What is handed to the driver, which validates it."""
        return dict(self.model_extra or {})


class MqttConfig(_Section):
    """The broker of the county.

    Attributes:
        version: `auto` prefers MQTT 5 and falls back to 3.1.1.
        password_file: a file with the password alone, so that the password is in no configuration.
        ca_file: the county's certificate authority; with it the link is TLS.
        certificate_file: the point's own certificate, for mutual TLS.
        key_file: the key of that certificate.
    """

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    version: Literal["auto", "5", "3.1.1"] = "auto"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


class ScreenConfig(_Section):
    """The touchscreen's own web server, on the loopback interface only.

    Attributes:
        port: 0 takes a free one.
        idle_warning_s: seconds without a touch before the screen asks whether anybody is there.
        idle_countdown_s: seconds from that question until everything personal is cleared.
    """

    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    idle_warning_s: Annotated[int, Field(ge=10, le=600)] = 60
    idle_countdown_s: Annotated[int, Field(ge=5, le=120)] = 30


class CertificationConfig(_Section):
    """The rules of certification that counties set.

    Attributes:
        minimum_age: who has to certify.
        tries_per_finger: touches before the next finger is asked for.
        capture_s: how long the reader waits for a finger.
        quality_floor: 0 to 100, below which an impression is not enrolled.
    """

    minimum_age: Annotated[int, Field(ge=0, le=120)] = 60
    tries_per_finger: Annotated[int, Field(ge=1, le=10)] = 3
    capture_s: Annotated[float, Field(ge=3, le=120)] = 30.0
    quality_floor: Annotated[int, Field(ge=0, le=100)] = 40


class Config(_Section):
    """All of `kiosk.toml`."""

    point: PointConfig
    paths: PathsConfig
    fingerprint: DeviceConfig
    receipt_printer: DeviceConfig
    mqtt: MqttConfig
    screen: ScreenConfig = ScreenConfig()
    certification: CertificationConfig = CertificationConfig()

    @field_validator("paths")
    @classmethod
    def _apart(cls, paths: PathsConfig) -> PathsConfig:
        if paths.keys == paths.data or paths.data in paths.keys.parents:
            raise ValueError("keys must not lie with the data they lock")
        return paths


def load(path: Path) -> Config:
    """Read the configuration.

    Raises:
        ConfigError: it cannot be read, is not TOML, or has keys and values that do not fit; all of them are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(_complaint(path, text, complaint) for complaint in error.errors())) from error
    return _resolved(config, path.absolute().parent)


def complain(path: Path, table: str, key: str, message: str) -> ConfigError:
    """The error for a key that only a driver could judge, with the line it stands on."""
    text = path.read_text(encoding="utf-8")
    return ConfigError(_place(path, text, (table, key)) + message)


def _complaint(path: Path, text: str, complaint: Any) -> str:
    keys = tuple(str(part) for part in complaint["loc"])
    message = "unknown key" if complaint["type"] == "extra_forbidden" else complaint["msg"]
    return _place(path, text, keys) + message


def _place(path: Path, text: str, keys: tuple[str, ...]) -> str:
    line = _line_of(text, keys)
    where = f"{path}:{line}" if line else str(path)
    return f"{where}: {'.'.join(keys)}: "


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """The line of the last of `keys`, or of its table where the key is missing, counted from 1."""
    lines = text.splitlines()
    table = _first(lines, _TABLE_LINE.format(table=re.escape(keys[0])), 0)
    if len(keys) == 1:
        return table or _first(lines, _KEY_LINE.format(key=re.escape(keys[0])), 0)
    if table is None:
        return None
    return _first(lines, _KEY_LINE.format(key=re.escape(keys[1])), table) or table


def _first(lines: list[str], pattern: str, start: int) -> int | None:
    for number, line in enumerate(lines[start:], start + 1):
        if re.match(pattern, line):
            return number
        if start and re.match(r"^\s*\[", line):
            return None
    return None


def _resolved(config: Config, base: Path) -> Config:
    """The same configuration with every path absolute."""
    mqtt = {
        name: base / value
        for name in ("password_file", "ca_file", "certificate_file", "key_file")
        if (value := getattr(config.mqtt, name)) is not None
    }
    return config.model_copy(
        update={
            "paths": PathsConfig(data=base / config.paths.data, keys=base / config.paths.keys),
            "mqtt": config.mqtt.model_copy(update=mqtt),
        }
    )
