"""Polled lists: what is gone and comes back, whole lists that cannot be true, and two that read at once."""

import dataclasses
import json
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listens_for

from controltower.connectors.contract import Envelope, Page, PolledRecord, SourceUnavailable, Translation
from controltower.domain.event import Event, content_id
from controltower.domain.subject import order_subject
from controltower.domain.trace import message_of
from controltower.domain.value import Value
from controltower.pipeline.poll import poll
from controltower.pipeline.tower import Tower
from controltower.store import belief, channel, event, message
from controltower.store.engine import reading
from tests.factories import MINUTE, MORNING, POLLED, Plantlet, ScriptedSource, landscape

STATUS = "running"


def translate(envelope: Envelope) -> Translation:
    """Orders as the source of these tests writes them: their number; all of them began long ago."""
    return Translation(
        [
            Event(
                "order.snapshot", order_subject("LYON", number), POLLED.id, content_id(number), MORNING - MINUTE,
                "", {"status": Value(STATUS)}, {}, None, element,
            )
            for element, number in enumerate(json.loads(envelope.body))
        ]
    )  # fmt: skip


class Polled(Plantlet):
    """A tower that polls one scripted source."""

    def __init__(self, engine: Engine) -> None:
        land = landscape()
        super().__init__(engine, dataclasses.replace(land, systems={**land.systems, POLLED.id: POLLED}))
        self.source = ScriptedSource(POLLED, translate)
        held = {**self.tower.connectors, POLLED.id: self.source}
        self.tower = Tower(engine, self.tower.landscape, held, self.clock)  # type: ignore[arg-type]

    def look(self, numbers: list[str]) -> float:
        """The source gives its whole list."""
        self.clock.move(MINUTE)
        self.source.pages = [whole(numbers)]
        return poll(self.tower, POLLED.id)

    def statuses(self) -> dict[str, str]:
        self.record()
        with reading(self.tower.engine) as connection:
            held = belief.of(connection, [order_subject("LYON", str(number)) for number in range(100)])
        return {subject.key: each.value.text for subject, each in held}

    def channel(self) -> channel.Channel:
        with reading(self.tower.engine) as connection:
            return channel.get(connection, POLLED.id, channel.POLL)


def whole(numbers: list[str]) -> Page:
    records = [
        PolledRecord(number, json.dumps(number).encode(), f"LYON/order/{number}") for number in numbers
    ]
    return Page("orders", records, {"mark": 1}, frozenset(numbers))


@pytest.fixture
def polled(engine: Engine) -> Polled:
    return Polled(engine)


THIRTY = [str(number) for number in range(30)]


def test_what_is_gone_is_cancelled_and_what_comes_back_is_not(polled: Polled) -> None:
    polled.look(["1", "2"])
    assert polled.statuses() == {"1": STATUS, "2": STATUS}
    polled.look(["1"])
    assert polled.statuses() == {"1": STATUS, "2": "cancelled"}
    polled.look(["1"])
    polled.look(["1", "2"])
    assert polled.statuses() == {"1": STATUS, "2": STATUS}
    polled.look(["1", "2"])
    with reading(polled.tower.engine) as connection:
        found = message.listing(connection, system=POLLED.id)
    assert [each.change for each in found] == ["returned", "deleted", ""]


def test_a_list_that_suddenly_lacks_most_is_not_believed_at_once(polled: Polled) -> None:
    polled.look(THIRTY)
    waits = [polled.look(["1"]) for _ in range(3)]
    assert set(polled.statuses().values()) == {STATUS}
    assert waits == [10, 20, 40]
    assert (polled.channel().error_kind, polled.channel().failures) == ("contract", 3)
    assert "lacks 29 of 30" in polled.channel().last_error
    with reading(polled.tower.engine) as connection:
        (outage,) = channel.outages(connection, POLLED.id, MORNING)
    assert outage.kind == "contract"
    polled.look(["1"])
    assert list(polled.statuses().values()).count("cancelled") == 29
    assert polled.channel().failures == 0


def test_a_list_that_is_whole_again_was_never_empty(polled: Polled) -> None:
    polled.look(THIRTY)
    polled.look([])
    polled.look([])
    assert polled.look(THIRTY) == POLLED.polling.every  # type: ignore[union-attr]
    polled.look([])
    assert set(polled.statuses().values()) == {STATUS}
    assert "3 more times" in polled.channel().last_error
    assert all(asked.get("orders", {}) in ({}, {"mark": 1}) for asked in polled.source.asked)


