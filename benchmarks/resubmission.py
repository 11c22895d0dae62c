"""Thousands of dead letters sent again: how long a rehearsal takes, how quick the pages stay meanwhile, and what a
`kill -9` in the middle does to them, counted at the target."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, func, select

from benchmarks import databases, ledgers, target
from benchmarks.deliveries import Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.figures import databases as asked_databases
from benchmarks.growth import PASSWORD, seat_planner
from benchmarks.sending import Changes, Place
from benchmarks.target import Taken
from benchmarks.towers import Running, free_port, wait_for
from controltower import create_app
from controltower.domain.delivery import DELIVERED
from controltower.domain.rehearsal import SAFE, Selection
from controltower.pipeline.receive import Intake
from controltower.pipeline.record import record_waiting
from controltower.pipeline.rehearse import rehearse
from controltower.pipeline.runs import begin
from controltower.pipeline.tower import Tower
from controltower.settings import Settings
from controltower.store import attempt, delivery, resubmission
from controltower.store.engine import reading

REHEARSAL_SECONDS, PAGE_MS = 2.0, 50.0
KILLED_AT = 0.4  # of the run
PATIENCE = 600.0
_BATCH = 1000


class Visitor:
    """A logged-in browser, served in this process: what it measures is server time, beside a tower that works."""

    def __init__(self, engine: Engine, tower: Tower, url: str, home: Path) -> None:
        seat_planner(engine)
        settings = Settings(database_url=url, config_dir=home, state_dir=home, secret_key="only for this run")
        app = create_app(settings, tower.landscape)
        app.config["WTF_CSRF_ENABLED"] = False
        self._own = app.extensions["tower"].engine
        self._client = app.test_client()
        answer = self._client.post("/login", data={"name": "planner", "password": PASSWORD})
        if answer.status_code != 303:
            raise RuntimeError(f"nobody could log in: {answer.status_code}")
        self.seen: dict[str, list[float]] = {}

    def look(self, title: str, path: str) -> None:
        """Note the milliseconds of server time of one page."""
        began = time.perf_counter()
        answer = self._client.get(path)
        self.seen.setdefault(title, []).append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    def leave(self) -> None:
        """Close its connections."""
        self._own.dispose()


class Found(NamedTuple):
    """What one whole run showed. `lost`: attempts whose answer a killed worker never wrote down."""

    number: int
    rehearsals: list[float]
    pages: Mapping[str, list[float]]
    seconds: float
    sent_before: int
    outcomes: Mapping[str, int]
    copies: int
    taken: list[Taken]
    lost: int


def measured(url: str, home: Path, number: int) -> Found:
    """Let so many orders die at a target, rehearse, and have them sent again through a kill of everything."""
    with target.running(0.0) as told, ledgers.opened(url) as engine:
        here = Place(home, url, new_secret(), told)
        tower, port = here.tower(engine), free_port()
        own = {name: here.environment[name] for name in ("CONTROLTOWER_CONFIG", "BENCHMARK_TARGET_URL")}
        visitor = Visitor(engine, tower, url, home)
        told.refuse()
        _fill(tower, here.secret, number)
        running = Running(home, url, here.secret, port=port, own=own)
        try:
            group = _all_dead(engine, number)
            rehearsals = [_timed(lambda: rehearse(tower, Selection(group=group))) for _ in range(3)]
            told.accept()
            began, run = time.monotonic(), begin(tower, Selection(group=group), "benchmark", "again", (SAFE,))
            sent_before = _watch(engine, visitor, run, group, int(number * KILLED_AT))
            running.kill()
            running = Running(home, url, here.secret, port=port, own=own)
            _watch(engine, visitor, run, group, number)
            seconds = time.monotonic() - began
        finally:
            running.stop()
            visitor.leave()
        outcomes, copies, lost = _afterwards(engine, run)
        return Found(
            number, rehearsals, visitor.seen, seconds, sent_before, outcomes, copies, told.taken(), lost
        )


def _fill(tower: Tower, secret: str, number: int) -> None:
    intake = Intake(tower)
    size = min(number, _BATCH)
    for each in Sender(Changes(number), secret).full_batches(number // size, size):
        intake.receive(each.system, each.headers, each.body)
    intake.stop()
    while record_waiting(tower):
        continue


def _all_dead(engine: Engine, number: int) -> str:
    """Wait until all are dead letters; their failure group."""
    dead = select(func.count(), func.min(delivery.delivery.c.failure_group)).where(delivery.IS_DEAD)

    def count() -> int:
        with reading(engine) as connection:
            return int(connection.execute(dead).one()[0])

    if not wait_for(lambda: count() >= number, PATIENCE, every=0.5):
        raise RuntimeError(f"only {count()} of {number} became dead letters")
    with reading(engine) as connection:
        return str(connection.execute(dead).one()[1])


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _watch(engine: Engine, visitor: Visitor, run: int, group: str, until: int) -> int:
    """Look at the pages until so many of the run were taken; how many were."""
    pages = {"the run": f"/runs/{run}", "failure groups": "/failures", "messages": "/messages",
             "integration": "/integration", "interfaces": "/interfaces"}  # fmt: skip
    patience = time.monotonic() + PATIENCE
    while (taken := _taken(engine, run)) < until:
        if time.monotonic() > patience:
            raise RuntimeError(f"only {taken} of {until} were taken in {PATIENCE} s")
        for title, path in pages.items():
            visitor.look(title, path)
        time.sleep(0.1)
    return taken


def _taken(engine: Engine, run: int) -> int:
    with reading(engine) as connection:
        return resubmission.progress(connection, run)[resubmission.DELIVERED]


def _afterwards(engine: Engine, run: int) -> tuple[Mapping[str, int], int, int]:
    lost = select(func.count()).where(attempt.attempt.c.outcome == "lost")
    copies = select(func.count()).where(delivery.delivery.c.run == run)
    with reading(engine) as connection:
        outcomes = {name: n for name, n in resubmission.progress(connection, run).items() if n}
        return (
            outcomes,
            int(connection.execute(copies).scalar_one()),
            int(connection.execute(lost).scalar_one()),
        )


def figures(kind: str, found: Found) -> list[Figure]:
    number = found.number
    posts = Counter(each.headers["webhook-id"] for each in found.taken)
    repeated, outcomes = sum(posts.values()) - len(posts), found.outcomes
    ended = ", ".join(f"{n:,} {name}" for name, n in outcomes.items())
    taking = f"{found.seconds:.0f} s, {number / found.seconds:,.0f}/s"
    return [
        *_quick(kind, found),
        Figure(f"{kind}: all of it, with the kill, the start and the lapse of claims", taking),
        Figure(f"{kind}: taken when all was killed", f"{found.sent_before:,}"),
        Figure(f"{kind}: outcomes in the end", ended, f"{number:,} delivered", outcomes == {DELIVERED: number}),
        Figure(f"{kind}: new deliveries", f"{found.copies:,}", f"{number:,}", found.copies == number),
        Figure(f"{kind}: messages that the target has", f"{len(posts):,}", f"{number:,}", len(posts) == number),
        Figure(
            f"{kind}: posted again under their known key", f"{repeated}",
            f"<= {found.lost} whose answer died with the worker", repeated <= found.lost,
        ),
    ]  # fmt: skip


def _quick(kind: str, found: Found) -> list[Figure]:
    """How long the rehearsal and the pages took."""
    middle, slowest = statistics.median(found.rehearsals), max(found.rehearsals)
    told, aim = f"{middle:.2f} s, slowest {slowest:.2f} s", f"< {REHEARSAL_SECONDS:.0f} s"
    figures = [Figure(f"{kind}: rehearsal of {found.number:,}", told, aim, slowest < REHEARSAL_SECONDS)]
    for title, seen in found.pages.items():
        middle, slowest = statistics.median(seen), max(seen)
        told, aim = f"{middle:.0f} ms, slowest {slowest:.0f} ms", f"< {PAGE_MS:.0f} ms"
        figures.append(Figure(f"{kind}: page of {title} meanwhile", told, aim, middle < PAGE_MS))
    return figures


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    number, found = 1000 if asked.quick else 5000, []
    with workplace(asked) as place:
        for kind in asked_databases(asked):
            home = place / f"resubmission-{kind}"
            home.mkdir()
            with databases.fresh(kind, home) as url:
                found += figures(kind, measured(url, home, number))
    return found


def main() -> int:
    found = run(parser(__doc__).parse_args())
    show("Resubmission: thousands of dead letters of one group, killed in the middle", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
