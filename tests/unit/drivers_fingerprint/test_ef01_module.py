"""What a module's answers mean: codes, retries, passwords, and which make it is."""

import pytest

from drivers.contracts.errors import Fault
from drivers.fingerprint.ef01 import confirmation, speed
from drivers.fingerprint.ef01.dialect import Dialect, probe
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.module import Module
from tests.unit.drivers_fingerprint.ef01_wire import PARAMETERS, READ_SYS_PARA, Wire, acknowledgement

GEN_IMG, UP_CHAR, SET_SYS_PARA, VFY_PWD, TEMPLATE_NUM, GET_CHIP_SN, READ_PROD_INFO = (
    0x01,
    0x08,
    0x0E,
    0x13,
    0x1D,
    0x34,
    0x3C,
)
PRODUCT = (
    b"R503".ljust(16, b"\0") + b"0001" + b"SN123456" + b"\x01\x02" + b"FPC1021\0" + bytes.fromhex("00C0 00C0 0600 00C8")
)


def module(answers: dict[int, list[bytes]], password: int = 0) -> tuple[Module, Wire]:
    """A module that gives these answers to an instruction one after the other, the last one for ever."""

    def answer(payload: bytes) -> list[tuple[float, bytes]]:
        if payload[0] == READ_SYS_PARA:
            return [(0.01, acknowledgement(PARAMETERS))]
        given = answers.get(payload[0], [b"\x01"])
        said = given.pop(0) if len(given) > 1 else given[0]
        return [(0.01, acknowledgement(said))] if said else []

    wire = Wire(answer)
    return Module(wire.link(), password), wire


def dialect_of(answers: dict[int, list[bytes]]) -> Dialect:
    found, _ = module({UP_CHAR: [b"\x0d"], **answers})
    return probe(found, found.read_parameters())


@pytest.mark.parametrize("code", sorted(confirmation.COMMON))
def test_every_code_of_the_family_has_its_fault_on_every_make(code: int) -> None:
    for of_make in (confirmation.COMMON, confirmation.GROW, confirmation.SYNOCHIP):
        assert confirmation.fault_of(code, of_make) is confirmation.COMMON[code]


@pytest.mark.parametrize(
    ("code", "grow", "synochip", "unknown"),
    [
        (0x22, Fault.BAD_SLOT, Fault.REFUSED, Fault.REFUSED),
        (0x24, Fault.BAD_SLOT, Fault.BAD_SLOT, Fault.REFUSED),
        (0x28, Fault.REFUSED, Fault.BAD_TEMPLATE, Fault.REFUSED),
        (0x29, Fault.SENSOR_FAILED, Fault.REFUSED, Fault.REFUSED),
        (0x33, Fault.REFUSED, Fault.SENSOR_FAILED, Fault.REFUSED),
        (0xFD, Fault.SENSOR_FAILED, Fault.REFUSED, Fault.REFUSED),
    ],
)
def test_a_code_above_21h_means_what_the_make_says(code: int, grow: Fault, synochip: Fault, unknown: Fault) -> None:
    assert confirmation.fault_of(code, confirmation.GROW) is grow
    assert confirmation.fault_of(code, confirmation.SYNOCHIP) is synochip
    assert confirmation.fault_of(code) is unknown


def test_the_code_is_read_through_the_table_of_the_make_that_was_found() -> None:
    found, _ = module({GEN_IMG: [b"\x29"]})
    with pytest.raises(EF01Error, match="29h") as raised:
        found.take_image()
    assert raised.value.fault is Fault.REFUSED
    found.faults_of_make = confirmation.GROW
    with pytest.raises(EF01Error) as raised:
        found.take_image()
    assert raised.value.fault is Fault.SENSOR_FAILED


def test_a_command_that_was_not_received_is_sent_once_more() -> None:
    found, wire = module({TEMPLATE_NUM: [b"\x01", b"\0\0\x05"]})
    assert found.count_templates() == 5
    assert [command[0] for command in wire.commands].count(TEMPLATE_NUM) == 2


def test_one_that_is_never_received_is_given_up() -> None:
    found, wire = module({TEMPLATE_NUM: [b"\x01"]})
    with pytest.raises(EF01Error) as raised:
        found.count_templates()
    assert raised.value.fault is Fault.BAD_CHECKSUM
    assert [command[0] for command in wire.commands].count(TEMPLATE_NUM) == 2


def test_a_module_that_was_powered_anew_is_shown_its_password() -> None:
    found, wire = module({TEMPLATE_NUM: [b"\x21", b"\0\0\x05"], VFY_PWD: [b"\0"]}, password=0x01020304)
    assert found.count_templates() == 5
    assert bytes([VFY_PWD, 1, 2, 3, 4]) in wire.commands


def test_a_password_that_it_does_not_take_is_access_denied() -> None:
    found, _ = module({TEMPLATE_NUM: [b"\x21"], VFY_PWD: [b"\x13"]})
    with pytest.raises(EF01Error) as raised:
        found.count_templates()
    assert raised.value.fault is Fault.ACCESS_DENIED


