"""An order's story: events, drift and what was expected and did not come, in order, lane by lane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controltower.domain.delivery import CANCELLED, DEAD, RESUBMITTED, Delivery
from controltower.domain.drift import CLOSED, Drift
from controltower.domain.event import Recorded
from controltower.domain.expectation import MISSED, WAITING, Expectation
from controltower.domain.failure import TITLES
from controltower.domain.landscape import Landscape
from controltower.domain.standing import ANNOUNCEMENT, MISSING_NUMBER
from controltower.domain.value import Value
from controltower.domain.vocabulary import value_kind
from controltower.web.format import duration, label
from controltower.web.masking import MASK, SECRET_TEXT

EVENT, GAP, APART, AGREED, FOLLOWED = "event", "gap", "apart", "agreed", "followed"
# What the tower itself told a system, what it told against newer news, and what it could not tell.
TOLD, FORCED, UNTOLD = "told", "forced", "untold"


@dataclass(frozen=True)
class Change:
    """One attribute that an event carried; `before` is what the same system said last, None at first."""

    attribute: str
    kind: str
    value: Value
    before: Value | None

    @property
    def moved(self) -> bool:
        return self.before is None or self.before[:2] != self.value[:2]


@dataclass(frozen=True)
class Entry:
    """One line of the story, on the lane of `system`; `until` None for a moment, else where the stretch ends."""

    sort: str
    at: datetime
    system: str
    title: str
    changes: tuple[Change, ...] = ()
    recorded: Recorded | None = None
    until: datetime | None = None
    drift: Drift | None = None
    expectation: Expectation | None = None
    words: str = ""
    delivery: Delivery | None = None

    @property
    def delay(self) -> timedelta:
        """How long after the fact the tower learnt of it."""
        return self.recorded.learnt_at - self.recorded.event.occurred_at if self.recorded else timedelta(0)

    @property
    def tells(self) -> bool:
        """False for a poll's look at something that has not changed."""
        event = self.recorded.event if self.recorded else None
        return (
            event is None
            or not event.type.endswith(".snapshot")
            or any(change.moved for change in self.changes)
        )

    @property
    def part(self) -> str:
        """The operation it is about, empty for the order itself."""
        about = self.drift or self.expectation or self.delivery
        subject = (self.recorded and self.recorded.event.subject) or about.subject  # type: ignore[union-attr]
        return subject.key.rpartition("/")[2] if subject.kind == "operation" else ""


def entries_of(history: Sequence[Recorded]) -> list[Entry]:
    """An entry for each event that tells something, with what it changed."""
    last: dict[tuple[object, str, str], Value] = {}
    found = []
    for recorded in history:
        event = recorded.event
        changes = []
        for name, value in event.attributes.items():
            key = event.subject, event.system, name
            changes.append(Change(name, value_kind(event.subject.kind, name), value, last.get(key)))
            last[key] = value
        entry = Entry(EVENT, event.occurred_at, event.system, label(event.type), tuple(changes), recorded)
        if entry.tells:
            found.append(entry)
    return found


def gaps_of(expectations: Iterable[Expectation], landscape: Landscape, now: datetime) -> list[Entry]:
    """What did not come in time: a stretch from when it became due to its late answer, or to now."""
    rules = {rule.name: rule.title for rule in landscape.expectations}
    found = []
    for each in expectations:
        if each.state == MISSED or (each.state == WAITING and each.due_at < now):
            words = rules.get(each.rule) or BUILT_IN.get(each.rule, label(each.rule)).format(each.awaits)
            found.append(
                Entry(GAP, each.due_at, each.system, words, until=each.met_at or now, expectation=each)
            )
    return found


BUILT_IN = {
    MISSING_NUMBER: "Its message number {} never came",
    ANNOUNCEMENT: "It changed, but no webhook announced it",
}


def drifts_of(drifts: Iterable[Drift], now: datetime) -> list[Entry]:
    """Where a follower stood apart from the owner: the stretch, and the moment it agreed again."""
    found = []
    for each in drifts:
        if not each.alarmed:
            found += followed(each)
            continue
        title = f"{label(each.attribute)} differs from the owner's"
        found.append(
            Entry(
                APART,
                each.opened_at,
                each.follower,
                title,
                until=each.closed_at or now,
                drift=each,
                words=each.why,
            )
        )
        if each.state == CLOSED and each.closed_at:
            found.append(
                Entry(
                    AGREED, each.closed_at, each.follower, f"{label(each.attribute)} agrees again", drift=each
                )
            )
    return found


def followed(drift: Drift) -> list[Entry]:
    """A follower that took over its owner's change in time, and how long that took; nothing else to tell of it."""
    if drift.closed_at is None or drift.lag is None or drift.lag <= 0:
        return []
    title = f"{label(drift.attribute)} follows the owner's"
    words = f"It followed {duration(drift.lag)} after the change, within its allowance."
    return [Entry(FOLLOWED, drift.closed_at, drift.follower, title, drift=drift, words=words)]


def deliveries_of(deliveries: Iterable[Delivery], landscape: Landscape) -> list[Entry]:
    """What the tower told the systems, and what it could not tell them; by whose hand, where a person sent it."""
    last: dict[tuple[object, str, str], Value] = {}
    found = []
    for each in sorted(deliveries, key=lambda each: (told_at(each), each.id)):
        route = landscape.routes.get(each.route)
        title = route.title if route else each.route
        if each.delivered_at is not None:
            changes = _carried(each, last)
            sort, how = (FORCED, "Old news told") if each.forced else (TOLD, "Told")
            told = f"{how} by the tower: {title}"
            found.append(
                Entry(sort, each.delivered_at, each.target, told, changes, words=by_hand(each), delivery=each)
            )
        elif each.last_failed_at is not None and each.state in (DEAD, RESUBMITTED, CANCELLED):
            said = f"{TITLES.get(each.error, each.error)}: {SECRET_TEXT.sub(MASK, each.words)}"
            not_told = f"Not told by the tower: {title}"
            found.append(Entry(UNTOLD, each.last_failed_at, each.target, not_told, words=said, delivery=each))
    return found


def told_at(each: Delivery) -> datetime:
    """When a delivery counts in a story: when it was taken, else when it failed, else when it was written."""
    return each.delivered_at or each.last_failed_at or each.created_at


def by_hand(each: Delivery) -> str:
    """By whose hand and why a delivery was sent; "" for one that the tower sent by itself."""
    if not each.author:
        return ""
    act = "resynced" if each.original is None else "edited and resubmitted" if each.edited else "resubmitted"
    against = " although newer news was known" if each.forced else ""
    return f"{act.capitalize()} by {each.author}{against}: {each.reason}"


def _carried(each: Delivery, last: dict[tuple[object, str, str], Value]) -> tuple[Change, ...]:
    changes = []
    for name, value in each.attributes.items():
        key = each.subject, each.target, name
        changes.append(Change(name, value_kind(each.subject.kind, name), value, last.get(key)))
        last[key] = value
    return tuple(changes)


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda each: each.at, reverse=True)


def matching(entries: Iterable[Entry], text: str, system: str) -> list[Entry]:
    """Entries of one system and with some text in what they say."""
    wanted = text.casefold()
    return [
        each for each in entries
        if (not system or each.system == system) and (not wanted or wanted in text_of(each).casefold())
    ]  # fmt: skip


def text_of(entry: Entry) -> str:
    said = [
        f"{label(change.attribute)} {change.value.text} {change.value.native}" for change in entry.changes
    ]
    return " ".join([entry.title, entry.words, entry.system, *said])
