"""What the county's process is told at its start."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

from services import configuration
from services.northbound.options import MqttOptions


class CountyConfig(BaseModel):
    """Everything the county's process needs.

    Attributes:
        county: its name in topics.
        database_url: of SQLAlchemy, such as `sqlite:////var/lib/kiosk-county/county.sqlite`.
        points_file: the registered points, see `services.county.registry`.
        mqtt: how to reach the broker.
        http_host: the address on which the page listens.
        http_port: 0 takes a free one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    county: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    database_url: Annotated[str, Field(min_length=1)]
    points_file: Path
    mqtt: MqttOptions
    http_host: IPvAnyAddress = IPv4Address("127.0.0.1")
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8090


def load(path: Path) -> CountyConfig:
    """Read the configuration; relative paths count from the folder of the file.

    Raises:
        ConfigError: it cannot be read, is not TOML, or has keys and values that do not fit; all of them are named.
    """
    config = configuration.read(path, CountyConfig)
    base = path.absolute().parent
    return config.model_copy(update={"points_file": base / config.points_file, "mqtt": config.mqtt.under(base)})
