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
    clerk = _Clerk(front)
    pages = Blueprint("clerk", __name__)
    pages.add_url_rule("/sign_in", view_func=clerk.who)
    pages.add_url_rule("/sign_in/<clerk_id>", view_func=clerk.pin)
    pages.add_url_rule("/sign_in/<clerk_id>", view_func=clerk.prove, methods=["POST"])
    for address, view, method in (
        ("/clerk", clerk.menu, "GET"),
        ("/clerk/statistics", clerk.statistics, "GET"),
        ("/clerk/outstanding", clerk.outstanding, "GET"),
        ("/clerk/devices", clerk.devices, "GET"),
        ("/clerk/date", clerk.date, "GET"),
        ("/clerk/date", clerk.confirm_date, "POST"),
        ("/clerk/pin", clerk.change_pin, "GET"),
        ("/clerk/pin", clerk.take_pin, "POST"),
    ):
        pages.add_url_rule(address, view_func=signed_in(front, view), methods=[method])
    return pages


class _Clerk:
    """What a clerk sees and posts."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._calendar = front.certification.calendar

    def who(self) -> Response:
        return sign_in.who(self._front, "/sign_in", "/", "sign_in")

    def pin(self, clerk_id: str) -> Response:
        return sign_in.pin(self._front, f"/sign_in/{clerk_id}", clerk_id, "/sign_in")

    def prove(self, clerk_id: str) -> Response:
        front, session = self._front, self._front.session

        def proven(clerk: Clerk) -> Response:
            session.clerk = clerk
            front.sessions.touch(session)
            return front.go("/clerk")

        with session.lock:
            if session.visit_id is not None:
                return front.shown()
            return sign_in.prove(front, f"/sign_in/{clerk_id}", clerk_id, "/sign_in", proven)

    def menu(self) -> Response:
        self._front.session.draft.clear()
        data = {"clerk": self._front.clerk, "doubtful": self._calendar.is_doubtful()}
        return self._front.render(Page("clerk/menu", "clerk", here="/clerk", back="/clerk", data=data))

    def statistics(self) -> Response:
        data = {"figures": self._front.certification.statistics()}
        return self._front.render(
            Page("clerk/statistics", "statistics", here="/clerk/statistics", back="/clerk", data=data)
        )

    def outstanding(self) -> Response:
        people = self._front.certification.statistics().outstanding
        page, pages_in_all = paged(len(people), _ROWS)
        rows = people[page * _ROWS : (page + 1) * _ROWS]
        data = {"rows": rows, "page_number": page, "pages": pages_in_all, "address": "/clerk/outstanding"}
        here = f"/clerk/outstanding?page={page}"
        return self._front.render(
            Page("clerk/outstanding", "outstanding", here=here, back="/clerk/statistics", data=data)
        )

    def devices(self) -> Response:
        newest = self._front.hub.newest(POINT)
        data = {"rows": _device_rows(self._front)}
        return self._front.render(
            Page(
                "clerk/devices", "devices", here="/clerk/devices", back="/clerk", follows=POINT, revision=newest,
                data=data,
            )
        )  # fmt: skip

    def date(self) -> Response:
        data = {"address": "/clerk/date", "view": None, "date": self._calendar.today()}
        page = Page("clerk/date", "date", ("date-how",), here="/clerk/date", back="/clerk", data=data)
        return self._front.render(page)

    def confirm_date(self) -> Response:
        try:
            self._calendar.confirm_today(self._front.clerk, date.fromisoformat(request.form.get("day", "")))
        except (DateDiffersError, ValueError):
            return self._front.render(Page("clerk/date_wrong", "date-wrong", ("date-wrong-how",), back="/clerk"))
        return self._front.render(Page("clerk/done", "date-right", ("date-right-how",), back="/clerk"))

    def change_pin(self) -> Response:
        return self._front.render(_new_pin_page(self._front))

    def take_pin(self) -> Response:
        return self._front.render(_take_pin(self._front))


def paged(count: int, rows: int) -> tuple[int, int]:
    """The page of a list that was asked for, and how many there are."""
    pages_in_all = max(1, -(-count // rows))
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
