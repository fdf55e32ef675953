"""What each instruction does inside the module. Nothing here knows of the line, of packets or of threads.

Meanings, parameters and confirmation codes follow the instruction sets in the manuals named in ``profiles``.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.fingerprint import sensor
from simulators.fingerprint.faults import FaultKind
from simulators.fingerprint.features import DisorderedImageError, TooFewFeaturesError, extract
from simulators.fingerprint.flash import NOTEPAD_PAGE_LENGTH, NOTEPAD_PAGES, Flash
from simulators.fingerprint.matching import Matcher
from simulators.fingerprint.profiles import Operation
from simulators.fingerprint.template import Template, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.fingerprint.profiles import Profile
    from simulators.fingerprint.sensor import FingerImage, Picture


class Confirmation(enum.IntEnum):
    """Confirmation codes, the first payload byte of an acknowledgement."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    CAPTURE_FAILED = 0x03
    DISORDERED_IMAGE = 0x06
    TOO_FEW_FEATURES = 0x07
    NO_MATCH = 0x08
    NOT_FOUND = 0x09
    MERGE_FAILED = 0x0A
    BAD_SLOT = 0x0B
    TEMPLATE_UNREADABLE = 0x0C
    TEMPLATE_NOT_SENT = 0x0D
    IMAGE_NOT_SENT = 0x0F
    DELETE_FAILED = 0x10
    EMPTY_FAILED = 0x11
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15
    FLASH_ERROR = 0x18
    BAD_REGISTER = 0x1A
    BAD_REGISTER_VALUE = 0x1B
    BAD_NOTEPAD_PAGE = 0x1C
    PASSWORD_NEEDED = 0x21
    SENSOR_ABNORMAL = 0x29
    ECHO = 0x55


@dataclass(frozen=True, slots=True)
class Reply:
    """The module's answer to one command."""

    confirmation: int
    payload: bytes = b""
    """Parameters that follow the confirmation code."""
    data: bytes | None = None
    """What follows in data packets; None for nothing."""
    expects: Callable[[bytes], None] | None = None
    """Takes what the host sends next in data packets; None when no data packets are due."""
    resets: bool = False


@dataclass(frozen=True, slots=True)
class Led:
    """The light in or around the window."""

    mode: str = "off"
    colour: str = "none"
    speed: int = 0
    cycles: int = 0


_AURA_MODES = {1: "breathing", 2: "flashing", 3: "on", 4: "off", 5: "fading in", 6: "fading out"}
_AURA_COLOURS = {1: "red", 2: "blue", 3: "purple", 4: "green", 5: "yellow", 6: "cyan", 7: "white"}
_RING_COLOURS = {0: "none", 1: "blue", 2: "green", 3: "cyan", 4: "red", 5: "purple", 6: "yellow", 7: "white"}
_INDEX_PAGE_SLOTS = 256
_INDEX_PAGES = 4
_THRESHOLDS = {1: 30, 2: 40, 3: 50, 4: 65, 5: 80}
"""Least score that counts as the same finger, by security level; level 3 is the factory's."""


class _BadArgumentsError(Exception):
    """A command with too few or too many parameters."""