def test_an_answer_of_another_length_is_another_one_s() -> None:
    found, wire = module({TEMPLATE_NUM: [b"\0", b"\0\0\x05"]})
    with pytest.raises(EF01Error) as raised:
        found.count_templates()
    assert raised.value.fault is Fault.BAD_REPLY
    assert found.count_templates() == 5
    assert bytes([READ_SYS_PARA]) in wire.commands  # the link was in doubt and settled first


def test_a_grow_module_describes_itself() -> None:
    grow = dialect_of({READ_PROD_INFO: [b"\0" + PRODUCT]})
    assert (grow.family, grow.model, grow.serial, grow.firmware) == ("grow", "R503", "SN123456", "1.2")
    assert (grow.algorithm, grow.image_size, grow.buffers) == ("ef01/grow-1536", (192, 192), 6)
    assert grow.faults is confirmation.GROW


def test_a_synochip_module_tells_its_chip_s_number() -> None:
    synochip = dialect_of({READ_PROD_INFO: [b"\x1b"], GET_CHIP_SN: [b"\0" + bytes(range(32))]})
    assert (synochip.family, synochip.serial) == ("synochip", bytes(range(32)).hex())
    assert synochip.faults is confirmation.SYNOCHIP


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {READ_PROD_INFO: [b""], GET_CHIP_SN: [b""]},
        {READ_PROD_INFO: [b"\0"], GET_CHIP_SN: [b"\0"]},
        {READ_PROD_INFO: [b"\0" + PRODUCT[:-1]], GET_CHIP_SN: [b"\0" + bytes(31)]},
        {READ_PROD_INFO: [b"\0" + bytes(46)], GET_CHIP_SN: [b"\xfc"]},
        {READ_PROD_INFO: [b"\0\xff" + PRODUCT[1:]]},
    ],
    ids=["not understood", "silence", "bare consent", "other lengths", "zeros", "no text"],
)
def test_any_other_answer_to_the_two_questions_says_nothing(answers: dict[int, list[bytes]]) -> None:
    classic = dialect_of(answers)
    assert (classic.family, classic.buffers) == ("zfm", 2)
    assert classic.faults is confirmation.COMMON


def test_only_two_questions_above_27h_are_asked() -> None:
    found, wire = module({UP_CHAR: [b"\x0d"]})
    probe(found, found.read_parameters())
    # An unknown instruction is asked twice, for it could have been damaged on the way.
    asked = {command for command in wire.commands if command[0] > 0x27}
    assert asked <= {bytes([READ_PROD_INFO]), bytes([GET_CHIP_SN, 0])}


def at_speeds(*takes: int) -> tuple[Module, Wire]:
    """A module of 57,600 bit/s that may be set to these speeds, and declines any other."""
    baud = 57_600

    def answer(payload: bytes) -> list[tuple[float, bytes]]:
        nonlocal baud
        if wire.baudrate != baud:
            return [(0.01, b"\xf8\x00\xfe")]  # what a port makes of another speed
        if payload[:2] == bytes([SET_SYS_PARA, 4]):
            wished = payload[2] * 9_600
            if wished not in takes:
                return [(0.01, acknowledgement(b"\x1b"))]
            baud = wished
            return []  # its answer comes at the new speed already
        return [(0.01, acknowledgement(PARAMETERS if payload[0] == READ_SYS_PARA else b"\0"))]

    wire = Wire(answer)
    return Module(wire.link()), wire


@pytest.mark.parametrize(("takes", "ends_at"), [((115_200,), 115_200), ((), 57_600)])
def test_the_speed_is_raised_where_the_module_allows_it(takes: tuple[int, ...], ends_at: int) -> None:
    found, wire = at_speeds(*takes)
    speed.find(found.link, found)
    speed.raise_to_fastest(found.link, found)
    assert wire.baudrate == ends_at
    found.verify_password()


@pytest.mark.parametrize(
    ("coming", "named"), [([], Fault.SILENT), ([(0.01, b"\x55\xaa")], Fault.BAD_HEADER)], ids=["nothing", "noise"]
)
def test_a_port_without_a_module_is_silent_and_one_with_something_else_is_not(
    coming: list[tuple[float, bytes]], named: Fault
) -> None:
    link = Wire(lambda payload: coming).link()
    with pytest.raises(EF01Error) as raised:
        speed.find(link, Module(link))
    assert raised.value.fault is named


def test_a_wrong_password_is_shown_once_and_not_at_every_speed() -> None:
    found, wire = module({VFY_PWD: [b"\x13"]})
    with pytest.raises(EF01Error) as raised:
        speed.find(found.link, found)
    assert raised.value.fault is Fault.ACCESS_DENIED
    assert [command[0] for command in wire.commands].count(VFY_PWD) == 1
