"""How a clerk proves to be one: a name, then the PIN. What for is part of the address."""

from collections.abc import Callable
from typing import Final

from flask import Response, request

from kiosk.ui import words
from kiosk.ui.front import Front, Page
from services.clerks import Clerk, LockedError, UnknownClerkError, WrongPinError

_ON_A_PAGE: Final = 5  # and one choice that leads to more
_SHOWN_WHOLE: Final = 6


def who(
    front: Front, address: str, back: str, title: str, leads: tuple[str, ...] = (), *, besides: Clerk | None = None
) -> Response:
    """The clerks to choose from.

    Args:
        front: what pages share.
        address: of this page; the clerk's id is appended.
        back: where the way back leads.
        title: its prompt.
        leads: its further prompts.
        besides: who cannot be chosen, being the first of two.
    """
    clerks = [clerk for clerk in front.parts.clerks.all() if besides is None or clerk.clerk_id != besides.clerk_id]
    page = max(0, request.args.get("page", 0, type=int))
    shown, more = clerks, None
    if len(clerks) > _SHOWN_WHOLE:
        first = page * _ON_A_PAGE % (-(-len(clerks) // _ON_A_PAGE) * _ON_A_PAGE)
        shown, more = clerks[first : first + _ON_A_PAGE], f"{address}?page={page + 1}"
    return front.render(
        Page(
            "clerk/who", title, leads if clerks else ("sign_in-nobody",), here=address, back=back,
            data={"clerks": shown, "more": more, "address": address},
        )
    )  # fmt: skip


def pin(front: Front, address: str, clerk_id: str, back: str) -> Response:
    """The keypad for the PIN."""
    try:
        clerk = front.parts.clerks.get(clerk_id)
    except UnknownClerkError:
        return front.go(back)
    return front.render(_pin_page(address, clerk, back))


def prove(front: Front, address: str, clerk_id: str, back: str, proven: Callable[[Clerk], Response]) -> Response:
    """Check the PIN that was posted.

    Args:
        front: what pages share.
        address: where the PIN was posted to.
        clerk_id: whose it is said to be.
        back: where the way back leads.
        proven: what is done with the clerk.
    """
    clerks = front.parts.clerks
    try:
        clerk = clerks.get(clerk_id)
        try:
            clerk = clerks.sign_in(clerk_id, request.form.get("pin", ""))
        except WrongPinError as error:
            return front.render(_pin_page(address, clerk, back, "pin-wrong", left=error.tries_left))
        except LockedError as error:
            return front.render(_pin_page(address, clerk, back, "pin-locked", until=words.time(error.until)))
    except UnknownClerkError:
        return front.go(back)
    return proven(clerk)


def _pin_page(
    address: str, clerk: Clerk, back: str, lead: str | None = None, *, left: int | None = None, until: str | None = None
) -> Page:
    return Page(
        "clerk/pin", "pin", (lead,) if lead else (), here=address, back=back,
        data={"clerk": clerk, "address": address, "left": left, "until": until}, status=200 if lead is None else 422,
    )  # fmt: skip
