"""What a message is worth, before anything is stored: a signed record, a point's state, or nothing to rely on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.county.registry import RegisteredPoint, Registry
from services.northbound import envelope, topics
from services.northbound.envelope import EnvelopeError
from services.northbound.link import Received
from services.northbound.messages import AnyRecord, EnvelopeHeader, PointStatus

_BODY: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """A record that its point has verifiably made.

    Attributes:
        header: what its envelope says.
        kind: what it is; empty where the body does not say.
        document: canonical JSON of the whole envelope.
        refusal: why it cannot be stored all the same; `None` when it can, as far as it tells by itself.
    """

    header: EnvelopeHeader
    kind: str
    document: str
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Unreliable:
    """A message that nobody can be held to.

    Attributes:
        reason: a word: `topic`, `size`, `json`, `identity`, `unknown_point`, `hash`, `signature` or `shape`.
        detail: for people.
    """

    reason: str
    detail: str


def judge(message: Received, county: str, registry: Registry) -> SignedRecord | PointStatus | Unreliable:
    """Decide what a message is; never raises, whatever it holds."""
    try:
        return _examine(message, county, registry)
    except EnvelopeError as error:
        return Unreliable(error.reason, str(error))
    except ValidationError as error:
        return Unreliable("shape", _summary(error))


def _examine(message: Received, county: str, registry: Registry) -> SignedRecord | PointStatus:
    place = topics.parse_up(message.topic)
    if place is None or place.county != county or place.channel not in (topics.STATUS, *topics.RECORD_CHANNELS):
        raise EnvelopeError("topic", "nobody should speak here")
    point = registry.get(place.point)
    if point is None:
        raise EnvelopeError("unknown_point", f"{place.point} is not registered")
    document = envelope.parse(message.payload)
    if document.get("point") != point.id:
        raise EnvelopeError("identity", f"{point.id} speaks as {str(document.get('point'))[:40]}")
    if place.channel == topics.STATUS:
        return PointStatus.model_validate(document)
    return _record(document, place.channel, point)


def _record(document: Mapping[str, Any], channel: str, point: RegisteredPoint) -> SignedRecord:
    envelope.verify(document, point.key)
    header = EnvelopeHeader.model_validate({name: value for name, value in document.items() if name != "body"})
    refusal = None
    kind = ""
    try:
        body = _BODY.validate_python(document.get("body"))
        kind = body.kind
        if body.channel != channel:
            raise EnvelopeError("topic", f"{kind} does not belong on {channel}")
    except ValidationError:
        refusal = "shape"
    return SignedRecord(header, kind, envelope.canonical(document).decode(), refusal)


def _summary(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
