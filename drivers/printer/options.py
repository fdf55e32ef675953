"""What the configuration may say of a receipt printer."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from drivers.printer import address

#: The font of Debian's package fonts-noto-cjk, which the touchscreen shows Chinese with.
SCREEN_FONT: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


class Dialect(StrEnum):
    """How much of ESC/POS a printer understands and answers.

    The names go from the most to the least. With each the driver does as much to be sure of the paper as it can:

    `EPSON` confirms a slip by a process id (`GS ( H`), says its model (`GS I`) and clears its buffers when it is told
    to (`DLE DC4`), so that the rest of a failed slip is never printed.

    `GENERIC` answers the real-time status (`DLE EOT`) and, in its turn among the data, the paper sensor (`GS r`). That
    answer after the cut is the confirmation. The rest of a slip that failed for want of paper may come out when there
    is paper again, before the next slip.

    `MUTE` never answers, as many cheap printers on serial cables of three wires do not. A slip counts as printed when
    its last byte has left this machine, and the printer's condition is only that its port is there: no paper, an open
    cover and a printer that is switched off go unnoticed.
    """

    EPSON = "epson"
    GENERIC = "generic"
    MUTE = "mute"


def _readable(url: str) -> str:
    address.parse(url)
    return url


class ReceiptPrinterOptions(BaseModel):
    """The options of the driver `escpos`.

    Attributes:
        url: where it is: `serial:///dev/kiosk-receipt?baud=9600` (with `&flow=rtscts`, `dsrdtr` or `xonxoff` where the
            cable has it), `tcp://HOST:9100`, or `usb://VENDOR:PRODUCT` (with `?serial=NUMBER` where there are two).
        columns: narrow characters in a line: 32 on paper of 58 mm, 48 on paper of 80 mm.
        dialect: how much it understands.
        qr: whether the printer draws the QR code itself (`GS ( k`), or gets it as an image, which every make can print
            and which takes seconds at 9600 bit/s.
        cutter: whether it has a cutter; without one the slip is fed out to be torn off.
        font: what characters are drawn with that the printer's own font does not have: those with four bytes in
            GB18030, which occur in rare family names. Any font file that Pillow reads, of which the first face is
            taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_readable)]
    columns: Literal[32, 48] = 32
    dialect: Dialect = Dialect.GENERIC
    qr: Literal["native", "raster"] = "native"
    cutter: bool = True
    font: Path = Field(default=SCREEN_FONT)
