"""A system's holdings beside the ledger: what differs is told, fetched through the inbox, and over once it is equal."""

import dataclasses
import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import (
    Envelope,
    Identity,
    Page,
    PolledRecord,
    Replayed,
    SnapshotPage,
    Subscription,
    Translation,
)
from controltower.domain.event import Event, content_id
from controltower.domain.landscape import Probing, Reconciling
from controltower.domain.subject import order_subject
from controltower.domain.value import Value
from controltower.pipeline import reconcile
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.backfill import backfill
from controltower.pipeline.probe import probe_due
from controltower.pipeline.renew import renew
from controltower.pipeline.tower import Tower
from controltower.pipeline.watching import watch
from controltower.store import case, comparison, message
from controltower.store.engine import reading
from tests.factories import MINUTE, POLLED, Plantlet, landscape

TERMS = Reconciling(every=60 * MINUTE, rest=0.0)
SOURCE = dataclasses.replace(POLLED, reconciling=TERMS, probing=Probing(every=5 * MINUTE))


class Holding:
    """A source that holds orders by number and quantity, and has sent webhooks about some."""

    def __init__(self, clock: Any) -> None:
        self.system, self._clock = SOURCE, clock
        self.orders: dict[str, tuple[str, datetime.datetime]] = {}
        self.sent: list[Replayed] = []
        self.subscribed = True

    def hold(self, number: str, quantity: str) -> None:
        self.orders[number] = quantity, self._clock.now()

    def webhook(self, number: str, quantity: str) -> None:
        body = json.dumps([{"order": number, "quantity": quantity, "at": self._clock.now().isoformat()}])
        self.sent.append(Replayed({"webhook-id": f"msg-{number}"}, body.encode()))

    def translate(self, envelope: Envelope) -> Translation:
        rows = json.loads(envelope.body)
        return Translation([_event(row, element) for element, row in enumerate(rows)])

    def identify(self, envelope: Envelope) -> list[Identity]:
        return [Identity(_event(row, 0).source_id, content_id(str(row))) for row in json.loads(envelope.body)]

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        return iter(())

    def can_snapshot(self) -> bool:
        return True

    def snapshot(self, since: datetime.datetime | None = None) -> Iterator[SnapshotPage]:
        rows = [
            (n, {"order": n, "quantity": held, "at": at.isoformat()}) for n, (held, at) in self.orders.items()
        ]
        records = [PolledRecord(number, json.dumps(row).encode()) for number, row in rows]
        yield SnapshotPage("orders", records, covers=frozenset(["order"]))

    def can_replay(self) -> bool:
        return True

    def replay(self, since: datetime.datetime, until: datetime.datetime) -> Iterator[Replayed]:
        return iter(self.sent)

    def can_subscribe(self) -> bool:
        return True

    def subscriptions(self) -> list[Subscription]:
        return [Subscription("sub-1", "")] if self.subscribed else []

    def renew(self) -> Subscription:
        self.subscribed = True
        return Subscription("sub-2", "")


def _event(row: Mapping[str, str], element: int) -> Event:
    at = datetime.datetime.fromisoformat(row["at"])
    identity = content_id(row["order"], row["quantity"], row["at"])
    attributes = {"quantity": Value(row["quantity"], "EA"), "status": Value("running")}
    return Event(
        "order.snapshot", order_subject("LYON", row["order"]), SOURCE.id, identity, at, row["at"], attributes, {},
        None, element,
    )  # fmt: skip


class Site(Plantlet):
    """A tower with one such source."""

    def __init__(self, engine: Engine) -> None:
        land = landscape()
        super().__init__(engine, dataclasses.replace(land, systems={**land.systems, SOURCE.id: SOURCE}))
        self.source = Holding(self.clock)
        held = {**self.tower.connectors, SOURCE.id: self.source}
        self.tower = Tower(engine, self.tower.landscape, held, self.clock)  # type: ignore[arg-type,dict-item]
        self.comparing = reconcile.Comparing(self.tower, self.clock.now())

    def compare(self) -> comparison.Run:
        reconcile.ask(self.tower, SOURCE.id, "ines")
        self.comparing.go_on()
        with reading(self.tower.engine) as connection:
            return comparison.latest(connection, SOURCE.id)[0]

    def fetch(self) -> str:
        now = self.clock.now()
        words = backfill(self.tower, SOURCE.id, now - 60 * MINUTE, now, "ines", "it was lost")
        self.record()
        self.comparing.go_on()
        return words

    def causes(self) -> list[str]:
        watch(self.tower)
        with reading(self.tower.engine) as connection:
            return sorted(each.cause_code for each in case.listing(connection) if each.system == SOURCE.id)

    def messages(self) -> int:
        with reading(self.tower.engine) as connection:
            return len(message.listing(connection, system=SOURCE.id))


@pytest.fixture
def site(engine: Engine) -> Site:
    return Site(engine)


def test_what_differs_is_told_fetched_and_over(site: Site) -> None:
    site.source.hold("1", "100")
    assert site.compare().counts["differences"] == {"on their way": 1}
    assert site.causes() == []
    site.clock.move(10 * MINUTE)
    site.comparing.go_on()
    assert site.causes() == ["missing-here"]
    site.fetch()
    assert site.causes() == []
    site.source.hold("1", "120")
    site.clock.move(10 * MINUTE)
    del site.source.orders["1"]
    site.source.hold("2", "7")
    site.clock.move(10 * MINUTE)
    site.compare()
    assert site.causes() == ["missing-here", "missing-there"]
    site.fetch()
    assert site.causes() == []


def test_fetching_twice_adds_nothing(site: Site) -> None:
    site.source.hold("1", "100")
    site.source.webhook("1", "100")
    assert "1 of them had been missed" in site.fetch()
    known = site.messages()
    assert "0 of them had been missed" in site.fetch()
    assert site.messages() == known


def test_a_run_counts_both_sides(site: Site) -> None:
    site.source.hold("1", "100")
    site.fetch()
    run = site.compare()
    assert (run.state, run.read, run.who) == ("done", 1, "ines")
    assert run.counts == {"order": {"there": 1, "here": 1, "keys": True}, "differences": {}}


def test_a_system_is_compared_by_itself_in_its_turn(site: Site) -> None:
    assert site.comparing.go_on() == 0
    site.clock.move(61 * MINUTE)
    assert site.comparing.go_on() == 1
    assert site.comparing.go_on() == 0


def test_a_lost_subscription_is_renewed_and_made_up_for(site: Site) -> None:
    probe_due(site.tower)
    site.source.subscribed = False
    site.clock.move(6 * MINUTE)
    probe_due(site.tower)
    assert site.causes() == ["subscription-lost"]
    site.source.webhook("9", "5")
    words = renew(site.tower, SOURCE.id, None, "ines", "it was gone")
    assert "sub-2" in words
    assert "1 of them had been missed" in words
    assert site.causes() == []


def test_who_cannot_be_asked_is_not_compared(site: Site) -> None:
    with pytest.raises(NotPossible):
        reconcile.ask(site.tower, "erp", "ines")
    with pytest.raises(LookupError):
        reconcile.ask(site.tower, "nobody", "ines")
