"""Child processes that say when they are ready, in one line of JSON on their standard output."""

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_STOP_TIMEOUT_S = 10.0


class ChildError(Exception):
    """A child process did not become ready; the message carries what it last wrote."""


class Child:
    """A process that is stopped with its parent's context."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        """Start the process.

        Args:
            name: what it is, for messages.
            arguments: the command line.
            log: where its standard error goes.
        """
        self.name = name
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    @classmethod
    def python(cls, name: str, module: str, *arguments: str, log: Path) -> Self:
        """Start a Python module in this program's own environment."""
        return cls(name, [sys.executable, "-m", module, *arguments], log)

    def ready(self, timeout: float = 30.0) -> dict[str, Any]:
        """Wait for the line in which the process says that it is ready, and what its addresses are.

        Raises:
            ChildError: it ended, or said nothing in time.
        """
        try:
            while (line := self._lines.get(timeout=timeout)) is not None:
                if line.startswith("{"):
                    answer: dict[str, Any] = json.loads(line)
                    return answer
        except queue.Empty:
            raise ChildError(f"{self.name} was not ready after {timeout:g} s\n{self._last_words()}") from None
        self._process.wait()
        raise ChildError(f"{self.name} ended with {self._process.returncode}\n{self._last_words()}")

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def stop(self) -> None:
        """Ask the process to end; kill it when it does not. Stopping twice is no error."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
        for line in self._process.stdout:
            self._lines.put(line.decode(errors="replace").strip())
        self._lines.put(None)

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
