"""Deliveries a second to a healthy target, against a bare loop of `requests` that does the same posts."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import requests
from sqlalchemy import Engine, select

from benchmarks import databases, ledgers, machine, programs, target
from benchmarks.deliveries import Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.figures import databases as asked_databases
from benchmarks.orders import name, pieces
from benchmarks.target import Taken, Target
from benchmarks.towers import ROOT, environment, wait_for
from controltower import landscape_files
from controltower.domain.clock import Clock
from controltower.pipeline import gates
from controltower.pipeline.receive import Intake
from controltower.pipeline.record import record_waiting
from controltower.pipeline.tower import Tower, build
from controltower.store import delivery
from controltower.store.engine import reading

CONFIG = Path(__file__).resolve().parent / "sending_config"
TARGET_URL = "BENCHMARK_TARGET_URL"
SENT_TO = "mes-lyon"
CHANGES = 10  # of each order: so many deliveries stand in its lane
RATIO, SPEED_UP = 0.5, 1.6
SLOW_MS = 10.0
_DRAIN_SECONDS = 300.0
# What a client's library adds by itself, so the bare loop's does too.
_NOT_REPLAYED = ("host", "content-length", "connection", "accept-encoding")


class Changes:
    """An ERP that changes the quantity of each order once in every tick."""

    def __init__(self, orders: int) -> None:
        self.orders, self.tick = orders, 0
        self.began = datetime.now(UTC)

    def step(self) -> Iterator[dict[str, Any]]:
        self.tick += 1
        at = (self.began + timedelta(milliseconds=self.tick)).isoformat()
        for order in range(self.orders):
            yield changed(order, self.tick, at)


def changed(order: int, number: int, at: str) -> dict[str, Any]:
    """The `number`th change of an order."""
    attributes = {
        "quantity": pieces(number),
        "due_date": "2026-12-01T12:00:00+00:00",
        "item": f"PUMP-{order % 40}",
        "customer": f"C-{order % 900}",
    }
    key = name(order)
    return {
        "specversion": "1.0",
        "id": f"erp-hq:{key}:{number}",
        "source": "erp-hq",
        "type": "order.changed",
        "subject": f"LYON/order/{key}",
        "time": at,
        "sequence": str(number),
        "correlationid": key,
        "data": {"attributes": attributes, "refs": {"native_id": key}},
    }


class Drained(NamedTuple):
    """One backlog sent: how fast (per second), what the senders' CPU spent on one, what arrived, the cores' shares."""

    rate: float
    cpu: float
    taken: list[Taken]
    cores: str = ""


class Round(NamedTuple):
    """What was measured one right after the other, and the faults that the target saw."""

    one: Drained
    bare: Drained
    two: Drained
    out_of_order: int
    miscounted: int


class Place(NamedTuple):
    """Where one run takes place: its directory, its database, its secret and the target."""

    home: Path
    url: str
    secret: str
    target: Target

    @property
    def environment(self) -> dict[str, str]:
        own = {"CONTROLTOWER_CONFIG": str(CONFIG), TARGET_URL: self.target.url}
        return environment(self.home, self.url, self.secret) | own

    def tower(self, engine: Engine) -> Tower:
        return build(engine, landscape_files.load(CONFIG, self.environment), Clock())


def figures(kind: str, place: Path, orders: int, milliseconds: float, rounds: int) -> list[Figure]:
    """Measure on one kind of database, with a target that takes so long for each answer."""
    with target.running(milliseconds) as told:
        found = [_round(kind, place, told, orders) for _ in range(rounds)]
    what = f"{kind}, target answers " + ("at once" if not milliseconds else f"after {milliseconds:.0f} ms")
    return _told(what, found, 2 * orders * rounds)


def _round(kind: str, place: Path, told: Target, orders: int) -> Round:
    """One worker, the bare loop, two workers: one after the other, so that a busy machine is busy for all three."""
    one = _drained(kind, place, told, orders, 1)
    bare = _bare(told, one.taken)
    two = _drained(kind, place, told, orders, 2)
    faults = [disorder(each.taken, orders) for each in (one, two)]
    one, bare, two = (each._replace(taken=[]) for each in (one, bare, two))
    return Round(one, bare, two, sum(wrong for wrong, _ in faults), sum(count for _, count in faults))


def _drained(kind: str, place: Path, told: Target, orders: int, workers: int) -> Drained:
    """Take the changes in through the front door, then let so many workers send what came of them."""
    told.forget()
    home = Path(tempfile.mkdtemp(prefix=f"sending-{kind}-", dir=place))
    with databases.fresh(kind, home) as url, ledgers.opened(url) as engine:
        here = Place(home, url, new_secret(), told)
        tower = here.tower(engine)
        gates.pause(tower, SENT_TO, "benchmark", "until all is there")
        _fill(tower, here.secret, orders)
        with _workers(here, workers) as pids:
            spent = programs.cpu_seconds(pids)
            with machine.watched_cores() as cores:
                gates.resume(tower, SENT_TO, "benchmark")
                if not wait_for(lambda: _settled(engine), _DRAIN_SECONDS, every=0.2):
                    raise RuntimeError(f"only {told.count()} deliveries in {_DRAIN_SECONDS} s: {home}")
            spent = programs.cpu_seconds(pids) - spent
        taken = told.taken()
    seconds = taken[-1].at - taken[0].at
    return Drained(len(taken) / seconds, spent / len(taken) * 1e6, taken, str(cores))


def _fill(tower: Tower, secret: str, orders: int) -> None:
    intake = Intake(tower)
    for each in Sender(Changes(orders), secret).full_batches(CHANGES, orders):
        intake.receive(each.system, each.headers, each.body)
    intake.stop()
    while record_waiting(tower):
        continue


def _settled(engine: Engine) -> bool:
    waits = select(delivery.delivery.c.id).where(delivery.delivery.c.state != "delivered").limit(1)
    with reading(engine) as connection:
        return connection.execute(waits).first() is None


@contextmanager
def _workers(here: Place, count: int) -> Iterator[list[int]]:
    """So many worker processes, all ready."""
    with ExitStack() as stack:
        logs = [here.home / f"worker-{number}.log" for number in range(count)]
        started = [_worker(stack, here, log) for log in logs]
        if not wait_for(lambda: all("worker started" in log.read_text("utf-8") for log in logs), 60):
            raise RuntimeError("a worker did not start:\n" + logs[0].read_text("utf-8")[-2000:])
        yield [each.pid for each in started]


def _worker(stack: ExitStack, here: Place, log: Path) -> subprocess.Popen[bytes]:
    file = stack.enter_context(log.open("ab"))
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "worker"], cwd=here.home, env=here.environment,
        stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
    )  # fmt: skip
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)


def _bare(told: Target, posts: list[Taken]) -> Drained:
    """The same posts by `requests` alone, one after the other on one connection."""
    told.forget()
    prepared = [
        ({name: held for name, held in each.headers.items() if name not in _NOT_REPLAYED}, each.body)
        for each in posts
    ]
    spent = time.process_time()
    with requests.Session() as session:
        for headers, body in prepared:
            session.post(told.url, data=body, headers=headers, timeout=30).raise_for_status()
    spent = time.process_time() - spent
    taken = told.taken()
    return Drained(len(taken) / (taken[-1].at - taken[0].at), spent / len(taken) * 1e6, taken)


def disorder(taken: list[Taken], orders: int) -> tuple[int, int]:
    """(orders whose changes did not arrive one after the other, posts too many or too few)."""
    seen: dict[str, list[int]] = {}
    for each in taken:
        event = msgspec.json.decode(each.body)
        seen.setdefault(event["subject"], []).append(int(event["data"]["attributes"]["quantity"]["value"]))
    wanted = list(range(1, CHANGES + 1))
    wrong = sum(sorted(numbers) == wanted and numbers != wanted for numbers in seen.values())
    return wrong, abs(len(taken) - orders * CHANGES) + sum(
        sorted(numbers) != wanted for numbers in seen.values()
    )


def _told(what: str, rounds: Sequence[Round], orders: int) -> list[Figure]:
    one, two = _typical([each.one for each in rounds]), _typical([each.two for each in rounds])
    bare = _typical([each.bare for each in rounds])
    ratio = statistics.median(each.one.rate / each.bare.rate for each in rounds)
    speed_up = statistics.median(each.two.rate / each.one.rate for each in rounds)
    out_of_order, miscounted = (
        sum(each.out_of_order for each in rounds),
        sum(each.miscounted for each in rounds),
    )
    return [
        Figure(f"{what}: one worker", f"{one.rate:,.0f}/s, {one.cpu:,.0f} us of its CPU each"),
        Figure(f"{what}: bare loop of requests", f"{bare.rate:,.0f}/s, {bare.cpu:,.0f} us each"),
        Figure(f"{what}: one worker to the bare loop", f"{ratio:.2f}", f">= {RATIO}", ratio >= RATIO),
        Figure(
            f"{what}: two workers", f"{two.rate:,.0f}/s, {speed_up:.2f} of one, {two.cpu:,.0f} us of CPU each",
            f">= {SPEED_UP}", speed_up >= SPEED_UP,
        ),
        Figure(f"{what}: CPU of one with two workers", f"{two.cpu / one.cpu:.2f} of that with one"),
        Figure(f"{what}: cores busy", f"{one.cores} with one worker, {two.cores} with two"),
        Figure(f"{what}: orders out of order at the target", f"{out_of_order} of {orders:,}", "0", not out_of_order),
        Figure(f"{what}: deliveries missing or twice at the target", f"{miscounted}", "0", not miscounted),
    ]  # fmt: skip


def _typical(drained: Sequence[Drained]) -> Drained:
    """The one of medium speed."""
    return sorted(drained, key=lambda each: each.rate)[len(drained) // 2]


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    many, few, rounds = (100, 50, 1) if asked.quick else (1000, 200, 3)
    with workplace(asked) as place:
        return [
            found
            for kind in asked_databases(asked)
            for milliseconds, orders in ((0.0, many), (SLOW_MS, few))
            for found in figures(kind, place, orders, milliseconds, rounds)
        ]


def main() -> int:
    asked = parser(__doc__).parse_args()
    found = run(asked)
    show("Sending: a backlog of ten changes for each order, to a healthy target", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
