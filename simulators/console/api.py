"""What can be done at the bench over HTTP. Bodies and answers are JSON; errors are ``{"error": "what is wrong"}``.

======  ==============================  ==============================================================================
GET     ``/api/state``                  reader and printer as they are now
GET     ``/api/residents``              whose fingers there are
GET     ``/api/window.png``             what the reader's window sees; 404 without a finger
POST    ``/api/finger``                 ``{"finger": "样例甲/right_thumb", "impression": 0, "skin": "own"}``: put it on
DELETE  ``/api/finger``                 lift it
POST    ``/api/reader/ACTION``          ``plug``, ``unplug``, ``mend``
POST    ``/api/reader/fault``           ``{"kind": "silent", "answers": 1, "after_bytes": 0, "delay": 2.0}``
POST    ``/api/printer/ACTION``         ``plug``, ``unplug``, ``mend``, ``take-paper``, ``load-paper``, ``paper-low``,
                                        ``open-cover``, ``close-cover``
POST    ``/api/printer/fault``          ``{"kind": "paper out", "after": 3, "delay": 1.0}``
GET     ``/api/slips/N``                ``{"number": N, "text": "...", "qr_codes": [...]}``
GET     ``/api/slips/N.png``            the slip as a picture
GET     ``/api/strip.png``              what hangs out of the printer and is not cut off
======  ==============================  ==============================================================================

Kinds of faults are those of ``simulators.fingerprint.FaultKind`` and ``simulators.printer.FaultKind``; what a kind has
no use for may be left out. Actions answer with the new state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from flask import Blueprint, Response, abort, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulators import fingerprint, printer
from simulators.console import state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask.typing import ResponseReturnValue
    from werkzeug.exceptions import HTTPException

    from simulators.console.bench import Bench
    from simulators.printer import PrintedSlip

_MOST_IMPRESSIONS = 1000
_LONGEST_DELAY = 60.0


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Placement(_Order):
    finger: Annotated[str, Field(min_length=1, max_length=200)]
    impression: Annotated[int, Field(ge=0, lt=_MOST_IMPRESSIONS, strict=True)] = 0
    skin: Literal["own", "good", "dry", "moist", "worn"] = "own"


class _ReaderFault(_Order):
    kind: fingerprint.FaultKind
    answers: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    after_bytes: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    delay: Annotated[float, Field(ge=0, le=_LONGEST_DELAY)] = 2.0


class _PrinterFault(_Order):
    kind: printer.FaultKind
    after: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    delay: Annotated[float, Field(ge=0, le=_LONGEST_DELAY)] = 1.0


_O = TypeVar("_O", bound=_Order)


def api(bench: Bench) -> Blueprint:
    """The routes under ``/api``."""
    routes = Blueprint("api", __name__, url_prefix="/api")
    routes.get("/state", endpoint="state")(lambda: state.state(bench))
    routes.get("/residents", endpoint="residents")(lambda: state.residents(bench))
    _finger_routes(routes, bench)
    _reader_routes(routes, bench)
    _printer_routes(routes, bench)
    _paper_routes(routes, bench)
    return routes


def _finger_routes(routes: Blueprint, bench: Bench) -> None:
    @routes.post("/finger")
    def place() -> ResponseReturnValue:
        order = _order(_Placement)
        try:
            bench.place(order.finger, order.impression, order.skin)
        except KeyError as error:
            abort(404, str(error.args[0]))
        return state.state(bench)

    @routes.delete("/finger")
    def lift() -> ResponseReturnValue:
        bench.reader.lift()
        return state.state(bench)

    @routes.get("/window.png")
    def show_window() -> ResponseReturnValue:
        preview = bench.reader.snapshot().preview
        return _picture(preview) if preview is not None else abort(404, "no finger is on the window")


def _reader_routes(routes: Blueprint, bench: Bench) -> None:
    actions = {"plug": bench.reader.plug, "unplug": bench.reader.unplug, "mend": bench.reader.clear_fault}

    @routes.post("/reader/fault")
    def break_reader() -> ResponseReturnValue:
        bench.reader.fault(fingerprint.Fault(**_order(_ReaderFault).model_dump()))
        return state.state(bench)

    @routes.post("/reader/<action>")
    def handle_reader(action: str) -> ResponseReturnValue:
        _act(actions, action)
        return state.state(bench)


def _printer_routes(routes: Blueprint, bench: Bench) -> None:
    actions = {
        "plug": bench.printer.plug,
        "unplug": bench.printer.unplug,
        "mend": bench.printer.clear_fault,
        "take-paper": bench.printer.take_paper_out,
        "load-paper": bench.printer.load_paper,
        "paper-low": bench.printer.paper_low,
        "open-cover": bench.printer.open_cover,
        "close-cover": bench.printer.close_cover,
    }

    @routes.post("/printer/fault")
    def break_printer() -> ResponseReturnValue:
        order = _order(_PrinterFault)
        try:
            bench.printer.fault(printer.Fault(**order.model_dump()))
        except ValueError as error:
            abort(400, str(error))
        return state.state(bench)

    @routes.post("/printer/<action>")
    def handle_printer(action: str) -> ResponseReturnValue:
        _act(actions, action)
        return state.state(bench)


def _paper_routes(routes: Blueprint, bench: Bench) -> None:
    @routes.get("/slips/<int:number>.png")
    def show_slip(number: int) -> ResponseReturnValue:
        return _picture(_slip(bench, number).png())

    @routes.get("/slips/<int:number>")
    def read_slip(number: int) -> ResponseReturnValue:
        slip = _slip(bench, number)
        return {"number": slip.number, "text": slip.text, "qr_codes": slip.qr_codes}

    @routes.get("/strip.png")
    def show_strip() -> ResponseReturnValue:
        return _picture(bench.printer.strip_png())


def refused(error: HTTPException) -> ResponseReturnValue:
    """An error as JSON."""
    return jsonify({"error": error.description}), error.code or 500


def _order(kind: type[_O]) -> _O:
    """The body of the request, checked."""
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "the body must be a JSON object, with the content type application/json")
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        places = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        abort(400, "; ".join(places))


def _act(actions: Mapping[str, Callable[[], None]], action: str) -> None:
    if action not in actions:
        abort(404, f"no action is called {action!r}; there is {', '.join([*actions, 'fault'])}")
    actions[action]()


def _slip(bench: Bench, number: int) -> PrintedSlip:
    slips = bench.printer.slips
    if not 1 <= number <= len(slips):
        abort(404, f"no slip {number}; {len(slips)} have come out")
    return slips[number - 1]


def _picture(png: bytes) -> Response:
    return Response(png, mimetype="image/png", headers={"Cache-Control": "no-store"})
