"""The devices: opened and asked when the appliance does not hold them, else judged by what it has reported."""

import http.client
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from drivers import registry
from drivers.contracts.errors import DeviceError, Fault
from drivers.registry import UnknownDriverError
from kiosk.config import DeviceConfig
from kiosk.doctor import words
from kiosk.doctor.report import Finding, failed, ok, warning
from kiosk.doctor.stored import Alarm
from services import inventory
from services.inventory import Inventory, InventoryError

_ANSWER_S: Final = 5.0
_WARNINGS_ONLY: Final = frozenset({Fault.PAPER_LOW})


def screen(port: int) -> Iterator[Finding]:
    """Whether the appliance runs, and answers its screen."""
    key, title = "screen", "触摸屏服务"
    if not answers(port):
        yield warning(
            key, title, "服务没有运行", "如果不是有意停止：systemctl restart kiosk，再用 journalctl -u kiosk 看原因。"
        )
        return
    yield ok(key, title, f"正在运行（127.0.0.1:{port}）")


def answers(port: int) -> bool:
    """Whether a web server answers on a port of the loopback interface."""
    if port == 0:
        return False
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    try:
        link.request("GET", "/")
        link.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()
    return True


def device(family: str, config: DeviceConfig, *, running: bool, alarms: Iterable[Alarm]) -> Iterator[Finding]:
    """How one device is.

    Args:
        family: its name in the configuration.
        config: its driver, with the driver's options.
        running: whether the appliance runs, and so holds the device.
        alarms: what the appliance has reported.
    """
    key, title = f"device.{family}", words.device(family)
    try:
        options = registry.options(family, config.driver).model_validate(config.options)
        opener = registry.adapter(family, config.driver)
    except UnknownDriverError as error:
        yield failed(key, title, f"配置里的驱动不存在：{error}", f"请改正 kiosk.toml 的 [{family}] driver。")
        return
    except ValidationError as error:
        place = "；".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        yield failed(key, title, f"配置不对：{place}", f"请改正 kiosk.toml 的 [{family}]。")
        return
    if running:
        yield _reported(family, alarms)
        return
    try:
        opened = opener(device=family, **options.model_dump(exclude_unset=True))
    except DeviceError as error:
        yield _broken(family, error)
        return
    try:
        condition = opened.condition()
        info = opened.info
    except DeviceError as error:
        yield _broken(family, error)
        return
    finally:
        opened.close()
    facts = {"model": info.model, "serial": info.serial, "firmware": info.firmware, **info.facts}
    yield _judged(family, condition.faults, condition.warnings, info.model, facts)


def _judged(
    family: str, faults: Iterable[Fault], warnings: Iterable[Fault], seen: str, facts: dict[str, str]
) -> Finding:
    key, title = f"device.{family}", words.device(family)
    if bad := sorted(faults):
        meaning, advice = words.FAULTS[bad[0]]
        return failed(key, title, meaning, advice, **facts, fault=",".join(bad))
    if doubtful := sorted(warnings):
        meaning, advice = words.FAULTS[doubtful[0]]
        return warning(key, title, meaning, advice, **facts, fault=",".join(doubtful))
    return ok(key, title, seen, **facts)


def _reported(family: str, alarms: Iterable[Alarm]) -> Finding:
    """What the running appliance says: its alarms are stored when they begin and go when they end."""
    known = {str(fault) for fault in Fault}
    told = {Fault(alarm.fault) for alarm in alarms if alarm.source == family and alarm.fault in known}
    return _judged(
        family, told - _WARNINGS_ONLY, told & _WARNINGS_ONLY, "服务正在使用，没有告警", {"asked": "appliance"}
    )


def _broken(family: str, error: DeviceError) -> Finding:
    meaning, advice = words.FAULTS[error.fault]
    facts = {"fault": str(error.fault), "operation": error.operation, "detail": error.detail}
    return failed(f"device.{family}", words.device(family), meaning, advice, **facts)


def plugs(configured: dict[str, DeviceConfig]) -> Iterator[Finding]:
    """What is plugged in, and whether each configured serial port leads to something."""
    key, title = "usb", "插口"
    try:
        here = inventory.look()
    except InventoryError as error:
        yield warning(key, title, f"无法查看 USB 设备（{error}）", "请县里运维人员安装缺少的软件。")
        return
    listed = {f"usb.{device.port}": str(device) for device in here.usb}
    listed |= {f"serial.{port.path}": port.usb_port for port in here.serial}
    yield ok(key, title, f"{len(here.usb)} 个 USB 设备，{len(here.serial)} 个串口", **listed)
    for family, config in configured.items():
        port = serial_port(config)
        if port is not None:
            yield from _plug(family, port, here)


def serial_port(config: DeviceConfig) -> Path | None:
    """The device file that a device is configured to be at; `None` for one that is reached in another way."""
    port, url = config.options.get("port"), config.options.get("url")
    if isinstance(port, str) and port.startswith("/dev/"):
        return Path(port)
    if isinstance(url, str) and urlsplit(url).scheme == "serial":
        return Path(urlsplit(url).path)
    return None


def _plug(family: str, port: Path, here: Inventory) -> Iterator[Finding]:
    """Where a port leads; nothing when no converter is plugged in at all, which the device's own finding says."""
    key, title = f"usb.{family}", f"{words.device(family)}的插口"
    free = "、".join(found.path for found in here.serial if found.usb_port)
    if port.exists():
        yield ok(key, title, f"{port} → {port.resolve()}", device=str(here.behind(port) or ""))
    elif free:
        yield failed(
            key, title, f"{port} 不存在，但有串口 {free}",
            "请把数据线插回原来的插口；换过电脑或插口的，请县里运维人员改 udev 规则（见 docs/operations.md）。",
        )  # fmt: skip
