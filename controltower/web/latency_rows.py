"""The rows behind a latency: its spread as bars, and the newest messages, deliveries or calls with what each took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for

from controltower.domain import latency as kinds
from controltower.domain.delivery import APPLIED, DELIVERED
from controltower.store import attempt, event, latency, message, outbox
from controltower.store.attempt import SEND
from controltower.web.format import precisely
from controltower.web.outgoing import name_of
from controltower.web.scope import current_scope
from controltower.web.tower import now, reading

NEWEST = 30
# Between which durations the bars are counted, in seconds.
EDGES = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 43200, 86400)


@dataclass(frozen=True)
class Bar:
    """How many took up to so long; the last bar is what never came to its end."""

    words: str
    number: int
    wide: float
    failed: bool = False


@dataclass(frozen=True)
class Row:
    """One thing that took some time."""

    title: str
    url: str
    at: datetime
    took: timedelta | None
    words: str = ""


def bars(kind: str, name: str, target: str, since: datetime) -> list[Bar]:
    """How the durations are spread, without the empty ends."""
    plant = current_scope().plant
    bins = latency.bins(
        reading(), kind, since, now(), name=name, target=target, plants=[plant] if plant else ()
    )
    numbers = [0] * (len(EDGES) + 1)
    for bucket, count in bins.items():
        if bucket != latency.NEVER:
            numbers[place_of(latency.seconds_of(bucket))] += count
    filled = [n for n, count in enumerate(numbers) if count]
    shown = range(filled[0], filled[-1] + 1) if filled else range(0)
    never = bins.get(latency.NEVER, 0)
    most = max([*numbers, never, 1])
    found = [Bar(edge_words(n), numbers[n], round(numbers[n] / most * 100, 1)) for n in shown]
    return [*found, *([Bar("never", never, round(never / most * 100, 1), True)] if never else [])]


def place_of(seconds: float) -> int:
    return next((n for n, edge in enumerate(EDGES) if seconds <= edge), len(EDGES))


def edge_words(n: int) -> str:
    return f"up to {precisely(EDGES[n])}" if n < len(EDGES) else f"over {precisely(EDGES[-1])}"


def rows(kind: str, name: str, target: str, since: datetime) -> list[Row]:
    """The newest rows that a latency is made of, the slowest of them first."""
    if kind == kinds.IN:
        found = heard_rows(name, since)
    elif kind in (kinds.POLL, kinds.PROCESSING):
        found = []
    else:
        found = sent_rows(kind, name, target, since)
    return sorted(found, key=lambda each: each.took or timedelta.max, reverse=True)


def heard_rows(system: str, since: datetime) -> list[Row]:
    newest = message.listing(reading(), system=system, since=since, limit=NEWEST)
    ages = event.ages(reading(), [each.id for each in newest])
    shown = [each for each in newest if each.id in ages]
    urls = [url_for("messages.show", id=each.id) for each in shown]
    return [
        Row(
            "webhook" if each.channel == "hook" else f"poll of {each.resource}",
            url,
            each.received_at,
            ages[each.id],
        )
        for each, url in zip(shown, urls, strict=True)
    ]


def sent_rows(kind: str, route: str, target: str, since: datetime) -> list[Row]:
    states = (APPLIED,) if kind == kinds.APPLIED else (APPLIED, DELIVERED)
    newest = outbox.listing(reading(), states=states, target=target, route=route, since=since, limit=NEWEST)
    made = []
    for each in newest:
        url = url_for("deliveries.show", id=each.id)
        if kind == kinds.ATTEMPT:
            for one in attempt.of_delivery(reading(), each.id):
                if one.what == SEND and one.milliseconds is not None:
                    took = timedelta(milliseconds=one.milliseconds)
                    made.append(Row(name_of(each), url, one.began_at, took, one.words[:80]))
        elif kind == kinds.DELIVERY and each.delivered_at:
            made.append(Row(name_of(each), url, each.created_at, each.delivered_at - each.created_at))
        elif each.applied_at and each.delivered_at:
            made.append(Row(name_of(each), url, each.delivered_at, each.applied_at - each.delivered_at))
    return made
