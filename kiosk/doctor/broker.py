"""The way to the county's broker, step by step: name, port, TLS, and MQTT in each version that is configured.

The doctor connects with a client id of its own, so that it never pushes the running appliance off the broker.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509

from kiosk.config import PointConfig
from kiosk.doctor.report import Finding, failed, ok, warning
from services.clock import Clock
from services.northbound.link import Identity, Link, LinkError, VersionNotSpokenError
from services.northbound.options import MqttOptions, ProtocolVersion

_CONNECT_S: Final = 5.0
_EXPIRES_SOON: Final = timedelta(days=30)
_CALL: Final = "仍不行请联系县里运维人员。"


def broker(point: PointConfig, options: MqttOptions, clock: Clock) -> Iterator[Finding]:
    """How far the way leads; a step that fails ends it, because those behind it rest on it."""
    resolved = _name(options)
    yield resolved
    if resolved.outcome == "failed":
        return
    reached = _port(options)
    yield reached
    if reached.outcome == "failed":
        return
    if options.ca_file is not None:
        secured = list(_tls(options, clock))
        yield from secured
        if any(finding.outcome == "failed" for finding in secured):
            return
    else:
        yield warning("broker.tls", "加密连接", "与消息服务器的连接没有加密", "请县里在 kiosk.toml 里配置 ca_file。")
    yield from _mqtt(point, options)


def _name(options: MqttOptions) -> Finding:
    key, title = "broker.name", "消息服务器地址"
    try:
        found = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return failed(key, title, f"找不到 {options.host}（{error}）", f"请检查网线、路由器和上网是否正常；{_CALL}")
    addresses = sorted({str(entry[4][0]) for entry in found})
    return ok(key, title, f"{options.host} → {addresses[0]}", addresses=" ".join(addresses))


def _port(options: MqttOptions) -> Finding:
    key, title = "broker.port", "消息服务器连接"
    place = f"{options.host}:{options.port}"
    try:
        socket.create_connection((options.host, options.port), timeout=_CONNECT_S).close()
    except TimeoutError:
        return failed(key, title, f"{place} 没有应答", f"网络不通，或被防火墙拦住。请检查网络；{_CALL}")
    except OSError as error:
        return failed(key, title, f"{place} 连不上（{error.strerror or error}）", f"请检查网络；{_CALL}")
    return ok(key, title, f"{place} 可以连上")


def _tls(options: MqttOptions, clock: Clock) -> Iterator[Finding]:
    key, title = "broker.tls", "加密连接"
    try:
        context = options.tls()
    except OSError as error:
        yield failed(key, title, f"证书文件不能用：{error}", "请县里运维人员检查 kiosk.toml 里的证书文件。")
        return
    if context is None:
        return
    try:
        with (
            socket.create_connection((options.host, options.port), timeout=_CONNECT_S) as plain,
            closing(context.wrap_socket(plain, server_hostname=options.host)) as link,
        ):
            certificate: Any = link.getpeercert()
            protocol = link.version() or ""
    except ssl.SSLCertVerificationError as error:
        seen = f"消息服务器的证书不可信：{error.verify_message}"
        yield failed(key, title, seen, f"请先核对本机日期是否正确；日期正确时不要继续，{_CALL}")
        return
    except OSError as error:
        yield failed(key, title, f"加密握手失败（{error}）", f"请县里检查证书和端口是否配套；{_CALL}")
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    yield _lasting(key, title, f"{protocol}，服务器证书", ends, clock)
    if options.certificate_file is not None:
        own = x509.load_pem_x509_certificate(options.certificate_file.read_bytes())
        yield _lasting("broker.certificate", "本点证书", "本点证书", own.not_valid_after_utc, clock)


def _lasting(key: str, title: str, what: str, ends: datetime, clock: Clock) -> Finding:
    seen = f"{what}有效期到 {ends.date().isoformat()}"
    left = ends - clock.now()
    if left < timedelta():
        return failed(key, title, f"{seen}，已过期", "请县里换发证书。", ends=ends.isoformat())
    if left < _EXPIRES_SOON:
        return warning(key, title, f"{seen}，快到期了", "请县里尽快换发证书。", ends=ends.isoformat())
    return ok(key, title, seen, ends=ends.isoformat())


def _mqtt(point: PointConfig, options: MqttOptions) -> Iterator[Finding]:
    """Try what the appliance may speak: one version has to do, both are told.

    MQTT 5 comes last: it takes over the session that 3.1.1 may leave behind, and ends it.
    """
    either = [ProtocolVersion.THREE, ProtocolVersion.FIVE]
    wanted = either if options.version == "auto" else [ProtocolVersion(options.version)]
    answers = {version: _attempt(point, options, version) for version in wanted}
    facts = {f"mqtt_{version}": answer or "accepted" for version, answer in answers.items()}
    spoken = [version for version, answer in answers.items() if not answer]
    key, title = "broker.mqtt", "消息服务器登录"
    if spoken:
        yield ok(key, title, f"登录成功（MQTT {'、'.join(spoken)}）", **facts)
    else:
        seen = "；".join(f"MQTT {version}：{answer}" for version, answer in answers.items())
        yield failed(key, title, f"登录被拒绝（{seen}）", "请县里检查本点的用户名、口令、证书和权限。", **facts)


def _attempt(point: PointConfig, options: MqttOptions, version: ProtocolVersion) -> str:
    """What the broker answers to a CONNECT; nothing when it accepts us."""
    identity = Identity(f"kiosk-{point.county}-{point.id}-doctor", session_expiry_s=0, subscriptions=())
    link = Link(options, version, identity)
    try:
        link.open(lambda: False)
    except (VersionNotSpokenError, LinkError) as error:
        return str(error)
    finally:
        link.close()
    return ""
