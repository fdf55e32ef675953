"""What may be wrong with an image or a template, by name."""

from enum import StrEnum


class ImageFault(StrEnum):
    """Why no features can be had from an image."""

    UNREADABLE = "unreadable"  # not an image, or a damaged one
    TOO_SMALL = "too_small"  # fewer millimetres than a fingertip needs
    TOO_LARGE = "too_large"  # more pixels than any reader gives
    BAD_RESOLUTION = "bad_resolution"  # a resolution that ridges cannot be read at
    BLANK = "blank"  # hardly any contrast: no finger, or a dead sensor
    SATURATED = "saturated"  # almost all black or almost all white
    NOT_A_FINGER = "not_a_finger"  # contrast, but no ridges
    PARTIAL = "partial"  # ridges, but on too small an area
    TOO_FEW_MINUTIAE = "too_few_minutiae"  # ridges, but nothing to tell them by


class TemplateFault(StrEnum):
    """Why a template cannot be used."""

    NOT_A_TEMPLATE = "not_a_template"  # other bytes altogether
    UNKNOWN_VERSION = "unknown_version"  # made by a later release
    TRUNCATED = "truncated"  # shorter or longer than it says
    DAMAGED = "damaged"  # the checksum does not hold
    OUT_OF_RANGE = "out_of_range"  # a value that no finger has
    TOO_MANY_MINUTIAE = "too_many_minutiae"  # more than a finger has: forged or mistaken
    TOO_FEW_MINUTIAE = "too_few_minutiae"  # nothing to compare
    BAD_RESOLUTION = "bad_resolution"  # cannot be brought to 500 dpi


class ImageError(ValueError):
    """An image that cannot be used.

    Attributes:
        fault: why.
    """

    def __init__(self, fault: ImageFault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault


class TemplateError(ValueError):
    """A template that cannot be used.

    Attributes:
        fault: why.
    """

    def __init__(self, fault: TemplateFault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
