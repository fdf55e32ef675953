"""The bytes that are kept of an impression.

All numbers are big-endian.

    offset  size  meaning
    0       4     "VKFP"
    4       1     version: 1
    5       1     1 when a ridge pattern follows the minutiae, otherwise 0
    6       2     resolution of all coordinates in dpi: 500
    8       2     n, number of minutiae, 4 to 255
    10      2     rows of the finger's area in blocks of 8 pixels, 0 without a pattern
    12      2     columns
    14      8 n   minutiae: x and y in eighths of a pixel, direction in 65536ths of a turn, kind, quality in 255ths
                  (2 + 2 + 2 + 1 + 1 bytes)
            a     the area, a bit a block, row by row, filled up to whole bytes
            2 b   of each of the b blocks of the area, its 4 x 4 samples: 1 in a valley, 0 on a ridge
    end-4   4     CRC-32 of all before

The checksum guards against damage; against forgery templates are kept encrypted and authenticated by the store.
"""

import struct
import zlib
from typing import Final

import numpy as np

from services.biometrics.host.faults import TemplateError, TemplateFault
from services.biometrics.host.imaging import BLOCK
from services.biometrics.host.impression import Impression, Pattern
from services.biometrics.host.minutiae import BIFURCATION, DPI, MAX_EXTENT, MAX_MINUTIAE, MIN_MINUTIAE, Minutiae
from services.biometrics.host.ridges import STEP

ALGORITHM: Final = "host/1"
"""Names these templates; whatever changes what they mean changes it."""

_MAGIC: Final = b"VKFP"
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">4sBBHHHH")
_CHECKSUM: Final = struct.Struct(">I")
_MINUTIA: Final = np.dtype([("x", ">u2"), ("y", ">u2"), ("turn", ">u2"), ("kind", "u1"), ("quality", "u1")])
_EIGHTHS: Final = 8
_TURN: Final = 65536
_MAX_SIDE: Final = int(MAX_EXTENT) // BLOCK
_CELL: Final = BLOCK // STEP
_BITS: Final = _CELL * _CELL
_MAX_BLOCKS: Final = 6000  # 960 mm2, more than the largest finger laid flat


def encode(impression: Impression) -> bytes:
    """Turn an impression into bytes.

    Raises:
        TemplateError: `TOO_FEW_MINUTIAE`, or `OUT_OF_RANGE` for a pattern larger than a finger.
    """
    minutiae, pattern = impression.minutiae, impression.pattern
    if len(minutiae) < MIN_MINUTIAE:
        raise TemplateError(TemplateFault.TOO_FEW_MINUTIAE, f"{len(minutiae)}, at least {MIN_MINUTIAE}")
    rows, columns = (0, 0) if pattern is None else pattern.area.shape
    if max(rows, columns) > _MAX_SIDE or (pattern is not None and np.count_nonzero(pattern.area) > _MAX_BLOCKS):
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"a pattern of {rows} x {columns} blocks")
    head = _HEAD.pack(_MAGIC, _VERSION, pattern is not None, DPI, len(minutiae), rows, columns)
    body = head + _packed(minutiae) + (b"" if pattern is None else _packed_pattern(pattern))
    return body + _CHECKSUM.pack(zlib.crc32(body))