class Processor:
    """The module's processor with its volatile memory: image buffer, characteristics buffers, lock."""

    led: Led

    def __init__(
        self,
        profile: Profile,
        flash: Flash,
        *,
        finger: Callable[[], FingerImage | None],
        fault: Callable[[], FaultKind | None],
        seed: int,
    ) -> None:
        """Make a processor that has just got power.

        Args:
            profile: The make.
            flash: What it remembers.
            finger: Tells the finger on the window.
            fault: Tells what is wrong with the module, as far as it concerns the instruction being carried out.
            seed: Of its random numbers.
        """
        self._profile = profile
        self._flash = flash
        self._finger = finger
        self._fault = fault
        self._matcher = Matcher(profile.capacity)
        self._random = random.Random(seed)
        self._handlers: Mapping[Operation, Callable[[bytes], Reply]] = {
            Operation.GEN_IMG: self._capture,
            Operation.GET_IMAGE_FREE: self._capture,
            Operation.GET_IMAGE_EX: self._capture_checked,
            Operation.IMG_2_TZ: self._convert,
            Operation.MATCH: self._match,
            Operation.SEARCH: self._search,
            Operation.HI_SPEED_SEARCH: self._search,
            Operation.REG_MODEL: self._merge,
            Operation.STORE: self._store,
            Operation.LOAD_CHAR: self._load,
            Operation.UP_CHAR: self._send_template,
            Operation.DOWN_CHAR: self._receive_template,
            Operation.UP_IMAGE: self._send_image,
            Operation.DOWN_IMAGE: self._receive_image,
            Operation.DELETE_CHAR: self._delete,
            Operation.EMPTY: self._empty,
            Operation.SET_SYS_PARA: self._set_parameter,
            Operation.READ_SYS_PARA: self._read_parameters,
            Operation.SET_PWD: self._set_password,
            Operation.VFY_PWD: self._verify_password,
            Operation.GET_RANDOM: self._random_number,
            Operation.SET_ADDRESS: self._set_address,
            Operation.READ_INF_PAGE: self._information_page,
            Operation.PORT_CONTROL: self._port_control,
            Operation.WRITE_NOTEPAD: self._write_notepad,
            Operation.READ_NOTEPAD: self._read_notepad,
            Operation.TEMPLATE_NUM: self._template_count,
            Operation.READ_INDEX: self._index_table,
            Operation.AURA_LED: self._aura_led,
            Operation.RING_LIGHT: self._ring_light,
            Operation.LIGHT_ON: self._light_on,
            Operation.LIGHT_OFF: self._light_off,
            Operation.CHECK_SENSOR: self._check_sensor,
            Operation.HANDSHAKE: self._handshake,
            Operation.GET_ECHO: self._echo,
            Operation.GET_ALGORITHM_VERSION: self._algorithm_version,
            Operation.GET_FIRMWARE_VERSION: self._firmware_version,
            Operation.READ_PRODUCT: self._product,
            Operation.SOFT_RESET: self._soft_reset,
        }
        self.power_up()

    def power_up(self) -> None:
        """Forget everything that is not in the flash."""
        self.led = Led()
        self._image: Picture | None = None
        self._buffers: dict[int, Template] = {}
        self._unmerged: set[int] = set()
        self._locked = self._flash.parameters.password != 0
        self._matched = False
        self._port_open = True

    @property
    def used_slots(self) -> tuple[int, ...]:
        """Slots the module reports as used, ascending."""
        if self._fault() is FaultKind.STORAGE_FULL:
            return tuple(range(self._profile.capacity))
        return tuple(sorted(self._flash.templates))

    def takes_time(self, code: int) -> float:
        """Seconds the make needs for the instruction beyond the work done here: the exposure."""
        exposing = {Operation.GEN_IMG, Operation.GET_IMAGE_EX, Operation.GET_IMAGE_FREE}
        return self._profile.capture_time if self._profile.operation(code) in exposing else 0.0

    def execute(self, code: int, arguments: bytes) -> Reply | None:
        """Carry out instruction ``code``; None when the module has nothing to say."""
        operation = self._profile.operation(code)
        if not self._port_open and operation is not Operation.PORT_CONTROL:
            return None
        if operation is None:
            unknown = self._profile.unknown_instruction
            return None if unknown is None else Reply(unknown)
        if self._locked and operation is not Operation.VFY_PWD:
            return Reply(Confirmation.PASSWORD_NEEDED)
        try:
            return self._handlers[operation](arguments)
        except _BadArgumentsError:
            return Reply(Confirmation.PACKET_ERROR)

    # --- pictures -----------------------------------------------------------------------------------------------

    def _capture(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        fault, finger = self._fault(), self._finger()
        if fault is FaultKind.SENSOR_FAILURE:
            return Reply(Confirmation.CAPTURE_FAILED)
        if finger is None or fault is FaultKind.NO_FINGER:
            return Reply(Confirmation.NO_FINGER)
        self._image = sensor.capture(finger, self._profile, fault)
        return Reply(Confirmation.OK)

    def _capture_checked(self, arguments: bytes) -> Reply:
        reply = self._capture(arguments)
        if reply.confirmation == Confirmation.OK and self._image is not None:
            try:
                extract(self._image)
            except (DisorderedImageError, TooFewFeaturesError):
                return Reply(Confirmation.TOO_FEW_FEATURES)
        return reply

    def _convert(self, arguments: bytes) -> Reply:
        _expect(arguments, 1)
        if self._image is None:
            return Reply(Confirmation.NO_IMAGE)
        try:
            view = extract(self._image)
        except DisorderedImageError:
            return Reply(Confirmation.DISORDERED_IMAGE)
        except TooFewFeaturesError:
            return Reply(Confirmation.TOO_FEW_FEATURES)
        self._fill(self._buffer(arguments[0]), Template.of(self._profile, [view]))
        return Reply(Confirmation.OK)

    def _send_image(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        if self._image is None:
            return Reply(Confirmation.IMAGE_NOT_SENT)
        return Reply(Confirmation.OK, data=sensor.pack(self._image))

    def _receive_image(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, expects=self._take_image)

    def _take_image(self, data: bytes) -> None:
        try:
            self._image = sensor.unpack(data, self._profile)
        except ValueError:
            self._image = None

    # --- characteristics ----------------------------------------------------------------------------------------

    def _buffer(self, number: int) -> int:
        """The buffer a command means: any number beyond the make's buffers means the last one."""
        return number if 1 <= number <= self._profile.buffers else self._profile.buffers

    def _fill(self, buffer: int, template: Template) -> None:
        self._buffers[buffer] = template
        self._unmerged.add(buffer)

    @property
    def _threshold(self) -> int:
        return _THRESHOLDS[self._flash.parameters.security_level]

    def _match(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        first, second = self._buffers.get(1), self._buffers.get(2)
        score = 0 if first is None or second is None else self._matcher.score(first, second)
        self._matched = score >= self._threshold
        if not self._matched:
            return Reply(Confirmation.NO_MATCH, bytes(2))
        return Reply(Confirmation.OK, score.to_bytes(2, "big"))

    def _search(self, arguments: bytes) -> Reply:
        _expect(arguments, 5)
        start, count = _number(arguments[1:3]), _number(arguments[3:5])
        if start >= self._profile.capacity:
            return Reply(Confirmation.BAD_SLOT, bytes(4))
        probe = self._buffers.get(self._buffer(arguments[0]))
        chosen = {
            slot: Template.decode(self._profile, data)
            for slot, data in self._flash.templates.items()
            if start <= slot < start + count
        }
        slot, score = (0, 0) if probe is None else self._matcher.search(probe, chosen)
        self._matched = score >= self._threshold
        if not self._matched:
            return Reply(Confirmation.NOT_FOUND, bytes(4))
        return Reply(Confirmation.OK, slot.to_bytes(2, "big") + score.to_bytes(2, "big"))

    def _merge(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        parts = [self._buffers[number] for number in sorted(self._unmerged)]
        if len(parts) < 2 or any(self._matcher.score(parts[0], part) < self._threshold for part in parts[1:]):
            return Reply(Confirmation.MERGE_FAILED)
        merged = Template.of(self._profile, [view for part in parts for view in part.views])
        self._buffers.update(dict.fromkeys(self._unmerged, merged))
        self._unmerged.clear()
        return Reply(Confirmation.OK)

    def _send_template(self, arguments: bytes) -> Reply:
        _expect(arguments, 1)
        template = self._buffers.get(self._buffer(arguments[0]))
        if template is None:
            return Reply(Confirmation.TEMPLATE_NOT_SENT)
        return Reply(Confirmation.OK, data=template.encoded)

    def _receive_template(self, arguments: bytes) -> Reply:
        _expect(arguments, 1)
        buffer = self._buffer(arguments[0])

        def take(data: bytes) -> None:
            try:
                self._fill(buffer, Template.decode(self._profile, data))
            except TemplateError:
                self._buffers.pop(buffer, None)
                self._unmerged.discard(buffer)

        return Reply(Confirmation.OK, expects=take)

    # --- the library --------------------------------------------------------------------------------------------

    def _store(self, arguments: bytes) -> Reply:
        _expect(arguments, 3)
        slot, template = _number(arguments[1:3]), self._buffers.get(self._buffer(arguments[0]))
        if slot >= self._profile.capacity:
            return Reply(Confirmation.BAD_SLOT)
        if self._fault() is FaultKind.STORAGE_FULL:
            return Reply(self._profile.library_full)
        if template is None or self._flash_broken:
            return Reply(Confirmation.FLASH_ERROR)
        self._flash.store(slot, template.encoded)
        return Reply(Confirmation.OK)

    def _load(self, arguments: bytes) -> Reply:
        _expect(arguments, 3)
        slot = _number(arguments[1:3])
        if slot >= self._profile.capacity:
            return Reply(Confirmation.BAD_SLOT)
        data = self._flash.templates.get(slot)
        if data is None or self._flash_broken:
            return Reply(Confirmation.TEMPLATE_UNREADABLE)
        self._fill(self._buffer(arguments[0]), Template.decode(self._profile, data))
        return Reply(Confirmation.OK)

    def _delete(self, arguments: bytes) -> Reply:
        _expect(arguments, 4)
        first, count = _number(arguments[:2]), _number(arguments[2:])
        if first + count > self._profile.capacity or count == 0:
            return Reply(Confirmation.BAD_SLOT)
        if self._flash_broken:
            return Reply(Confirmation.DELETE_FAILED)
        self._flash.delete(first, count)
        return Reply(Confirmation.OK)

    def _empty(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        if self._flash_broken:
            return Reply(Confirmation.EMPTY_FAILED)
        self._flash.empty()
        return Reply(Confirmation.OK)

    def _template_count(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, len(self.used_slots).to_bytes(2, "big"))

    def _index_table(self, arguments: bytes) -> Reply:
        _expect(arguments, 1)
        page = arguments[0]
        if page >= _INDEX_PAGES:
            return Reply(Confirmation.BAD_SLOT, bytes(_INDEX_PAGE_SLOTS // 8))
        table = 0
        for slot in self.used_slots:
            if slot // _INDEX_PAGE_SLOTS == page:
                table |= 1 << slot % _INDEX_PAGE_SLOTS
        # Bit 0 of the first byte is the page's first slot.
        return Reply(Confirmation.OK, table.to_bytes(_INDEX_PAGE_SLOTS // 8, "little"))

    @property
    def _flash_broken(self) -> bool:
        return self._fault() is FaultKind.FLASH_ERROR

    # --- settings -----------------------------------------------------------------------------------------------

    def _change(self, **values: int) -> Reply:
        if self._flash_broken:
            return Reply(Confirmation.FLASH_ERROR)
        try:
            self._flash.set_parameters(**values)
        except ValueError:
            return Reply(Confirmation.BAD_REGISTER_VALUE)
        return Reply(Confirmation.OK)

    def _set_parameter(self, arguments: bytes) -> Reply:
        _expect(arguments, 2)
        name = {4: "baud_code", 5: "security_level", 6: "packet_size_code"}.get(arguments[0])
        return Reply(Confirmation.BAD_REGISTER) if name is None else self._change(**{name: arguments[1]})

    def _read_parameters(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        kept = self._flash.parameters
        # Bit 1: the last match passed; bit 2: the password was verified; bit 3: the image buffer holds an image.
        status = self._matched << 1 | (not self._locked) << 2 | (self._image is not None) << 3
        fields = (
            (status, 2),
            (self._profile.system_id, 2),
            (self._profile.capacity, 2),
            (kept.security_level, 2),
            (kept.address, 4),
            (kept.packet_size_code, 2),
            (kept.baud_code, 2),
        )
        return Reply(Confirmation.OK, b"".join(value.to_bytes(length, "big") for value, length in fields))

    def _set_password(self, arguments: bytes) -> Reply:
        _expect(arguments, 4)
        return self._change(password=_number(arguments))

    def _verify_password(self, arguments: bytes) -> Reply:
        _expect(arguments, 4)
        if _number(arguments) != self._flash.parameters.password:
            return Reply(Confirmation.WRONG_PASSWORD)
        self._locked = False
        return Reply(Confirmation.OK)

    def _set_address(self, arguments: bytes) -> Reply:
        _expect(arguments, 4)
        return self._change(address=_number(arguments))

    def _random_number(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, self._random.randbytes(4))

    def _information_page(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, data=self._flash.information_page())

    def _port_control(self, arguments: bytes) -> Reply:
        _expect(arguments, 1)
        self._port_open = arguments[0] != 0
        return Reply(Confirmation.OK)

    def _write_notepad(self, arguments: bytes) -> Reply:
        _expect(arguments, 1 + NOTEPAD_PAGE_LENGTH)
        if arguments[0] >= NOTEPAD_PAGES:
            return Reply(Confirmation.BAD_NOTEPAD_PAGE)
        if self._flash_broken:
            return Reply(Confirmation.FLASH_ERROR)
        self._flash.write_notepad(arguments[0], arguments[1:])
        return Reply(Confirmation.OK)

    def _read_notepad(self, arguments: bytes) -> Reply:
        _expect(arguments, 1)
        if arguments[0] >= NOTEPAD_PAGES:
            return Reply(Confirmation.BAD_NOTEPAD_PAGE, bytes(NOTEPAD_PAGE_LENGTH))
        return Reply(Confirmation.OK, self._flash.read_notepad(arguments[0]))

    # --- what only some makes have ------------------------------------------------------------------------------

    def _aura_led(self, arguments: bytes) -> Reply:
        _expect(arguments, 4)
        mode, speed, colour, cycles = arguments
        if mode not in _AURA_MODES or colour not in _AURA_COLOURS:
            return Reply(Confirmation.PACKET_ERROR)
        self.led = Led(_AURA_MODES[mode], _AURA_COLOURS[colour], speed, cycles)
        return Reply(Confirmation.OK)

    def _ring_light(self, arguments: bytes) -> Reply:
        _expect(arguments, 4)
        mode, colour, _, cycles = arguments
        if mode not in _AURA_MODES or colour not in _RING_COLOURS:
            return Reply(Confirmation.PACKET_ERROR)
        self.led = Led(_AURA_MODES[mode], _RING_COLOURS[colour], 0, cycles)
        return Reply(Confirmation.OK)

    def _light_on(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        self.led = Led("on", "white")
        return Reply(Confirmation.OK)

    def _light_off(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        self.led = Led()
        return Reply(Confirmation.OK)

    def _check_sensor(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        broken = self._fault() is FaultKind.SENSOR_FAILURE
        return Reply(Confirmation.SENSOR_ABNORMAL if broken else Confirmation.OK)

    def _handshake(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK)

    def _echo(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.ECHO)

    def _algorithm_version(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, b"MINUTIAE 1.0".ljust(32, b"\0"))

    def _firmware_version(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, self._profile.name.encode("ascii").ljust(32, b"\0"))

    def _product(self, arguments: bytes) -> Reply:
        """Module type 16, batch 4, serial 8, hardware 2, sensor type 8, width, height, template length, slots."""
        _expect(arguments, 0)
        texts = ((self._profile.name, 16), ("SIM0", 4), ("00000001", 8), ("\x01\x00", 2), ("OPTICAL", 8))
        numbers = (
            self._profile.image_width,
            self._profile.image_height,
            self._profile.template_length,
            self._profile.capacity,
        )
        payload = b"".join(text.encode("ascii").ljust(length, b"\0") for text, length in texts)
        return Reply(Confirmation.OK, payload + b"".join(number.to_bytes(2, "big") for number in numbers))

    def _soft_reset(self, arguments: bytes) -> Reply:
        _expect(arguments, 0)
        return Reply(Confirmation.OK, resets=True)


def _expect(arguments: bytes, length: int) -> None:
    if len(arguments) != length:
        raise _BadArgumentsError


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
