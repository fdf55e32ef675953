"""What the product may know of a receipt printer: a slip is a list of simple elements, not a stream of bytes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from drivers.contracts.deadline import Deadline
from drivers.contracts.device import Device


class Align(StrEnum):
    """Where a line stands on the paper."""

    LEFT = "left"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; the printer breaks it into lines by display width (a Chinese character is two columns wide).

    Attributes:
        text: what is printed; never empty, no control characters.
        align: where it stands.
        large: double height and width.
        bold: emphasised.
    """

    text: str
    align: Align = Align.LEFT
    large: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A label and its value on one line, the value flush right; on two lines where they do not fit."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class QRCode:
    """A QR code, centred.

    Attributes:
        content: what it says, at most 300 bytes in UTF-8.
    """

    content: str


Element = Text | Field | Rule | QRCode


@dataclass(frozen=True, slots=True)
class Slip:
    """A receipt: its elements from the top, cut off at the end."""

    elements: tuple[Element, ...]


@runtime_checkable
class ReceiptPrinter(Device, Protocol):
    """A printer of slips."""

    def print_slip(self, slip: Slip, deadline: Deadline) -> None:
        """Print a slip and cut it; returns once the printer says that it is on paper (as far as the make can say).

        Raises:
            DeviceError: `PAPER_OUT`, `COVER_OPEN`, `CUTTER_JAM`, `OVERHEATED`, `OFFLINE` or a fault of its line,
                `UNPRINTABLE` for content that cannot be printed. After any of them the slip counts as not printed.
        """
        ...
