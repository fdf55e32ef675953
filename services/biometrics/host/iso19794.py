"""Finger minutiae records of ISO/IEC 19794-2, to exchange templates with other makers' systems.

Read and written are the record formats of 2005 (version " 20") and of 2011 (version "030"), with one or more finger
views. Extended data (ridge counts, cores and deltas, makers' own) is skipped on reading and not written. A record
holds minutiae alone: fingers that come in by one have no ridge pattern and are compared by their minutiae.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from services.biometrics.host.faults import TemplateError, TemplateFault
from services.biometrics.host.minutiae import BIFURCATION, DPI, ENDING, MAX_EXTENT, MAX_MINUTIAE, OTHER, Minutiae

MAX_VIEWS: Final = 16
"""Impressions of one record that are read; a finger is enrolled by three."""

_MAGIC: Final = b"FMR\0"
_CM_PER_INCH: Final = 2.54
_PIXELS_PER_CM: Final = 197  # 500 dpi
_RESOLUTIONS: Final = (79, 472)  # pixels a cm that ridges can be read at: 200 to 1200 dpi
_TURN: Final = 256
_CERTIFICATE: Final = 3
_QUALITY_BLOCK: Final = 5
_UNREPORTED: Final = (0, 254, 255)  # qualities that say that there is none
_ASSUMED: Final = 0.6


class Version(StrEnum):
    """The edition of the standard."""

    Y2005 = " 20\0"
    Y2011 = "030\0"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One impression of a record.

    Attributes:
        minutiae: at 500 dpi, whatever the record's resolution.
        width: of the image in pixels at 500 dpi.
        height: the same.
        position: the finger, 1 right thumb to 10 left little finger, 0 unknown.
        quality: of the impression, 0 to 100.
    """

    minutiae: Minutiae
    width: int
    height: int
    position: int = 0
    quality: int = 0


