"""An EF01 reader on a line that fails: every failure has its name, and the next command works."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest
from drivers.fingerprint.ef01.link import Link, open_port
from drivers.fingerprint.ef01.module import Module
from drivers.fingerprint.ef01.reader import EF01Reader, open_reader
from simulators.fingerprint import R307, R503, FaultKind, FingerBox, FingerprintModule, Operation
from simulators.fingerprint import Fault as ModuleFault

FINGERS = FingerBox()
VFY_PWD, GEN_IMG, UP_IMAGE, UP_CHAR, READ_INDEX, TEMPLATE_NUM = 0x13, 0x01, 0x0A, 0x08, 0x1F, 0x1D
IMAGE_BYTES = 36_864


@pytest.fixture
def module() -> Iterator[FingerprintModule]:
    with FingerprintModule(R307, pace=math.inf) as plugged:
        yield plugged


@pytest.fixture
def reader(module: FingerprintModule) -> Iterator[EF01Reader]:
    opened = open_reader(port=module.path)
    yield opened
    opened.close()


def quiet(event: CaptureEvent) -> None:
    """A listener that nothing is told."""


def request(*, with_image: bool = False, cancel: Event | None = None) -> CaptureRequest:
    return CaptureRequest(Deadline.after(10), cancel or Event(), with_image=with_image)


def fault_of(call: Callable[[], object]) -> Fault:
    with pytest.raises(DeviceError) as raised:
        call()
    return raised.value.fault


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        (FaultKind.SILENT, Fault.SILENT),
        (FaultKind.BAD_CHECKSUM, Fault.BAD_CHECKSUM),
        (FaultKind.WRONG_HEADER, Fault.BAD_HEADER),
        (FaultKind.HALF_PACKET, Fault.TRUNCATED),
    ],
)
def test_a_spoilt_answer_is_named_and_the_next_command_works(
    module: FingerprintModule, reader: EF01Reader, spoilt: FaultKind, named: Fault
) -> None:
    module.fault(ModuleFault(spoilt, answers=1, instruction=VFY_PWD))
    assert fault_of(reader.condition) is named
    assert reader.condition().faults == frozenset()


def test_garbage_before_an_answer_does_no_harm(module: FingerprintModule, reader: EF01Reader) -> None:
    module.fault(FaultKind.GARBAGE_BEFORE)
    assert reader.condition().faults == frozenset()
    assert reader.occupied() == frozenset()


def test_a_late_answer_is_not_taken_for_that_of_the_next_command(module: FingerprintModule, reader: EF01Reader) -> None:
    module.place(FINGERS.finger("样例甲"))
    features = reader.capture(request(), quiet).features
    assert features is not None
    reader.store(3, features)
    # The answer to VfyPwd comes after the driver has given up; a bare 00h would pass for a good DeletChar.
    module.fault(ModuleFault(FaultKind.SLOW, answers=1, delay=2.0, instruction=VFY_PWD))
    assert fault_of(reader.condition) is Fault.SILENT
    assert reader.occupied() == {3}
    found = reader.search(features)
    assert found is not None
    assert found.slot == 3


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        (ModuleFault(FaultKind.HALF_PACKET, answers=1, instruction=UP_IMAGE), Fault.TRUNCATED),
        (ModuleFault(FaultKind.HALF_PACKET, answers=1, instruction=UP_IMAGE, after_bytes=12), Fault.TRUNCATED),
        (ModuleFault(FaultKind.BAD_CHECKSUM, answers=1, instruction=UP_IMAGE, after_bytes=20_000), Fault.BAD_CHECKSUM),
        (ModuleFault(FaultKind.SILENT, answers=1, instruction=UP_IMAGE), Fault.SILENT),
        (ModuleFault(FaultKind.GARBAGE_INSIDE, answers=1, instruction=UP_IMAGE), Fault.BAD_CHECKSUM),
    ],
)
def test_a_spoilt_image_is_named_and_the_next_one_comes(
    module: FingerprintModule, reader: EF01Reader, spoilt: ModuleFault, named: Fault
) -> None:
    module.place(FINGERS.finger("样例甲"))
    module.fault(spoilt)
    assert fault_of(lambda: reader.capture(request(with_image=True), quiet)) is named
    image = reader.capture(request(with_image=True), quiet).image
    assert image is not None
    assert (image.width, image.height) == (256, 288)


def test_a_module_unplugged_in_mid_image_is_named_and_works_when_it_is_back(
    module: FingerprintModule, reader: EF01Reader
) -> None:
    module.place(FINGERS.finger("样例甲"))
    module.fault(ModuleFault(FaultKind.UNPLUGGED, after_bytes=IMAGE_BYTES // 2))
    assert fault_of(lambda: reader.capture(request(with_image=True), quiet)) is Fault.UNPLUGGED
    assert fault_of(reader.condition) is Fault.UNPLUGGED
    reader.close()
    module.clear_fault()
    again = open_reader(port=module.path)
    assert again.capture(request(), quiet).features is not None
    again.close()


def test_a_capture_cancelled_in_mid_image_leaves_a_reader_that_works() -> None:
    with FingerprintModule(R307, pace=4.0) as module:
        reader = open_reader(port=module.path)
        module.place(FINGERS.finger("样例甲"))
        cancel = Event()

        def cancel_at_the_end(event: CaptureEvent) -> None:
            if event is CaptureEvent.DONE:
                cancel.set()

        named = fault_of(lambda: reader.capture(request(with_image=True, cancel=cancel), cancel_at_the_end))
        assert named is Fault.CANCELLED
        assert reader.occupied() == frozenset()
        reader.close()


@pytest.mark.parametrize(
    ("broken", "named"),
    [(FaultKind.FLASH_ERROR, Fault.STORAGE_FAILED), (FaultKind.STORAGE_FULL, Fault.STORAGE_FAILED)],
)
def test_the_module_s_own_failures_are_named(
    module: FingerprintModule, reader: EF01Reader, broken: FaultKind, named: Fault
) -> None:
    module.place(FINGERS.finger("样例甲"))
    features = reader.capture(request(), quiet).features
    assert features is not None
    module.fault(broken)
    assert fault_of(lambda: reader.store(0, features)) is named


def test_the_port_belongs_to_one_program(module: FingerprintModule, reader: EF01Reader) -> None:
    assert reader.condition().faults == frozenset()
    assert fault_of(lambda: open_reader(port=module.path)) is Fault.BUSY


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert fault_of(lambda: open_reader(port=str(tmp_path / "no-such-port"))) is Fault.NOT_FOUND


def test_a_silent_port_is_named(module: FingerprintModule) -> None:
    module.fault(FaultKind.SILENT)
    assert fault_of(lambda: open_reader(port=module.path)) is Fault.SILENT


def test_a_wrong_password_is_told_from_a_wrong_speed(module: FingerprintModule) -> None:
    assert fault_of(lambda: open_reader(port=module.path, password=4711)) is Fault.ACCESS_DENIED


def test_the_speed_is_raised_and_found_again(module: FingerprintModule) -> None:
    first = open_reader(port=module.path, raise_baud=False)
    assert first.info.facts["baud"] == "57600"
    first.close()
    second = open_reader(port=module.path)
    assert second.info.facts["baud"] == "115200"
    second.close()
    assert module.baud == 115_200
    third = open_reader(port=module.path, baud=115_200)
    assert third.condition().faults == frozenset()
    third.close()


def test_a_module_powered_anew_tells_the_length_of_its_templates_by_its_library(tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    with FingerprintModule(R307, flash=flash, pace=math.inf) as new:
        reader = open_reader(port=new.path)
        assert "template_bytes" not in reader.info.facts
        new.place(FINGERS.finger("样例甲"))
        features = reader.capture(request(), quiet).features
        assert features is not None
        assert reader.info.facts["template_bytes"] == "768"
        reader.store(300, features)
        reader.close()
    with FingerprintModule(R307, flash=flash, pace=math.inf) as again:
        reader = open_reader(port=again.path)
        assert reader.info.facts["template_bytes"] == "768"
        assert reader.algorithm == features.algorithm
        reader.close()


@pytest.mark.parametrize("baud", [9_600, 19_200, 38_400, 115_200])
def test_a_module_is_found_at_the_speed_that_it_was_left_at(module: FingerprintModule, baud: int) -> None:
    link = Link(open_port(module.path, 57_600))
    client = Module(link)
    client.verify_password()
    client.set_baud(baud)
    link.close()
    left = open_reader(port=module.path, raise_baud=False)
    assert left.info.facts["baud"] == str(baud)
    left.close()
    raised = open_reader(port=module.path)
    assert raised.info.facts["baud"] == "115200"
    raised.close()


@pytest.mark.parametrize("profile", [R307, R503])
def test_no_instruction_of_another_make_is_carried_out(profile: Any) -> None:
    with FingerprintModule(profile, pace=math.inf) as module:
        open_reader(port=module.path).close()
        done = {exchange.operation for exchange in module.exchanges}
        assert done.isdisjoint({Operation.AURA_LED, Operation.SOFT_RESET, Operation.EMPTY, Operation.SET_ADDRESS})


def test_a_template_that_lies_in_the_buffer_is_not_sent_again(module: FingerprintModule, reader: EF01Reader) -> None:
    module.place(FINGERS.finger("样例甲"))
    features = reader.capture(request(), quiet).features
    assert features is not None
    before = len(module.exchanges)
    reader.search(features)
    assert Operation.DOWN_CHAR not in {exchange.operation for exchange in module.exchanges[before:]}
