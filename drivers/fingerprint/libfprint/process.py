"""The worker's process as its owner sees it: commands in, news out, every wait with a deadline.

A driver of libfprint that crashes or hangs takes a process with it that holds nothing else; see the decision record
`libfprint-in-a-process`.
"""

import json
import os
import select
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import Fault
from drivers.fingerprint.libfprint.faults import LibfprintError
from drivers.fingerprint.libfprint.news import PARSER, Image, Missing, News

#: Debian's own Python, the one that `python3-gi` is built for.
PYTHON: Final = "/usr/bin/python3"
PACKAGES: Final = "libfprint-2-2, gir1.2-fprint-2.0 and python3-gi"

_WORKER: Final = Path(__file__).with_name("worker.py")
_CHUNK: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 16
_PARTING: Final = 1.0  # seconds that the worker has to let go of the device before it is ended


class WorkerProcess:
    """A running worker."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start it.

        Args:
            environment: variables for libfprint, on top of this process's own.

        Raises:
            LibfprintError: `UNSUPPORTED` when Debian's Python is missing.
        """
        self._buffer = bytearray()
        self._image: Image | None = None  # the one whose pixels are awaited
        try:
            self._process = subprocess.Popen(
                [PYTHON, "-I", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env={**os.environ, **environment},
                start_new_session=True,  # a Ctrl-C at the terminal is the owner's business
            )
        except OSError as error:
            raise LibfprintError(Fault.UNSUPPORTED, f"{error}; install {PACKAGES}") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError
        self._commands = self._process.stdin
        self._news = self._process.stdout
        os.set_blocking(self._news.fileno(), False)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, do: str, **facts: object) -> None:
        """Give a command.

        Raises:
            LibfprintError: `UNPLUGGED` when the worker has ended.
        """
        try:
            self._commands.write(json.dumps({"do": do, **facts}).encode() + b"\n")
        except (OSError, ValueError) as error:  # ValueError: closed on this side
            raise self._ended() from error

    def receive(self, deadline: Deadline) -> tuple[News, bytes] | None:
        """The next piece of news, with the pixels where it is an image; `None` when there is none by the deadline.

        Raises:
            LibfprintError: `UNPLUGGED` when the worker has ended, `UNSUPPORTED` when a library is missing,
                `BAD_REPLY` for anything but news.
        """
        while True:
            news = self._next()
            if news is not None:
                return news
            if not self._readable(deadline):
                return None
            data = self._news.read(_CHUNK)
            if not data:
                raise self._ended()
            self._buffer += data

    def expect(self, deadline: Deadline) -> News:
        """The next piece of news; a worker that has none by the deadline is killed, lest it come later.

        Raises:
            LibfprintError: `SILENT` when there was none, otherwise as `receive`.
        """
        received = self.receive(deadline)
        if received is None:
            self.kill()
            raise LibfprintError(Fault.SILENT, "no news of the libfprint process, which was killed")
        return received[0]

    def close(self) -> None:
        """End the worker: it closes the device when its input ends, and is killed when it does not. Never raises."""
        with suppress(OSError):
            self._commands.close()
        self._see_off()
        self._news.close()

    def kill(self) -> None:
        """End a worker that no longer listens."""
        self._process.kill()
        self._process.wait()

    def _next(self) -> tuple[News, bytes] | None:
        """What the bytes that have come amount to, if they do."""
        if self._image is None:
            line, newline, rest = self._buffer.partition(b"\n")
            if not newline:
                if len(line) > _LONGEST_LINE:
                    raise LibfprintError(Fault.BAD_REPLY, "the libfprint process does not speak in lines")
                return None
            self._buffer = rest
            news = _parse(bytes(line))
            if not isinstance(news, Image):
                return news, b""
            self._image = news
        if len(self._buffer) < self._image.size:
            return None
        image, self._image = self._image, None
        pixels = bytes(self._buffer[: image.size])
        del self._buffer[: image.size]
        return image, pixels

    def _readable(self, deadline: Deadline) -> bool:
        try:
            ready, _, _ = select.select([self._news], [], [], deadline.remaining())
        except ValueError as error:  # closed on this side
            raise self._ended() from error
        return bool(ready)

    def _see_off(self) -> int:
        """Wait for the end of a worker that is about to end; its status."""
        try:
            return self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode

    def _ended(self) -> LibfprintError:
        return LibfprintError(Fault.UNPLUGGED, f"the libfprint process has ended with status {self._see_off()}")


def _parse(line: bytes) -> News:
    try:
        news = PARSER.validate_json(line)
    except ValidationError as error:
        raise LibfprintError(Fault.BAD_REPLY, f"{line[:80]!r} is no news") from error
    if isinstance(news, Missing):
        raise LibfprintError(Fault.UNSUPPORTED, f"{news.detail}; install {PACKAGES}")
    return news