def test_old_records_may_be_tidied_away(polled: Polled) -> None:
    polled.clock.move(MINUTE)
    page = whole(THIRTY)
    polled.source.pages = [page._replace(records=[each._replace(subject="") for each in page.records])]
    poll(polled.tower, POLLED.id)
    polled.look(["50"])
    assert polled.channel().failures == 0
    assert set(polled.statuses().values()) == {STATUS}


def test_a_list_of_few_may_empty(polled: Polled) -> None:
    polled.look(["1", "2"])
    polled.look([])
    assert set(polled.statuses().values()) == {"cancelled"}


def test_new_records_are_taken_while_the_rest_is_doubted(polled: Polled) -> None:
    polled.look(THIRTY)
    polled.look(["50"])
    assert polled.statuses()["50"] == STATUS


def test_who_was_overtaken_deletes_nothing(polled: Polled) -> None:
    """Its list is older than what another process has read meanwhile."""
    polled.look(["1"])
    inner = polled.source.poll

    def slow(cursors: Any) -> Any:
        pages = list(inner(cursors))
        polled.source.poll = inner  # type: ignore[method-assign]
        polled.look(["1", "2"])
        polled.clock.move(MINUTE)
        return iter(pages)

    polled.source.pages = [whole(["1"])]
    polled.source.poll = slow  # type: ignore[method-assign]
    poll(polled.tower, POLLED.id)
    assert polled.statuses() == {"1": STATUS, "2": STATUS}


@pytest.mark.parametrize("odd", ["x" * 3000, "\0", "\ud800"])
def test_a_record_with_an_odd_name_stops_no_other(polled: Polled, odd: str) -> None:
    polled.clock.move(MINUTE)
    good = whole(["1"])
    record = PolledRecord(odd, b'"2"', f"LYON/order/{odd}")
    polled.source.pages = [
        Page("orders", [*good.records, record], {}, frozenset(["1", odd])),
    ]
    poll(polled.tower, POLLED.id)
    assert polled.statuses() == {"1": STATUS, "2": STATUS}
    poll(polled.tower, POLLED.id)
    assert polled.channel().messages == 1


def test_a_page_that_fails_moves_no_watermark(polled: Polled) -> None:
    """Its records are kept, and the next poll begins where this one did."""
    first = whole(["1"])._replace(cursor={}, everything=None)
    polled.source.pages = [first]
    polled.source.trouble = SourceUnavailable("down", "the second page never came")
    poll(polled.tower, POLLED.id)
    polled.source.trouble = None
    polled.look(["1", "2"])
    assert polled.source.asked[-1].get("orders", {}) == {}
    assert polled.statuses() == {"1": STATUS, "2": STATUS}


def test_a_list_cut_off_at_a_usual_length_deletes_nothing(polled: Polled) -> None:
    polled.look(THIRTY)
    polled.look(THIRTY[:20])
    assert polled.channel().error_kind == "page-limit"
    assert set(polled.statuses().values()) == {STATUS}


def test_a_connector_that_fails_is_told_like_a_source_in_trouble(polled: Polled) -> None:
    def broken(cursors: Any) -> Any:
        raise KeyError("rows")

    polled.source.poll = broken  # type: ignore[method-assign]
    assert poll(polled.tower, POLLED.id) == 10
    assert polled.channel().last_error == "the connector failed: KeyError('rows')"


def test_a_look_that_brings_nothing_new_takes_one_turn(polled: Polled) -> None:
    """Only to say that the source answered: a list of many pages must not hold webhooks up for each of them."""
    polled.look(THIRTY)
    begun: list[str] = []

    @listens_for(polled.tower.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            begun.append(statement.split()[2])

    polled.look(THIRTY)
    assert begun == ["channel", "latency", "call_count"]


def test_each_message_of_a_poll_begins_a_trace_that_leads_back_to_it(polled: Polled) -> None:
    polled.look(["1", "2"])
    polled.record()
    with reading(polled.tower.engine) as connection:
        (kept,) = message.listing(connection, system=POLLED.id)
        told = event.of_message(connection, kept.id)
    assert message_of(kept.trace) == kept.id
    assert [each.trace for each in told] == [kept.trace] * 2
