"""`run`: the whole tower in one command, with a line for each step and everything stopped at the end."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from controltower import ROOT, assembly, demo, logs
from controltower.cli.ground import clock_of
from controltower.cli.speech import Refused, say
from controltower.demo import TRYTON, Demo
from controltower.settings import Settings
from controltower.simulation.tryton.install import state_directory
from controltower.store import engine, user
from controltower.supervisor import Program, ProgramFailed, Supervisor
from controltower.web_server import taken

PORT_PATIENCE = 12.0
WEB_SECONDS, NETWORK_SECONDS, TRYTON_SECONDS = 180.0, 180.0, 900.0


class Steps:
    """Counts the steps on the terminal: "2/6 database … done in 0.4 s"."""

    def __init__(self, total: int, stopping: Callable[[], bool]) -> None:
        self._total, self._number, self._stopping = total, 0, stopping

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One step; its end is told with the time it took."""
        self._number += 1
        sys.stdout.write(f"{self._number}/{self._total} {what} … ")
        sys.stdout.flush()
        began = time.monotonic()
        try:
            yield
        except BaseException:
            say("failed")
            raise
        say("broken off" if self._stopping() else f"done in {time.monotonic() - began:.1f} s")


def run(asked: argparse.Namespace) -> int:
    """Start everything, keep it running, stop it when asked to."""
    logs.configure()
    running = Demo(asked.port, asked.host, asked.erp, asked.carried)
    if asked.demo:
        top = demo.top_state()
        os.environ.update(demo.environment(top, running))
        demo.keep(top, running)
    settings = Settings.from_environment()
    with _alone(settings.state_dir) as unclean:
        _free_ports(
            asked.host, running.ports if asked.demo else [asked.port], PORT_PATIENCE if unclean else 0.0
        )
        return _supervise(asked, running, settings)


def _supervise(asked: argparse.Namespace, running: Demo, settings: Settings) -> int:
    supervisor = Supervisor(say)
    supervisor.listen_for_signals()
    try:
        _start_all(asked, running, settings, supervisor)
        if not supervisor.stopping:
            _welcome(asked, running, settings)
        supervisor.watch()
    except ProgramFailed as failed:
        raise Refused(str(failed)) from None
    finally:
        began = time.monotonic()
        supervisor.stop()
        say(f"stopped in {time.monotonic() - began:.1f} s")
    return 0


def _start_all(asked: argparse.Namespace, running: Demo, settings: Settings, supervisor: Supervisor) -> None:
    others = _companions(asked, running) if asked.demo else []
    own = [] if asked.no_worker else [_program("worker", [_APP, "worker"], settings, asked.demo)]
    web = _program(
        "web", [_APP, "web", "--host", asked.host, "--port", str(asked.port)], settings, asked.demo
    )
    steps = Steps(3 + len(others) + len(own) + asked.demo, lambda: supervisor.stopping)
    with steps.step("configuration"):
        assembly.open_landscape(settings)
    with steps.step("database"):
        engine.upgrade(settings.database_url)
    if asked.demo:
        with steps.step("people"):
            _seat_people(running, settings)
    for program, ready, seconds in others:
        with steps.step(_DESCRIBED[program.name]):
            supervisor.start(program)
            if not supervisor.wait_for(program, ready, seconds):
                return
    for program in own:
        with steps.step("worker"):
            supervisor.start(program)
    with steps.step("web"):
        supervisor.start(web)
        supervisor.wait_for(web, lambda: _answers(f"{_address(asked.host, asked.port)}/healthz"), WEB_SECONDS)


_APP = str(ROOT / "app.py")
_DESCRIBED = {
    "network": "simulated plant network",
    "tryton": "Tryton ERP (the first time it is installed, a minute or two)",
}
Companion = tuple[Program, Callable[[], bool], float]


def _companions(asked: argparse.Namespace, running: Demo) -> list[Companion]:
    """The demo's other programs, each with what tells that it is ready and how long that may take."""
    top = demo.top_state()
    log = demo.state_of(top, running) / "log"
    found: list[Companion] = []
    if running.erp == TRYTON:
        words = [
            "--port",
            str(running.tryton_port),
            "--state",
            str(top / "tryton"),
            "--seed",
            str(asked.seed),
        ]
        real = Program(
            "tryton", _module("controltower.simulation.tryton", words), _environment(), log / "tryton.log"
        )
        found.append((real, _says(real, "tryton: ready on"), TRYTON_SECONDS))
    real_erp = f"http://localhost:{running.tryton_port}"
    words = [
        "--state", str(demo.network_state(top, running)), "--port-base", str(running.control_port),
        "--tower", _address(asked.host, asked.port), "--seed", str(asked.seed),
        "--carried", running.carried,
        *(["--real-erp", real_erp] if running.erp == TRYTON else ["--speed", str(asked.speed)]),
        *([] if asked.no_story else ["--story"]),
    ]  # fmt: skip
    network = Program(
        "network", _module("controltower.simulation", words), _environment(), log / "network.log"
    )
    control = f"http://127.0.0.1:{running.control_port}/control/"
    found.append((network, lambda: _answers(control), NETWORK_SECONDS))
    return found


