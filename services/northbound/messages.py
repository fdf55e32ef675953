"""What is said between a point and the county. JSON Schema and AsyncAPI in `docs/protocol/` are generated from here.

No message carries a template, a fingerprint image, a full name or a full identity number.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


def _in_calendar(moment: datetime) -> datetime:
    if not 1969 <= moment.year <= 9000:
        raise ValueError("the year is out of range")
    return moment


Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PointId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
#: A moment with its zone, in a year that any calendar can hold in any zone; a dead clock battery says 1970.
Moment = Annotated[AwareDatetime, AfterValidator(_in_calendar)]
Sequence = Annotated[int, Field(ge=1, lt=2**53)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Message(BaseModel):
    """The root of everything that is sent: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Method(StrEnum):
    """How it was established that the pensioner is alive."""

    FINGER = "finger"
    ATTESTED = "attested"  # two clerks vouch at the point; the county reviews it
    HOME_VISIT = "home_visit"  # two clerks vouch after a visit; the county reviews it


class Person(Message):
    """A resident as far as messages may show one.

    Attributes:
        resident_id: the point's own id of the resident, a UUID.
        pseudonym: HMAC-SHA-256 of the identity number under the key that the county gave all its points, in hex:
            the county finds the person on its pension roll by it, and nobody else does.
        masked_name: such as `张**`.
        masked_number: such as `500236**********12`.
    """

    resident_id: Id
    pseudonym: Digest
    masked_name: ShortText
    masked_number: ShortText


class Footage(Message):
    """Which recording shows an act, by time."""

    camera: ShortText
    begin: Moment
    end: Moment


class RecordBody(Message):
    """The root of what is kept for ever, numbered, chained, signed and settled by the county's receipt.

    Attributes:
        channel: the last part of the topic that the record travels on.
        priority: what leaves first when the link comes back; smaller is sooner.
    """

    channel: ClassVar[str]
    priority: ClassVar[int]


class Certification(RecordBody):
    """A pensioner is certified as alive for a year."""

    channel: ClassVar[str] = "pension"
    priority: ClassVar[int] = 1

    kind: Literal["pension.certification"] = "pension.certification"
    certification_id: Id
    year: Annotated[int, Field(ge=2020, le=2200)]
    person: Person
    method: Method
    finger: ShortText | None = None
    algorithm: ShortText | None = None
    score_milli: int | None = None
    consent: ShortText
    certified_at: Moment
    clerks: tuple[ShortText, ...] = ()
    reason: ShortText | None = None
    review_required: bool
    footage: Footage | None = None


class Enrolment(RecordBody):
    """A resident's fingers were enrolled, anew or again."""

    channel: ClassVar[str] = "pension"
    priority: ClassVar[int] = 2

    kind: Literal["pension.enrolment"] = "pension.enrolment"
    person: Person
    fingers: Annotated[tuple[ShortText, ...], Field(min_length=1)]
    algorithm: ShortText
    consent: ShortText
    enrolled_at: Moment
    clerk: ShortText


class HomeVisitRequest(RecordBody):
    """A resident cannot come or cannot be read: somebody has to visit."""

    channel: ClassVar[str] = "pension"
    priority: ClassVar[int] = 2

    kind: Literal["pension.home_visit_request"] = "pension.home_visit_request"
    request_id: Id
    person: Person
    year: Annotated[int, Field(ge=2020, le=2200)]
    reason: ShortText
    clerk: ShortText
    requested_at: Moment


class Alarm(RecordBody):
    """Something at the point needs attention, or no longer does."""

    channel: ClassVar[str] = "alarm"
    priority: ClassVar[int] = 0

    kind: Literal["alarm"] = "alarm"
    source: ShortText
    fault: ShortText
    active: bool
    since: Moment
    detail: Annotated[str, StringConstraints(max_length=1000)] = ""


AnyRecord = Annotated[Certification | Enrolment | HomeVisitRequest | Alarm, Field(discriminator="kind")]


class EnvelopeHeader(Message):
    """What every envelope says, whatever it carries.

    Attributes:
        v: the version of this shape.
        id: a UUIDv7 (RFC 9562), drawn when the record was made.
        point: the service point.
        epoch: the point's database; a rebuilt one has another and counts from 1 again.
        seq: the record's number in its epoch, from 1 without gaps.
        time: when the record was made, by the point's clock.
        clock_trusted: whether that clock was synchronised then.
        prev: the hash of the record before it in its epoch, zeros for the first.
        hash: SHA-256 over the canonical JSON of everything but `hash` and `signature`.
        signature: Ed25519 over the bytes of the hash, base64url without padding.
    """

    v: Literal[1]
    id: Id
    point: PointId
    epoch: Id
    seq: Sequence
    time: Moment
    clock_trusted: bool
    prev: Digest
    hash: Digest
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]


