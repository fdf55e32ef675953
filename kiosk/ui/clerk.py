"""The clerk's own pages: signing in, figures, devices, date and PIN."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, Final

from flask import Blueprint, Response, request

from kiosk.ui import sign_in, words
from kiosk.ui.front import POINT, Front, Page
from services.certification.acts import DateDiffersError
from services.clerks import Clerk, PinRejectedError, check_pin
from services.devices import DeviceHandle, Health

_NEW_PIN: Final = "new_pin"
_ROWS: Final = 4  # of residents on a page, so that nothing has to be scrolled


def signed_in(front: Front, view: Callable[..., Response]) -> Callable[..., Response]:
    """A page for clerks who are signed in; all others are led home."""

    @wraps(view)
    def guarded(**values: str) -> Response:
        with front.session.lock:
            return view(**values) if front.session.clerk is not None else front.shown()

    return guarded


def clerk_pages(front: Front) -> Blueprint:
    """The routes."""
    pages = Blueprint("clerk", __name__)

    @pages.get("/sign_in")
    def who() -> Response:
        return sign_in.who(front, "/sign_in", "/", "sign_in", (), None)

    @pages.get("/sign_in/<clerk_id>")
    def pin(clerk_id: str) -> Response:
        return sign_in.pin(front, f"/sign_in/{clerk_id}", clerk_id, "/sign_in")

    @pages.post("/sign_in/<clerk_id>")
    def prove(clerk_id: str) -> Response:
        def proven(clerk: Clerk) -> Response:
            front.session.clerk = clerk
            front.sessions.touch(front.session)
            return front.go("/clerk")

        with front.session.lock:
            if front.session.visit_id is not None:
                return front.shown()
            return sign_in.prove(front, f"/sign_in/{clerk_id}", clerk_id, "/sign_in", proven)

    def menu() -> Response:
        front.session.draft.clear()
        doubtful = front.certification.calendar.is_doubtful()
        return front.render(
            Page("clerk/menu", "clerk", here="/clerk", back="/clerk", data={"clerk": front.clerk, "doubtful": doubtful})
        )

    def statistics() -> Response:
        figures = front.certification.statistics()
        return front.render(
            Page("clerk/statistics", "statistics", here="/clerk/statistics", back="/clerk", data={"figures": figures})
        )

    def outstanding() -> Response:
        people = front.certification.statistics().outstanding
        page, pages_in_all = _paged(len(people))
        rows = people[page * _ROWS : (page + 1) * _ROWS]
        data = {"rows": rows, "page_number": page, "pages": pages_in_all, "address": "/clerk/outstanding"}
        here = f"/clerk/outstanding?page={page}"
        return front.render(Page("clerk/outstanding", "outstanding", here=here, back="/clerk/statistics", data=data))

    def devices() -> Response:
        newest = front.hub.newest(POINT)
        return front.render(
            Page(
                "clerk/devices", "devices", here="/clerk/devices", back="/clerk", follows=POINT, revision=newest,
                data={"rows": _device_rows(front)},
            )
        )  # fmt: skip

    def show_date() -> Response:
        today = front.certification.calendar.today()
        data = {"address": "/clerk/date", "view": None, "date": today}
        return front.render(Page("clerk/date", "date", ("date-how",), here="/clerk/date", back="/clerk", data=data))

    def confirm_date() -> Response:
        try:
            front.certification.calendar.confirm_today(front.clerk, date.fromisoformat(request.form.get("day", "")))
        except (DateDiffersError, ValueError):
            return front.render(Page("clerk/date_wrong", "date-wrong", ("date-wrong-how",), back="/clerk"))
        return front.render(Page("clerk/done", "date-right", ("date-right-how",), back="/clerk"))

    def change_pin() -> Response:
        return front.render(_new_pin_page(front))

    def take_pin() -> Response:
        return front.render(_take_pin(front))

    for address, view, method in (
        ("/clerk", menu, "GET"),
        ("/clerk/statistics", statistics, "GET"),
        ("/clerk/outstanding", outstanding, "GET"),
        ("/clerk/devices", devices, "GET"),
        ("/clerk/date", show_date, "GET"),
        ("/clerk/date", confirm_date, "POST"),
        ("/clerk/pin", change_pin, "GET"),
        ("/clerk/pin", take_pin, "POST"),
    ):
        pages.add_url_rule(address, view.__name__, signed_in(front, view), methods=[method])
    return pages


def _paged(count: int) -> tuple[int, int]:
    """The page that was asked for, and how many there are."""
    pages_in_all = max(1, -(-count // _ROWS))
    return min(max(0, request.args.get("page", 0, type=int)), pages_in_all - 1), pages_in_all


# ----------------------------------------------------------------------------------- devices


def _device_rows(front: Front) -> list[tuple[str, str, bool]]:
    """Name, words, and whether it is well, of everything that a clerk can do something about."""
    rows = [_device_row(name, device) for name, device in front.parts.devices.items()]
    state = front.parts.northbound.state
    waiting = f"，还有{state.pending}条没有上报" if state.pending else "，全部已上报"
    rows.append(("县里网络", ("已连接" if state.connected else "没连上，照常办理") + waiting, state.connected))
    doubtful = front.certification.calendar.is_doubtful()
    trusted = front.parts.clock.trusted()
    clock = "日期要核对，请在菜单里核对日期" if doubtful else ("已校时" if trusted else "没有校时，请核对日期")
    rows.append(("时钟", clock, trusted and not doubtful))
    inventory = front.parts.inventory
    plugged = "看不到，请联系县里" if inventory.problem else f"{len(inventory.inventory.usb)}个USB设备"
    rows.append(("插口", plugged, not inventory.problem))
    return rows


def _device_row(name: str, device: DeviceHandle[Any]) -> tuple[str, str, bool]:
    state = device.state
    return words.DEVICES.get(name, name), words.device_state(state), state.health is Health.READY


# ----------------------------------------------------------------------------------- a new PIN


def _new_pin_page(front: Front, lead: str = "change_pin-how", status: int = 200) -> Page:
    front.session.draft.pop(_NEW_PIN, None)
    data = {"clerk": front.clerk, "address": "/clerk/pin", "left": None, "until": None}
    return Page("clerk/pin", "change_pin", (lead,), here="/clerk/pin", back="/clerk", data=data, status=status)


def _take_pin(front: Front) -> Page:
    """The first time it is kept, the second time it has to be the same."""
    pin, first = request.form.get("pin", ""), front.session.draft.get(_NEW_PIN)
    try:
        check_pin(pin)
    except PinRejectedError as error:
        return _new_pin_page(front, words.rejection(error), 422)
    if first is None:
        front.session.draft[_NEW_PIN] = pin
        data = {"clerk": front.clerk, "address": "/clerk/pin", "left": None, "until": None}
        return Page("clerk/pin", "change_pin-again", here="/clerk/pin", back="/clerk/pin", data=data)
    if pin != first:
        return _new_pin_page(front, "change_pin-differs", 422)
    del front.session.draft[_NEW_PIN]
    front.parts.clerks.change_pin(front.clerk, pin, front.clerk.actor)
    return Page("clerk/done", "change_pin-done", ("change_pin-done-how",), here="/clerk", back="/clerk")
