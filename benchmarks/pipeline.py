"""Batched events a second from socket to beliefs: 1,000 in each webhook, until the last one is recorded."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import databases, ledgers, machine, programs
from benchmarks.deliveries import BATCH, Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.figures import databases as asked_databases
from benchmarks.load import Load, send
from benchmarks.orders import Network
from benchmarks.towers import Running, running, wait_for
from controltower.store import event

CONNECTIONS = 4
EVENTS_A_SECOND = 5000
_RECORD_SECONDS = 600.0


def figures(kind: str, place: Path, quick: bool) -> list[Figure]:
    """Measure on one kind of database."""
    home = place / f"pipeline-{kind}"
    home.mkdir()
    secret = new_secret()
    deliveries = Sender(Network(datetime.now(UTC), timedelta(milliseconds=20)), secret).full_batches(
        20 if quick else 100
    )
    with databases.fresh(kind, home) as url, running(home, url, secret) as tower:
        return _measured(kind, tower, url, [each.request for each in deliveries])


def _measured(kind: str, tower: Running, url: str, requests: list[bytes]) -> list[Figure]:
    total = len(requests) * BATCH
    web, worker = tower.web, tower.worker
    spent = programs.cpu_seconds(web), programs.cpu_seconds(worker)
    with ledgers.opened(url) as engine, machine.watched_cores() as cores:
        began = time.perf_counter()
        load = send(tower.port, requests, CONNECTIONS)
        taken = len(load.good()) == len(requests)
        done = wait_for(lambda: ledgers.backlog(engine) == 0, _RECORD_SECONDS)
        elapsed = time.perf_counter() - began
        held = ledgers.count(engine, event.event)
    used = programs.cpu_seconds(web) - spent[0], programs.cpu_seconds(worker) - spent[1]
    return _told(kind, total, elapsed, load, used, str(cores), taken and done and held == total)


def _told(
    kind: str, total: int, elapsed: float, load: Load, used: tuple[float, float], cores: str, whole: bool
) -> list[Figure]:
    rate, one_core = total / elapsed, total / sum(used)
    web, worker = (seconds / total * 1e6 for seconds in used)
    aim = f">= {EVENTS_A_SECOND:,}/s"
    return [
        Figure(f"{kind}: socket to beliefs", f"{rate:,.0f} events/s", aim, rate >= EVENTS_A_SECOND),
        Figure(f"{kind}: on one core (by CPU time)", f"{one_core:,.0f} events/s", aim, one_core >= EVENTS_A_SECOND),
        Figure(f"{kind}: CPU of an event", f"{web:.0f} us in the web server, {worker:.0f} us in the worker"),
        Figure(f"{kind}: answered", f"{total / load.seconds:,.0f} events/s, p99 {load.percentile(0.99):,.0f} ms"),
        Figure(f"{kind}: cores busy", cores),
        Figure(f"{kind}: all events in the ledger, once", "yes" if whole else "NO", "all", whole),
    ]  # fmt: skip


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    with workplace(asked) as place:
        return [found for kind in asked_databases(asked) for found in figures(kind, place, asked.quick)]


def main() -> int:
    asked = parser(__doc__).parse_args()
    found = run(asked)
    show("Pipeline: 1,000 events in each webhook, from socket to beliefs", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
