"""What the screen's server lets in, what no answer goes without, and how it ends."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.e2e.stage import Stage, stage
from tests.support.certification import identity_number


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as it:
        yield it


class Client:
    """A browser without a mind of its own."""

    def __init__(self, staged: Stage) -> None:
        self.port = staged.screen.port
        self.cookie = ""
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **more: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        connection.request(method, path, urlencode(form or {}), headers)
        answer = connection.getresponse()
        self.headers = dict(answer.getheaders())
        self.cookie = self.headers.get("Set-Cookie", self.cookie).split(";")[0]
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text

    def csrf(self) -> str:
        return self.ask("GET", "/")[1].split('data-csrf="')[1].split('"')[0]


@pytest.fixture
def client(staged: Stage) -> Client:
    return Client(staged)


def test_every_page_has_the_headers_that_keep_strangers_out(client: Client) -> None:
    client.ask("GET", "/")
    policy = client.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert client.headers["Cache-Control"] == "no-store"
    assert client.headers["X-Content-Type-Options"] == "nosniff"
    assert "HttpOnly" in client.headers["Set-Cookie"]
    assert "SameSite=Strict" in client.headers["Set-Cookie"]
    assert "Server" not in client.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.168.1.5", ""])
def test_another_name_for_this_machine_gets_nothing(client: Client, host: str) -> None:
    status, text = client.ask("GET", "/", Host=host)
    assert status in {400, 421}
    assert "认证" not in text


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "LOCALHOST"])
def test_this_machine_s_own_names_are_served(client: Client, host: str) -> None:
    assert client.ask("GET", "/", Host=host)[0] == 200


def test_an_act_needs_the_token_of_its_own_session(client: Client, staged: Stage) -> None:
    token, other = client.csrf(), Client(staged).csrf()
    for form in ({}, {"csrf": ""}, {"csrf": other}, {"csrf": "ü"}):
        status, _ = client.ask("POST", "/visit/start", form)
        assert (status, client.headers["Location"]) == (303, "/?stale=1")
    assert staged.point.visits.view() is None
    client.ask("POST", "/visit/start", {"csrf": token})
    assert staged.point.visits.view() is not None


@pytest.mark.parametrize(
    "more", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_an_act_from_another_site_is_not_done(client: Client, staged: Stage, more: dict[str, str]) -> None:
    client.ask("POST", "/visit/start", {"csrf": client.csrf()}, **more)
    assert staged.point.visits.view() is None


def test_acts_are_no_links(client: Client, staged: Stage) -> None:
    client.csrf()
    assert client.ask("GET", "/visit/start")[0] == 405
    assert staged.point.visits.view() is None


@pytest.mark.parametrize(
    "path",
    ["/clerk", "/clerk/statistics", "/clerk/outstanding", "/clerk/home_visits", "/clerk/devices", "/enrolment",
     "/help/attest"],
)  # fmt: skip
def test_pages_of_clerks_lead_home_while_nobody_is_signed_in(client: Client, path: str) -> None:
    client.csrf()
    assert client.ask("GET", path)[0] == 303
    assert client.headers["Location"] == "/"


@pytest.mark.parametrize("name", ["htmx.js", "sse.js", "screen.css", "screen.js", "voice/home.ogg"])
def test_files_are_kept_by_the_browser_and_open_no_session(client: Client, name: str) -> None:
    assert client.ask("GET", f"/static/{name}")[0] == 200
    assert "immutable" in client.headers["Cache-Control"]
    assert "Set-Cookie" not in client.headers


@pytest.mark.parametrize(
    "name", ["voice/manifest.json", "voice/none.ogg", "../app.py", "app.py", "voice/..%2f..%2fapp.py"]
)
def test_nothing_else_is_handed_out(client: Client, name: str) -> None:
    assert client.ask("GET", f"/static/{name}")[0] == 404


def test_a_form_that_is_too_large_is_refused(client: Client) -> None:
    assert client.ask("POST", "/exit", {"csrf": client.csrf(), "filler": "x" * 40_000})[0] in {303, 413}


def test_a_browser_from_before_a_restart_is_told_to_begin_anew(client: Client) -> None:
    client.cookie = "kiosk=unknown"
    assert "event: session" in client.ask("GET", "/events")[1]
    status, _ = client.ask("POST", "/visit/start", {"csrf": "unknown"})
    assert (status, client.headers["Location"]) == (303, "/?stale=1")


def test_the_server_says_that_it_lives_until_it_is_stopped(staged: Stage) -> None:
    assert staged.screen.alive()
    staged.screen.stop()
    assert not staged.screen.alive()


def test_stopping_ends_streams_that_are_open(staged: Stage, client: Client) -> None:
    client.csrf()
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
    connection.request("GET", "/events", headers={"Cookie": client.cookie})
    answer = connection.getresponse()
    assert answer.readline().startswith(b"retry")
    staged.screen.stop()
    answer.read()  # comes to its end
    connection.close()


def test_streams_carry_nothing_personal(staged: Stage, client: Client) -> None:
    staged.point.enrol("张三丰", identity_number())
    client.csrf()
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
    connection.request("GET", "/events", headers={"Cookie": client.cookie})
    answer = connection.getresponse()
    view = staged.point.certify()
    lines: list[str] = []
    while not any(view.visit_id in line for line in lines):
        lines.append(answer.readline().decode())
    assert "张" not in "".join(lines)
    assert json.dumps("张") not in "".join(lines)
    connection.close()
