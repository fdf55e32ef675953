"""PyPI's pyfingerprint, written for the ZFM-20, goes through everything it can do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from pyfingerprint.pyfingerprint import PyFingerprint

from simulators.fingerprint import AS608, R307, ZFM20, FingerBox, FingerprintModule, Profile

if TYPE_CHECKING:
    from pathlib import Path

PERSON, OTHER = "样例甲", "样例丙"


@pytest.mark.parametrize("profile", [AS608, ZFM20, R307], ids=lambda profile: profile.name)
def test_the_whole_flow(profile: Profile, box: FingerBox, tmp_path: Path) -> None:
    with FingerprintModule(profile, link=tmp_path / "module", pace=math.inf) as module:
        host = PyFingerprint(module.path, 57600, 0xFFFFFFFF, 0)
        assert host.verifyPassword()

        assert host.getStorageCapacity() == profile.capacity
        assert host.getSecurityLevel() == 3
        assert host.getMaxPacketSize() == 128
        assert host.getBaudRate() == 57600
        host.setSecurityLevel(4)
        host.setMaxPacketSize(64)
        assert (host.getSecurityLevel(), host.getMaxPacketSize()) == (4, 64)

        # enrolment
        assert host.readImage() is False
        for buffer in (1, 2):
            module.place(box.finger(PERSON, impression=buffer))
            assert host.readImage()
            assert host.convertImage(buffer)
        assert host.compareCharacteristics() > 80
        assert host.createTemplate()
        assert host.storeTemplate(5) == 5
        assert host.getTemplateCount() == 1
        assert [slot for slot, used in enumerate(host.getTemplateIndex(0)) if used] == [5]

        # the picture of the finger on the window
        host.downloadImage(str(tmp_path / "finger.png"))
        with Image.open(tmp_path / "finger.png") as picture:
            assert np.array_equal(np.asarray(picture), (box.finger(PERSON, impression=2).picture >> 4) * 17)

        # search
        module.place(box.finger(PERSON, impression=3))
        assert host.readImage()
        assert host.convertImage(1)
        slot, score = host.searchTemplate()
        assert slot == 5
        assert score > 80
        module.place(box.finger(OTHER))
        assert host.readImage()
        assert host.convertImage(1)
        assert host.searchTemplate() == (-1, -1)

        # one to one: what is on the window against what is stored
        assert host.loadTemplate(5, 2)
        assert host.compareCharacteristics() == 0
        module.place(box.finger(PERSON, impression=3))
        assert host.readImage()
        assert host.convertImage(1)
        assert host.compareCharacteristics() > 80

        # a template out of the module and into another slot
        template = host.downloadCharacteristics(2)
        assert len(template) == profile.template_length
        assert host.uploadCharacteristics(1, template)
        assert host.storeTemplate(6) == 6
        assert host.getTemplateCount() == 2
        assert host.searchTemplate()[0] in (5, 6)

        assert host.generateRandomNumber() != host.generateRandomNumber()
        assert host.deleteTemplate(5)
        assert host.getTemplateCount() == 1
        assert host.clearDatabase()
        assert host.getTemplateCount() == 0


def test_a_free_slot_is_found_in_the_index_table(box: FingerBox, tmp_path: Path) -> None:
    with FingerprintModule(AS608, link=tmp_path / "module", pace=math.inf) as module:
        host = PyFingerprint(module.path)
        module.place(box.finger(PERSON))
        assert host.readImage()
        assert host.convertImage(1)
        assert [host.storeTemplate() for _ in range(3)] == [0, 1, 2]
        assert module.snapshot().used_slots == (0, 1, 2)


def test_password_address_and_speed_stay_changed(tmp_path: Path) -> None:
    with FingerprintModule(R307, link=tmp_path / "module", flash=tmp_path / "flash", pace=math.inf) as module:
        host = PyFingerprint(module.path)
        assert host.setPassword(0x01020304)
        assert host.setAddress(0x0A0B0C0D)
        host.setBaudRate(115200)
        assert module.baud == 115200
    with FingerprintModule(R307, link=tmp_path / "module", flash=tmp_path / "flash", pace=math.inf) as module:
        host = PyFingerprint(module.path, 115200, 0x0A0B0C0D, 0)
        assert host.verifyPassword() is False
        with pytest.raises(Exception, match="0x21"):
            host.readImage()
        host = PyFingerprint(module.path, 115200, 0x0A0B0C0D, 0x01020304)
        assert host.verifyPassword()
        assert host.getSystemParameters()[4:] == (0x0A0B0C0D, 2, 12)
        assert host.readImage() is False


def test_two_fingers_do_not_merge(box: FingerBox, tmp_path: Path) -> None:
    with FingerprintModule(R307, link=tmp_path / "module", pace=math.inf) as module:
        host = PyFingerprint(module.path)
        for buffer, person in ((1, PERSON), (2, OTHER)):
            module.place(box.finger(person))
            assert host.readImage()
            assert host.convertImage(buffer)
        assert host.createTemplate() is False
