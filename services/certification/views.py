"""What the screen may know: immutable snapshots of a visit and of an enrolment, with nothing personal unmasked.

Every change of a visit or an enrolment makes a new snapshot with a higher `revision`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from drivers.contracts.fingerprint import CaptureEvent
from services.northbound.messages import Method


class Step(StrEnum):
    """Where a resident is in a visit."""

    CONSENT = "consent"
    PLACE_FINGER = "place_finger"
    CHECKING = "checking"
    CONFIRM_PERSON = "confirm_person"  # the masked name: is it you?
    TRY_AGAIN = "try_again"  # the same finger once more
    OTHER_FINGER = "other_finger"  # `finger` names the next one
    IDENTIFY = "identify"  # type the identity number
    CLERK_NEEDED = "clerk_needed"  # without a masked name the number has to be entered before anything is attested
    ATTEST_SECOND_CLERK = "attest_second_clerk"
    CERTIFIED = "certified"
    ALREADY_CERTIFIED = "already_certified"
    NOT_ELIGIBLE = "not_eligible"  # not old enough to have to certify
    NOT_ENROLLED = "not_enrolled"
    HOME_VISIT_NOTED = "home_visit_noted"
    READER_UNAVAILABLE = "reader_unavailable"
    CANNOT_SAVE = "cannot_save"  # nothing was stored; `retry` saves again
    ENDED = "ended"


class EnrolmentStep(StrEnum):
    """Where a clerk is in an enrolment."""

    PERSON = "person"
    CONSENT = "consent"
    CHOOSE_FINGER = "choose_finger"
    IMPRESSION = "impression"
    DUPLICATE = "duplicate"  # this finger is enrolled already, see `problem`
    REVIEW = "review"  # enough fingers: finish, or choose one more
    NOT_ELIGIBLE = "not_eligible"
    READER_UNAVAILABLE = "reader_unavailable"
    CANNOT_SAVE = "cannot_save"  # nothing was stored; `finish` (or `consent`) tries again
    SAVED = "saved"
    ENDED = "ended"


class Problem(StrEnum):
    """Why a step is shown. Each has words and a voice on the screen."""

    NO_FINGER = "no_finger"
    POOR_IMAGE = "poor_image"
    NO_MATCH = "no_match"
    INCONCLUSIVE = "inconclusive"
    NOT_ME = "not_me"
    LIBRARY_INCOMPLETE = "library_incomplete"  # the reader does not hold all fingers (full, or still loading)
    OTHER_READER = "other_reader"  # the fingers were enrolled with another make of reader
    READER_UNPLUGGED = "reader_unplugged"
    READER_SILENT = "reader_silent"
    READER_BROKEN = "reader_broken"
    PRINTER_PAPER_OUT = "printer_paper_out"
    PRINTER_COVER_OPEN = "printer_cover_open"
    PRINTER_UNAVAILABLE = "printer_unavailable"
    SLIP_INTERRUPTED = "slip_interrupted"  # power went while it was printed: nobody knows whether it is on paper
    STORE_FULL = "store_full"
    DATA_UNREADABLE = "data_unreadable"  # what is stored about the resident does not open with this key
    CLOCK_UNTRUSTED = "clock_untrusted"  # a clerk has to confirm the date first
    LOW_QUALITY = "low_quality"  # enrolment: below the floor
    IMPRESSIONS_DIFFER = "impressions_differ"  # enrolment: not one and the same finger
    SAME_FINGER = "same_finger"  # enrolment: this finger was enrolled a moment ago under another name
    OTHER_RESIDENT = "other_resident"  # enrolment: the finger belongs to somebody who is enrolled already
    UNFORESEEN = "unforeseen"  # the log says more


class FingerPosition(IntEnum):
    """Fingers as numbered in ISO/IEC 19794-2, table of finger positions."""

    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10

    @property
    def words(self) -> str:
        """Its name on the screen and in the voice."""
        hand = "右手" if self <= FingerPosition.RIGHT_LITTLE else "左手"
        return hand + ("拇指", "食指", "中指", "无名指", "小指")[(self - 1) % 5]

    @property
    def term(self) -> str:
        """Its name in records, such as `right_index`."""
        return self.name.lower()


class SlipState(StrEnum):
    """How far the printed slip of a certification is. The certification stands whatever the slip does."""

    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"
    FAILED = "failed"  # `slip_problem` says why; it can be printed again


@dataclass(frozen=True, slots=True)
class CertificationView:
    """A certification as it may be shown.

    Attributes:
        certification_id: the point's id of it.
        record_id: the signed record's id, printed on the slip.
        year: the year that it is for, in Asia/Shanghai.
        certified_at: when it was made, UTC.
        clock_trusted: whether the clock was synchronised then.
        method: how it was established.
        masked_name: such as `张**`.
        masked_number: such as `500236**********12`.
        slip: how far the printed slip is.
        slip_problem: why it failed.
        acknowledged: whether the county's receipt covers the record.
    """

    certification_id: str
    record_id: str
    year: int
    certified_at: datetime
    clock_trusted: bool
    method: Method
    masked_name: str
    masked_number: str
    slip: SlipState
    slip_problem: Problem | None
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit as the screen shows it.

    Attributes:
        visit_id: names the visit in every act.
        revision: grows with every change.
        step: what the screen is to show.
        capture: what the reader said last, while a finger is wanted.
        problem: why the step is shown, if there is a reason to tell.
        masked_name: the resident's, once known.
        masked_number: the resident's, once known.
        finger: the finger that is suggested, once it is known whose.
        tries_left: touches left with this finger.
        certification: this year's, once made or found.
    """

    visit_id: str
    revision: int
    step: Step
    capture: CaptureEvent | None = None
    problem: Problem | None = None
    masked_name: str | None = None
    masked_number: str | None = None
    finger: FingerPosition | None = None
    tries_left: int = 0
    certification: CertificationView | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """An enrolment as the screen shows it.

    Attributes:
        enrolment_id: names the enrolment in every act.
        revision: grows with every change.
        step: what the screen is to show.
        capture: what the reader said last, while a finger is wanted.
        problem: why the step is shown, if there is a reason to tell.
        masked_name: the resident's, once entered.
        masked_number: the resident's, once entered.
        finger: the finger that is being enrolled.
        impression: which impression of it is wanted, from 1.
        impressions_needed: how many make a finger.
        quality: 0 to 100 of the last impression, `None` where the reader hands out no image.
        fingers_done: the fingers that are complete.
        fingers_needed: how many make an enrolment.
        enrolled_before: whether the resident is enrolled already and is now enrolled anew.
    """

    enrolment_id: str
    revision: int
    step: EnrolmentStep
    capture: CaptureEvent | None = None
    problem: Problem | None = None
    masked_name: str | None = None
    masked_number: str | None = None
    finger: FingerPosition | None = None
    impression: int = 1
    impressions_needed: int = 3
    quality: int | None = None
    fingers_done: tuple[FingerPosition, ...] = ()
    fingers_needed: int = 2
    enrolled_before: bool = False


@dataclass(frozen=True, slots=True)
class ResidentView:
    """A resident in a clerk's list."""

    resident_id: str
    masked_name: str
    masked_number: str


@dataclass(frozen=True, slots=True)
class HomeVisitView:
    """A home visit that is asked for and not made yet.

    Attributes:
        request_id: names it when it is completed.
        resident: whom to visit.
        year: the year that it was asked for.
        reason: why the resident cannot be certified at the point.
        clerk: who asked for it, by name.
        requested_at: when, UTC.
    """

    request_id: str
    resident: ResidentView
    year: int
    reason: str
    clerk: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of the clerk's page, for today and this year in Asia/Shanghai.

    Attributes:
        certified_today: certifications made today.
        certified_this_year: certifications for this year.
        residents: residents that are enrolled.
        outstanding: those of them that are not certified this year.
        home_visits_open: visits asked for and not made.
        waiting_for_review: attested and home-visit certifications of this year, which the county reviews.
    """

    certified_today: int
    certified_this_year: int
    residents: int
    outstanding: tuple[ResidentView, ...]
    home_visits_open: int
    waiting_for_review: int
