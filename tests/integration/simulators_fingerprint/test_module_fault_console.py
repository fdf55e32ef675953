"""Every fault of the console as a host meets it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from simulators.fingerprint import (
    AS608,
    R307,
    R503,
    Fault,
    FaultKind,
    FingerBox,
    FingerprintModule,
    Operation,
    Profile,
)
from tests.integration.simulators_fingerprint.ef01_host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARAMETERS = 28
"""Bytes of the answer to ReadSysPara."""


@pytest.fixture
def module(box: FingerBox) -> Iterator[FingerprintModule]:
    with FingerprintModule(R307, pace=math.inf) as module:
        module.place(box.finger("样例乙"))
        yield module


@pytest.fixture
def host(module: FingerprintModule) -> Iterator[Host]:
    with Host(module) as host:
        yield host


@pytest.mark.parametrize(
    ("kind", "capture", "convert"),
    [
        (FaultKind.NO_FINGER, 0x02, 0x15),
        (FaultKind.SENSOR_FAILURE, 0x03, 0x15),
        (FaultKind.SMUDGED_IMAGE, 0x00, 0x06),
        (FaultKind.DRY_IMAGE, 0x00, 0x07),
    ],
)
def test_a_bad_capture_is_told_as_the_manual_says(kind: FaultKind, capture: int, convert: int, box: FingerBox) -> None:
    for person in ("样例甲", "样例丁", "样例戊"):
        with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
            module.place(box.finger(person))
            module.fault(kind)
            assert host.ask(0x01) == bytes([capture])
            assert host.ask(0x02, 1) == bytes([convert])
            module.clear_fault()
            assert host.ask(0x01) == b"\x00"
            assert host.ask(0x02, 1) == b"\x00"


def test_no_finger_before_one_and_after(module: FingerprintModule, host: Host, box: FingerBox) -> None:
    module.lift()
    assert host.ask(0x01) == b"\x02"
    module.place(box.finger("样例乙"))
    assert host.ask(0x01) == b"\x00"
    module.lift()
    assert host.ask(0x01) == b"\x02"


def test_a_broken_flash_refuses_to_write(module: FingerprintModule, host: Host) -> None:
    assert host.ask(0x01) == b"\x00"
    assert host.ask(0x02, 1) == b"\x00"
    assert host.ask(0x06, 1, 0, 0) == b"\x00"
    module.fault(FaultKind.FLASH_ERROR)
    assert host.ask(0x06, 1, 0, 1) == b"\x18"
    assert host.ask(0x07, 1, 0, 0) == b"\x0c"
    assert host.ask(0x0C, 0, 0, 0, 1) == b"\x10"
    assert host.ask(0x0D) == b"\x11"
    assert host.ask(0x0E, 5, 1) == b"\x18"
    assert host.ask(0x18, 0, *bytes(32)) == b"\x18"
    module.clear_fault()
    assert module.snapshot().used_slots == (0,)


@pytest.mark.parametrize(("profile", "full"), [(R307, 0x18), (AS608, 0x1F)])
def test_a_full_library_shows_every_slot_used(profile: Profile, full: int, box: FingerBox) -> None:
    with FingerprintModule(profile, pace=math.inf) as module, Host(module) as host:
        module.place(box.finger("样例乙"))
        assert host.ask(0x01) == b"\x00"
        assert host.ask(0x02, 1) == b"\x00"
        module.fault(FaultKind.STORAGE_FULL)
        assert host.ask(0x1D) == b"\x00" + profile.capacity.to_bytes(2, "big")
        assert host.ask(0x1F, 0) == b"\x00" + b"\xff" * 32
        assert host.ask(0x06, 1, 0, 0) == bytes([full])


def test_a_silent_module_did_what_it_was_told(module: FingerprintModule, host: Host) -> None:
    module.fault(Fault(FaultKind.SILENT, answers=1))
    host.send(0x0E, 5, 1)
    module.wait_for(Operation.SET_SYS_PARA, after=0)
    assert host.ask(0x0F)[7:9] == b"\x00\x01"


def test_garbage_before_an_answer_can_be_skipped(module: FingerprintModule, host: Host) -> None:
    module.fault(Fault(FaultKind.GARBAGE_BEFORE, answers=1))
    host.send(0x0F)
    received = host.port.read(PARAMETERS + 9)
    assert len(received) == PARAMETERS + 9
    assert received[-PARAMETERS:].startswith(b"\xef\x01")
    assert host.ask(0x1D) == b"\x00\x00\x00"


@pytest.mark.parametrize(
    ("fault", "length", "header"),
    [
        (Fault(FaultKind.GARBAGE_INSIDE, answers=1), PARAMETERS + 9, b"\xef\x01"),
        (Fault(FaultKind.BAD_CHECKSUM, answers=1), PARAMETERS, b"\xef\x01"),
        (Fault(FaultKind.WRONG_HEADER, answers=1), PARAMETERS, b"\xef\x02"),
        (Fault(FaultKind.HALF_PACKET, answers=1), PARAMETERS // 2, b"\xef\x01"),
        (Fault(FaultKind.HALF_PACKET, answers=1, after_bytes=10), 10, b"\xef\x01"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_spoiled_answer_is_followed_by_a_good_one(
    fault: Fault, length: int, header: bytes, module: FingerprintModule, host: Host
) -> None:
    good = host.ask(0x0F)
    module.fault(fault)
    host.send(0x0F)
    spoiled = host.port.read(length)
    assert len(spoiled) == length
    assert spoiled.startswith(header)
    assert spoiled != host.packet(0x07, good)
    assert host.ask(0x0F) == good


def test_a_slow_module_answers_after_its_delay(module: FingerprintModule, host: Host) -> None:
    module.fault(Fault(FaultKind.SLOW, delay=0.3, answers=1))
    host.port.timeout = 0.05
    host.send(0x1D)
    assert host.port.read(1) == b""
    host.port.timeout = 10
    assert host.receive() == (0x07, b"\x00\x00\x00")


def test_a_fault_may_concern_one_instruction_only(module: FingerprintModule, host: Host) -> None:
    module.fault(Fault(FaultKind.SILENT, instruction=0x02))
    assert host.ask(0x01) == b"\x00"
    host.send(0x02, 1)
    assert module.wait_for(Operation.IMG_2_TZ, after=0).confirmation == 0
    assert host.port.in_waiting == 0
    assert host.ask(0x1D) == b"\x00\x00\x00"


def test_waiting_ends_with_what_the_module_saw(module: FingerprintModule, host: Host) -> None:
    assert host.ask(0x1D) == b"\x00\x00\x00"
    assert module.wait_for(0x1D, after=0).number == 1
    with pytest.raises(TimeoutError, match="TEMPLATE_NUM"):
        module.wait_for(Operation.SEARCH, after=0, timeout=0.01)
    with pytest.raises(TimeoutError):
        module.wait_until_unplugged(timeout=0.01)


def test_the_snapshot_is_what_a_console_shows(box: FingerBox, tmp_path: Path) -> None:
    with FingerprintModule(R503, link=tmp_path / "module", pace=math.inf) as module, Host(module) as host:
        empty = module.snapshot()
        assert (empty.make, empty.path, empty.plugged) == ("R503", str(tmp_path / "module"), True)
        assert (empty.finger, empty.preview, empty.fault, empty.last_exchange) == (None, None, None, None)
        module.place(box.finger("样例乙", impression=2))
        module.fault(FaultKind.SLOW)
        module.clear_fault()
        module.fault(FaultKind.NO_FINGER)
        assert host.ask(0x01) == b"\x02"
        module.wait_for(0x01, after=0)
        shown = module.snapshot()
        assert shown.finger == "样例乙/right_thumb/2"
        assert shown.fault is FaultKind.NO_FINGER
        assert shown.preview is not None
        assert shown.preview.startswith(b"\x89PNG")
        assert shown.last_exchange is not None
        assert (shown.last_exchange.operation, shown.last_exchange.confirmation) == (Operation.GEN_IMG, 2)
        assert (shown.used_slots, shown.capacity, shown.baud) == ((), 200, 57600)
