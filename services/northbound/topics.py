"""The topics between points and their county: `kiosk/{county}/v1/{point}/up/...` and `.../down/...`."""

import re
from dataclasses import dataclass

STATUS = "status"
RECORD_CHANNELS = ("alarm", "pension")

_UP = re.compile(r"kiosk/(?P<county>[a-z0-9-]{1,40})/v1/(?P<point>[A-Za-z0-9-]{1,40})/up/(?P<channel>[a-z]+)")


@dataclass(frozen=True, slots=True)
class Upward:
    """A topic on which a point speaks, taken apart."""

    county: str
    point: str
    channel: str


def up(county: str, point: str, channel: str) -> str:
    """Where a point publishes."""
    return f"kiosk/{county}/v1/{point}/up/{channel}"


def down(county: str, point: str, channel: str) -> str:
    """Where the county publishes for a point."""
    return f"kiosk/{county}/v1/{point}/down/{channel}"


def all_up(county: str) -> str:
    """The filter for everything that points of a county publish."""
    return f"kiosk/{county}/v1/+/up/#"


def parse_up(topic: str | None) -> Upward | None:
    """Take a topic apart; `None` when it is not one on which a point speaks."""
    match = _UP.fullmatch(topic) if topic is not None else None
    return Upward(**match.groupdict()) if match else None
