"""What an event costs when much goes wrong: the same faults on an empty ledger and on top of a million events."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import structlog
from sqlalchemy import Engine

from benchmarks import databases, growth, ledgers, machine
from benchmarks.deliveries import BLOCK, Sender, new_secret
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.growth import Cost, Filled
from benchmarks.orders import Network
from controltower import assembly
from controltower.workers import chores

HISTORY, STRETCH = 1_000_000, 40_000
MOST_GROWTH = 0.20
# One event in so many is struck, by each kind in turn.
STRUCK_ONE_IN = 50


class Troubled(Network):
    """A stream in which messages are lost, doubled, late, out of order, and hold nonsense."""

    def __init__(self, began: datetime, between: timedelta) -> None:
        super().__init__(began, between)
        self.dice = Random(7)
        self.struck = 0
        self.calm = False
        self._kinds = (lost, doubled, late, ahead, thousandfold, set_back, latin)

    def step(self) -> Iterator[dict[str, Any]]:
        """The events of one tick, as they arrive."""
        for event in super().step():
            if self.calm or self.dice.randrange(STRUCK_ONE_IN):
                yield event
                continue
            self.struck += 1
            yield from self._kinds[self.struck % len(self._kinds)](event)


def lost(event: dict[str, Any]) -> list[dict[str, Any]]:
    return []


def doubled(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [event, {**event, "id": f"{event['id']}:again"}]


def late(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**event, "time": _moved(event, -7200)}]


def ahead(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**event, "time": _moved(event, 600)}]


def thousandfold(event: dict[str, Any]) -> list[dict[str, Any]]:
    held = {
        name: {**value, "value": f"{value['value']}000"} if name.startswith("quantity") else value
        for name, value in event["data"]["attributes"].items()
    }
    return [_with(event, held)]


def set_back(event: dict[str, Any]) -> list[dict[str, Any]]:
    held = event["data"]["attributes"]
    return [_with(event, {**held, "status": "draft"}) if "status" in held else event]


def latin(event: dict[str, Any]) -> list[dict[str, Any]]:
    held = event["data"]["attributes"]
    return [_with(event, {**held, "customer": "Ã¼ber \ufffd"}) if "customer" in held else event]


def _with(event: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    return {**event, "data": {**event["data"], "attributes": attributes}}


def _moved(event: dict[str, Any], seconds: float) -> str:
    return (datetime.fromisoformat(event["time"]) + timedelta(seconds=seconds)).isoformat()


class Struck(Filled):
    """A ledger filled with a troubled stream; what looks at it afterwards is counted too."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        secret = new_secret()
        self.network = Troubled(self.network.began, self.network.between)
        self._sender = Sender(self.network, secret)
        self.tower = ledgers.tower_on(engine, secret, growth.Following(self.network))
        self.intake.stop()
        self.intake = growth.Intake(self.tower)
        self._chores = tuple(chores(self.tower, self.tower.now()))

    def look(self) -> float:
        """CPU seconds of everything that a worker looks at besides the messages."""
        began = time.process_time()
        for chore in self._chores:
            chore.work()
        return time.process_time() - began

    def history(self, until: int) -> None:
        """A past without faults."""
        self.network.calm = True
        self.fill(until)
        self.network.calm = False


@contextmanager
def _struck(kind: str, home: Path) -> Iterator[Struck]:
    home.mkdir()
    with databases.fresh(kind, home) as url, ledgers.opened(url) as engine:
        made = Struck(engine)
        yield made
        made.intake.stop()


def measure(kind: str, place: Path, history: int, stretch: int) -> list[Figure]:
    """The same faults on both ledgers, in turn."""
    with _struck(kind, place / "many") as many, _struck(kind, place / "few") as few:
        assembly.settle_memory()
        many.history(history)
        empty, full = growth.in_turn(few, many, stretch)
        looks = [(few.look(), many.look()) for _ in range(10)]
    return _told(empty, full, looks, many.network.struck if isinstance(many.network, Troubled) else 0)


def _told(empty: Cost, full: Cost, looks: list[tuple[float, float]], struck: int) -> list[Figure]:
    more = full.whole / empty.whole - 1
    first, second = (sorted(each)[len(each) // 2] * 1000 for each in zip(*looks, strict=True))
    return [
        Figure("events struck on each", f"{struck:,}"),
        Figure(f"CPU of an event, {empty.events:,} in all", f"{empty.whole:.0f} us"),
        Figure(f"CPU of an event, {full.events:,} in all", f"{full.whole:.0f} us"),
        Figure("how much more", f"{more:+.0%}", f"<= {MOST_GROWTH:+.0%}", more <= MOST_GROWTH),
        Figure("one look at all that is watched", f"{first:.1f} ms, {second:.1f} ms on top of history"),
    ]


def run(asked: argparse.Namespace) -> list[Figure]:
    """All figures of this benchmark."""
    history, stretch = (100_000, 10_000) if asked.quick else (HISTORY, STRETCH)
    kind = "postgresql" if asked.database == "postgresql" else "sqlite"
    with workplace(asked) as place:
        return measure(kind, place, history, stretch)


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found = run(parser(__doc__).parse_args())
    show(f"Faults, {BLOCK} ticks at a time, on cores that others kept busy: {not machine.quiet()}", found)
    return int(any(each.reached is False for each in found))


if __name__ == "__main__":
    sys.exit(main())
