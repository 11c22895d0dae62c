"""A polled source throttles, fails and answers garbage: the tower waits as told, loses nothing, says what was wrong."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from controltower.domain.clock import Clock
from controltower.domain.landscape import Polling
from controltower.pipeline.poll import poll
from controltower.pipeline.record import record_waiting
from controltower.pipeline.tower import Tower, build
from controltower.store import belief, channel
from controltower.store.engine import reading
from tests.connectors.served import Asked, Reply, serve
from tests.factories import PARIS, landscape, system

MAPPING = {
    "records": {
        "row": {
            "kind": "stock",
            "type": "stock.snapshot",
            "plant": "site",
            "key": "sku",
            "occurred_at": {"from": "changed"},
            "attributes": {"on_hand": {"from": "qty", "unit": "EA"}},
        }
    },
    "resources": {
        "stock": {
            "path": "/stock",
            "record": "row",
            "watermark": {"parameter": "since", "stamp": {"from": "changed"}},
        }
    },
}
EVERY = 10.0


class Source:
    """A warehouse whose next answers a test sets; without one it lists what it holds."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.troubles: list[Reply] = []

    def answer(self, asked: Asked) -> Reply:
        return self.troubles.pop(0) if self.troubles else Reply(self.rows)

    def holds(self, sku: str, quantity: int, minute: int) -> None:
        changed = f"2026-03-02T08:{minute:02}:00Z"
        self.rows = [row for row in self.rows if row["sku"] != sku]
        self.rows.append({"sku": sku, "site": "LYON", "qty": quantity, "changed": changed})


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def tower(engine: Engine, source: Source) -> Iterator[Tower]:
    """A tower that polls the source over HTTP."""
    with serve(source.answer) as served:
        wms = system(
            "wms", "wms", connector="generic_rest", hooks=None,
            polling=Polling(every=EVERY, overlap=timedelta(minutes=5)), zone=PARIS,
            settings={"mapping": MAPPING, "url": served.url},
        )  # fmt: skip
        land = landscape()
        yield build(engine, replace(land, systems={**land.systems, "wms": wms}), Clock())


def held(tower: Tower) -> dict[str, str]:
    """What the ledger believes of each stock position."""
    while record_waiting(tower):
        continue
    with reading(tower.engine) as connection:
        found = belief.of(connection, [belief.Subject("LYON", "stock/A"), belief.Subject("LYON", "stock/B")])
        return {subject.key: each.value.text for subject, each in found}


TROUBLES = {
    "throttled": Reply({"detail": "slow down"}, 429, {"Retry-After": "77"}),
    "failing": Reply({"detail": "broken"}, 500),
    "gone": Reply({"detail": "no"}, 503, {"Retry-After": "40"}),
    "garbage": Reply(body=b"\x00\xff<html>not what you asked for"),
    "of another shape": Reply({"unexpected": True}),
    "cut off": Reply(body=b'[{"sku": "B", "si'),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_source_in_trouble_loses_nothing(tower: Tower, source: Source, trouble: Reply) -> None:
    source.holds("A", 5, minute=1)
    assert poll(tower, "wms") == EVERY
    source.holds("B", 7, minute=2)
    source.holds("A", 6, minute=3)
    # More often than the connector itself asks again.
    source.troubles = [trouble] * 12
    waits = [poll(tower, "wms") for _ in range(2)]
    asked_for = float(trouble.headers.get("Retry-After", 0))
    assert all(wait >= max(EVERY, asked_for) for wait in waits)
    with reading(tower.engine) as connection:
        told = channel.get(connection, "wms", channel.POLL)
        lasting = channel.outages(connection, "wms", tower.now() - timedelta(hours=1))
    assert told.failures == 2
    assert told.last_error
    assert [each.ended_at for each in lasting] == [None]
    assert held(tower) == {"A": "5"}
    source.troubles = []
    assert poll(tower, "wms") == EVERY
    assert held(tower) == {"A": "6", "B": "7"}
    with reading(tower.engine) as connection:
        assert channel.get(connection, "wms", channel.POLL).failures == 0
        assert all(
            each.ended_at for each in channel.outages(connection, "wms", tower.now() - timedelta(hours=1))
        )


def test_what_came_before_the_trouble_in_one_poll_is_kept(tower: Tower, source: Source) -> None:
    source.holds("A", 5, minute=1)
    poll(tower, "wms")
    source.holds("A", 9, minute=4)
    source.troubles = [Reply(source.rows), *[TROUBLES["failing"]] * 12]
    poll(tower, "wms")
    poll(tower, "wms")
    source.troubles = []
    poll(tower, "wms")
    assert held(tower) == {"A": "9"}
