"""What distinguishes one make from another, found by asking and never assumed from a code.

Two instructions above 27h are sent, both harmless under every meaning that a manual gives them, and an answer counts
only in the form that its make documents:

- 3Ch without parameters: a GROW module (R503 and kin) describes itself in 46 bytes; on Synochip it is a light that
  declines a command without its settings; others do not know it.
- 34h with a zero: a Synochip module of the newer instruction set tells its chip's serial number in 32 bytes.

A module that answers neither is of the classic set (ZFM-20, AS608, R305, R307).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from drivers.contracts.errors import Fault
from drivers.fingerprint.ef01 import confirmation
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.instructions import SystemParameters
from drivers.fingerprint.ef01.module import Module


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a make differs.

    Attributes:
        family: whose features and templates it can compare, as far as the maker goes.
        model: the module's own name, or what can be said of it.
        serial: its serial number, if it tells one.
        firmware: its version, if it tells one.
        template_bytes: the length of its templates and of what `UpChar` sends.
        measured: whether that length is known from this module, and not only the least that its family uses.
        buffers: character buffers that one template can be made of.
        combines_blindly: whether it makes a template of impressions of different fingers without complaint.
        image_size: columns and rows, where the make tells them.
        dpi: the sensor's resolution.
        faults: its confirmation codes beyond the common ones.
    """

    family: str
    model: str
    serial: str
    firmware: str
    template_bytes: int
    measured: bool
    buffers: int
    combines_blindly: bool
    image_size: tuple[int, int] | None
    dpi: int
    faults: Mapping[int, Fault]

    @property
    def algorithm(self) -> str:
        """The name of its templates: modules of one family and template length read each other's."""
        return f"ef01/{self.family}-{self.template_bytes}"

    def with_template(self, length: int) -> Self:
        """The same for a module whose templates turn out to be of this length."""
        return replace(self, template_bytes=length, measured=True)


_CLASSIC_TEMPLATE: Final = 512


def probe(module: Module, parameters: SystemParameters) -> Dialect:
    """Find out what make a module is.

    Makes of the classic set do not tell how long their templates are (512 bytes on most, 768 on some R307). It is
    measured on a character buffer, and if an empty one is not handed out, on one with a template of the library.

    Raises:
        EF01Error: `UNPLUGGED` when it goes away meanwhile, or a fault of the line.
    """
    product = module.product_info()
    if product is not None:
        return Dialect(
            family="grow",
            model=product.model or "EF01 (GROW)",
            serial=product.serial,
            firmware=product.hardware,
            template_bytes=product.template_bytes,
            measured=True,
            buffers=6,
            combines_blindly=True,
            image_size=(product.width, product.height),
            dpi=508,
            faults=confirmation.GROW,
        )
    chip = module.chip_serial()
    length = _template_length(module, parameters)
    return Dialect(
        family="zfm" if chip is None else "synochip",
        model=f"EF01 (classic, id {parameters.identifier:04X}h)" if chip is None else "EF01 (Synochip)",
        serial=chip or "",
        firmware="",
        template_bytes=length or _CLASSIC_TEMPLATE,
        measured=length is not None,
        buffers=2,
        combines_blindly=False,
        image_size=None,
        dpi=500,
        faults=confirmation.COMMON if chip is None else confirmation.SYNOCHIP,
    )


def _template_length(module: Module, parameters: SystemParameters) -> int | None:
    """How long a template of this module is; `None` when there is none to be had."""
    return _if_granted(lambda: len(module.upload_features(1))) or _if_granted(
        lambda: _stored_template_length(module, parameters)
    )


def _stored_template_length(module: Module, parameters: SystemParameters) -> int | None:
    for page in range(parameters.index_pages):
        for slot in sorted(module.read_index(page)):
            module.load(1, slot)
            return len(module.upload_features(1))
    return None


def _if_granted(measure: Callable[[], int | None]) -> int | None:
    try:
        return measure()
    except EF01Error as error:
        if error.fault is Fault.UNPLUGGED:
            raise
        return None
