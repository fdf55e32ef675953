"""What is said between a point and the county. JSON Schema and AsyncAPI in `docs/protocol/` are generated from here.

No message carries a template, a fingerprint image, a full name or a full identity number.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PointId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
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
    begin: AwareDatetime
    end: AwareDatetime


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
    certified_at: AwareDatetime
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
    enrolled_at: AwareDatetime
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
    requested_at: AwareDatetime


class Alarm(RecordBody):
    """Something at the point needs attention, or no longer does."""

    channel: ClassVar[str] = "alarm"
    priority: ClassVar[int] = 0

    kind: Literal["alarm"] = "alarm"
    source: ShortText
    fault: ShortText
    active: bool
    since: AwareDatetime
    detail: Annotated[str, StringConstraints(max_length=1000)] = ""


AnyRecord = Annotated[Certification | Enrolment | HomeVisitRequest | Alarm, Field(discriminator="kind")]


class Envelope(Message):
    """A record as it is kept and sent: numbered, chained, hashed and signed (see `services.northbound.envelope`).

    Attributes:
        v: the version of this shape.
        id: a UUIDv7 (RFC 9562), drawn when the record was made.
        point: the service point.
        epoch: the point's database; a rebuilt one has another and counts from 1 again.
        seq: the record's number in its epoch, from 1 without gaps.
        time: when the record was made, by the point's clock.
        clock_trusted: whether that clock was synchronised then.
        prev: the hash of the record before it in its epoch, zeros for the first.
        body: what happened.
        hash: SHA-256 over the canonical JSON of everything above.
        signature: Ed25519 over the bytes of the hash, base64url without padding.
    """

    v: Literal[1]
    id: Id
    point: PointId
    epoch: Id
    seq: Sequence
    time: AwareDatetime
    clock_trusted: bool
    prev: Digest
    body: AnyRecord
    hash: Digest
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]
