"""What distinguishes the makes of EF01 modules: capacity, sensor, template length and the dialect above 27h.

The instructions 01h to 1Fh mean the same on every make; each manual then goes its own way. Sources: "ZFM-20 Series
User's Manual" 2.0 and "ZFM user manual V13" (Zhian), "ZFM-70 User Manual" (50h to 56h), "AS60x protocol" (Synochip,
35h handshake, 36h sensor check, 3Ch ring light), "R503 Fingerprint Module User Manual" 1.1 and 1.2.2 (Grow). The R307
and R503 template lengths are those that users of real modules measured; their manuals print other figures. What a
module answers to an instruction it does not know stands in no manual, so the profiles differ on purpose.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Operation(enum.Enum):
    """What a module can be told to do, whatever code a make gave it. The names are the manuals'."""

    GEN_IMG = "GenImg"
    IMG_2_TZ = "Img2Tz"
    MATCH = "Match"
    SEARCH = "Search"
    REG_MODEL = "RegModel"
    STORE = "Store"
    LOAD_CHAR = "LoadChar"
    UP_CHAR = "UpChar"
    DOWN_CHAR = "DownChar"
    UP_IMAGE = "UpImage"
    DOWN_IMAGE = "DownImage"
    DELETE_CHAR = "DeletChar"
    EMPTY = "Empty"
    SET_SYS_PARA = "SetSysPara"
    READ_SYS_PARA = "ReadSysPara"
    SET_PWD = "SetPwd"  # noqa: S105 - the name of an instruction
    VFY_PWD = "VfyPwd"  # noqa: S105 - the name of an instruction
    GET_RANDOM = "GetRandomCode"
    SET_ADDRESS = "SetAddr"
    READ_INF_PAGE = "ReadInfPage"
    PORT_CONTROL = "Control"
    WRITE_NOTEPAD = "WriteNotepad"
    READ_NOTEPAD = "ReadNotepad"
    HI_SPEED_SEARCH = "HiSpeedSearch"
    TEMPLATE_NUM = "TempleteNum"
    READ_INDEX = "ReadConList"
    GET_IMAGE_EX = "GetImageEx"
    AURA_LED = "AuraLedConfig"
    CHECK_SENSOR = "CheckSensor"
    GET_ALGORITHM_VERSION = "GetAlgVer"
    GET_FIRMWARE_VERSION = "GetFwVer"
    READ_PRODUCT = "ReadProdInfo"
    SOFT_RESET = "SoftRst"
    HANDSHAKE = "HandShake"
    GET_ECHO = "GetEcho"
    LIGHT_ON = "OpenLED"
    LIGHT_OFF = "CloseLED"
    GET_IMAGE_FREE = "GetImageFree"
    RING_LIGHT = "ControlBLN"


COMMON: Mapping[int, Operation] = MappingProxyType(
    {
        0x01: Operation.GEN_IMG,
        0x02: Operation.IMG_2_TZ,
        0x03: Operation.MATCH,
        0x04: Operation.SEARCH,
        0x05: Operation.REG_MODEL,
        0x06: Operation.STORE,
        0x07: Operation.LOAD_CHAR,
        0x08: Operation.UP_CHAR,
        0x09: Operation.DOWN_CHAR,
        0x0A: Operation.UP_IMAGE,
        0x0B: Operation.DOWN_IMAGE,
        0x0C: Operation.DELETE_CHAR,
        0x0D: Operation.EMPTY,
        0x0E: Operation.SET_SYS_PARA,
        0x0F: Operation.READ_SYS_PARA,
        0x12: Operation.SET_PWD,
        0x13: Operation.VFY_PWD,
        0x14: Operation.GET_RANDOM,
        0x15: Operation.SET_ADDRESS,
        0x16: Operation.READ_INF_PAGE,
        0x17: Operation.PORT_CONTROL,
        0x18: Operation.WRITE_NOTEPAD,
        0x19: Operation.READ_NOTEPAD,
        0x1B: Operation.HI_SPEED_SEARCH,
        0x1D: Operation.TEMPLATE_NUM,
        0x1F: Operation.READ_INDEX,
    }
)
"""Instruction codes every make shares."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One make of module. Lengths in bytes, image sides in pixels at 500 dpi, times in seconds."""

    name: str
    capacity: int
    image_width: int
    image_height: int
    template_length: int
    view_length: int
    """Length of the characteristics of one impression; a template holds ``template_length // view_length``."""
    buffers: int
    system_id: int
    special: Mapping[int, Operation] = field(default_factory=dict)
    """Instruction codes of this make beyond ``COMMON``."""
    unknown_instruction: int | None = 0x01
    """Confirmation code for an instruction the make does not know; None when it stays silent."""
    library_full: int = 0x18
    capture_time: float = 0.1
    powers_up_with: bytes = b"\x55"
    """What the module sends when it is ready after power-up or reset."""
    new_address_acknowledges: bool = True
    """Whether SetAddr is acknowledged from the new address already."""

    @property
    def views(self) -> int:
        """How many impressions a template can hold."""
        return self.template_length // self.view_length

    def operation(self, code: int) -> Operation | None:
        """What instruction ``code`` means on this make, or None."""
        return self.special.get(code) or COMMON.get(code)


AS608 = Profile(
    name="AS608",
    capacity=300,
    image_width=256,
    image_height=288,
    template_length=512,
    view_length=256,
    buffers=2,
    system_id=0x0009,
    special={0x35: Operation.HANDSHAKE, 0x36: Operation.CHECK_SENSOR, 0x3C: Operation.RING_LIGHT},
    unknown_instruction=0x19,
    library_full=0x1F,
    new_address_acknowledges=False,
)

FPM10A = Profile(
    name="FPM10A",
    capacity=162,
    image_width=256,
    image_height=288,
    template_length=512,
    view_length=256,
    buffers=2,
    system_id=0x0009,
    unknown_instruction=None,
    powers_up_with=b"",
    new_address_acknowledges=False,
)

ZFM20 = Profile(
    name="ZFM-20",
    capacity=1000,
    image_width=256,
    image_height=288,
    template_length=512,
    view_length=256,
    buffers=2,
    system_id=0x0009,
    special={
        0x50: Operation.LIGHT_ON,
        0x51: Operation.LIGHT_OFF,
        0x52: Operation.GET_IMAGE_FREE,
        0x53: Operation.GET_ECHO,
    },
)

R307 = Profile(
    name="R307",
    capacity=1000,
    image_width=256,
    image_height=288,
    template_length=768,
    view_length=384,
    buffers=2,
    system_id=0x0009,
    special={0x53: Operation.GET_ECHO},
)

R503 = Profile(
    name="R503",
    capacity=200,
    image_width=192,
    image_height=192,
    template_length=1536,
    view_length=256,
    buffers=6,
    system_id=0x0000,
    special={
        0x28: Operation.GET_IMAGE_EX,
        0x35: Operation.AURA_LED,
        0x36: Operation.CHECK_SENSOR,
        0x39: Operation.GET_ALGORITHM_VERSION,
        0x3A: Operation.GET_FIRMWARE_VERSION,
        0x3C: Operation.READ_PRODUCT,
        0x3D: Operation.SOFT_RESET,
        0x40: Operation.HANDSHAKE,
    },
    unknown_instruction=0xFC,
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (AS608, FPM10A, ZFM20, R307, R503)}
)
"""Every make by its name."""
