"""Images as the modules send them: four bits a pixel, the left one in the high half of the byte, row by row."""

from types import MappingProxyType
from typing import Final

from drivers.contracts.fingerprint import GreyImage

#: Columns and rows by the number of bytes, for modules that do not tell: optical 256 x 288, R503 192 x 192.
SIZES: Final = MappingProxyType({36_864: (256, 288), 18_432: (192, 192)})

# A nibble is stretched to the whole range: 0 to 15 becomes 0 to 255.
_LEFT: Final = bytes((byte >> 4) * 17 for byte in range(256))
_RIGHT: Final = bytes((byte & 0x0F) * 17 for byte in range(256))


def unpack(data: bytes, size: tuple[int, int] | None, dpi: int) -> GreyImage:
    """Make an image of 8 bits a pixel of what a module sent.

    Args:
        data: two pixels a byte.
        size: columns and rows if the module told them; otherwise they follow from the number of bytes.
        dpi: the sensor's resolution.

    Raises:
        ValueError: when the bytes are no image of that size, or of no known one.
    """
    if size is None or size[0] * size[1] != 2 * len(data):
        size = SIZES.get(len(data))
    if size is None:
        raise ValueError(f"{len(data)} bytes are no image of a known size")
    pixels = bytearray(2 * len(data))
    pixels[0::2] = data.translate(_LEFT)
    pixels[1::2] = data.translate(_RIGHT)
    return GreyImage(size[0], size[1], bytes(pixels), dpi)
