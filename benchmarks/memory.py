"""Memory of each process: after the start, after load, and after as much load again. It should be small, and flat."""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from benchmarks import databases, ledgers, programs
from benchmarks.deliveries import Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.load import send
from benchmarks.orders import Network
from benchmarks.towers import ROOT, Running, environment, running, serves, wait_for
from controltower.demo import Demo
from controltower.web_server import taken

MOST_MB, MOST_GROWTH_MB = 150.0, 15.0
PAGES = ("/drift", "/orders", "/messages", "/systems", "/exceptions")
_NAMES = (
    ("app.py web", "web"),
    ("app.py worker", "worker"),
    ("controltower.simulation", "network"),
    ("app.py run", "supervisor"),
)
Held = Mapping[str, tuple[float, float]]


def held_by(supervisor: int) -> Held:
    """(RSS, PSS) in MiB of each process under a supervisor, by its name; the web server has two."""
    found: dict[str, tuple[float, float]] = {}
    for pid in [supervisor, *programs.descendants(supervisor)]:
        name = next((name for part, name in _NAMES if part in programs.command(pid)), "")
        if name:
            name = f"{name} (serving)" if name in found else name
            found[name] = programs.memory(pid)
    return found


def under_load(place: Path, batches: int) -> list[Held]:
    """A tower that takes batches of 1,000 events and single webhooks, twice."""
    secret = new_secret()
    sender = Sender(Network(datetime.now(UTC), timedelta(milliseconds=5)), secret)
    with databases.fresh("sqlite", place) as url, running(place, url, secret) as tower:
        seen = [held_by(tower.supervisor.pid)]
        for _ in range(2):
            _load(tower, sender, url, batches)
            seen.append(held_by(tower.supervisor.pid))
    return seen


def _load(tower: Running, sender: Sender, url: str, batches: int) -> None:
    send(tower.port, [each.request for each in sender.full_batches(batches)], 4)
    send(tower.port, [each.request for each in sender.singles(batches * 50)], 64)
    with ledgers.opened(url) as engine:
        wait_for(lambda: ledgers.backlog(engine) == 0, 600, every=0.5)


def of_demo(place: Path, seconds: float) -> list[Held]:
    """The demo with its simulated network, left alone for a while and looked at by somebody, twice."""
    port = free_ports()
    settings = environment(place, "", "") | {"CONTROLTOWER_CONFIG": ""}
    kept = {name: value for name, value in settings.items() if value}
    with (place / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "run", "--demo", "--port", str(port)],
            cwd=ROOT, env=kept, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            if not wait_for(lambda: serves(port) or demo.poll() is not None, 120) or demo.poll() is not None:
                raise RuntimeError((place / "demo.log").read_text(encoding="utf-8"))
            time.sleep(10)
            seen = [held_by(demo.pid)]
            for _ in range(2):
                look_around(port, seconds)
                seen.append(held_by(demo.pid))
        finally:
            demo.terminate()
            demo.wait(30)
    return seen


def free_ports() -> int:
    """A port of which all that the demo needs is free; below those that the kernel gives out for connections."""
    for _ in range(50):
        port = random.randrange(12_000, 32_000, 200)
        if not any(taken("127.0.0.1", each) for each in Demo(port).ports):
            return port
    raise RuntimeError("no ports are free for the demo")


def look_around(port: int, seconds: float) -> None:
    """Log in and open the pages one after the other, for some time."""
    at = f"http://127.0.0.1:{port}"
    with requests.Session() as session:
        token = re.search(
            r'name="csrf_token"[^>]*value="([^"]+)"', session.get(f"{at}/login", timeout=30).text
        )
        form = {"name": "planner", "password": "planner", "csrf_token": token.group(1) if token else ""}
        session.post(f"{at}/login", form, timeout=30)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for page in PAGES:
                with suppress(requests.Timeout):
                    session.get(at + page, timeout=30).raise_for_status()


def told(where: str, seen: Sequence[Held]) -> list[Figure]:
    """One figure for each process: RSS (PSS) at each look."""
    found = []
    for name, (first, _) in seen[0].items():
        looks = [each.get(name, (0.0, 0.0)) for each in seen]
        words = ", ".join(f"{rss:.0f} ({pss:.0f})" for rss, pss in looks)
        most, growth = max(rss for rss, _ in looks), looks[-1][0] - looks[1][0]
        sound = most < MOST_MB and growth < MOST_GROWTH_MB
        aim = f"< {MOST_MB:.0f} MB, the last two alike"
        found.append(Figure(f"{where}: {name}, RSS (PSS) in MB", words, aim, sound and first > 0))
    return found


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    with workplace(asked) as place:
        (place / "load").mkdir()
        (place / "demo").mkdir()
        found = told("under load", under_load(place / "load", 20 if asked.quick else 100))
        return found + told("demo", of_demo(place / "demo", 10.0 if asked.quick else 60.0))


def main() -> int:
    found = run(parser(__doc__).parse_args())
    show("Memory: after the start, after load, after the same load again", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
