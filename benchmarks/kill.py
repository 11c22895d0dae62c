"""kill -9 of all of the tower under load, at random moments: nothing lost, nothing twice, the same beliefs."""

from __future__ import annotations

import argparse
import random
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks import databases, ledgers
from benchmarks.deliveries import Delivery, Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.figures import databases as asked_databases
from benchmarks.load import send
from benchmarks.orders import Network
from benchmarks.towers import Running, free_port, wait_for
from controltower.domain.clock import Clock

CONNECTIONS = 16
SHORTEST, LONGEST = 0.2, 2.5  # seconds of load before a kill
_RECORD_SECONDS = 300.0


@dataclass
class Sent:
    """What the senders know: their deliveries, which were acknowledged, and which they have to send again."""

    acknowledged: dict[str, Delivery] = field(default_factory=dict)
    again: list[Delivery] = field(default_factory=list)
    unanswered: int = 0


class Verdict(NamedTuple):
    """What was found afterwards; all but the first three should be zero."""

    kills: int
    acknowledged: int
    events: int
    lost: int
    lost_events: int
    doubled: int
    doubled_events: int
    unrecorded: int
    differing: int

    @property
    def sound(self) -> bool:
        return not any(self[3:])


def batch_of(sender: Sender) -> list[Delivery]:
    """Singles and batches mixed, as the systems of a network send them."""
    singles, batches = sender.singles(1500), sender.block(ticks=40, largest=200)
    every = max(1, len(singles) // len(batches))
    for place, delivery in enumerate(batches):
        singles.insert(place * (every + 1), delivery)
    return singles


def round_of_load(tower: Running, sent: Sent, fresh: Sequence[Delivery], seconds: float) -> None:
    """Load the tower and kill all of it after some seconds; what was not acknowledged is to be sent again."""
    deliveries = [*sent.again, *fresh]
    timer = threading.Timer(seconds, tower.kill)
    timer.start()
    try:
        _note(sent, deliveries, tower.port)
    finally:
        timer.join()


def _note(sent: Sent, deliveries: Sequence[Delivery], port: int) -> None:
    load = send(port, [each.request for each in deliveries], CONNECTIONS)
    good = set(load.good())
    sent.unanswered += len(load.unanswered)
    sent.acknowledged |= {deliveries[number].id: deliveries[number] for number in good}
    tried = good | set(load.unanswered) | {each.number for each in load.answers}
    sent.again = [deliveries[number] for number in sorted(tried - good)]


def kill_again_and_again(url: str, home: Path, times: int, seed: int, longest: float = LONGEST) -> Verdict:
    """Start, load, kill, as often as asked; then let it finish, and judge what is in the database."""
    chance, secret, port = random.Random(seed), new_secret(), free_port()
    sender = Sender(Network(datetime.now(UTC), timedelta(milliseconds=5)), secret)
    sent = Sent()
    for _ in range(times):
        fresh = [each for _ in range(3) for each in batch_of(sender)]
        tower = Running(home, url, secret, port=port)
        tower.wait_until_ready()
        round_of_load(tower, sent, fresh, chance.uniform(SHORTEST, longest))
    _finish(url, home, secret, port, sent)
    return judged(url, secret, sent, times)


def _finish(url: str, home: Path, secret: str, port: int, sent: Sent) -> None:
    """One last run, not killed: it takes what was never acknowledged and records all that waits."""
    tower = Running(home, url, secret, port=port)
    try:
        tower.wait_until_ready()
        _note(sent, list(sent.again), port)
        with ledgers.opened(url) as engine:
            wait_for(lambda: ledgers.backlog(engine) == 0, _RECORD_SECONDS)
    finally:
        tower.stop()


def judged(url: str, secret: str, sent: Sent, kills: int) -> Verdict:
    """Compare what the senders know with what the ledger holds, and the ledger with itself told again."""
    with ledgers.opened(url) as engine:
        now = datetime.now(UTC).timestamp()
        tower = ledgers.tower_on(engine, secret, Clock(0.0, now, 0.0, time=lambda: 0.0))
        events = [event for each in sent.acknowledged.values() for event in each.events]
        unrecorded = ledgers.backlog(engine)
        differing = ledgers.differences_after_reprocess(tower)
        return Verdict(
            kills, len(sent.acknowledged), len(events), len(ledgers.missing_deliveries(engine, sent.acknowledged)),
            len(ledgers.missing_events(engine, events)), ledgers.doubled_deliveries(engine),
            ledgers.doubled_events(engine), unrecorded, sum(differing.values()),
        )  # fmt: skip


def figures(kind: str, verdict: Verdict) -> list[Figure]:
    told = f"{verdict.acknowledged:,} deliveries with {verdict.events:,} events"
    lost = f"{verdict.lost} deliveries, {verdict.lost_events} events"
    twice = f"{verdict.doubled} deliveries, {verdict.doubled_events} events"
    return [
        Figure(f"{kind}: acknowledged in {verdict.kills} kills", told),
        Figure(f"{kind}: acknowledged and lost", lost, "0", verdict.lost + verdict.lost_events == 0),
        Figure(f"{kind}: there twice", twice, "0", verdict.doubled + verdict.doubled_events == 0),
        Figure(f"{kind}: left unrecorded", str(verdict.unrecorded), "0", verdict.unrecorded == 0),
        Figure(
            f"{kind}: rows that differ after a reprocess", str(verdict.differing), "0", verdict.differing == 0
        ),
    ]


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    found: list[Figure] = []
    times = 3 if asked.quick else asked.times
    with workplace(asked) as place:
        for kind in asked_databases(asked):
            home = place / f"kill-{kind}"
            home.mkdir()
            with databases.fresh(kind, home) as url:
                found += figures(kind, kill_again_and_again(url, home, times, asked.seed))
    return found


def add_times(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument("--times", type=int, default=20, help="how often it is killed")
    made.add_argument("--seed", type=int, default=1, help="of the random moments")
    return made


def main() -> int:
    found = run(add_times(parser(__doc__)).parse_args())
    show("kill -9 under load", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
