"""Runs one Tryton server: copies the template on first use, waits until it answers, stops it cleanly."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import requests

from controltower.simulation.tryton.install import Installation
from controltower.simulation.tryton.rpc import DATABASE, TrytonClient

CONFIGURATION = "trytond.conf"
START_SECONDS = 90
STOP_SECONDS = 5


class ServerFailed(Exception):
    """The Tryton server did not start or did not answer: the message carries the end of its log."""


class TrytonServer:
    """A Tryton server process with its own database file in `directory`, listening on localhost:`port`."""

    def __init__(self, installation: Installation, directory: Path, port: int) -> None:
        self.installation = installation
        self.directory = directory.absolute()
        self.base_url = f"http://localhost:{port}"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        return self.directory / f"{DATABASE}.sqlite"

    @property
    def _configuration(self) -> Path:
        return self.directory / CONFIGURATION

    def start(self) -> None:
        """Start and wait until it answers. Raises ServerFailed."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._stop_leftover()
        self._refuse_a_taken_port()
        if not self.database.exists():
            shutil.copyfile(self.installation.template, self.database)
        self._write_configuration()
        command = [
            str(self.installation.programs / "trytond"),
            "-c",
            str(self._configuration),
            "-d",
            DATABASE,
        ]
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONHASHSEED": "0"},
            )
        self._pid_file.write_text(str(self._process.pid), encoding="utf-8")
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Ask it to end, then make it end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._pid_file.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether the process is still there."""
        return self._process is not None and self._process.poll() is None

    def administrator(self) -> TrytonClient:
        """A client logged in as the administrator."""
        return TrytonClient(self.base_url, "admin", self.installation.admin_password)

    def __enter__(self) -> "TrytonServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _write_configuration(self) -> None:
        self._configuration.write_text(
            f"[database]\nuri = sqlite://\npath = {self.directory}\n[web]\nlisten = localhost:{self._port}\n",
            encoding="utf-8",
        )

    @property
    def _pid_file(self) -> Path:
        return self.directory / "server.pid"

    def _stop_leftover(self) -> None:
        """End a server of this very directory that a killed parent left behind."""
        if not self._pid_file.exists():
            return
        pid = int(self._pid_file.read_text(encoding="utf-8"))
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and str(self._configuration).encode() in command.read_bytes():
            os.kill(pid, signal.SIGTERM)
            _wait_until_gone(command)
        self._pid_file.unlink()

    def _refuse_a_taken_port(self) -> None:
        # Another server on this port would answer in our server's place.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(("localhost", self._port)) == 0:
                raise ServerFailed(f"port {self._port} is taken by another process")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        body = {"id": 1, "method": "common.server.version", "params": []}
        while time.monotonic() < deadline and self.is_running():
            try:
                if requests.post(f"{self.base_url}/rpc/", json=body, timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        self.stop()
        tail = (self.directory / "server.log").read_text(encoding="utf-8", errors="replace")[-1500:]
        raise ServerFailed(f"Tryton did not answer on {self.base_url}. The end of its log:\n{tail}")


def running_port(directory: Path) -> int | None:
    """The port of the server that runs, or last ran, in `directory`; None where none ever did."""
    configuration = directory / CONFIGURATION
    if not configuration.exists():
        return None
    text = configuration.read_text(encoding="utf-8")
    return int(text.rpartition("listen = localhost:")[2].split()[0])


def _wait_until_gone(command: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and command.exists() and command.read_bytes():
        time.sleep(0.05)