def _module(name: str, words: list[str]) -> list[str]:
    return [sys.executable, "-m", name, *words]


def _program(name: str, words: list[str], settings: Settings, quiet: bool) -> Program:
    log = settings.state_dir / "log" / f"{name}.log" if quiet else None
    return Program(name, [sys.executable, *words], _environment(), log)


def _environment() -> dict[str, str]:
    """Ours, with the checkout on the path for programs that are started from elsewhere."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def _says(program: Program, words: str) -> Callable[[], bool]:
    """Whether a program has written these words since now."""
    log = program.log
    before = log.stat().st_size if log and log.exists() else 0

    def said() -> bool:
        if log is None or not log.exists():
            return False
        with log.open("rb") as file:
            file.seek(before)
            return words.encode() in file.read()

    return said


def _answers(url: str) -> bool:
    """Whether something answers HTTP there, be it with a refusal."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as refusal:
        return refusal.code < 500
    except OSError:
        return False


def _seat_people(running: Demo, settings: Settings) -> None:
    connected = engine.connect(settings.database_url)
    demo.seat_people(connected, demo.passwords(running, os.environ), clock_of(settings).now())
    connected.dispose()


def _welcome(asked: argparse.Namespace, running: Demo, settings: Settings) -> None:
    say(f"\nControl Tower: {_address(asked.host, asked.port)}")
    if asked.demo:
        for name, password in demo.passwords(running, os.environ).items():
            say(f"  {name:12} {password}")
        if demo.only_here(asked.host):
            say("  (easy passwords, since only this machine can reach it)")
        if running.erp == TRYTON:
            say(f"Change an order in Tryton by hand: {_by_hand()}")
        say(f"Logs: {settings.state_dir}/log. Faults: python app.py fault list")
    elif _nobody(settings):
        say("Nobody may log in yet: python app.py user add NAME --roles admin")
    say("Ctrl-C stops everything; the data stays.\n")


def _by_hand() -> str:
    """The command that plays a planner in the real ERP, as it must be typed here."""
    held = demo.top_state() / "tryton"
    where = "" if held == state_directory() else f" --state {held}"
    due = datetime.now(UTC).date() + timedelta(days=14)
    command = f"{os.path.relpath(sys.executable)} -m controltower.simulation.tryton{where}"
    return f"{command} change MO-1003 --due {due} --quantity 40"


def _nobody(settings: Settings) -> bool:
    connected = engine.connect(settings.database_url)
    with engine.reading(connected) as connection:
        found = user.users(connection)
    connected.dispose()
    return not found


def _address(host: str, port: int) -> str:
    """Where a program of this machine reaches the tower."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{reached}:{port}"


def _free_ports(host: str, ports: list[int], patience: float) -> None:
    """Raises Refused when a port that we need is another program's, still so after `patience` seconds."""
    deadline = time.monotonic() + patience
    while busy := [port for port in ports if taken(host if port == ports[0] else "127.0.0.1", port)]:
        if time.monotonic() >= deadline:
            numbers = ", ".join(map(str, busy))
            raise Refused(
                f"Port {numbers} is taken by another program. Stop that one, or take another port: "
                f"make run PORT={ports[0] + 200} (python app.py run --port {ports[0] + 200})"
            )
        time.sleep(0.2)


@contextmanager
def _alone(state: Path) -> Iterator[bool]:
    """Hold the state directory for this run. Yields whether the last run ended without stopping its programs."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "run.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Refused(
                f"A tower runs on {state} already (process {file.read().strip() or 'unknown'}). Stop it first, or keep "
                "the state of this one elsewhere: CONTROLTOWER_STATE=another-folder"
            ) from None
        file.seek(0)
        unclean = bool(file.read().strip())
        _write_over(file, str(os.getpid()))
        try:
            yield unclean
        finally:
            _write_over(file, "")


def _write_over(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
