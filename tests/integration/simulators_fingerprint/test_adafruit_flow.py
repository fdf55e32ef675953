"""PyPI's adafruit-circuitpython-fingerprint goes through everything it can do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import adafruit_fingerprint
import pytest
import serial

from simulators.fingerprint import AS608, R307, R503, FingerBox, FingerprintModule, Led, Operation, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = adafruit_fingerprint.OK
PERSON, OTHER = "样例乙", "样例己"


@pytest.fixture(params=[AS608, R307, R503], ids=lambda profile: profile.name)
def profile(request: pytest.FixtureRequest) -> Profile:
    return request.param  # type: ignore[no-any-return] # pytest does not type its parameters


@pytest.fixture
def module(profile: Profile, tmp_path: Path) -> Iterator[FingerprintModule]:
    with FingerprintModule(profile, link=tmp_path / "module", pace=math.inf) as module:
        yield module


@pytest.fixture
def port(module: FingerprintModule) -> Iterator[serial.Serial]:
    with serial.Serial(module.path, 57600, timeout=10) as port:
        yield port


def test_the_whole_flow(
    module: FingerprintModule, profile: Profile, port: serial.Serial, box: FingerBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adafruit_fingerprint.time, "sleep", lambda _: None)  # after every change of a parameter
    host = adafruit_fingerprint.Adafruit_Fingerprint(port)
    assert host.library_size == profile.capacity
    assert host.device_address == b"\xff\xff\xff\xff"
    assert host.system_id == profile.system_id
    assert (host.security_level, host.data_packet_size, host.baudrate) == (3, 2, 6)

    # enrolment
    assert host.get_image() == adafruit_fingerprint.NOFINGER
    for slot in (1, 2):
        module.place(box.finger(PERSON, impression=slot))
        assert host.get_image() == OK
        assert host.image_2_tz(slot) == OK
    assert host.compare_templates() == OK
    assert host.confidence[0] > 80
    assert host.create_model() == OK
    assert host.store_model(profile.capacity) == adafruit_fingerprint.BADLOCATION
    assert host.store_model(17) == OK
    assert host.count_templates() == OK
    assert host.template_count == 1
    assert host.read_templates() == OK
    assert host.templates == [17]

    # search, both ways
    for search in (host.finger_search, host.finger_fast_search):
        module.place(box.finger(PERSON, impression=3))
        assert host.get_image() == OK
        assert host.image_2_tz(1) == OK
        assert search() == OK
        assert host.finger_id == 17
        assert host.confidence > 80
        module.place(box.finger(OTHER))
        assert host.get_image() == OK
        assert host.image_2_tz(1) == OK
        assert search() == adafruit_fingerprint.NOTFOUND

    # template and picture out of the module and back
    assert host.load_model(17, 1) == OK
    template = host.get_fpdata("char", 1)
    assert len(template) == profile.template_length
    assert host.empty_library() == OK
    assert host.send_fpdata(template, "char", 2)
    assert host.store_model(3, 2) == OK
    assert host.load_model(3, 1) == OK
    assert host.get_fpdata("char", 1) == template
    module.place(box.finger(PERSON, impression=1))
    assert host.get_image() == OK
    picture = host.get_fpdata("image")
    assert len(picture) == profile.image_width * profile.image_height // 2
    module.place(box.finger(OTHER))
    assert host.get_image() == OK
    assert host.send_fpdata(picture, "image")
    assert host.image_2_tz(2) == OK
    assert host.compare_templates() == OK

    assert host.delete_model(3) == OK
    assert host.load_model(3, 1) == adafruit_fingerprint.DBRANGEFAIL
    for number, value in ((5, 5), (6, 3), (4, 12)):
        assert host.set_sysparam(number, value) == OK
    port.baudrate = 115200
    assert host.read_sysparam() == OK
    assert (host.security_level, host.data_packet_size, host.baudrate) == (5, 3, 12)


@pytest.mark.parametrize("profile", [R503], indirect=True, ids=["R503"])
def test_the_ring_of_light_and_the_reset_of_an_r503(module: FingerprintModule, port: serial.Serial) -> None:
    host = adafruit_fingerprint.Adafruit_Fingerprint(port)
    assert host.set_led(color=3, mode=1, speed=0x40, cycles=5) == OK
    assert module.snapshot().led == Led("breathing", "purple", 0x40, 5)
    host.soft_reset()
    module.wait_for(Operation.SOFT_RESET, after=0)
    assert module.snapshot().led == Led()
    assert host.read_sysparam() == OK


@pytest.mark.parametrize("profile", [R307], indirect=True, ids=["R307"])
def test_the_echo_of_an_r307(module: FingerprintModule, port: serial.Serial) -> None:
    host = adafruit_fingerprint.Adafruit_Fingerprint(port)
    assert host.check_module()
    # What lights an R503 is unknown here.
    assert host.set_led() == adafruit_fingerprint.PACKETRECIEVEERR


def test_a_wrong_password_is_not_let_in(module: FingerprintModule, port: serial.Serial) -> None:
    with pytest.raises(RuntimeError, match="Failed to find sensor"):
        adafruit_fingerprint.Adafruit_Fingerprint(port, (1, 2, 3, 4))
