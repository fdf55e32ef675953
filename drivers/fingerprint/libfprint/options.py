"""What the configuration may say of a USB reader."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Variable = Annotated[str, StringConstraints(pattern=r"^FP_[A-Z_]+$")]


class LibfprintOptions(BaseModel):
    """The options of the driver `libfprint`; a point with one reader needs none of them.

    Attributes:
        driver: only a reader of this libfprint driver, such as `uru4000`.
        usb_port: only the reader in this USB port, as the kernel names it: bus, then the ports down to it, `1-1.4`.
        serial: only the reader whose USB serial number is this.
        dpi: the sensor's resolution in pixels an inch, for drivers that do not tell it.
        environment: variables that libfprint itself reads, such as `FP_DRIVERS_WHITELIST`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    driver: str | None = Field(default=None, min_length=1)
    usb_port: str | None = Field(default=None, pattern=r"^\d+-\d+(\.\d+)*$")
    serial: str | None = Field(default=None, min_length=1)
    dpi: int = Field(default=500, ge=100, le=2000)
    environment: dict[_Variable, str] = Field(default_factory=dict)
