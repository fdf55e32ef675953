"""The hand on the simulated hardware: its console, spoken to over HTTP."""

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

_ANSWER_S: Final = 30.0  # the first impression of a finger is grown when it is asked for


class HardwareError(Exception):
    """The console did not do what it was asked to; the message carries its words."""


class Hardware:
    """The simulated reader and printer."""

    def __init__(self, console: str) -> None:
        """Nothing is asked yet.

        Args:
            console: the address of the console's page.
        """
        self.console = console
        parts = urlsplit(console)
        self._host, self.port = parts.hostname or "127.0.0.1", parts.port or 80

    def place(self, finger: str, impression: int = 0) -> None:
        """Put a finger on the reader.

        Args:
            finger: such as `样例甲/right_thumb`.
            impression: which impression of it; each is a little different, as in life.
        """
        self._ask("POST", "/api/finger", {"finger": finger, "impression": impression})

    def lift(self) -> None:
        """Take the finger away."""
        self._ask("DELETE", "/api/finger")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        link = http.client.HTTPConnection(self._host, self.port, timeout=_ANSWER_S)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            link.request(method, path, json.dumps(body).encode() if body is not None else None, headers)
            answer = link.getresponse()
            content = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise HardwareError(f"{self.console} does not answer: {error}") from error
        finally:
            link.close()
        if answer.status >= 400:
            raise HardwareError(f"{method} {path}: {answer.status} {content}")
        found: dict[str, Any] = json.loads(content) if content else {}
        return found
