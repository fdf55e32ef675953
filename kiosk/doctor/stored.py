"""What is stored: the database, the keys that open it, and what waits for the county. Everything is only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kiosk.doctor import words
from kiosk.doctor.report import Finding, failed, ok, warning
from services import keys
from services.certification.invariants import INVARIANTS
from services.clock import Clock
from services.keys import KeyFileError, PointKeys, SealBrokenError
from services.northbound import envelope
from services.northbound.envelope import EnvelopeError
from services.northbound.invariants import RECORD_INVARIANTS
from services.store.check import BASE_INVARIANTS
from services.store.migrations import MIGRATIONS

_CANARIES: Final = 5
_BUSY_S: Final = 5.0
_LATE: Final = timedelta(hours=1)
_VERY_LATE: Final = timedelta(days=3)
_RESTORE: Final = "请不要删除任何文件，联系县里用备份恢复（kiosk restore）。"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that the appliance has reported and that is not over."""

    source: str
    fault: str
    since: str


def connect(path: Path) -> sqlite3.Connection:
    """Open the database for reading only; it is never made or brought to a newer schema here.

    Raises:
        sqlite3.Error: it is not there, or cannot be read.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
    connection.row_factory = sqlite3.Row
    return connection


def database(path: Path) -> Iterator[Finding]:
    """Whether the database is sound."""
    key, title = "database", "数据库"
    if not path.exists():
        yield warning(key, title, "还没有数据库", "第一次启动服务时会自动建立；如果以前用过，请联系县里恢复备份。")
        return
    try:
        with closing(connect(path)) as connection:
            yield _soundness(connection, path)
    except sqlite3.Error as error:
        yield failed(key, title, f"{path} 无法读取：{error}", _RESTORE)


def _soundness(connection: sqlite3.Connection, path: Path) -> Finding:
    key, title = "database", "数据库"
    schema, newest = int(connection.execute("PRAGMA user_version").fetchone()[0]), MIGRATIONS[-1].number
    facts = {"schema": str(schema), "bytes": str(path.stat().st_size)}
    if schema > newest:
        return failed(key, title, "数据库属于更新的程序版本", "请县里运维人员装回较新的程序，数据没有损坏。", **facts)
    if schema < newest:
        return warning(key, title, "数据库属于较旧的程序版本", "启动服务时会自动升级，不需要处理。", **facts)
    breaches = [
        f"{invariant.name}: {breach}"
        for invariant in (*BASE_INVARIANTS, *RECORD_INVARIANTS, *INVARIANTS)
        for breach in invariant.breaches(connection)
    ]
    if breaches:
        return failed(key, title, f"{len(breaches)} 处不一致，例如 {breaches[0]}", _RESTORE, **facts)
    records = connection.execute("SELECT count(*) FROM record").fetchone()[0]
    return ok(key, title, f"完好，共 {records} 条记录", **facts, records=str(records))


def point_keys(folder: Path, path: Path) -> Iterator[Finding]:
    """Whether the keys are there, closed to others, and those that the database was locked and signed with."""
    key, title = "keys", "密钥"
    try:
        own = keys.load(folder)
    except KeyFileError as error:
        restore = "请县里运维人员从密钥备份恢复；不要重新生成，否则已登记的指纹全部作废。"
        yield failed(key, title, str(error), restore if path.exists() else "新服务点请运维人员执行 kiosk init。")
        return
    try:
        with closing(connect(path)) as connection:
            stranger = _stranger(connection, own)
    except sqlite3.Error:
        yield ok(key, title, "密钥文件完好（还没有数据库可以对照）")
        return
    if stranger:
        yield failed(key, title, f"密钥与数据库不配套：{stranger}", "请县里运维人员换回这台机器原来的密钥。")
    else:
        yield ok(key, title, "密钥文件完好，与数据库配套")


def _stranger(connection: sqlite3.Connection, own: PointKeys) -> str:
    """What these keys do not fit, or nothing: a few residents are unlocked and the newest record is verified."""
    for row in connection.execute("SELECT id, number FROM resident ORDER BY added_at DESC LIMIT ?", (_CANARIES,)):
        try:
            own.vault.unlock(row["number"], f"resident/{row['id']}/number")
        except SealBrokenError:
            return "居民资料打不开"
    newest = connection.execute("SELECT envelope FROM record ORDER BY rowid DESC LIMIT 1").fetchone()
    if newest is not None:
        try:
            envelope.verify(envelope.parse(newest["envelope"].encode()), own.signing.public_key())
        except EnvelopeError:
            return "最近的记录不是用这把密钥签的"
    return ""


def county(path: Path, clock: Clock) -> Iterator[Finding]:
    """What waits for the county's receipt, and what the county or the broker refused."""
    key, title = "county", "上报县里"
    try:
        with closing(connect(path)) as connection:
            pending, held_up, oldest = connection.execute(
                """
                SELECT count(*), count(outbox.refusal), min(json_extract(envelope, '$.time'))
                FROM outbox JOIN record ON record.id = record_id
                """
            ).fetchone()
            last = connection.execute("SELECT max(at) FROM settlement").fetchone()[0]
            refused = connection.execute("SELECT count(*) FROM settlement WHERE verdict = 'refused'").fetchone()[0]
    except sqlite3.Error as error:
        yield warning(key, title, f"无法查看（{error}）", "请先处理数据库的问题。")
        return
    facts = {"pending": str(pending), "held_up": str(held_up), "refused": str(refused), "last_receipt": last or ""}
    yield _waiting(pending, clock.now() - datetime.fromisoformat(oldest) if oldest else timedelta(), facts)
    if held_up:
        yield failed(
            "county.held_up", title, f"{held_up} 条记录被消息服务器拒收",
            "请县里检查本点在消息服务器上的权限；记录都保存着，不会丢失。",
        )  # fmt: skip
    if refused:
        yield warning("county.refused", title, f"县平台不接收 {refused} 条记录", "请县里查看原因；记录仍保存在本机。")


