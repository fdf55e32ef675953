"""Fingers that were never anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from simulators.fingerprint import RESIDENTS, Digit, FingerBox, FingerImage, SkinCondition
from simulators.fingerprint.features import extract
from simulators.fingerprint.impression import PICTURE_HEIGHT, PICTURE_WIDTH, impress
from simulators.fingerprint.orientation import Pattern
from simulators.fingerprint.synthesis import MasterFinger, grow

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def whorl() -> MasterFinger:
    return grow(7, Pattern.WHORL)


def ridge_period(finger: MasterFinger) -> float:
    """Pixels between ridges, from the strongest frequency."""
    spectrum = np.abs(np.fft.fft2(finger.ridges.astype(np.float32)))
    spectrum[0, 0] = 0
    row, column = np.unravel_index(int(np.argmax(spectrum)), spectrum.shape)
    rows, columns = (np.fft.fftfreq(length) for length in spectrum.shape)
    return float(1 / np.hypot(rows[row], columns[column]))


@pytest.mark.parametrize("pattern", Pattern)
def test_every_pattern_grows_ridges_of_an_adults_period_with_minutiae(pattern: Pattern) -> None:
    finger = grow(3, pattern)
    assert finger.pattern is pattern
    assert 7 < ridge_period(finger) < 12
    assert np.percentile(np.abs(finger.ridges), 50) > 80  # ridges and valleys, not fog
    assert len(extract(impress(finger, SkinCondition(0.1, 0.1), 3, 0))) >= 15


def test_the_same_seed_grows_the_same_finger_and_another_seed_another() -> None:
    first, again, other = grow(7), grow(7), grow(8)
    assert np.array_equal(first.ridges, again.ridges)
    assert not np.array_equal(first.ridges, other.ridges)


def test_impressions_are_repeatable_and_differ_from_each_other(whorl: MasterFinger) -> None:
    skin = SkinCondition(wear=0.5, dryness=0.3)
    first, again, other = (impress(whorl, skin, 7, number) for number in (0, 0, 1))
    assert first.shape == (PICTURE_HEIGHT, PICTURE_WIDTH)
    assert np.array_equal(first, again)
    assert np.mean(np.abs(first.astype(int) - other.astype(int))) > 15


def test_worn_and_dry_skin_shows_less_ridge(whorl: MasterFinger) -> None:
    def dark(skin: SkinCondition) -> float:
        return float(np.mean(impress(whorl, skin, 7, 0) < 120))

    assert dark(SkinCondition(0.0, 0.9)) < 0.8 * dark(SkinCondition(0.0, 0.0))
    assert dark(SkinCondition(0.0, 0.0)) < dark(SkinCondition(0.0, 0.0, moisture=0.8))
    worn, fresh = (extract(impress(whorl, SkinCondition(wear, 0.1), 7, 0)).quality.mean() for wear in (0.9, 0.0))
    assert worn < fresh


def test_skin_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="wear"):
        SkinCondition(wear=1.1)


def test_the_box_names_ten_fingers_a_resident_and_gives_each_its_own() -> None:
    box = FingerBox(RESIDENTS[:2])
    assert len(box.names) == 20
    thumb = box.finger(RESIDENTS[0].name, Digit.RIGHT_THUMB)
    assert np.array_equal(thumb.picture, box.take(f"{RESIDENTS[0].name}/right_thumb").picture)
    assert not np.array_equal(thumb.picture, box.finger(RESIDENTS[0].name, Digit.LEFT_THUMB).picture)
    for name in ("nobody/right_thumb", f"{RESIDENTS[0].name}/nose"):
        with pytest.raises(KeyError):
            box.take(name)


def test_grown_fingers_are_kept_in_a_folder(tmp_path: Path) -> None:
    first = FingerBox(RESIDENTS[:1], cache=tmp_path).finger(RESIDENTS[0].name)
    assert len(list(tmp_path.iterdir())) == 1
    again = FingerBox(RESIDENTS[:1], cache=tmp_path).finger(RESIDENTS[0].name)
    assert np.array_equal(first.picture, again.picture)


def test_a_folder_of_pictures_gives_fingers_too(tmp_path: Path) -> None:
    for number in (0, 1):
        cv2.imwrite(str(tmp_path / f"guest_left_{number}.png"), np.full((288, 256), 100 + number, np.uint8))
    box = FingerBox((), pictures=tmp_path)
    assert box.names == ("guest_left",)
    assert [int(box.take("guest_left", number).picture[0, 0]) for number in (0, 1, 2)] == [100, 101, 100]


def test_a_picture_of_another_name_or_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "guest_1.png").write_bytes(b"no picture")
    box = FingerBox((), pictures=tmp_path)
    with pytest.raises(ValueError, match=r"guest_1\.png"):
        box.take("guest")
    (tmp_path / "guest.png").write_bytes(b"")
    with pytest.raises(ValueError, match="FINGER_IMPRESSION"):
        FingerBox((), pictures=tmp_path)


def test_a_finger_is_a_grey_picture() -> None:
    with pytest.raises(ValueError, match="grey"):
        FingerImage("colour", np.zeros((100, 100, 3), np.uint8))
