"""The configuration: `kiosk.toml`, read into frozen models. An unknown key or a bad value names the line to mend."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services import configuration
from services.northbound.options import MqttOptions


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

    @property
    def database(self) -> Path:
        """The point's database."""
        return self.data / "point.sqlite"

    @property
    def backups(self) -> Path:
        """Where the daily backups go."""
        return self.data / "backups"


class DeviceConfig(_Section):
    """A device: the name of its driver, and that driver's own options beside it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: Annotated[str, Field(min_length=1)]

    @property
    def options(self) -> dict[str, Any]:
        """What is handed to the driver, which validates it."""
        return dict(self.model_extra or {})


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


class MatchingConfig(_Section):
    """Where and how surely fingers are compared.

    Attributes:
        on: `module`, by the reader itself; or `host`, from images by this machine, which any reader can serve.
        false_match_rate: on the host, how often somebody else may be taken for the resident, for each question asked.
        learn: on the host, whether a touch that matched strongly joins the finger's templates; every time is audited.
    """

    on: Literal["module", "host"] = "module"
    false_match_rate: Annotated[float, Field(ge=1e-9, le=0.05)] = 1e-4
    learn: bool = False


class Config(_Section):
    """All of `kiosk.toml`."""

    point: PointConfig
    paths: PathsConfig
    fingerprint: DeviceConfig
    receipt_printer: DeviceConfig
    mqtt: MqttOptions
    screen: ScreenConfig = ScreenConfig()
    certification: CertificationConfig = CertificationConfig()
    matching: MatchingConfig = MatchingConfig()

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
    return _resolved(configuration.read(path, Config), path.absolute().parent)


def _resolved(config: Config, base: Path) -> Config:
    """The same configuration with every path absolute."""
    return config.model_copy(
        update={
            "paths": PathsConfig(data=base / config.paths.data, keys=base / config.paths.keys),
            "mqtt": config.mqtt.under(base),
        }
    )
