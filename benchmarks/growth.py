"""Cost of an event, and of the pages, after few and after many events: neither may grow with the history."""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from benchmarks import databases, ledgers, machine
from benchmarks.deliveries import BLOCK, Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.orders import Network, name, plant
from controltower import assembly, create_app
from controltower.domain.clock import Clock
from controltower.pipeline.detect import detect
from controltower.pipeline.receive import Intake
from controltower.pipeline.record import record_waiting
from controltower.settings import Settings
from controltower.store import user
from controltower.store.engine import writing
from controltower.web.login import hash_password

FIRST, LAST = 100_000, 3_000_000
# Events over which the cost is measured, before the first size and before the last.
STRETCH = 50_000
MOST_GROWTH, PAGE_MS = 0.20, 50.0
PASSWORD = "correct horse battery"
BETWEEN = timedelta(seconds=2)
PAGES = ("/drift", "/orders", "/messages", "/systems", "/exceptions")
ORDER = "order page"
LOOKS = 30


class Cost(NamedTuple):
    """CPU microseconds of one event, by the part that spent them."""

    events: int
    intake: float
    record: float
    detect: float

    @property
    def whole(self) -> float:
        return self.intake + self.record + self.detect


class Filled:
    """A tower in this process whose ledger is filled through its front door, on a clock that follows the stream."""

    def __init__(self, engine: Engine) -> None:
        secret = new_secret()
        self.network = Network(datetime(2026, 3, 2, tzinfo=UTC), BETWEEN)
        self._sender = Sender(self.network, secret)
        self.tower = ledgers.tower_on(engine, secret, Following(self.network))
        self.intake = Intake(self.tower)
        self.events = 0

    def fill(self, until: int) -> Cost:
        """Take events in until there are so many; what one of them cost."""
        before, spent = self.events, [0.0, 0.0, 0.0]
        while self.events < until:
            for part, seconds in enumerate(self._block()):
                spent[part] += seconds
        counted = self.events - before
        return Cost(self.events, *(seconds / counted * 1e6 for seconds in spent))

    def _block(self) -> Iterator[float]:
        deliveries = self._sender.block(BLOCK)
        marks = [time.process_time()]
        for each in deliveries:
            self.intake.receive(each.system, each.headers, each.body)
        marks.append(time.process_time())
        while record_waiting(self.tower):
            continue
        marks.append(time.process_time())
        detect(self.tower)
        marks.append(time.process_time())
        self.events += sum(len(each.events) for each in deliveries)
        return (later - sooner for sooner, later in itertools.pairwise(marks))


