"""The bytes of a template: the minutiae of one or more impressions, in the length the make uses.

The makes keep their format to themselves; only the length and the fact that a template joins several characteristic
files are known. This format is the simulator's own. A template is ``views`` blocks of ``view_length`` bytes, empty
ones all zero. A block is ``magic 2 | count 1 | sum 1`` and then four bytes a minutia, packed from the high bit:
x 9, y 9, direction 8 (256ths of a turn), ending or bifurcation 1, quality 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.fingerprint.profiles import Profile

_MAGIC = b"\x03\x03"
_HEAD = 4
_MINUTIA = 4
_DIRECTIONS = 256
_QUALITIES = 31


class TemplateError(ValueError):
    """Bytes that are no template of this make."""


@dataclass(frozen=True, eq=False)
class Minutiae:
    """The minutiae of one impression, best first; all arrays have the same length.

    Positions are pixels at 500 dpi from the top left corner, directions radians, counted from x towards y, pointing
    along the ridge that ends (or along the valley that ends, at a bifurcation), qualities 0 to 1.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    direction: npt.NDArray[np.float32]
    bifurcation: npt.NDArray[np.bool_]
    quality: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.x)

    def best(self, count: int) -> Minutiae:
        """The ``count`` best ones."""
        return Minutiae(
            self.x[:count], self.y[:count], self.direction[:count], self.bifurcation[:count], self.quality[:count]
        )


@dataclass(frozen=True, eq=False)
class Template:
    """Some impressions of one finger and their bytes."""

    views: tuple[Minutiae, ...]
    encoded: bytes

    @classmethod
    def of(cls, profile: Profile, views: Sequence[Minutiae]) -> Self:
        """The template of ``views``; those beyond what the make can hold are left out.

        The views are read back from the bytes, so that a stored template matches as the fresh one does.
        """
        kept = views[: profile.views]
        blocks = [_encode_view(view, profile.view_length) for view in kept]
        return cls.decode(profile, b"".join(blocks).ljust(profile.template_length, b"\0"))

    @classmethod
    def decode(cls, profile: Profile, data: bytes) -> Self:
        """The template in ``data``.

        Raises:
            TemplateError: The length is not the make's, or the content is damaged.
        """
        if len(data) != profile.template_length:
            raise TemplateError(f"a template has {profile.template_length} bytes, not {len(data)}")
        size = profile.view_length
        blocks = [data[start : start + size] for start in range(0, profile.views * size, size)]
        views = tuple(_decode_view(block) for block in blocks if any(block))
        if not views:
            raise TemplateError("a template without minutiae")
        return cls(views, data)


def _encode_view(view: Minutiae, length: int) -> bytes:
    view = view.best((length - _HEAD) // _MINUTIA)
    x = np.clip(np.round(view.x), 0, 511).astype(np.uint32)
    y = np.clip(np.round(view.y), 0, 511).astype(np.uint32)
    turns = np.round(view.direction / (2 * np.pi) * _DIRECTIONS).astype(np.int64) % _DIRECTIONS
    quality = np.clip(np.round(view.quality * _QUALITIES), 0, _QUALITIES).astype(np.uint32)
    words = x << 23 | y << 14 | turns.astype(np.uint32) << 6 | view.bifurcation.astype(np.uint32) << 5 | quality
    body = words.astype(">u4").tobytes()
    head = _MAGIC + bytes([len(view), sum(body) & 0xFF])
    return (head + body).ljust(length, b"\0")


def _decode_view(block: bytes) -> Minutiae:
    count = block[2]
    body = block[_HEAD : _HEAD + count * _MINUTIA]
    if block[:2] != _MAGIC or len(body) != count * _MINUTIA or sum(body) & 0xFF != block[3]:
        raise TemplateError("damaged characteristics")
    words = np.frombuffer(body, dtype=">u4").astype(np.uint32)
    turns = (words >> 6 & 0xFF).astype(np.float32)
    return Minutiae(
        x=(words >> 23).astype(np.float32),
        y=(words >> 14 & 0x1FF).astype(np.float32),
        direction=turns * np.float32(2 * np.pi / _DIRECTIONS),
        bifurcation=(words >> 5 & 1).astype(np.bool_),
        quality=(words & 0x1F).astype(np.float32) / np.float32(_QUALITIES),
    )
