"""What a county sets and what the point is called: everything about certification that is configured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of certification at this point.

    Attributes:
        point_name: what residents call the point; printed on slips.
        supervision_phone: printed on slips.
        verify_url: where the county answers what a slip's QR code asks, without a slash at the end.
        camera: the monitoring camera, empty where there is none; records then name no footage.
        minimum_age: from which age somebody has to certify.
        tries_per_finger: touches before the next finger is asked for.
        fingers_tried: how many of a resident's fingers are asked for before a clerk is.
        capture_s: how long the reader waits for a finger.
        quality_floor: 0 to 100; an impression below it is not enrolled.
        impressions: how many impressions make an enrolled finger.
        fingers_enrolled: how many fingers make an enrolment, at least.
        certification_consent: the version of the text that a resident agrees to at a visit.
        enrolment_consent: the version of the text that a resident agrees to at an enrolment.
        home_visit_consent: the version of the text that a resident agrees to at home.
        print_s: how long a slip may take.
        learn: whether a touch that certified somebody may improve the finger's templates.
    """

    point_name: str
    supervision_phone: str
    verify_url: str
    camera: str = ""
    minimum_age: int = 60
    tries_per_finger: int = 3
    fingers_tried: int = 3
    capture_s: float = 30.0
    quality_floor: int = 40
    impressions: int = 3
    fingers_enrolled: int = 2
    certification_consent: str = "certification/1"
    enrolment_consent: str = "enrolment/1"
    home_visit_consent: str = "home-visit/1"
    print_s: float = 20.0
    learn: bool = False
