"""Instructions only some makes have: lights, handshakes, versions."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulators.fingerprint.memory import OK, Confirmation, Led, Reply, expect
from simulators.fingerprint.profiles import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.fingerprint.memory import Memory


_AURA_MODES = {1: "breathing", 2: "flashing", 3: "on", 4: "off", 5: "fading in", 6: "fading out"}
_AURA_COLOURS = {1: "red", 2: "blue", 3: "purple", 4: "green", 5: "yellow", 6: "cyan", 7: "white"}
_RING_COLOURS = {0: "none", 1: "blue", 2: "green", 3: "cyan", 4: "red", 5: "purple", 6: "yellow", 7: "white"}


def _aura_led(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 4)
    mode, speed, colour, cycles = arguments
    if mode not in _AURA_MODES or colour not in _AURA_COLOURS:
        return Reply(Confirmation.PACKET_ERROR)
    memory.led = Led(_AURA_MODES[mode], _AURA_COLOURS[colour], speed, cycles)
    return OK


def _ring_light(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 4)
    mode, colour, _, cycles = arguments
    if mode not in _AURA_MODES or colour not in _RING_COLOURS:
        return Reply(Confirmation.PACKET_ERROR)
    memory.led = Led(_AURA_MODES[mode], _RING_COLOURS[colour], 0, cycles)
    return OK


def _light_on(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    memory.led = Led("on", "white")
    return OK


def _light_off(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    memory.led = Led()
    return OK


def _handshake(_: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return OK


def _echo(_: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.ECHO)


def _algorithm_version(_: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.OK, b"MINUTIAE 1.0".ljust(32, b"\0"))


def _firmware_version(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.OK, memory.profile.name.encode("ascii").ljust(32, b"\0"))


def _product(memory: Memory, arguments: bytes) -> Reply:
    """Module type 16, batch 4, serial 8, hardware 2, sensor type 8, width, height, template length, slots."""
    expect(arguments, 0)
    texts = ((memory.profile.name, 16), ("SIM0", 4), ("00000001", 8), ("\x01\x00", 2), ("OPTICAL", 8))
    numbers = (
        memory.profile.image_width,
        memory.profile.image_height,
        memory.profile.template_length,
        memory.profile.capacity,
    )
    payload = b"".join(text.encode("ascii").ljust(length, b"\0") for text, length in texts)
    return Reply(Confirmation.OK, payload + b"".join(number.to_bytes(2, "big") for number in numbers))


HANDLERS: Mapping[Operation, Callable[[Memory, bytes], Reply]] = MappingProxyType(
    {
        Operation.AURA_LED: _aura_led,
        Operation.RING_LIGHT: _ring_light,
        Operation.LIGHT_ON: _light_on,
        Operation.LIGHT_OFF: _light_off,
        Operation.HANDSHAKE: _handshake,
        Operation.GET_ECHO: _echo,
        Operation.GET_ALGORITHM_VERSION: _algorithm_version,
        Operation.GET_FIRMWARE_VERSION: _firmware_version,
        Operation.READ_PRODUCT: _product,
    }
)
"""What carries out each of these operations."""
