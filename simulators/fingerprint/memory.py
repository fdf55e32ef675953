"""What the module holds while it has power, and the answers its instructions give."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.fingerprint.faults import FaultKind
from simulators.fingerprint.matching import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.fingerprint.flash import Flash
    from simulators.fingerprint.profiles import Profile
    from simulators.fingerprint.sensor import FingerImage, Picture
    from simulators.fingerprint.template import Template


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
    """Whether the module starts anew after the answer."""


OK = Reply(Confirmation.OK)


@dataclass(frozen=True, slots=True)
class Led:
    """The light in or around the window."""

    mode: str = "off"
    colour: str = "none"
    speed: int = 0
    cycles: int = 0


class BadArgumentsError(Exception):
    """A command with too few or too many parameters."""


class Memory:
    """The module's memory, volatile but for ``flash``. Instructions work on it one after the other."""

    image: Picture | None
    """The image buffer."""
    buffers: dict[int, Template]
    """The characteristics buffers by number, counted from 1."""
    unmerged: set[int]
    """Buffers filled since the last merge; these the next merge joins."""
    led: Led
    locked: bool
    """Whether the password is still due."""
    matched: bool
    """Whether the last match or search found the finger."""
    port_open: bool

    def __init__(
        self,
        profile: Profile,
        flash: Flash,
        *,
        finger: Callable[[], FingerImage | None],
        fault: Callable[[], FaultKind | None],
        seed: int,
    ) -> None:
        """Make the memory of a module that has just got power.

        Args:
            profile: The make.
            flash: What it remembers without power.
            finger: Tells the finger on the window.
            fault: Tells what is wrong with the module, as far as it concerns the instruction being carried out.
            seed: Of its random numbers.
        """
        self.profile = profile
        self.flash = flash
        self.finger = finger
        self.fault = fault
        self.random = random.Random(seed)
        self.matcher = Matcher(profile.capacity)
        self.power_up()

    def power_up(self) -> None:
        """Forget everything that is not in the flash."""
        self.image = None
        self.buffers = {}
        self.unmerged = set()
        self.led = Led()
        self.locked = self.flash.parameters.password != 0
        self.matched = False
        self.port_open = True

    @property
    def used_slots(self) -> tuple[int, ...]:
        """Slots the module reports as used, ascending."""
        if self.fault() is FaultKind.STORAGE_FULL:
            return tuple(range(self.profile.capacity))
        return tuple(sorted(self.flash.templates))

    @property
    def flash_broken(self) -> bool:
        """Whether writing to the flash fails now."""
        return self.fault() is FaultKind.FLASH_ERROR

    def buffer(self, number: int) -> int:
        """The buffer a command means: any number beyond the make's buffers means the last one."""
        return number if 1 <= number <= self.profile.buffers else self.profile.buffers

    def fill(self, buffer: int, template: Template) -> None:
        """Put characteristics into a buffer."""
        self.buffers[buffer] = template
        self.unmerged.add(buffer)

    def drop(self, buffer: int) -> None:
        """Leave a buffer empty."""
        self.buffers.pop(buffer, None)
        self.unmerged.discard(buffer)


def expect(arguments: bytes, length: int) -> None:
    """Check how many parameter bytes a command has.

    Raises:
        BadArgumentsError: Not ``length``.
    """
    if len(arguments) != length:
        raise BadArgumentsError


def number(data: bytes) -> int:
    """An unsigned big-endian number."""
    return int.from_bytes(data, "big")
