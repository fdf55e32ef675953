"""From an instruction code to what it does, as far as the make, the password and the port let it.

Meanings, parameters and confirmation codes follow the instruction sets in the manuals named in ``profiles``. Nothing
here knows of the line, of packets or of threads.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulators.fingerprint import extras, imaging, library, settings
from simulators.fingerprint.memory import BadArgumentsError, Confirmation, Memory, Reply
from simulators.fingerprint.profiles import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HANDLERS: Mapping[Operation, Callable[[Memory, bytes], Reply]] = MappingProxyType(
    {**imaging.HANDLERS, **library.HANDLERS, **settings.HANDLERS, **extras.HANDLERS}
)
_EXPOSING = frozenset({Operation.GEN_IMG, Operation.GET_IMAGE_EX, Operation.GET_IMAGE_FREE})


def exposure(memory: Memory, code: int) -> float:
    """Seconds the make's sensor needs for the instruction."""
    return memory.profile.capture_time if memory.profile.operation(code) in _EXPOSING else 0.0


def execute(memory: Memory, code: int, arguments: bytes) -> Reply | None:
    """Carry out instruction ``code`` with its parameters; None when the module has nothing to say."""
    operation = memory.profile.operation(code)
    if not memory.port_open and operation is not Operation.PORT_CONTROL:
        return None
    if operation is None:
        unknown = memory.profile.unknown_instruction
        return None if unknown is None else Reply(unknown)
    if memory.locked and operation is not Operation.VFY_PWD:
        return Reply(Confirmation.PASSWORD_NEEDED)
    try:
        return _HANDLERS[operation](memory, arguments)
    except BadArgumentsError:
        return Reply(Confirmation.PACKET_ERROR)
