"""What the page calls things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators import fingerprint, printer
from simulators.fingerprint import Digit

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGITS: Mapping[Digit, str] = {
    Digit.RIGHT_THUMB: "拇指",
    Digit.RIGHT_INDEX: "食指",
    Digit.RIGHT_MIDDLE: "中指",
    Digit.RIGHT_RING: "无名指",
    Digit.RIGHT_LITTLE: "小指",
    Digit.LEFT_THUMB: "拇指",
    Digit.LEFT_INDEX: "食指",
    Digit.LEFT_MIDDLE: "中指",
    Digit.LEFT_RING: "无名指",
    Digit.LEFT_LITTLE: "小指",
}

SKINS: Mapping[str, str] = {
    "own": "本人的皮肤",
    "good": "清晰",
    "dry": "很干",
    "moist": "很湿",
    "worn": "磨损严重",
}

READER_FAULTS: Mapping[fingerprint.FaultKind, str] = {
    fingerprint.FaultKind.NO_FINGER: "感应不到手指",
    fingerprint.FaultKind.SMUDGED_IMAGE: "图像脏污",
    fingerprint.FaultKind.DRY_IMAGE: "图像太淡",
    fingerprint.FaultKind.SENSOR_FAILURE: "传感器损坏",
    fingerprint.FaultKind.FLASH_ERROR: "存储出错",
    fingerprint.FaultKind.STORAGE_FULL: "指纹库已满",
    fingerprint.FaultKind.SILENT: "不应答",
    fingerprint.FaultKind.GARBAGE_BEFORE: "应答前有乱码",
    fingerprint.FaultKind.GARBAGE_INSIDE: "应答中夹乱码",
    fingerprint.FaultKind.BAD_CHECKSUM: "校验和错误",
    fingerprint.FaultKind.WRONG_HEADER: "包头错误",
    fingerprint.FaultKind.HALF_PACKET: "应答只有一半",
    fingerprint.FaultKind.SLOW: "应答很慢",
    fingerprint.FaultKind.UNPLUGGED: "接触不良，断电",
}

PRINTER_FAULTS: Mapping[printer.FaultKind, str] = {
    printer.FaultKind.PAPER_OUT: "打到一半没纸",
    printer.FaultKind.COVER_OPEN: "打到一半开盖",
    printer.FaultKind.CUTTER_JAM: "切刀卡住",
    printer.FaultKind.OVERHEATED: "打印头过热",
    printer.FaultKind.FAILED: "内部故障",
    printer.FaultKind.SILENT: "不应答",
    printer.FaultKind.SLOW: "应答很慢",
    printer.FaultKind.GARBAGE: "应答乱码",
    printer.FaultKind.STUCK: "不收数据",
    printer.FaultKind.UNPLUGGED: "收到一半断电",
}
"""The faults of a printer on a serial line."""
