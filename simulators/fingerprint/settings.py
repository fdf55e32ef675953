"""Instructions on what the module remembers beside fingers: parameters, password, address, notepad."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulators.fingerprint.flash import NOTEPAD_PAGE_LENGTH, NOTEPAD_PAGES
from simulators.fingerprint.memory import OK, Confirmation, Reply, expect, number
from simulators.fingerprint.profiles import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.fingerprint.memory import Memory


def _change(memory: Memory, **values: int) -> Reply:
    if memory.flash_broken:
        return Reply(Confirmation.FLASH_ERROR)
    try:
        memory.flash.set_parameters(**values)
    except ValueError:
        return Reply(Confirmation.BAD_REGISTER_VALUE)
    return OK


def _set_parameter(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 2)
    name = {4: "baud_code", 5: "security_level", 6: "packet_size_code"}.get(arguments[0])
    return Reply(Confirmation.BAD_REGISTER) if name is None else _change(memory, **{name: arguments[1]})


def _read_parameters(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    kept = memory.flash.parameters
    # Bit 1: the last match passed; bit 2: the password was verified; bit 3: the image buffer holds an image.
    status = memory.matched << 1 | (not memory.locked) << 2 | (memory.image is not None) << 3
    fields = (
        (status, 2),
        (memory.profile.system_id, 2),
        (memory.profile.capacity, 2),
        (kept.security_level, 2),
        (kept.address, 4),
        (kept.packet_size_code, 2),
        (kept.baud_code, 2),
    )
    return Reply(Confirmation.OK, b"".join(value.to_bytes(length, "big") for value, length in fields))


def _set_password(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 4)
    return _change(memory, password=number(arguments))


def _verify_password(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 4)
    if number(arguments) != memory.flash.parameters.password:
        return Reply(Confirmation.WRONG_PASSWORD)
    memory.locked = False
    return OK


def _set_address(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 4)
    return _change(memory, address=number(arguments))


def _random_number(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.OK, memory.random.randbytes(4))


def _information_page(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.OK, data=memory.flash.information_page())


def _port_control(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1)
    memory.port_open = arguments[0] != 0
    return OK


def _write_notepad(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1 + NOTEPAD_PAGE_LENGTH)
    if arguments[0] >= NOTEPAD_PAGES:
        return Reply(Confirmation.BAD_NOTEPAD_PAGE)
    if memory.flash_broken:
        return Reply(Confirmation.FLASH_ERROR)
    memory.flash.write_notepad(arguments[0], arguments[1:])
    return OK


def _read_notepad(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1)
    if arguments[0] >= NOTEPAD_PAGES:
        return Reply(Confirmation.BAD_NOTEPAD_PAGE, bytes(NOTEPAD_PAGE_LENGTH))
    return Reply(Confirmation.OK, memory.flash.read_notepad(arguments[0]))


def _soft_reset(_: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.OK, resets=True)


HANDLERS: Mapping[Operation, Callable[[Memory, bytes], Reply]] = MappingProxyType(
    {
        Operation.SET_SYS_PARA: _set_parameter,
        Operation.READ_SYS_PARA: _read_parameters,
        Operation.SET_PWD: _set_password,
        Operation.VFY_PWD: _verify_password,
        Operation.SET_ADDRESS: _set_address,
        Operation.GET_RANDOM: _random_number,
        Operation.READ_INF_PAGE: _information_page,
        Operation.PORT_CONTROL: _port_control,
        Operation.WRITE_NOTEPAD: _write_notepad,
        Operation.READ_NOTEPAD: _read_notepad,
        Operation.SOFT_RESET: _soft_reset,
    }
)
"""What carries out each of these operations."""
