"""Real MQTT brokers for tests: mosquitto (MQTT 5 and 3.1.1) and amqtt (3.1.1 alone), each a process on a free port."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_START_S = 30.0
_STOP_S = 30.0
_PORTS_TRIED = 5


def mosquitto_path() -> str | None:
    """Where mosquitto is; Debian keeps it outside an ordinary user's path."""
    return shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class BrokerError(Exception):
    """The broker did not do what the test needs; its log is in the message."""


class BrokerProcess(ABC):
    """A broker that is started, stopped, killed and started again, always on the same port."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """Nothing is started before `start`.

        Args:
            folder: where it keeps its configuration and its sessions; made when it is missing.
            port: where to listen; a free port when it is not given.
        """
        self.folder = folder
        self.log: deque[str] = deque(maxlen=2000)
        self._fixed_port = port
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._running = threading.Event()
        self._ended = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def port(self) -> int:
        """Where it listens; only known after the first start."""
        if self._port is None:
            raise BrokerError("it was never started")
        return self._port

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        tries = 1 if self._port is not None else _PORTS_TRIED
        for _ in range(tries):
            port = self._port if self._port is not None else free_port()
            if self._launch(port):
                self._port = port
                return
        raise BrokerError(f"it does not start on port {self._port}:\n" + "\n".join(self.log))

    def stop(self) -> None:
        """End it in good order: it keeps its sessions and retained messages."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL: what it held in memory alone is lost."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """End it in good order and start it on the same port."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it hang: its connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @abstractmethod
    def _command(self, port: int) -> Sequence[str]:
        """Write its configuration for a port and say how it is started."""

    @abstractmethod
    def _is_ready(self, line: str) -> bool:
        """Whether a line of its log says that it listens."""

    def _launch(self, port: int) -> bool:
        self._running.clear()
        self._ended.clear()
        self._process = subprocess.Popen(
            self._command(port), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name="broker-log", daemon=True)
        self._reader.start()
        if self._running.wait(_START_S) and not self._ended.is_set():
            return True
        self._end(signal.SIGKILL)
        return False

    def _read(self, process: "subprocess.Popen[str]") -> None:
        """Keep its log until it ends; an end also wakes whoever waits for the start."""
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.log.append(line.rstrip("\n"))
                if self._is_ready(line):
                    self._running.set()
        self._ended.set()
        self._running.set()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            raise BrokerError("it does not run")
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(_STOP_S)
        if self._reader is not None:
            self._reader.join(_STOP_S)


class Mosquitto(BrokerProcess):
    """Eclipse mosquitto; speaks MQTT 5 and 3.1.1 on one port, in the clear or by TLS."""

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        acl: str | None = None,
        passwords: Mapping[str, str] | None = None,
        tls: tuple[Path, Path, Path] | None = None,
    ) -> None:
        """Nothing is started before `start`.

        Args:
            folder: where it keeps its configuration and its sessions.
            port: where to listen; a free port when it is not given.
            acl: the text of its access control file; everything is allowed without it.
            passwords: the password of each user; anybody may connect without it.
            tls: the authority's certificate, the broker's own and its key; clients then need a certificate, too.
        """
        super().__init__(folder, port)
        self._acl = acl
        self._passwords = passwords
        self._tls = tls

    def set_acl(self, acl: str) -> None:
        """Change what is allowed, for everybody who is connected, too."""
        self._acl = acl
        self._write_private("acl", acl)
        if self.alive:
            self._signal(signal.SIGHUP)

    def _command(self, port: int) -> Sequence[str]:
        program = mosquitto_path()
        if program is None:
            raise BrokerError("mosquitto is missing: apt-get install mosquitto")
        lines = [
            f"listener {port} {self.host}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "log_dest stderr",
            "log_type all",
            f"allow_anonymous {'false' if self._passwords else 'true'}",
            *(("user root",) if os.geteuid() == 0 else ()),  # it would lose the right to its folder
        ]
        if self._acl is not None:
            lines.append(f"acl_file {self._write_private('acl', self._acl)}")
        if self._passwords:
            lines.append(f"password_file {self._write_passwords(self._passwords)}")
        if self._tls is not None:
            authority, certificate, key = self._tls
            lines += [f"cafile {authority}", f"certfile {certificate}", f"keyfile {key}", "require_certificate true"]
        configuration = self._write_private("mosquitto.conf", "\n".join(lines) + "\n")
        return (program, "-c", str(configuration))

    def _is_ready(self, line: str) -> bool:
        return line.rstrip().endswith("running")

    def _write_private(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def _write_passwords(self, passwords: Mapping[str, str]) -> Path:
        path = self._write_private("passwords", "".join(f"{user}:{word}\n" for user, word in passwords.items()))
        subprocess.run(("mosquitto_passwd", "-U", str(path)), check=True, capture_output=True)
        return path


class Amqtt(BrokerProcess):
    """The broker of PyPI `amqtt`, which knows MQTT 3.1.1 alone and holds everything in memory."""

    def _command(self, port: int) -> Sequence[str]:
        configuration = self.folder / "amqtt.yaml"
        configuration.write_text(
            "listeners:\n"
            f"  default: {{type: tcp, bind: '{self.host}:{port}'}}\n"
            "plugins:\n"
            "  amqtt.plugins.authentication.AnonymousAuthPlugin: {allow_anonymous: true}\n"
        )
        return (sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(configuration), "-d")

    def _is_ready(self, line: str) -> bool:
        return line.rstrip().endswith("Broker started")
