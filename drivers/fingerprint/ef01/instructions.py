"""The instructions of the family: their codes, how long each may take, and the values that travel with them.

The codes up to 27h are the same on every make. Those above are not (35h sets a light on one make and is a handshake on
another), so the two that are used here are only ever sent by `dialect`, which judges the answer by its form.

Sources: user manuals of ZFM-20 (2008), R305 (2012), R503 (1.2.2 of 2022) and the Synochip instruction set (2020).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import ClassVar, Final, Self


class Instruction(IntEnum):
    """The first byte of a command, named as in the data sheets."""

    GEN_IMG = 0x01
    IMG_2_TZ = 0x02
    MATCH = 0x03
    SEARCH = 0x04
    REG_MODEL = 0x05
    STORE = 0x06
    LOAD_CHAR = 0x07
    UP_CHAR = 0x08
    DOWN_CHAR = 0x09
    UP_IMAGE = 0x0A
    DOWN_IMAGE = 0x0B
    DELET_CHAR = 0x0C
    EMPTY = 0x0D
    SET_SYS_PARA = 0x0E
    READ_SYS_PARA = 0x0F
    SET_PWD = 0x12
    VFY_PWD = 0x13
    GET_RANDOM_CODE = 0x14
    READ_INF_PAGE = 0x16
    WRITE_NOTEPAD = 0x18
    READ_NOTEPAD = 0x19
    HIGH_SPEED_SEARCH = 0x1B
    TEMPLATE_NUM = 0x1D
    READ_INDEX_TABLE = 0x1F
    GET_CHIP_SN = 0x34  # Synochip; unknown to the others
    READ_PROD_INFO = 0x3C  # GROW; on Synochip a light, which declines a command without its parameters


#: Seconds that an acknowledgement may take, where it is not a matter of the line alone: the sensor exposes, features
#: are computed, the library is searched, flash is erased.
PATIENCE: Final = MappingProxyType(
    {
        Instruction.GEN_IMG: 3.0,
        Instruction.IMG_2_TZ: 3.0,
        Instruction.MATCH: 3.0,
        Instruction.SEARCH: 5.0,
        Instruction.HIGH_SPEED_SEARCH: 5.0,
        Instruction.REG_MODEL: 3.0,
        Instruction.STORE: 3.0,
        Instruction.DELET_CHAR: 5.0,
        Instruction.EMPTY: 10.0,
        Instruction.WRITE_NOTEPAD: 3.0,
    }
)
#: The same for every other instruction.
PROMPT: Final = 1.5

#: One page of the notepad, in bytes.
NOTEPAD_PAGE: Final = 32
#: Slots that one page of the index table tells about.
INDEX_PAGE_SLOTS: Final = 256


class SystemParameter(IntEnum):
    """What SetSysPara can change."""

    BAUD = 4
    SECURITY_LEVEL = 5
    PACKET_SIZE = 6


BAUD_UNIT: Final = 9600


@dataclass(frozen=True, slots=True)
class SystemParameters:
    """What ReadSysPara tells.

    Attributes:
        status: the status register; its bits differ between makes.
        identifier: the system identifier code.
        capacity: slots in the library.
        security_level: 1 (most matches) to 5 (fewest false ones).
        address: the module's own address.
        packet_bytes: payload of a data packet: 32, 64, 128 or 256.
        baud: the speed of the line in bit/s.
    """

    status: int
    identifier: int
    capacity: int
    security_level: int
    address: int
    packet_bytes: int
    baud: int

    SIZE: ClassVar = 16

    @property
    def index_pages(self) -> int:
        """Pages of the index table that the library fills."""
        return -(-self.capacity // INDEX_PAGE_SLOTS)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the 16 bytes.

        Raises:
            ValueError: when they are not 16, or a value is outside the data sheet.
        """
        if len(data) != cls.SIZE:
            raise ValueError(f"system parameters of {len(data)} bytes")
        status, identifier, capacity, security, address, size_code, speed = struct.unpack(">4HI2H", data)
        if size_code > 3 or not 1 <= speed <= 12:
            raise ValueError(f"packet size code {size_code}, speed {speed} x {BAUD_UNIT}")
        return cls(status, identifier, capacity, security, address, 32 << size_code, speed * BAUD_UNIT)


@dataclass(frozen=True, slots=True)
class ProductInfo:
    """What ReadProdInfo of a GROW module tells.

    Attributes:
        model: the module's type.
        batch: its batch number.
        serial: its serial number.
        hardware: hardware version, `major.minor`.
        sensor: the sensor's type.
        width: columns of its image.
        height: rows of its image.
        template_bytes: length of a template.
        capacity: slots in the library.
    """

    model: str
    batch: str
    serial: str
    hardware: str
    sensor: str
    width: int
    height: int
    template_bytes: int
    capacity: int

    SIZE: ClassVar = 46

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the 46 bytes.

        Raises:
            ValueError: when they are not 46, or do not describe a fingerprint module.
        """
        if len(data) != cls.SIZE:
            raise ValueError(f"product information of {len(data)} bytes")
        model, batch, serial, major, minor, sensor, width, height, template_bytes, capacity = struct.unpack(
            ">16s4s8sBB8s4H", data
        )
        if not (width and height and template_bytes and capacity):
            raise ValueError("product information without sizes")
        return cls(
            model=_text(model),
            batch=_text(batch),
            serial=_text(serial),
            hardware=f"{major}.{minor}",
            sensor=_text(sensor),
            width=width,
            height=height,
            template_bytes=template_bytes,
            capacity=capacity,
        )


def occupied_slots(page: int, table: bytes) -> frozenset[int]:
    """The slots that a page of the index table marks: bit 0 of its first byte is the first slot of the page."""
    return frozenset(
        page * INDEX_PAGE_SLOTS + place * 8 + bit
        for place, byte in enumerate(table)
        for bit in range(8)
        if byte >> bit & 1
    )


def _text(field: bytes) -> str:
    """An ASCII field, padded with zeros or blanks.

    Raises:
        ValueError: when it holds anything else.
    """
    text = field.rstrip(b"\0 ").decode("ascii")
    if not text.isprintable():
        raise ValueError(f"{field!r} is no text")
    return text