class _Reader:
    """Takes numbers from bytes, and says so when there are none left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise TemplateError(TemplateFault.TRUNCATED, f"{size} bytes expected at {self._at}, {self.left} there")
        self._at += size
        return self._data[self._at - size : self._at]

    def numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack(f">{form}", self.take(struct.calcsize(f">{form}")))


def read(record: bytes) -> tuple[View, ...]:
    """Read all impressions of a record.

    Raises:
        TemplateError: names what is wrong with it.
    """
    reader = _Reader(record)
    if reader.take(4) != _MAGIC:
        raise TemplateError(TemplateFault.NOT_A_TEMPLATE, "not a finger minutiae record")
    version = reader.take(4)
    (length,) = reader.numbers("I")
    if length != len(record):
        raise TemplateError(TemplateFault.TRUNCATED, f"{len(record)} bytes, {length} by its own count")
    if version == Version.Y2005.encode():
        views = _read_2005(reader)
    elif version == Version.Y2011.encode():
        views = _read_2011(reader)
    else:
        raise TemplateError(TemplateFault.UNKNOWN_VERSION, f"version {version!r}")
    if reader.left:
        raise TemplateError(TemplateFault.TRUNCATED, f"{reader.left} bytes after the last view")
    return views


def write(views: Sequence[View], version: Version = Version.Y2011) -> bytes:
    """Write a record.

    Args:
        views: the impressions, at least one.
        version: which edition's format.

    Raises:
        TemplateError: `OUT_OF_RANGE` for a number of views that no record holds.
    """
    if not 1 <= len(views) <= MAX_VIEWS:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"{len(views)} views, 1 to {MAX_VIEWS}")
    body = _written_2005(views) if version is Version.Y2005 else _written_2011(views)
    return _MAGIC + version.encode() + struct.pack(">I", len(body) + 12) + body


def _read_2005(reader: _Reader) -> tuple[View, ...]:
    _, width, height, across, down, count, _ = reader.numbers("HHHHHBB")
    _check_views(count)
    scale = _scale(across, down)
    views = []
    for _ in range(count):
        position, _, quality, minutiae = reader.numbers("BBBB")
        found = _minutiae(reader, minutiae, 6, scale)
        reader.take(reader.numbers("H")[0])
        views.append(View(found, _scaled(width, scale[0]), _scaled(height, scale[1]), position, quality))
    return tuple(views)


def _read_2011(reader: _Reader) -> tuple[View, ...]:
    count, certified = reader.numbers("HB")
    _check_views(count)
    if certified > 1:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"certification flag {certified}")
    return tuple(_read_representation(reader, certified=bool(certified)) for _ in range(count))


def _read_representation(outer: _Reader, *, certified: bool) -> View:
    (length,) = outer.numbers("I")
    if length < 4:
        raise TemplateError(TemplateFault.TRUNCATED, f"a view of {length} bytes")
    reader = _Reader(outer.take(length - 4))
    reader.take(9 + 1 + 2 + 2)  # when, with what technology, by which maker's which device
    (qualities,) = reader.numbers("B")
    blocks = reader.take(qualities * _QUALITY_BLOCK)
    if certified:
        reader.take(reader.numbers("B")[0] * _CERTIFICATE)
    position, _, across, down, _, width, height, form, count = reader.numbers("BBHHBHHBB")
    scale = _scale(across, down)
    size = form >> 4
    if size not in (5, 6):
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"minutiae of {size} bytes")
    found = _minutiae(reader, count, size, scale)
    reader.take(reader.numbers("H")[0])
    if reader.left:
        raise TemplateError(TemplateFault.TRUNCATED, f"{reader.left} bytes after a view's data")
    quality = blocks[0] if blocks and blocks[0] <= 100 else 0
    return View(found, _scaled(width, scale[0]), _scaled(height, scale[1]), position, quality)


def _check_views(count: int) -> None:
    if not 1 <= count <= MAX_VIEWS:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"{count} views, 1 to {MAX_VIEWS}")


def _scale(across: int, down: int) -> tuple[float, float]:
    low, high = _RESOLUTIONS
    if not (low <= across <= high and low <= down <= high):
        raise TemplateError(TemplateFault.BAD_RESOLUTION, f"{across} x {down} pixels a cm, {low} to {high}")
    # Makers round 500 dpi to 196 or 197 pixels a cm; neither is meant to stretch the finger.
    near = abs(across - _PIXELS_PER_CM) <= 1 and abs(down - _PIXELS_PER_CM) <= 1
    return (1.0, 1.0) if near else (DPI / _CM_PER_INCH / across, DPI / _CM_PER_INCH / down)


def _scaled(length: int, scale: float) -> int:
    return round(length * scale)


def _minutiae(reader: _Reader, count: int, size: int, scale: tuple[float, float]) -> Minutiae:
    rows = np.frombuffer(reader.take(count * size), np.uint8).reshape(count, size).astype(np.int32)
    kind = rows[:, 0] >> 6
    xy = np.stack([(rows[:, 0] & 0x3F) << 8 | rows[:, 1], (rows[:, 2] & 0x3F) << 8 | rows[:, 3]], axis=1) * scale
    if xy.max(initial=0) > MAX_EXTENT:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, "a minutia outside any finger")
    quality = rows[:, 5] if size == 6 else np.zeros(count)
    stated = ~np.isin(quality, _UNREPORTED)
    return Minutiae(
        xy=xy.astype(np.float32),
        direction=(rows[:, 4] * (2 * np.pi / _TURN)).astype(np.float32),
        kind=np.where(kind == 1, ENDING, np.where(kind == 2, BIFURCATION, OTHER)).astype(np.uint8),
        quality=np.where(stated, (quality / 100).clip(0, 1), _ASSUMED).astype(np.float32),
    )


def _written_2005(views: Sequence[View]) -> bytes:
    width, height = max(view.width for view in views), max(view.height for view in views)
    head = struct.pack(">HHHHHBB", 0, width, height, _PIXELS_PER_CM, _PIXELS_PER_CM, len(views), 0)
    return head + b"".join(
        struct.pack(">BBBB", view.position, number << 4, view.quality, len(view.minutiae))
        + _written(view.minutiae)
        + struct.pack(">H", 0)
        for number, view in enumerate(views)
    )


def _written_2011(views: Sequence[View]) -> bytes:
    return struct.pack(">HB", len(views), 0) + b"".join(
        _written_representation(number, view) for number, view in enumerate(views)
    )


def _written_representation(number: int, view: View) -> bytes:
    unknown = b"\xff" * 9 + b"\0" * 5  # when, with what technology, by which maker's which device
    quality = struct.pack(">BBHH", 1, view.quality, 0, 0)
    place = (view.position, number, _PIXELS_PER_CM, _PIXELS_PER_CM, 0, view.width, view.height)
    form = 6 << 4
    head = unknown + quality + struct.pack(">BBHHBHHBB", *place, form, len(view.minutiae))
    body = head + _written(view.minutiae) + struct.pack(">H", 0)
    return struct.pack(">I", len(body) + 4) + body


def _written(minutiae: Minutiae) -> bytes:
    count = min(len(minutiae), MAX_MINUTIAE)
    x, y = np.rint(minutiae.xy[:count].T).astype(np.int32)
    turn = np.rint(minutiae.direction[:count].astype(np.float64) * (_TURN / (2 * np.pi))).astype(np.int64) % _TURN
    kind = minutiae.kind[:count].astype(np.int32)
    quality = np.rint(minutiae.quality[:count].clip(0.01, 1) * 100)
    rows = np.stack([kind << 6 | x >> 8, x & 0xFF, y >> 8, y & 0xFF, turn, quality], axis=1)
    return rows.astype(np.uint8).tobytes()
