"""What a module's image bytes look like as a picture."""

import pytest

from drivers.fingerprint.ef01 import images


def test_the_left_pixel_is_in_the_high_half_of_the_byte() -> None:
    image = images.unpack(b"\x0f\xf0\x1e\x80", (4, 2), 508)
    assert (image.width, image.height, image.dpi) == (4, 2, 508)
    assert image.pixels == bytes([0, 255, 255, 0, 17, 238, 136, 0])


@pytest.mark.parametrize(("length", "size"), [(36_864, (256, 288)), (18_432, (192, 192))])
@pytest.mark.parametrize("told", [None, (160, 160)])
def test_the_size_follows_from_the_bytes_unless_it_was_told(
    length: int, size: tuple[int, int], told: tuple[int, int] | None
) -> None:
    image = images.unpack(bytes(length), told, 500)
    assert (image.width, image.height) == size


def test_a_cut_image_is_refused() -> None:
    with pytest.raises(ValueError, match="36736 bytes"):
        images.unpack(bytes(36_736), (256, 288), 500)
