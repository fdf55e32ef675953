"""A USB reader without USB: libfprint's own virtual device, and the hand before it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from drivers import registry
from drivers.contracts.errors import DeviceError, Fault
from drivers.fingerprint.libfprint.reader import LibfprintReader
from simulators.libfprint import Hand


def open_virtual(socket: Path, **options: object) -> LibfprintReader:
    """Open libfprint's virtual reader of images, whose finger comes by `socket`."""
    options = {"driver": "virtual_image", "environment": {"FP_VIRTUAL_IMAGE": str(socket)}, **options}
    reader = registry.adapter("fingerprint", "libfprint")(**options)
    assert isinstance(reader, LibfprintReader)
    return reader


@cache
def missing() -> str:
    """Why libfprint cannot be used on this machine; empty when it can."""
    try:
        registry.adapter("fingerprint", "libfprint")(driver="none-of-this-name").close()
    except DeviceError as error:
        return error.detail if error.fault is Fault.UNSUPPORTED else ""
    return ""


@contextmanager
def virtual_reader(**options: object) -> Iterator[tuple[LibfprintReader, Hand]]:
    """An open virtual reader and the hand before it; without libfprint the test is skipped, except in CI."""
    if missing() and "CI" not in os.environ:
        pytest.skip(missing())
    with tempfile.TemporaryDirectory(prefix="kiosk-") as folder:  # short, because a socket's name may not be long
        socket = Path(folder) / "hand"
        reader, hand = open_virtual(socket, **options), Hand(socket)
        try:
            yield reader, hand
        finally:
            hand.close()
            reader.close()
