"""The bench over HTTP: what may be asked of it, and what it says to nonsense."""

import math
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import serial
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from simulators.console.app import Server, application
from simulators.console.bench import Bench

THUMB = "样例甲/right_thumb"


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps grown fingers from test to test."""
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def bench(fingers: Path) -> Iterator[Bench]:
    with Bench(fingers, pace=math.inf, grow_ahead=False) as on_it:
        yield on_it


@pytest.fixture
def client(bench: Bench) -> FlaskClient:
    return application(bench).test_client()


def said(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


def print_line(bench: Bench, text: bytes) -> None:
    count = len(bench.printer.slips)
    with serial.Serial(unquote(urlsplit(bench.printer.url).path), timeout=10) as line:
        line.write(text + b"\n\x1dVB\x00")
        bench.printer.wait_for_slip(count + 1)


def test_a_finger_is_put_on_and_lifted(client: FlaskClient) -> None:
    assert said(client.get("/api/window.png"), 404)["error"]
    now = said(client.post("/api/finger", json={"finger": THUMB, "impression": 2}))
    assert now["reader"]["finger"] == f"{THUMB}/2"
    window = client.get("/api/window.png")
    assert (window.mimetype, window.data[:4]) == ("image/png", b"\x89PNG")
    assert said(client.delete("/api/finger"))["reader"]["finger"] is None


def test_skin_changes_what_the_window_sees(client: FlaskClient) -> None:
    seen = set()
    for skin in ("own", "good", "dry", "moist", "worn"):
        said(client.post("/api/finger", json={"finger": THUMB, "skin": skin}))
        seen.add(client.get("/api/window.png").data)
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"finger": "样例甲/left_toe"}, 404, "left_toe"),
        ({"finger": "某人/right_thumb"}, 404, "某人"),
        ({}, 400, "finger"),
        ({"finger": THUMB, "impression": -1}, 400, "impression"),
        ({"finger": THUMB, "impression": 1.5}, 400, "impression"),
        ({"finger": THUMB, "impression": 1000}, 400, "impression"),
        ({"finger": THUMB, "skin": "scaly"}, 400, "skin"),
        ({"finger": THUMB, "pressure": 3}, 400, "pressure"),
        ({"finger": ["样例甲"]}, 400, "finger"),
        ("样例甲", 400, "JSON object"),
    ],
)
def test_nonsense_fingers_are_refused_with_a_reason(client: FlaskClient, body: object, status: int, word: str) -> None:
    assert word in said(client.post("/api/finger", json=body), status)["error"]
    assert said(client.get("/api/state"))["reader"]["finger"] is None


def test_a_body_that_is_no_json_is_refused(client: FlaskClient) -> None:
    assert "JSON" in said(client.post("/api/finger", data="finger=x"), 400)["error"]
    assert "JSON" in said(client.post("/api/finger", data="{", content_type="application/json"), 400)["error"]


def test_the_residents_and_their_fingers_are_listed(client: FlaskClient) -> None:
    listed = said(client.get("/api/residents"))
    assert listed["pictures"] == []
    first = listed["residents"][0]
    assert first["name"] == "样例甲"
    assert [finger["name"] for finger in first["fingers"]][:2] == ["样例甲/right_thumb", "样例甲/right_index"]
    assert [finger["hand"] for finger in first["fingers"]] == ["right"] * 5 + ["left"] * 5


def test_the_reader_is_unplugged_broken_and_mended(client: FlaskClient) -> None:
    assert not said(client.post("/api/reader/unplug"))["reader"]["plugged"]
    assert said(client.post("/api/reader/plug"))["reader"]["plugged"]
    broken = said(client.post("/api/reader/fault", json={"kind": "silent", "answers": 3}))
    assert broken["reader"]["fault"] == "silent"
    assert said(client.post("/api/reader/mend"))["reader"]["fault"] is None


def test_the_printer_s_paper_and_cover_are_handled(client: FlaskClient) -> None:
    steps: list[tuple[str, dict[str, bool]]] = [
        ("take-paper", {"paper": False, "online": False}),
        ("load-paper", {"paper": True, "online": True}),
        ("paper-low", {"paper_low": True, "online": True}),
        ("load-paper", {"paper_low": False}),
        ("open-cover", {"cover_open": True, "online": False}),
        ("close-cover", {"cover_open": False, "online": True}),
        ("unplug", {"plugged": False, "online": False}),
        ("plug", {"plugged": True, "online": True}),
    ]
    for action, expected in steps:
        printer = said(client.post(f"/api/printer/{action}"))["printer"]
        assert {name: printer[name] for name in expected} == expected, action


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("printer/explode", None, 404, "take-paper"),
        ("reader/explode", None, 404, "unplug"),
        ("printer/fault", {"kind": "flood"}, 400, "kind"),
        ("printer/fault", {"kind": "silent", "after": -1}, 400, "after"),
        ("printer/fault", {"kind": "refused"}, 400, "network"),
        ("reader/fault", {"kind": "silent", "answers": 0}, 400, "answers"),
        ("reader/fault", None, 400, "JSON"),
    ],
)
def test_nonsense_acts_are_refused_with_a_reason(
    client: FlaskClient, path: str, body: object, status: int, word: str
) -> None:
    answer = client.post(f"/api/{path}") if body is None else client.post(f"/api/{path}", json=body)
    assert word in said(answer, status)["error"]


def test_slips_can_be_read_and_looked_at(client: FlaskClient, bench: Bench) -> None:
    assert said(client.get("/api/slips/1"), 404)["error"]
    print_line(bench, b"hello")
    assert said(client.get("/api/state"))["printer"]["slips"] == [1]
    assert said(client.get("/api/slips/1"))["text"].strip() == "hello"
    assert client.get("/api/slips/1.png").data[:4] == b"\x89PNG"
    assert client.get("/api/strip.png").data[:4] == b"\x89PNG"
    assert said(client.get("/api/slips/2.png"), 404)["error"]
    assert said(client.get("/api/slips/0"), 404)["error"]


def test_errors_are_json_everywhere(client: FlaskClient) -> None:
    assert said(client.get("/nowhere"), 404)["error"]
    assert said(client.put("/api/finger"), 405)["error"]
    assert said(client.post("/api/finger", data=b"x" * 100_000, content_type="application/json"), 413)["error"]


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "模拟硬件台" in page
    assert "切刀卡住" in page
    for part in ("console.css", "console.js"):
        with client.get(f"/static/{part}") as answer:
            assert answer.status_code == 200
            assert b"http" not in answer.data
    assert "http" not in page


def test_a_port_that_is_taken_is_an_error(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Server(bench, taken.getsockname()[1])
