"""The county's pages: every point with its latest records, and the page that a slip's QR code opens."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from sqlalchemy import Engine, Row, select

from services.clock import Clock
from services.county import book, words
from services.county.ingest import Ingest
from services.county.registry import RegisteredPoint, Registry
from services.county.schema import point_status, record
from services.northbound import envelope
from services.northbound.envelope import EnvelopeError
from services.northbound.messages import Certification, DeviceHealth, Envelope, Method, PointDetail

_LATEST = 30
_CHINA = timezone(timedelta(hours=8))  # one zone, no summer time
_PREFIX = re.compile(r"[0-9a-f]{8,64}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class PointView:
    """A line of the board.

    Attributes:
        point: who it is.
        light: `green`, `yellow`, `red` or `grey`.
        word: what the light says, for those who do not see colours.
        since: since when it is on or off the line; `None` before it was first heard of.
        detail: what it said last.
        troubles: what does not work there, in words.
    """

    point: RegisteredPoint
    light: str
    word: str
    since: datetime | None
    detail: PointDetail | None
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordView:
    """A line of the list of records."""

    made_at: datetime
    place: str
    kind: str
    summary: str


def create_app(county: str, engine: Engine, registry: Registry, ingest: Ingest, clock: Clock) -> Flask:
    """The pages.

    Args:
        county: the county's name.
        engine: the county's database, only read here.
        registry: names of points and their keys.
        ingest: how the link is, and when something new was committed.
        clock: for what is shown as now.
    """
    app = Flask(__name__)
    app.jinja_env.filters["local"] = _local

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.get("/")
    def board() -> str:
        return render_template("board.html", county=county, **_board(engine, registry, ingest))

    @app.get("/live")
    def live() -> Response:
        # Asked every second by the page; answered without a body unless something was committed in between.
        response = make_response()
        response.set_etag(f"{ingest.state.commits}-{ingest.state.connected}-{ingest.state.problem}")
        if request.if_none_match.contains(response.get_etag()[0] or ""):
            response.status_code = 304
            return response
        response.set_data(render_template("live.html", county=county, **_board(engine, registry, ingest)))
        return response

    @app.get("/v/<record_id>/<prefix>")
    def verify(record_id: str, prefix: str) -> tuple[str, int]:
        certification = _genuine(engine, registry, record_id, prefix.lower())
        page = render_template("verify.html", found=certification, now=clock.now(), methods=words.METHODS)
        return page, 200 if certification is not None else 404

    @app.get("/healthz")
    def healthz() -> tuple[Response, int]:
        state = ingest.state
        text = json.dumps({"connected": state.connected, "problem": state.problem})
        return Response(text, mimetype="application/json"), 200 if state.connected else 503

    return app


def _board(engine: Engine, registry: Registry, ingest: Ingest) -> dict[str, Any]:
    with engine.connect() as connection:
        states = {row.point: row for row in connection.execute(select(point_status))}
        rows = connection.execute(
            select(record).order_by(record.c.received_at.desc(), record.c.seq.desc()).limit(_LATEST)
        )
        points = registry.all()
        names = {point.id: f"{point.township} {point.name}" for point in points}
        return {
            "points": [_point_view(point, states.get(point.id)) for point in points],
            "records": [_record_view(row, names) for row in rows],
            "quarantined": book.quarantined(connection),
            "refused": book.refusals(connection),
            "link": ingest.state,
        }


def _point_view(point: RegisteredPoint, row: Row[Any] | None) -> PointView:
    if row is None:
        return PointView(point, "grey", "未上线", None, None, ())
    detail = PointDetail.model_validate_json(row.detail) if row.detail else None
    troubles = tuple(_troubles(detail)) if detail is not None else ()
    if not row.online:
        return PointView(point, "red", "离线", row.since, detail, troubles)
    if troubles:
        return PointView(point, "yellow", "需关注", row.since, detail, troubles)
    return PointView(point, "green", "正常", row.since, detail, troubles)


def _troubles(detail: PointDetail) -> Iterable[str]:
    for device in detail.devices:
        if device.health is not DeviceHealth.READY:
            faults = "、".join(words.fault(fault) for fault in device.faults)
            yield f"{words.source(device.name)}{words.HEALTH[device.health]}" + (f"（{faults}）" if faults else "")
    if not detail.clock_trusted:
        yield "时钟未校准"
    if detail.refused:
        yield f"{detail.refused} 条记录被拒收"


def _record_view(row: Row[Any], names: dict[str, str]) -> RecordView:
    body = json.loads(row.envelope)["body"]
    person = body.get("person", {}).get("masked_name", "")
    if row.kind == "alarm":
        change = "发生" if body["active"] else "恢复"
        summary = f"{words.source(body['source'])}：{words.fault(body['fault'])}（{change}）"
    elif row.kind == "pension.certification":
        summary = f"{person} {body['year']} 年度 {words.METHODS[Method(body['method'])]}"
        summary += " 待复核" if body["review_required"] else ""
    else:
        summary = person
    return RecordView(row.made_at, names.get(row.point, row.point), words.KINDS.get(row.kind, row.kind), summary)


@dataclass(frozen=True, slots=True)
class Genuine:
    """A certification that is stored here and whose seal holds."""

    certification: Certification
    place: str
    hash: str


def _genuine(engine: Engine, registry: Registry, record_id: str, prefix: str) -> Genuine | None:
    """The certification behind a QR code; `None` unless id, hash and seal all agree."""
    if not _PREFIX.fullmatch(prefix):
        return None
    with engine.connect() as connection:
        row = connection.execute(select(record).where(record.c.id == record_id.lower())).first()
    if row is None or not row.hash.startswith(prefix):
        return None
    point = registry.get(row.point)
    if point is None:
        return None
    try:
        document = envelope.parse(row.envelope.encode())
        envelope.verify(document, point.key)
    except EnvelopeError:
        return None
    body = Envelope.model_validate(document).body
    if not isinstance(body, Certification):
        return None
    return Genuine(body, f"{point.township} {point.name}", row.hash)


def _local(moment: datetime) -> str:
    return moment.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")