class Following(Clock):
    """The clock of a network that is told faster than it lives."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def now(self) -> datetime:
        return self._network.now


class Visitor:
    """A logged-in browser on one of the ledgers."""

    def __init__(self, filled: Filled, url: str, place: Path) -> None:
        settings = Settings(
            database_url=url, config_dir=place, state_dir=place, secret_key="only for this run"
        )
        app = create_app(settings, filled.tower.landscape)
        app.extensions["tower"] = replace(app.extensions["tower"], clock=filled.tower.clock)
        app.config["WTF_CSRF_ENABLED"] = False
        self._client = app.test_client()
        answer = self._client.post("/login", data={"name": "planner", "password": PASSWORD})
        if answer.status_code != 303:
            raise RuntimeError(f"nobody could log in: {answer.status_code}")
        orders = range(100, filled.network.tick - 1, max(1, filled.network.tick // LOOKS))
        self.paths = {path: [path] * LOOKS for path in PAGES}
        self.paths[ORDER] = [f"/orders/{plant(each)}/{name(each)}" for each in orders][:LOOKS]

    def look(self, path: str) -> float:
        """Milliseconds of server time for one page."""
        began = time.perf_counter()
        answer = self._client.get(path)
        elapsed = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return elapsed * 1000


def page_times(few: Visitor, many: Visitor) -> dict[str, tuple[float, float]]:
    """For each page the medians with few and with many events, looked at in turn."""
    found = {}
    for page in (ORDER, *PAGES):
        looks = [
            (few.look(one), many.look(other))
            for one, other in zip(few.paths[page], many.paths[page], strict=False)
        ]
        found[page] = (
            statistics.median(one for one, _ in looks),
            statistics.median(other for _, other in looks),
        )
    return found


def seat_planner(engine: Engine) -> None:
    """Somebody who may look at the pages."""
    with writing(engine) as connection:
        hashed, now = hash_password(PASSWORD), datetime.now(UTC)
        user.add_user(
            connection, name="planner", full_name="Planner", password_hash=hashed, roles={"admin"}, now=now
        )


def measure(kind: str, place: Path, first: int, last: int) -> list[Figure]:
    """Fill one ledger far and another one a little, then let both take events in turn, so that both meet the same
    machine; likewise their pages."""
    with _filled(kind, place / "many") as (many, many_url), _filled(kind, place / "few") as (few, few_url):
        assembly.settle_memory()  # as the worker does
        stretch = min(first // 2, STRETCH)
        _fill_aloud(many, last - stretch)
        few.fill(first - stretch)
        costs = in_turn(few, many, stretch)
        pages = page_times(Visitor(few, few_url, place), Visitor(many, many_url, place))
        file = place / "many" / "tower.db"
        size_mb = file.stat().st_size / 2**20 if file.exists() else 0.0
    return _told(costs, pages, size_mb)


@contextmanager
def _filled(kind: str, home: Path) -> Iterator[tuple[Filled, str]]:
    home.mkdir()
    with databases.fresh(kind, home) as url, ledgers.opened(url) as engine:
        seat_planner(engine)
        made = Filled(engine)
        yield made, url
        made.intake.stop()


def in_turn(few: Filled, many: Filled, stretch: int) -> tuple[Cost, Cost]:
    """Both take so many events in turn, a few thousand at a time; the medians of what one event cost each."""
    found: tuple[list[Cost], list[Cost]] = ([], [])
    until = few.events + stretch
    while few.events < until:
        for filled, costs in zip((few, many), found, strict=True):
            costs.append(filled.fill(filled.events + 1))
    return _median_cost(found[0]), _median_cost(found[1])


def _median_cost(costs: list[Cost]) -> Cost:
    parts = (statistics.median(part) for part in list(zip(*costs, strict=True))[1:])
    return Cost(costs[-1].events, *parts)


def _fill_aloud(filled: Filled, until: int) -> None:
    step = max(50_000, until // 10)
    for size in [*range(filled.events + step, until, step), until]:
        cost = filled.fill(size)
        print(f"  {cost.events:>9,} events: {_parts(cost)}", flush=True)


def _parts(cost: Cost) -> str:
    return (
        f"{cost.whole:.0f} us (intake {cost.intake:.0f}, record {cost.record:.0f}, detect {cost.detect:.0f})"
    )


def _told(costs: tuple[Cost, Cost], pages: Mapping[str, tuple[float, float]], size_mb: float) -> list[Figure]:
    few, many = costs
    growth = many.whole / few.whole - 1
    found = [
        Figure(f"CPU of an event at {few.events:,}", _parts(few)),
        Figure(f"CPU of an event at {many.events:,}", _parts(many)),
        Figure(
            "growth of an event's cost", f"{growth:+.0%}", f"<= {MOST_GROWTH:+.0%}", growth <= MOST_GROWTH
        ),
    ]
    for path, (before, after) in pages.items():
        told = f"{before:.0f} ms at {few.events:,}, {after:.0f} ms at {many.events:,}"
        aimed = path in (ORDER, "/drift")
        aim, reached = (f"< {PAGE_MS:.0f} ms", after < PAGE_MS) if aimed else ("", None)
        found.append(Figure(path, told, aim, reached))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.append(
        Figure("size and memory", f"database {size_mb:,.0f} MiB, this process at most {most:.0f} MiB")
    )
    return found


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    first, last = (20_000, 200_000) if asked.quick else (asked.first, asked.last)
    kind = "postgresql" if asked.database == "postgresql" else "sqlite"
    with workplace(asked) as place:
        return measure(kind, place, first, last)


def add_sizes(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument("--first", type=int, default=FIRST, help="events at the first measurement")
    made.add_argument("--last", type=int, default=LAST, help="events at the second")
    return made


def main() -> int:
    asked = add_sizes(parser(__doc__)).parse_args()
    found = run(asked)
    show(f"Growth, on cores that others kept busy: {not machine.quiet()}", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
