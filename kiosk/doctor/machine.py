"""The machine itself: clock, disk, software, fonts and the voice."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from kiosk import release
from kiosk.doctor.report import Finding, failed, ok, warning
from services import identity
from services.clock import Clock

_EARLIEST: Final = datetime.combine(release.EARLIEST, time(), UTC)
_LATEST: Final = datetime(2060, 1, 1, tzinfo=UTC)
_STEP_BACK: Final = timedelta(minutes=10)  # clocks are set back by a little when they are synchronised
_MB: Final = 1_000_000
_LEAST_FREE_MB: Final = 500
_LITTLE_FREE_MB: Final = 2_000
_LITTLE_INODES: Final = 0.05
_PACKAGES: Final = ("flask", "waitress", "paho-mqtt", "pydantic", "cryptography", "pyserial", "pyusb", "python-escpos")
UI: Final = Path(__file__).parents[1] / "ui"


def clock(clock: Clock, newest: datetime | None) -> Iterator[Finding]:
    """Whether the time can be believed.

    Args:
        clock: the machine's.
        newest: when the point made its newest record, if it is known.
    """
    key, title = "clock", "时钟"
    now = clock.now()
    shown = identity.today(now).isoformat()
    floor = max(_EARLIEST, newest or _EARLIEST) - _STEP_BACK
    if not floor <= now <= _LATEST:
        seen = f"本机日期是 {shown}，不对"
        if newest is not None and now < floor:
            seen += f"：最近一条记录是 {identity.today(newest).isoformat()} 做的"
        yield failed(
            key, title, seen, "请连上网络等待自动校时；没有网络请由县里运维人员校正时间。", now=now.isoformat()
        )
    elif not clock.trusted():
        yield warning(
            key, title, f"本机日期是 {shown}，没有与时间服务器同步",
            "请核对日期是否正确，并检查网络；同步前做的记录会注明时间未经同步。", now=now.isoformat(),
        )  # fmt: skip
    else:
        yield ok(key, title, f"已同步，本机日期是 {shown}", now=now.isoformat())


def disk(folder: Path) -> Iterator[Finding]:
    """Whether the disk has room and takes data."""
    try:
        system = os.statvfs(folder)
    except OSError as error:
        yield failed("disk", "磁盘", f"{folder} 无法访问：{error.strerror}", "请县里运维人员检查数据文件夹。")
        return
    yield _room(system.f_bavail * system.f_frsize // _MB, system.f_blocks * system.f_frsize // _MB)
    if system.f_files and system.f_favail / system.f_files < _LITTLE_INODES:
        yield warning("disk.inodes", "磁盘", "文件数量快到上限", "请县里运维人员清理磁盘。")
    yield _writing(folder, read_only=bool(system.f_flag & os.ST_RDONLY))


def _room(free_mb: int, total_mb: int) -> Finding:
    seen = f"剩余 {free_mb} MB，共 {total_mb} MB"
    facts = {"free_mb": str(free_mb), "total_mb": str(total_mb)}
    if free_mb < _LEAST_FREE_MB:
        return failed("disk", "磁盘", seen, "空间不够，新的认证可能无法保存。请马上联系县里清理磁盘。", **facts)
    if free_mb < _LITTLE_FREE_MB:
        return warning("disk", "磁盘", seen, "空间不多，请联系县里清理磁盘。", **facts)
    return ok("disk", "磁盘", seen, **facts)


def _writing(folder: Path, *, read_only: bool) -> Finding:
    key, title = "disk.write", "磁盘写入"
    if read_only:
        return failed(key, title, "磁盘被系统设为只读，多半已损坏", "请关机并联系县里更换磁盘，不要反复开机。")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
            probe.write(b"?" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
    except PermissionError:
        return warning(key, title, "当前用户无权写入数据文件夹", "请用 sudo -u kiosk kiosk doctor 再检查一次。")
    except OSError as error:
        return failed(key, title, f"无法写入：{error.strerror}", "请马上联系县里检查磁盘。")
    return ok(key, title, "可以写入")


def software() -> Iterator[Finding]:
    """Which versions run here."""
    found, missing = {"python": ".".join(map(str, sys.version_info[:3])), "sqlite": sqlite3.sqlite_version}, []
    for package in ("village-kiosk", *_PACKAGES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        yield failed("software", "软件", f"缺少 {'、'.join(missing)}", "请县里运维人员重新安装本程序。", **found)
        return
    yield ok("software", "软件", f"village-kiosk {found['village-kiosk']}，Python {found['python']}", **found)


def fonts() -> Iterator[Finding]:
    """Whether the screen can show Chinese."""
    key, title = "fonts", "中文字体"
    advice = "请县里运维人员安装：apt-get install fonts-noto-cjk"
    program = shutil.which("fc-list")
    if program is None:
        yield warning(key, title, "无法查看（缺少 fc-list）", advice)
        return
    listed = subprocess.run((program, ":lang=zh-cn", "family"), capture_output=True, text=True, timeout=8, check=False)
    families = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()})
    if not families:
        yield failed(key, title, "没有中文字体，屏幕上会显示方块", advice)
    else:
        yield ok(key, title, families[0], families=str(len(families)))


def voice(ui: Path = UI) -> Iterator[Finding]:
    """Whether every sentence that is spoken has its sound file, as it was rendered."""
    key, title = "voice", "语音"
    advice = "请县里运维人员重新安装本程序；没有语音时屏幕文字照常显示。"
    try:
        prompts = tomllib.loads((ui / "prompts.toml").read_text(encoding="utf-8"))
        manifest = json.loads((ui / "static/voice/manifest.json").read_text(encoding="utf-8"))["prompts"]
    except (OSError, ValueError, KeyError) as error:
        yield warning(key, title, f"语音文件不完整（{error}）", advice)
        return
    bad = [name for name, sentence in prompts.items() if not _sounds(ui, manifest.get(name, {}), sentence)]
    if bad:
        yield warning(key, title, f"{len(bad)} 句语音缺失或过时：{'、'.join(bad[:5])}", advice)
    else:
        yield ok(key, title, f"{len(prompts)} 句语音齐全")


def _sounds(ui: Path, entry: dict[str, str], sentence: object) -> bool:
    if entry.get("sentence") != sentence:
        return False
    try:
        content = (ui / "static/voice" / entry["file"]).read_bytes()
    except (OSError, KeyError):
        return False
    return hashlib.sha256(content).hexdigest() == entry.get("sha256")
