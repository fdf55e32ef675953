"""`kiosk doctor`: looks at everything a point needs, and says in plain words what to do about what it finds."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kiosk import config as configuration
from kiosk.config import Config
from kiosk.doctor import broker, devices, machine, stored, words
from kiosk.doctor.checks import Check, carry_out
from kiosk.doctor.report import Finding, Outcome, Report, failed, ok
from services.clock import Clock, SystemClock
from services.configuration import ConfigError

__all__ = ["Finding", "Outcome", "Report", "examine", "run"]


def examine(path: Path, clock: Clock | None = None) -> Report:
    """Examine the point that a configuration file describes; a file that cannot be used is the only finding then."""
    key, title = "configuration", "配置"
    try:
        config = configuration.load(path)
    except ConfigError as error:
        return Report((failed(key, title, str(error), "请县里运维人员改正这一行，样本见 kiosk.example.toml。"),))
    whole = run(config, clock)
    return Report((ok(key, title, str(path)), *whole.findings))


def run(config: Config, clock: Clock | None = None) -> Report:
    """Examine a point.

    Args:
        config: what to examine.
        clock: tells the time; the machine's own when it is not given.
    """
    return Report(carry_out(_checks(config, clock or SystemClock())))


def _checks(config: Config, clock: Clock) -> Sequence[Check]:
    path = config.paths.database
    configured = {"fingerprint": config.fingerprint, "receipt_printer": config.receipt_printer}
    running = devices.answers(config.screen.port)
    alarms = stored.alarms(path)
    return (
        Check("disk", "磁盘", partial(machine.disk, config.paths.data)),
        Check("clock", "时钟", lambda: machine.clock(clock, stored.newest_record(path))),
        Check("database", "数据库", partial(stored.database, path), deadline_s=60.0),
        Check("keys", "密钥", partial(stored.point_keys, config.paths.keys, path)),
        Check("screen", "触摸屏服务", partial(devices.screen, config.screen.port)),
        Check("usb", "插口", partial(devices.plugs, configured)),
        *(
            Check(
                f"device.{family}",
                words.device(family),
                partial(devices.device, family, device, running=running, alarms=alarms),
                deadline_s=30.0,
            )
            for family, device in configured.items()
        ),
        Check("broker", "消息服务器", partial(broker.broker, config.point, config.mqtt, clock), deadline_s=40.0),
        Check("county", "上报县里", partial(stored.county, path, clock)),
        Check("alarms", "未解除的告警", partial(stored.other_alarms, path, frozenset(configured))),
        Check("voice", "语音", machine.voice),
        Check("fonts", "中文字体", machine.fonts),
        Check("software", "软件", machine.software),
    )