def _waiting(pending: int, age: timedelta, facts: dict[str, str]) -> Finding:
    key, title = "county", "上报县里"
    if pending == 0:
        return ok(key, title, "全部记录都有县里回执", **facts)
    hours = max(0, int(age.total_seconds() // 3600))
    seen = f"{pending} 条记录等待县里回执，最早的已等 {hours} 小时"
    if age < _LATE:
        return ok(key, title, f"{pending} 条记录正在上报", **facts)
    advice = "请检查网络；记录都保存着，网络恢复后自动上报。"
    if age < _VERY_LATE:
        return warning(key, title, seen, advice, **facts)
    return failed(key, title, seen, f"{advice}网络正常时请联系县里。", **facts)


def alarms(path: Path) -> tuple[Alarm, ...]:
    """What the appliance has reported and is not over; nothing where there is no database."""
    try:
        with closing(connect(path)) as connection:
            rows = connection.execute("SELECT source, fault, since FROM active_alarm ORDER BY since").fetchall()
    except sqlite3.Error:
        return ()
    return tuple(Alarm(row["source"], row["fault"], row["since"]) for row in rows)


def newest_record(path: Path) -> datetime | None:
    """When the newest record was made by a synchronised clock; `None` where there is none."""
    query = """
        SELECT json_extract(envelope, '$.time') AS at FROM record
        WHERE json_extract(envelope, '$.clock_trusted') ORDER BY rowid DESC LIMIT 1
    """
    try:
        with closing(connect(path)) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.Error:
        return None
    return datetime.fromisoformat(row["at"]) if row else None


def other_alarms(path: Path, devices: frozenset[str]) -> Iterator[Finding]:
    """Alarms that are about no device."""
    for alarm in alarms(path):
        if alarm.source not in devices:
            meaning, advice = words.fault(alarm.fault)
            seen = f"{alarm.source}：{meaning}（从 {alarm.since[:16]} 起）"
            yield warning(f"alarm.{alarm.source}", "未解除的告警", seen, advice or "请联系县里。", fault=alarm.fault)
