"""Durable single signed webhooks a second at 64 connections, against an empty view on the same server."""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks import databases, empty, ledgers, machine, programs
from benchmarks.deliveries import Delivery, Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.figures import databases as asked_databases
from benchmarks.load import Load, send
from benchmarks.orders import Network
from benchmarks.towers import Running, running

CONNECTIONS = 64
RATIO, P99_MS = 0.45, 50.0
# More than any round can send; made before it, so that signing costs nothing while it lasts.
PREPARED_A_SECOND = 4000


class Round(NamedTuple):
    """One round of one kind of request, with the CPU that the server spent on each."""

    load: Load
    cpu: float  # seconds a request
    cores: str


class Rounds(NamedTuple):
    """The rounds of each kind: an empty Flask view, the tower's bare door, and webhooks stored."""

    empty: list[Round]
    door: list[Round]
    stored: list[Round]

    @staticmethod
    def rate(rounds: Sequence[Round]) -> float:
        return statistics.median(each.load.rate for each in rounds)

    @staticmethod
    def cpu(rounds: Sequence[Round]) -> float:
        """Microseconds of the server's CPU for one request."""
        return statistics.median(each.cpu for each in rounds) * 1e6

    def milliseconds(self, share: float) -> float:
        return statistics.median(each.load.percentile(share) for each in self.stored)


class Server(NamedTuple):
    """Where to send, and the processes that answer there."""

    port: int
    pids: list[int]


def door_request(delivery: Delivery) -> bytes:
    """The same bytes for the tower's door alone: OPTIONS on a hook reads no body and opens no database."""
    return delivery.request.replace(b"POST ", b"OPTIONS ", 1)


def measure(
    tower: Server, flask: Server, sender: Sender, seconds: float, times: int
) -> tuple[Rounds, list[str]]:
    """Rounds of each kind in turn, so that all meet the same machine. Returns the acknowledged deliveries too."""
    some = sender.singles(256)
    _warm(tower, some)
    _warm(flask, some)
    rounds, acknowledged = Rounds([], [], []), [each.id for each in some]
    for _ in range(times):
        requests = [each.request for each in some] * int(60 * seconds)
        rounds.empty.append(_round(flask, requests, seconds))
        doors = [door_request(each) for each in some] * int(60 * seconds)
        rounds.door.append(_round(tower, doors, seconds / 4))
        deliveries = sender.singles(int(PREPARED_A_SECOND * seconds))
        rounds.stored.append(_round(tower, [each.request for each in deliveries], seconds))
        acknowledged += [deliveries[number].id for number in rounds.stored[-1].load.good()]
    return rounds, acknowledged


def _warm(server: Server, some: Sequence[Delivery]) -> None:
    load = send(server.port, [each.request for each in some], CONNECTIONS)
    if len(load.good()) < len(some):
        raise RuntimeError(f"not every webhook was taken: {Counter(each.status for each in load.answers)}")


def _round(server: Server, requests: Sequence[bytes], seconds: float) -> Round:
    before = programs.cpu_seconds(server.pids)
    with machine.watched_cores() as cores:
        load = send(server.port, requests, CONNECTIONS, seconds)
    spent = programs.cpu_seconds(server.pids) - before
    return Round(load, spent / max(1, len(load.answers)), str(cores))


def figures(kind: str, place: Path, quick: bool, worker: bool) -> list[Figure]:
    """Measure on one kind of database, with the worker recording or without it."""
    seconds, times = (2.0, 2) if quick else (5.0, 3)
    secret = new_secret()
    sender = Sender(Network(datetime.now(UTC), timedelta(milliseconds=20)), secret)
    home = place / f"ingest-{kind}-{'with' if worker else 'without'}"
    home.mkdir()
    words = () if worker else ("--no-worker",)
    with databases.fresh(kind, home) as url:
        with running(home, url, secret, *words) as tower, empty.running() as (port, pid):
            flask = Server(port, [pid, *programs.descendants(pid)])
            rounds, acknowledged = measure(Server(tower.port, tower.web), flask, sender, seconds, times)
        with ledgers.opened(url) as engine:
            lost = len(ledgers.missing_deliveries(engine, acknowledged))
    where = f"{kind}, {'worker recording' if worker else 'no worker'}"
    return _told(where, rounds, f"{lost} of {len(acknowledged):,}")


def _told(where: str, rounds: Rounds, lost: str) -> list[Figure]:
    rate, view, p99 = rounds.rate(rounds.stored), rounds.rate(rounds.empty), rounds.milliseconds(0.99)
    p50, cpu = rounds.milliseconds(0.5), [rounds.cpu(each) for each in rounds]
    doors, ratio = rounds.rate(rounds.door), rate / view
    aim = f"p99 < {P99_MS:.0f} ms"
    return [
        Figure(f"{where}: stored and answered", f"{rate:,.0f}/s (empty view {view:,.0f}, bare door {doors:,.0f})"),
        Figure(f"{where}: ratio to the empty view", f"{ratio:.2f}", f">= {RATIO}", ratio >= RATIO),
        Figure(f"{where}: p50 / p99", f"{p50:.0f} / {p99:.0f} ms", aim, p99 < P99_MS),
        Figure(f"{where}: CPU of the server", f"{cpu[2]:.0f} us (empty view {cpu[0]:.0f}, bare door {cpu[1]:.0f})"),
        Figure(f"{where}: cores busy", rounds.stored[-1].cores),
        Figure(f"{where}: acknowledged, not in the inbox", lost, "0", lost.startswith("0 ")),
    ]  # fmt: skip


def killed(kind: str, place: Path, quick: bool) -> Figure:
    """kill -9 of all of the tower under this load: is all that was acknowledged there?"""
    secret = new_secret()
    sender = Sender(Network(datetime.now(UTC), timedelta(milliseconds=20)), secret)
    home = place / f"ingest-{kind}-killed"
    home.mkdir()
    seconds = 1.5 if quick else 4.0
    with databases.fresh(kind, home) as url:
        deliveries = sender.singles(int(PREPARED_A_SECOND * seconds))
        tower = Running(home, url, secret)
        tower.wait_until_ready()
        timer = threading.Timer(seconds, tower.kill)
        timer.start()
        load = send(tower.port, [each.request for each in deliveries], CONNECTIONS)
        timer.join()
        acknowledged = [deliveries[number].id for number in load.good()]
        with ledgers.opened(url) as engine:
            lost = len(ledgers.missing_deliveries(engine, acknowledged))
    told = f"{lost} of {len(acknowledged):,} ({len(load.unanswered)} were under way)"
    return Figure(f"{kind}: acknowledged and gone after kill -9", told, "0", lost == 0)


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    found: list[Figure] = []
    with workplace(asked) as place:
        for kind in asked_databases(asked):
            for worker in (False, True):
                found += figures(kind, place, asked.quick, worker)
            found.append(killed(kind, place, asked.quick))
    return found


def main() -> int:
    asked = parser(__doc__).parse_args()
    with workplace(asked) as place:
        show("Machine", [Figure(*fact) for fact in machine.facts(place)])
    found = run(asked)
    show("Ingest: one signed event in each webhook, 64 connections", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
