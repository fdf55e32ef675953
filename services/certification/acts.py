"""Why an act of a resident or a clerk is not done."""


class OutOfStep(Exception):  # noqa: N818 - the seam's own term; it is no fault, the screen shows the current step
    """The act does not fit the current step: a second tap, or a page that is no longer current."""


class Occupied(OutOfStep):
    """Somebody else's visit or enrolment is under way at the one reader."""


class ActError(Exception):
    """The act fits the step, but cannot be done as asked; the step stays."""


class SameClerkError(ActError):
    """The second clerk is the first one."""


class ReasonError(ActError):
    """A reason is needed, of 2 to 200 characters."""


class NameRejectedError(ActError):
    """It is not the name of a person."""


class DateDiffersError(ActError):
    """The date that the clerk gave is not the clock's: the clock has to be set before anybody is certified."""


class DateDoubtfulError(ActError):
    """The clock cannot be believed; a clerk has to confirm the date first (`Calendar.confirm_today`)."""


class VisitDateError(ActError):
    """The home visit cannot have been on that day: it lies before the request, or in the future."""


class NotFoundError(ActError):
    """There is no such open request."""


class AlreadyCertifiedError(ActError):
    """The resident has been certified for that year; there is never a second certification."""


class NotEligibleError(ActError):
    """The resident is too young to have to certify."""


def clean_reason(text: str) -> str:
    """A clerk's reason in one line.

    Raises:
        ReasonError: it is shorter than 2 characters or longer than 200.
    """
    reason = " ".join(text.split())
    if not 2 <= len(reason) <= 200 or not reason.isprintable():
        raise ReasonError("a reason has 2 to 200 characters")
    return reason
