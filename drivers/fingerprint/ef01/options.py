"""What the configuration may say of an EF01 reader."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from drivers.fingerprint.ef01.instructions import BAUD_UNIT

_FASTEST_FACTOR: Final = 12


def _speed_of_the_family(baud: int | Literal["auto"]) -> int | Literal["auto"]:
    if baud != "auto" and (baud % BAUD_UNIT or not 1 <= baud // BAUD_UNIT <= _FASTEST_FACTOR):
        raise ValueError(f"must be 'auto' or {BAUD_UNIT} times 1 to {_FASTEST_FACTOR}")
    return baud


class EF01Options(BaseModel):
    """The options of the driver `ef01`.

    Attributes:
        port: the serial port, such as `/dev/kiosk-fingerprint`.
        address: the module's address; modules are delivered with FFFFFFFFh.
        password: the module's password; modules are delivered with 0.
        baud: the speed in bit/s, or `auto` to find it.
        raise_baud: whether a module that is slower is set to 115,200 bit/s; only where `baud` is `auto`, because the
            module keeps the speed and would not be found at a fixed one again.
        template_bytes: the length of the module's templates, for makes that tell it only with their first finger: a
            new R307 is taken for one of 512 bytes until then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    port: str = Field(min_length=1)
    address: int = Field(default=0xFFFFFFFF, ge=0, le=0xFFFFFFFF)
    password: int = Field(default=0, ge=0, le=0xFFFFFFFF, repr=False)
    baud: Annotated[int | Literal["auto"], AfterValidator(_speed_of_the_family)] = "auto"
    raise_baud: bool = True
    template_bytes: int | None = Field(default=None, ge=128, le=4096)