class Envelope(EnvelopeHeader):
    """A record as it is kept and sent: numbered, chained, hashed and signed (see `services.northbound.envelope`).

    Attributes:
        body: what happened.
    """

    body: AnyRecord


class Run(Message):
    """Records that follow one another.

    Attributes:
        first: the sequence of the first.
        last: the sequence of the last.
        head: the hash of the last; by the chain it stands for all of them.
    """

    first: Sequence
    last: Sequence
    head: Digest


class Refusal(Message):
    """A record that the county understood and will not store; it need not be sent again.

    Attributes:
        seq: its sequence.
        hash: its hash.
        reason: `shape` (a body that the county does not know), `conflict` (another record of that sequence or id is
            stored already) or `chain` (it does not follow the record before it).
    """

    seq: Sequence
    hash: Digest
    reason: ShortText


class Receipt(Message):
    """The county's answer: what it has committed. Derived from its database, so any receipt may be lost.

    Attributes:
        v: the version of this shape.
        point: whose records.
        epoch: of which of the point's databases.
        through: records 1 to `through` are stored; 0 when the first one is missing.
        head: the hash of record `through`, zeros when that is 0.
        also: those of the answered records that are stored beyond `through`, as runs.
        refused: those of the answered records that are not stored and never will be.
        time: when the county computed it.
    """

    v: Literal[1] = 1
    point: PointId
    epoch: Id
    through: Annotated[int, Field(ge=0, lt=2**53)]
    head: Digest
    also: Annotated[tuple[Run, ...], Field(max_length=1000)] = ()
    refused: Annotated[tuple[Refusal, ...], Field(max_length=1000)] = ()
    time: Moment


class DeviceHealth(StrEnum):
    """Whether a device can do its work."""

    READY = "ready"
    DEGRADED = "degraded"
    ABSENT = "absent"


class DeviceStatus(Message):
    """How a device of the point is.

    Attributes:
        name: its name at the point, such as `fingerprint`.
        health: whether it can work.
        faults: why not, in the words of the fault table.
        warnings: what will keep it from working soon.
        model: what it says it is, empty while nobody knows.
        since: since when it is so.
    """

    name: ShortText
    health: DeviceHealth
    faults: tuple[ShortText, ...] = ()
    warnings: tuple[ShortText, ...] = ()
    model: Annotated[str, StringConstraints(max_length=200)] = ""
    since: Moment


class Plug(Message):
    """Something that is plugged in at the point.

    Attributes:
        port: the USB port that it is plugged into, such as `1-1.4`.
        id: vendor and product, such as `1a86:7523`.
        serial: its serial number, empty where it has none.
        name: what it calls itself, empty where it does not say.
    """

    port: ShortText
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
    serial: Annotated[str, StringConstraints(max_length=200)] = ""
    name: Annotated[str, StringConstraints(max_length=200)] = ""


class Disk(Message):
    """The room on the disk that holds the database, in bytes."""

    free: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]


class PointDetail(Message):
    """What a point says of itself while it is online.

    Attributes:
        clock_trusted: whether its clock is synchronised.
        versions: of the program and what matters beside it, by name.
        devices: each device.
        plugs: what is plugged in, hubs left out.
        pending: how many records the county has not answered for.
        refused: how many records the county has refused.
        disk: the room left.
    """

    clock_trusted: bool
    versions: dict[ShortText, ShortText]
    devices: tuple[DeviceStatus, ...]
    plugs: Annotated[tuple[Plug, ...], Field(max_length=64)] = ()
    pending: Annotated[int, Field(ge=0)]
    refused: Annotated[int, Field(ge=0)]
    disk: Disk | None = None


class PointStatus(Message):
    """The retained state of a point; `online` is false in the last will and after an orderly stop.

    Attributes:
        v: the version of this shape.
        point: whose state.
        epoch: of the point's database.
        online: whether it is connected.
        time: when it was written; a last will is written when the connection begins.
        detail: given while the point is online.
    """

    v: Literal[1] = 1
    point: PointId
    epoch: Id
    online: bool
    time: Moment
    detail: PointDetail | None = None
