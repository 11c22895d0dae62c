"""`/orders/<plant>/<order>/timeline`: an order's story in order, with what did not come and what the tower told."""

from __future__ import annotations

import datetime

import msgspec

from controltower.domain.delivery import Delivery
from controltower.domain.event import Recorded
from controltower.domain.expectation import MISSED, WAITING, Expectation
from controltower.store import expectation, message, outbox
from controltower.web.api import asked, deliveries, orders, paging, shapes
from controltower.web.api.call import call
from controltower.web.timeline import told_at
from controltower.web.tower import now, reading


class TimelineQuery(asked.Paged, kw_only=True):
    """`from` (included) and `to` (not) are times at which things happened, or were due."""

    since: asked.Moment | None = msgspec.field(default=None, name="from")
    until: asked.Moment | None = msgspec.field(default=None, name="to")


class EventEntry(msgspec.Struct, tag="event", tag_field="kind"):
    """Something happened; `message_state` is what became of the message that told it."""

    at: datetime.datetime
    event: shapes.EventShape
    message_state: str


class ExpectedEntry(msgspec.Struct, tag="expected", tag_field="kind"):
    """Something was due (`at`) and has not come: `overdue` once its time has run out."""

    at: datetime.datetime
    overdue: bool
    title: str
    expectation: shapes.ExpectationShape


class DeliveryEntry(msgspec.Struct, tag="delivery", tag_field="kind"):
    """The tower told a system something (`at` it was taken), or tried to. `forced` ones were sent by hand although
    newer news was known."""

    at: datetime.datetime
    delivery: deliveries.OutgoingMessage


Entry = EventEntry | ExpectedEntry | DeliveryEntry


class Timeline(msgspec.Struct):
    """Entries by the time at which they happened or were due, the oldest first."""

    items: list[EventEntry | ExpectedEntry | DeliveryEntry]
    next: str | None


@call("GET", "/orders/<plant>/<path:order>/timeline", answer=Timeline, query=TimelineQuery, refusals=(404,))
def get_timeline(query: TimelineQuery, plant: str, order: str) -> Timeline:
    """An order's events with their messages, what was expected but did not come, and what the tower told"""
    history = orders.story(plant, order)
    keyed = [(_event_key(each), each) for each in history]
    awaited = [each for each in expectation.of_order(reading(), plant, order) if _missing(each)]
    keyed += [((each.due_at, each.id), each) for each in awaited]  # type: ignore[misc]
    sent = outbox.of_order(reading(), plant, order)
    keyed += [((told_at(each), f"{each.id:020}"), each) for each in sent]  # type: ignore[misc]
    mark = paging.mark_of(query.cursor)
    wanted = sorted(
        ((key, each) for key, each in keyed if _within(query, key[0]) and (mark is None or key > mark)),
        key=lambda pair: pair[0],
    )
    shown = wanted[: query.limit]
    more = paging.write_cursor(*shown[-1][0]) if len(wanted) > query.limit else None
    return Timeline(_entries([each for _, each in shown]), more)


def _event_key(each: Recorded) -> paging.Mark:
    # Padded, so that text sorts as the numbers do.
    return each.event.occurred_at, f"{each.position.message:020}.{each.position.n:08}"


def _missing(each: Expectation) -> bool:
    return each.met_at is None and each.state in (WAITING, MISSED)


def _within(query: TimelineQuery, at: datetime.datetime) -> bool:
    return (query.since is None or at >= query.since) and (query.until is None or at < query.until)


def _entries(shown: list[Recorded | Expectation | Delivery]) -> list[Entry]:
    ids = {each.position.message for each in shown if isinstance(each, Recorded)}
    states = {id: each.state for id, each in message.by_ids(reading(), sorted(ids)).items()}
    return [_entry(each, states) for each in shown]


def _entry(each: Recorded | Expectation | Delivery, states: dict[int, str]) -> Entry:
    if isinstance(each, Recorded):
        return _event_entry(each, states)
    if isinstance(each, Delivery):
        return DeliveryEntry(told_at(each), deliveries.shape(each))
    return _expected_entry(each)


def _event_entry(each: Recorded, states: dict[int, str]) -> EventEntry:
    state = states.get(each.position.message, "")
    return EventEntry(each.event.occurred_at, shapes.event_shape(each), state)


def _expected_entry(each: Expectation) -> ExpectedEntry:
    overdue = each.state == MISSED or each.due_at < now()
    return ExpectedEntry(each.due_at, overdue, shapes.rule_title(each), shapes.expectation_shape(each))