def decode(data: bytes) -> Impression:
    """Read an impression back; what is wrong with the bytes is found before anything is made of them.

    Raises:
        TemplateError: names what is wrong.
    """
    if len(data) < _HEAD.size + _CHECKSUM.size:
        raise TemplateError(TemplateFault.TRUNCATED, f"{len(data)} bytes")
    magic, version, has_pattern, dpi, count, rows, columns = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise TemplateError(TemplateFault.NOT_A_TEMPLATE, "other bytes than a template begins with")
    if version != _VERSION or has_pattern > 1:
        raise TemplateError(TemplateFault.UNKNOWN_VERSION, f"version {version}, form {has_pattern}")
    _check_bounds(dpi, count, rows, columns)
    area_size = -(-rows * columns // 8)
    start = _HEAD.size + count * _MINUTIA.itemsize
    least = start + area_size + _CHECKSUM.size
    if len(data) < least:
        raise TemplateError(TemplateFault.TRUNCATED, f"{len(data)} bytes, at least {least}")
    body = data[: -_CHECKSUM.size]
    if _CHECKSUM.unpack_from(data, len(body))[0] != zlib.crc32(body):
        raise TemplateError(TemplateFault.DAMAGED, "the checksum does not hold")
    minutiae = _unpacked(body[_HEAD.size : start])
    if not has_pattern:
        if len(body) != start:
            raise TemplateError(TemplateFault.TRUNCATED, f"{len(body) - start} bytes too many")
        return Impression(minutiae)
    return Impression(minutiae, _unpacked_pattern(body[start:], rows, columns))


def _check_bounds(dpi: int, count: int, rows: int, columns: int) -> None:
    if dpi != DPI:
        raise TemplateError(TemplateFault.BAD_RESOLUTION, f"{dpi} dpi, not {DPI}")
    if count > MAX_MINUTIAE:
        raise TemplateError(TemplateFault.TOO_MANY_MINUTIAE, f"{count}, at most {MAX_MINUTIAE}")
    if count < MIN_MINUTIAE:
        raise TemplateError(TemplateFault.TOO_FEW_MINUTIAE, f"{count}, at least {MIN_MINUTIAE}")
    if max(rows, columns) > _MAX_SIDE:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"a pattern of {rows} x {columns} blocks")


def _packed(minutiae: Minutiae) -> bytes:
    record = np.zeros(len(minutiae), _MINUTIA)
    record["x"], record["y"] = np.rint(minutiae.xy.T * _EIGHTHS)
    record["turn"] = np.rint(minutiae.direction.astype(np.float64) * (_TURN / (2 * np.pi))).astype(np.int64) % _TURN
    record["kind"] = minutiae.kind
    record["quality"] = np.rint(minutiae.quality.clip(0, 1) * 255)
    return record.tobytes()


def _unpacked(data: bytes) -> Minutiae:
    record = np.frombuffer(data, _MINUTIA)
    if record["kind"].max(initial=0) > BIFURCATION:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, "a kind of minutia that there is none of")
    return Minutiae(
        xy=np.stack([record["x"], record["y"]], axis=1).astype(np.float32) / np.float32(_EIGHTHS),
        direction=record["turn"].astype(np.float32) * np.float32(2 * np.pi / _TURN),
        kind=record["kind"].copy(),
        quality=record["quality"].astype(np.float32) / np.float32(255),
    )


def _packed_pattern(pattern: Pattern) -> bytes:
    rows, columns = pattern.area.shape
    blocks = pattern.valley.reshape(rows, _CELL, columns, _CELL).swapaxes(1, 2)[pattern.area]
    return np.packbits(pattern.area).tobytes() + np.packbits(blocks.reshape(-1, _BITS), axis=1).tobytes()


def _unpacked_pattern(data: bytes, rows: int, columns: int) -> Pattern:
    size = -(-rows * columns // 8)
    area = np.unpackbits(np.frombuffer(data[:size], np.uint8), count=rows * columns).astype(bool).reshape(rows, columns)
    count = int(np.count_nonzero(area))
    if count > _MAX_BLOCKS or rows * columns == 0:
        raise TemplateError(TemplateFault.OUT_OF_RANGE, f"an area of {count} blocks")
    if len(data) != size + count * _BITS // 8:
        raise TemplateError(TemplateFault.TRUNCATED, f"{len(data) - size} bytes for {count} blocks")
    bits = np.unpackbits(np.frombuffer(data[size:], np.uint8)).astype(bool)
    blocks = np.zeros((rows, columns, _CELL, _CELL), bool)
    blocks[area] = bits.reshape(count, _CELL, _CELL)
    return Pattern(blocks.swapaxes(1, 2).reshape(rows * _CELL, columns * _CELL), area)
