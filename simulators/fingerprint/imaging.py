"""Instructions that take, judge and move pictures."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulators.fingerprint import sensor
from simulators.fingerprint.faults import FaultKind
from simulators.fingerprint.features import DisorderedImageError, TooFewFeaturesError, extract
from simulators.fingerprint.memory import OK, Confirmation, Reply, expect
from simulators.fingerprint.profiles import Operation
from simulators.fingerprint.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.fingerprint.memory import Memory


def _capture(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    fault, finger = memory.fault(), memory.finger()
    if fault is FaultKind.SENSOR_FAILURE:
        return Reply(Confirmation.CAPTURE_FAILED)
    if finger is None or fault is FaultKind.NO_FINGER:
        return Reply(Confirmation.NO_FINGER)
    memory.image = sensor.capture(finger, memory.profile, fault)
    return OK


def _capture_checked(memory: Memory, arguments: bytes) -> Reply:
    reply = _capture(memory, arguments)
    if reply.confirmation == Confirmation.OK and memory.image is not None:
        try:
            extract(memory.image)
        except (DisorderedImageError, TooFewFeaturesError):
            return Reply(Confirmation.TOO_FEW_FEATURES)
    return reply


def _convert(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1)
    if memory.image is None:
        return Reply(Confirmation.NO_IMAGE)
    try:
        view = extract(memory.image)
    except DisorderedImageError:
        return Reply(Confirmation.DISORDERED_IMAGE)
    except TooFewFeaturesError:
        return Reply(Confirmation.TOO_FEW_FEATURES)
    memory.fill(memory.buffer(arguments[0]), Template.of(memory.profile, [view]))
    return OK


def _send_image(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    if memory.image is None:
        return Reply(Confirmation.IMAGE_NOT_SENT)
    return Reply(Confirmation.OK, data=sensor.pack(memory.image))


def _receive_image(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)

    def take(data: bytes) -> None:
        try:
            memory.image = sensor.unpack(data, memory.profile)
        except ValueError:
            memory.image = None

    return Reply(Confirmation.OK, expects=take)


def _check_sensor(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    broken = memory.fault() is FaultKind.SENSOR_FAILURE
    return Reply(Confirmation.SENSOR_ABNORMAL if broken else Confirmation.OK)


HANDLERS: Mapping[Operation, Callable[[Memory, bytes], Reply]] = MappingProxyType(
    {
        Operation.GEN_IMG: _capture,
        Operation.GET_IMAGE_FREE: _capture,
        Operation.GET_IMAGE_EX: _capture_checked,
        Operation.IMG_2_TZ: _convert,
        Operation.UP_IMAGE: _send_image,
        Operation.DOWN_IMAGE: _receive_image,
        Operation.CHECK_SENSOR: _check_sensor,
    }
)
"""What carries out each of these operations."""
