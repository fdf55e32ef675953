"""The reader on a module that answers what a test says: what simulated makes do not get wrong by themselves."""

import pytest

from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.fingerprint import Template
from drivers.fingerprint.ef01.codec import Packet, PacketKind, encode
from drivers.fingerprint.ef01.dialect import probe
from drivers.fingerprint.ef01.module import Module
from drivers.fingerprint.ef01.reader import EF01Reader
from tests.unit.drivers_fingerprint.ef01_wire import ADDRESS, PARAMETERS, READ_SYS_PARA, Wire, acknowledgement

MATCH, UP_CHAR, DELET_CHAR, EMPTY, READ_NOTEPAD, READ_INDEX, READ_PROD_INFO = 3, 8, 0x0C, 0x0D, 0x19, 0x1F, 0x3C
TEMPLATE = 256
PRODUCT = bytes(16) + b"0001SN123456\x01\x02FPC1021\0" + bytes.fromhex("00C0 00C0 0100 00C8")
ONE, OTHER = (Template(f"ef01/grow-{TEMPLATE}", bytes([number]) * TEMPLATE) for number in (1, 2))


def reader(answers: dict[int, bytes], *, uploads: int = TEMPLATE) -> EF01Reader:
    """A GROW module that says yes to everything but these instructions, and uploads templates of so many bytes."""

    def answer(payload: bytes) -> list[tuple[float, bytes]]:
        said = {READ_SYS_PARA: PARAMETERS, READ_PROD_INFO: b"\0" + PRODUCT, **answers}.get(payload[0], b"\0")
        template = encode(Packet(PacketKind.END_OF_DATA, bytes(uploads), ADDRESS))
        return [(0.01, acknowledgement(said)), *([(0.02, template)] if payload[0] == UP_CHAR else [])]

    module = Module(Wire(answer).link())
    parameters = module.read_parameters()
    return EF01Reader("fingerprint", module, parameters, probe(module, parameters))


def test_a_make_that_combines_any_fingers_is_asked_first_whether_they_are_one() -> None:
    with pytest.raises(DeviceError) as raised:
        reader({MATCH: b"\x08\0\0"}).merge([ONE, OTHER])
    assert raised.value.fault is Fault.IMPRESSIONS_DIFFER
    assert reader({MATCH: b"\0\0\x50"}).merge([ONE, ONE]).algorithm == ONE.algorithm


def test_a_template_of_another_length_than_the_make_s_is_a_bad_reply() -> None:
    with pytest.raises(DeviceError, match="255 bytes") as raised:
        reader({MATCH: b"\0\0\x50"}, uploads=TEMPLATE - 1).merge([ONE, ONE])
    assert raised.value.fault is Fault.BAD_REPLY


@pytest.mark.parametrize("declined", [b"\x10", b"\x0c", b"\x18"])
def test_a_make_that_declines_to_empty_an_empty_slot_is_content(declined: bytes) -> None:
    nothing_there = b"\0" + bytes(32)
    reader({DELET_CHAR: declined, READ_INDEX: nothing_there}).delete(7)
    with pytest.raises(DeviceError):  # another reason than that nothing is there
        reader({DELET_CHAR: b"\x13", READ_INDEX: nothing_there}).delete(7)
    something_there = b"\0\x80" + bytes(31)
    with pytest.raises(DeviceError):
        reader({DELET_CHAR: declined, READ_INDEX: something_there}).delete(7)


def test_erased_flash_is_an_empty_label() -> None:
    assert reader({READ_NOTEPAD: b"\0" + b"\xff" * 32}).read_label() == bytes(32)
    assert reader({READ_NOTEPAD: b"\0" + b"\x07" * 32}).read_label() == b"\x07" * 32


def test_codes_are_read_by_the_table_of_the_make_that_was_found() -> None:
    with pytest.raises(DeviceError, match="29h") as raised:
        reader({EMPTY: b"\x29"}).clear()
    assert raised.value.fault is Fault.SENSOR_FAILED
