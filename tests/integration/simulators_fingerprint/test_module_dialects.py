"""What the makes have in common, and what each says its own way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from simulators.fingerprint import (
    AS608,
    FPM10A,
    PROFILES,
    R307,
    R503,
    ZFM20,
    Digit,
    FaultKind,
    FingerBox,
    FingerprintModule,
    Led,
    Operation,
    Profile,
)
from simulators.fingerprint.cli import main
from tests.integration.simulators_fingerprint.ef01_host import Host

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.fingerprint import FingerImage


def fill(module: FingerprintModule, host: Host, finger: FingerImage, buffer: int) -> None:
    module.place(finger)
    assert host.ask(0x01) == b"\x00"
    assert host.ask(0x02, buffer) == b"\x00"


@pytest.mark.parametrize(
    ("profile", "code", "answer"),
    [
        (AS608, 0x35, b"\x00"),
        (AS608, 0x36, b"\x00"),
        (AS608, 0x40, b"\x19"),
        (R503, 0x40, b"\x00"),
        (R503, 0x36, b"\x00"),
        (R503, 0x35, b"\x01"),  # the light wants four parameters
        (R503, 0x53, b"\xfc"),
        (R307, 0x53, b"\x55"),
        (R307, 0x40, b"\x01"),
        (ZFM20, 0x50, b"\x00"),
        (ZFM20, 0x35, b"\x01"),
    ],
    ids=lambda value: value.name if isinstance(value, Profile) else None,
)
def test_codes_above_27h_mean_what_the_make_says(profile: Profile, code: int, answer: bytes) -> None:
    with FingerprintModule(profile, pace=math.inf) as module, Host(module) as host:
        assert host.ask(code) == answer


def test_an_fpm10a_says_nothing_to_what_it_does_not_know() -> None:
    with FingerprintModule(FPM10A, pace=math.inf) as module, Host(module) as host:
        host.send(0x35)
        assert module.wait_for(0x35, after=0).confirmation is None
        assert host.ask(0x1D) == b"\x00\x00\x00"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_parameters_and_lengths_of_each_make(profile: Profile, box: FingerBox) -> None:
    with FingerprintModule(profile, pace=math.inf) as module, Host(module) as host:
        answer = host.ask(0x0F)
        assert len(answer) == 17
        assert answer[3:5] == profile.system_id.to_bytes(2, "big")
        assert answer[5:7] == profile.capacity.to_bytes(2, "big")
        assert answer[7:] == bytes.fromhex("0003FFFFFFFF00020006")
        fill(module, host, box.finger("样例丁"), 1)
        assert host.ask(0x08, 1) == b"\x00"
        assert sum(len(piece) for piece in host.data()) == profile.template_length
        assert host.ask(0x0A) == b"\x00"
        assert sum(len(piece) for piece in host.data()) == profile.image_width * profile.image_height // 2
        assert host.ask(0x16) == b"\x00"
        assert sum(len(piece) for piece in host.data()) == 512


def test_the_status_register_tells_of_password_picture_and_match(box: FingerBox) -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x0F)[1:3] == b"\x00\x04"
        for buffer in (1, 2):
            fill(module, host, box.finger("样例丁", impression=buffer), buffer)
        assert host.ask(0x0F)[1:3] == b"\x00\x0c"
        assert host.ask(0x03)[0] == 0x00
        assert host.ask(0x0F)[1:3] == b"\x00\x0e"
        fill(module, host, box.finger("样例己"), 2)
        assert host.ask(0x03)[0] == 0x08
        assert host.ask(0x0F)[1:3] == b"\x00\x0c"


def test_slots_beyond_the_library_are_refused(box: FingerBox) -> None:
    with FingerprintModule(AS608, pace=math.inf) as module, Host(module) as host:
        fill(module, host, box.finger("样例丁"), 1)
        beyond = AS608.capacity.to_bytes(2, "big")
        assert host.ask(0x06, 1, *beyond) == b"\x0b"
        assert host.ask(0x07, 1, *beyond) == b"\x0b"
        assert host.ask(0x07, 1, 0, 0) == b"\x0c"  # within, but free
        assert host.ask(0x0C, *beyond, 0, 1) == b"\x0b"
        assert host.ask(0x0C, 0, 0, 0, 0) == b"\x0b"
        assert host.ask(0x04, 1, *beyond, 0, 1) == b"\x0b" + bytes(4)
        assert host.ask(0x1F, 4)[0] == 0x0B


def test_empty_buffers_have_nothing_to_give() -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x02, 1) == b"\x15"
        assert host.ask(0x03) == b"\x08\x00\x00"
        assert host.ask(0x04, 1, 0, 0, 0, 10) == b"\x09" + bytes(4)
        assert host.ask(0x05) == b"\x0a"
        assert host.ask(0x06, 1, 0, 0) == b"\x18"
        assert host.ask(0x08, 1) == b"\x0d"
        assert host.ask(0x0A) == b"\x0f"


def test_registers_and_parameters_are_checked() -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x0E, 7, 1) == b"\x1a"
        assert host.ask(0x0E, 4, 13) == b"\x1b"
        assert host.ask(0x0E, 5, 0) == b"\x1b"
        assert host.ask(0x0E, 4) == b"\x01"
        assert host.ask(0x01, 0) == b"\x01"
        assert host.ask(0x18, 16, *bytes(32)) == b"\x1c"
        assert host.ask(0x19, 16)[0] == 0x1C


def test_the_notepad_keeps_what_is_written() -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        page = bytes(range(32))
        assert host.ask(0x18, 15, *page) == b"\x00"
        assert host.ask(0x19, 15) == b"\x00" + page
        assert host.ask(0x19, 14) == b"\x00" + bytes(32)


def test_the_index_table_has_256_slots_a_page_and_the_lowest_bit_first(box: FingerBox) -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        fill(module, host, box.finger("样例丁"), 1)
        for slot in (0, 9, 256 + 255):
            assert host.ask(0x06, 1, slot >> 8, slot & 0xFF) == b"\x00"
        assert host.ask(0x1F, 0)[1:3] == b"\x01\x02"
        assert host.ask(0x1F, 1) == b"\x00" + bytes(31) + b"\x80"
        assert host.ask(0x1D) == b"\x00\x00\x03"
        assert host.ask(0x0C, 0, 0, 0, 10) == b"\x00"
        assert module.snapshot().used_slots == (511,)


def test_a_search_keeps_to_its_range(box: FingerBox) -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        for buffer in (1, 2):
            fill(module, host, box.finger("样例丙", impression=buffer), buffer)
        host.enrol(20)
        fill(module, host, box.finger("样例丙", impression=3), 1)
        for code in (0x04, 0x1B):
            assert host.ask(code, 1, 0, 0, 0, 20)[0] == 0x09
            found = host.ask(code, 1, 0, 20, 0, 1)
            assert found[:3] == b"\x00\x00\x14"
            assert int.from_bytes(found[3:], "big") > 80


def test_the_security_level_sets_what_counts_as_a_match(box: FingerBox) -> None:
    """Worn impressions that level 1 takes for one finger and level 5 does not; never the other way round."""
    with FingerprintModule(R503, pace=math.inf) as module, Host(module) as host:
        fill(module, host, box.finger("样例戊", Digit.RIGHT_INDEX), 1)
        taken = []
        for impression in range(1, 10):
            fill(module, host, box.finger("样例戊", Digit.RIGHT_INDEX, impression), 2)
            confirmations = []
            for level in (1, 5):
                assert host.ask(0x0E, 5, level) == b"\x00"
                confirmations.append(host.ask(0x03)[0])
            taken.append(confirmations)
        assert [0x00, 0x08] in taken
        assert [0x08, 0x00] not in taken


def test_an_r503_merges_six_impressions_and_tells_what_it_is(box: FingerBox) -> None:
    with FingerprintModule(R503, pace=math.inf) as module, Host(module) as host:
        for buffer in range(1, 7):
            fill(module, host, box.finger("样例丁", impression=buffer), buffer)
        host.enrol(199)
        fill(module, host, box.finger("样例丁", impression=9), 1)
        assert host.ask(0x1B, 1, 0, 0, 0, 200)[:3] == b"\x00\x00\xc7"
        product = host.ask(0x3C)
        assert len(product) == 47
        assert product[1:5] == b"R503"
        assert product[39:] == bytes.fromhex("00C000C0060000C8")
        assert len(host.ask(0x39)) == len(host.ask(0x3A)) == 33
        module.fault(FaultKind.SENSOR_FAILURE)
        assert host.ask(0x36) == b"\x29"
        module.fault(FaultKind.SMUDGED_IMAGE)
        assert host.ask(0x28) == b"\x07"
        module.clear_fault()
        assert host.ask(0x28) == b"\x00"


def test_stale_characteristics_do_not_join_the_next_merge(box: FingerBox) -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        for person, slot in (("样例丁", 0), ("样例己", 1)):
            for buffer in (1, 2):
                fill(module, host, box.finger(person, impression=buffer), buffer)
            host.enrol(slot)
        assert host.ask(0x05) == b"\x0a"  # nothing new to merge


def test_lights() -> None:
    with FingerprintModule(ZFM20, pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x50) == b"\x00"
        assert module.snapshot().led == Led("on", "white")
        assert host.ask(0x51) == b"\x00"
        assert module.snapshot().led == Led()
    with FingerprintModule(AS608, pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x3C, 1, 2, 2, 0) == b"\x00"
        assert module.snapshot().led == Led("breathing", "green")
        assert host.ask(0x3C, 9, 2, 2, 0) == b"\x01"


def test_a_new_address_is_the_only_one_that_is_answered() -> None:
    for profile, first in ((R503, "0A0B0C0D"), (AS608, "FFFFFFFF")):
        with FingerprintModule(profile, pace=math.inf) as module, Host(module) as host:
            host.send(0x15, 0x0A, 0x0B, 0x0C, 0x0D)
            host.address = bytes.fromhex(first)
            assert host.receive() == (0x07, b"\x00")
            host.address = bytes.fromhex("FFFFFFFF")
            host.send(0x1D)
            host.address = bytes.fromhex("0A0B0C0D")
            assert host.ask(0x0F)[9:13] == host.address
            assert Operation.TEMPLATE_NUM not in [exchange.operation for exchange in module.exchanges]


def test_a_closed_port_hears_only_that_it_shall_open() -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x17, 0) == b"\x00"
        host.send(0x1D)
        assert module.wait_for(0x1D, after=0).confirmation is None
        assert host.ask(0x17, 1) == b"\x00"
        assert host.ask(0x1D) == b"\x00\x00\x00"


def test_a_damaged_template_leaves_the_buffer_empty(box: FingerBox) -> None:
    with FingerprintModule(R307, pace=math.inf) as module, Host(module) as host:
        fill(module, host, box.finger("样例丁"), 1)
        assert host.ask(0x09, 1) == b"\x00"
        host.port.write(host.packet(0x08, b"\x01" * 128))
        assert host.ask(0x08, 1) == b"\x0d"


def test_templates_outlive_the_power_and_a_new_module_has_none(box: FingerBox, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    with FingerprintModule(R307, flash=flash, pace=math.inf) as module, Host(module) as host:
        for buffer in (1, 2):
            fill(module, host, box.finger("样例丁", impression=buffer), buffer)
        host.enrol(7)
    with FingerprintModule(R307, flash=flash, pace=math.inf) as module, Host(module) as host:
        fill(module, host, box.finger("样例丁", impression=5), 1)
        assert host.ask(0x04, 1, 0, 0, 3, 0xE8)[:3] == b"\x00\x00\x07"
    with FingerprintModule(R307, flash=tmp_path / "another", pace=math.inf) as module, Host(module) as host:
        assert host.ask(0x1D) == b"\x00\x00\x00"


def test_the_command_line_runs_a_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = tmp_path / "module"
    lines = ["state", "place 样例甲/right_thumb 1", "fault no finger", "fault bogus", "state", "unplug", "mend"]
    lines += ["", "fingers", "lift", "nonsense", "place nobody/right_thumb", "quit", "state"]
    assert main(["--make", "R503", "--link", str(link), "--pace", "0"], lines) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{link}\nR503 plugged in at {link}, 57600 baud, 0/200 slots, finger None, fault None\n")
    assert "finger 样例甲/right_thumb/1, fault no finger" in said
    assert "no: 'bogus' is not a valid FaultKind" in said
    assert "样例己/left_little" in said
    assert "no resident 'nobody'" in said
    assert said.count("state   ") == 1
    assert not link.is_symlink()
