"""What the worker says: one line of JSON for each piece of news, checked where it comes in."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FoundDevice(_Said):
    """A device that libfprint has found.

    Attributes:
        driver: the name of libfprint's driver, such as `uru4000`.
        name: make and model in libfprint's words.
        scan: `press`, or `swipe` for a reader that the finger is drawn across.
        captures: whether it hands out images.
        usb: its bus and address as the kernel counts them; nothing for one that is not on USB.
    """

    driver: str
    name: str
    scan: str
    captures: bool
    usb: tuple[int, int] | None = Field(strict=False)


class Devices(_Said):
    """The devices that were there when the worker started."""

    news: Literal["devices"]
    devices: list[FoundDevice]


class Missing(_Said):
    """A library is missing; the worker has ended."""

    news: Literal["missing"]
    detail: str


class Opened(_Said):
    """The device is open."""

    news: Literal["opened"]


class Finger(_Said):
    """The reader's look at the finger has changed.

    Attributes:
        needed: whether the reader waits for one, or still needs the one that is there.
        present: whether one is there.
    """

    news: Literal["finger"]
    needed: bool
    present: bool


class Image(_Said):
    """The image of a finger that has been lifted; its pixels follow the line.

    Attributes:
        width: columns.
        height: rows.
        ppmm: pixels a millimetre; zero where libfprint's driver does not tell.
        size: how many bytes of pixels follow.
    """

    news: Literal["image"]
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    ppmm: float = Field(ge=0)
    size: int = Field(ge=0)


class Failed(_Said):
    """What was asked for has failed.

    Attributes:
        domain: whose error it is: `retry` for a finger that could not be read, otherwise as in `faults.fault_of`.
        name: its name there.
        removed: whether the device has gone.
        detail: the library's words.
    """

    news: Literal["failed"]
    domain: str
    name: str
    removed: bool
    detail: str


class State(_Said):
    """How the device is.

    Attributes:
        removed: whether it has gone.
        temperature: `cold`, `warm` or `hot` in libfprint's reckoning; a hot one has to rest.
    """

    news: Literal["condition"]
    removed: bool
    temperature: Literal["cold", "warm", "hot"]


News = Devices | Missing | Opened | Finger | Image | Failed | State

PARSER: Final[TypeAdapter[News]] = TypeAdapter(Annotated[News, Field(discriminator="news")])
