"""Every instruction of the family, each with its answer, on a simulated module."""

import math
from collections.abc import Iterator

import pytest

from drivers.contracts.errors import Fault
from drivers.fingerprint.ef01 import images, speed
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.link import Link, open_port
from drivers.fingerprint.ef01.module import Module
from simulators.fingerprint import R307, FingerBox, FingerprintModule, Operation

FINGER = FingerBox().finger("样例甲")
DEMANDED = {
    Operation.GEN_IMG, Operation.IMG_2_TZ, Operation.MATCH, Operation.SEARCH, Operation.REG_MODEL, Operation.STORE,
    Operation.LOAD_CHAR, Operation.UP_CHAR, Operation.DOWN_CHAR, Operation.UP_IMAGE, Operation.DOWN_IMAGE,
    Operation.DELETE_CHAR, Operation.EMPTY, Operation.SET_SYS_PARA, Operation.READ_SYS_PARA, Operation.SET_PWD,
    Operation.VFY_PWD, Operation.GET_RANDOM, Operation.READ_INF_PAGE, Operation.WRITE_NOTEPAD, Operation.READ_NOTEPAD,
    Operation.HI_SPEED_SEARCH, Operation.TEMPLATE_NUM, Operation.READ_INDEX,
}  # fmt: skip


@pytest.fixture
def simulated() -> Iterator[FingerprintModule]:
    with FingerprintModule(R307, pace=math.inf) as plugged:
        yield plugged


@pytest.fixture
def module(simulated: FingerprintModule) -> Iterator[Module]:
    link = Link(open_port(simulated.path, 57_600))
    opened = Module(link)
    speed.find(link, opened)
    opened.read_parameters()
    yield opened
    link.close()


def test_every_instruction_does_what_it_says(simulated: FingerprintModule, module: Module) -> None:
    assert module.take_image() is False
    simulated.place(FINGER)
    assert module.take_image() is True
    module.extract(1)
    module.extract(2)
    assert (module.match() or 0) > 0
    module.combine()
    template = module.upload_features(1)
    assert len(template) == 768
    module.store(1, 5)
    assert module.count_templates() == 1
    assert module.read_index(0) == {5}
    module.load(2, 5)
    assert module.upload_features(2) == template
    module.download_features(1, template)
    assert module.upload_features(1) == template
    assert (found := module.search(1, 0, 1000)) is not None
    assert found.slot == 5
    assert (found := module.search_fast(1, 0, 1000)) is not None
    assert found.slot == 5
    assert module.search(1, 6, 900) is None
    module.delete(5)
    assert module.search(1, 0, 1000) is None
    module.store(1, 7)
    module.empty()
    assert module.count_templates() == 0
    assert module.random_number() != module.random_number()
    assert len(module.read_information_page()) == 512
    page = bytes(range(32))
    module.write_notepad(3, page)
    assert module.read_notepad(3) == page
    module.set_password(4711)
    module.verify_password()
    module.set_baud(115_200)
    module.link.set_baud(115_200)
    assert module.read_parameters().baud == 115_200
    module.take_image()
    image = module.upload_image()
    module.download_image(image)
    assert module.upload_image() == image
    assert {exchange.operation for exchange in simulated.exchanges} >= DEMANDED


def test_the_image_is_the_finger_s(simulated: FingerprintModule, module: Module) -> None:
    simulated.place(FINGER)
    module.take_image()
    seen = images.unpack(module.upload_image(), None, 500)
    lying = FINGER.picture.tobytes()
    assert (seen.height, seen.width) == FINGER.picture.shape
    assert max(abs(mine - its) for mine, its in zip(seen.pixels, lying, strict=True)) <= 16


def test_a_password_that_was_set_is_wanted_from_then_on(simulated: FingerprintModule, module: Module) -> None:
    module.set_password(4711)
    stranger = Module(module.link)
    with pytest.raises(EF01Error) as raised:
        stranger.verify_password()
    assert raised.value.fault is Fault.ACCESS_DENIED
    module.verify_password()
