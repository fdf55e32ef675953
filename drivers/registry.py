"""Driver names of the configuration and the adapters behind them, imported only when they are asked for.

A driver that nobody configured costs nothing, and one whose libraries are missing breaks nothing but itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from drivers.contracts.device import Device


@dataclass(frozen=True, slots=True)
class _Driver:
    """Where a driver's parts are, as `module:name`.

    Attributes:
        opener: the callable that takes `device` and the options as keyword arguments and returns the open device.
        options: the pydantic model of those options.
        matches: whether its devices compare fingers themselves (`MatchingReader`).
    """

    opener: str
    options: str
    matches: bool = False


_FAMILIES: Final[Mapping[str, Mapping[str, _Driver]]] = MappingProxyType(
    {
        "fingerprint": MappingProxyType(
            {
                "ef01": _Driver(
                    "drivers.fingerprint.ef01.reader:open_reader",
                    "drivers.fingerprint.ef01.options:EF01Options",
                    matches=True,
                ),
                "libfprint": _Driver(
                    "drivers.fingerprint.libfprint.reader:open_reader",
                    "drivers.fingerprint.libfprint.options:LibfprintOptions",
                ),
            }
        ),
        "receipt_printer": MappingProxyType(
            {"escpos": _Driver("drivers.printer:open_receipt_printer", "drivers.printer.options:ReceiptPrinterOptions")}
        ),
    }
)


_Entry = TypeVar("_Entry")


class UnknownDriverError(LookupError):
    """There is no such family of drivers, or no driver of that name in it; the message lists the known ones."""


def names(family: str) -> tuple[str, ...]:
    """The drivers of a family.

    Raises:
        UnknownDriverError: when there is no such family.
    """
    return tuple(_known(_FAMILIES, family, "family of drivers"))


def adapter(family: str, name: str) -> Callable[..., Device]:
    """What opens a device: called with `device`, the device's name, and the driver's options as keyword arguments.

    Raises:
        UnknownDriverError: when there is no such family or driver.
        ImportError: when a library that the driver needs is missing.
    """
    opener: Callable[..., Device] = _load(_driver(family, name).opener)
    return opener


def options(family: str, name: str) -> type[BaseModel]:
    """The model of a driver's options: what the configuration may say, checked without touching the device.

    Raises:
        UnknownDriverError: when there is no such family or driver.
        ImportError: when a library that the driver needs is missing.
    """
    model: type[BaseModel] = _load(_driver(family, name).options)
    return model


def matches(name: str) -> bool:
    """Whether a fingerprint driver's readers compare fingers themselves.

    Raises:
        UnknownDriverError: when there is no such driver.
    """
    return _driver("fingerprint", name).matches


def _driver(family: str, name: str) -> _Driver:
    return _known(_known(_FAMILIES, family, "family of drivers"), name, f"{family} driver")


def _known(table: Mapping[str, _Entry], name: str, what: str) -> _Entry:
    try:
        return table[name]
    except KeyError:
        raise UnknownDriverError(f"no {what} is called {name!r}; there is {', '.join(sorted(table))}") from None


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
