"""Dead letters of both ways, the same failure many times being one row: what failed, whose it is, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from controltower.domain.delivery import Delivery
from controltower.domain.failure import fingerprint, normalised
from controltower.domain.landscape import ANY_PLANT
from controltower.store import delivery as deliveries
from controltower.store import message as inbox
from controltower.store import outbox, outflow
from controltower.store.message import PARKED, PARTLY, Message
from controltower.store.outbox import Group
from controltower.store.outflow import Trend
from controltower.web import hx, outgoing, sheet, targets
from controltower.web.format import route_title
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope, link
from controltower.web.tower import now, reading, tower

bp = Blueprint("failures", __name__)
NAV = NavEntry(
    "Integration",
    "Failures",
    "failures.listing",
    "failure",
    covers=("failure", "deliveries", "resubmitting", "runs"),
)
OUT, IN = "out", "in"
STRETCH, STRETCHES = timedelta(minutes=30), 24  # the trend: the last twelve hours by half hours
MOST_PARKED = 2000
MOST_GROUPS = 200
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Failure:
    """One failure group of either way. `system`: the target, or the sender of what could not be read."""

    id: str
    way: str
    error: str
    words: str
    route: str
    system: str
    team: str
    number: int
    attempts: int
    first_at: datetime | None
    last_at: datetime | None
    deadline: datetime | None
    trend: tuple[int, ...]
    sample: int
    sample_name: str

    @property
    def title(self) -> str:
        return "Could not be read" if self.way == IN else outgoing.title_of(self.error)

    @property
    def route_title(self) -> str:
        return (
            f"from {tower().landscape.system(self.system).title}"
            if self.way == IN
            else route_title(self.route)
        )

    @property
    def left(self) -> timedelta | None:
        """Time until the first of them breaks its promise, negative past it; None without a promise."""
        return self.deadline - now() if self.deadline else None

    @property
    def url(self) -> str:
        return link("failure.show", group=self.id)

    @property
    def sample_url(self) -> str:
        return link("messages.show" if self.way == IN else "deliveries.show", id=self.sample)


def every() -> list[Failure]:
    """All failure groups of the plant in scope, the one that failed last first."""
    found = [*going_out(), *coming_in(parked())]
    return sorted(found, key=lambda each: each.last_at or now(), reverse=True)


def going_out(group: str = "") -> list[Failure]:
    """The groups of dead deliveries; `group` asks for one alone."""
    connection, plant = reading(), current_scope().plant
    if group:
        one = outbox.group(connection, group)
        found = [one] if one else []
    else:
        found = outbox.groups(connection, plants=(plant,) if plant else ())[:MOST_GROUPS]
    samples = deliveries.by_ids(connection, [each.sample for each in found])
    trends = outflow.trends(connection, trend_since(), STRETCH, STRETCHES, group) if found else {}
    return [failure_of(each, samples[each.sample], trends.get(each.id)) for each in found]


def trend_since() -> datetime:
    """Where the trend begins: at a full stretch, so that its bars stand still while time passes."""
    end = now()
    return (
        end - STRETCH * STRETCHES + (STRETCH - timedelta(seconds=end.timestamp() % STRETCH.total_seconds()))
    )


def failure_of(each: Group, sample: Delivery, trend: Trend | None) -> Failure:
    return Failure(
        each.id, OUT, each.error, sample.words, each.route, each.target, targets.team_of(each.route, each.target),
        each.number, each.attempts, each.first_at, each.last_at, trend.deadline if trend else None,
        trend.counts if trend else (), each.sample, outgoing.name_of(sample),
    )  # fmt: skip


def parked(system: str = "") -> list[Message]:
    """The messages that could not be read, wholly or in part, newest first."""
    plant = current_scope().plant
    plants = (plant, ANY_PLANT) if plant else ()
    found = [
        each
        for state in (PARKED, PARTLY)
        for each in inbox.listing(reading(), system=system, state=state, plants=plants, limit=MOST_PARKED)
    ]
    return sorted(found, key=lambda each: each.id, reverse=True)


def coming_in(found: Iterable[Message]) -> list[Failure]:
    """Parked messages by system and the fault that they have in common."""
    groups: dict[str, list[Message]] = {}
    for each in found:
        groups.setdefault(parked_group(each), []).append(each)
    return [parked_failure(id, alike) for id, alike in groups.items()]


def parked_group(each: Message) -> str:
    """The fingerprint of a parked message: its system, the list it is of, and its first fault."""
    return fingerprint(each.resource, each.system, UNREADABLE, fault_words(each))


def fault_words(each: Message) -> str:
    fault = (each.faults or [{}])[0]
    place = normalised(str(fault.get("pointer") or "/").replace("/", " / ")).replace(" ", "")
    return f"{fault.get('message', 'no reason given')} at {place}"


def parked_failure(id: str, alike: Sequence[Message]) -> Failure:
    """`alike` is newest first."""
    since, newest = trend_since(), alike[0]
    counts = [0] * STRETCHES
    for each in alike:
        place = (each.received_at - since) // STRETCH
        if 0 <= place < STRETCHES:
            counts[place] += 1
    return Failure(
        id, IN, UNREADABLE, fault_words(newest), "", newest.system, tower().landscape.system(newest.system).team,
        len(alike), len(alike), alike[-1].received_at, newest.received_at, None, tuple(counts), newest.id,
        f"message {newest.id}",
    )  # fmt: skip


@bp.get("/failures")
def listing() -> Response:
    """Failure groups, newest first unless sorted otherwise."""
    found = every()
    chosen = in_order([each for each in found if matches(each)])
    if sheet.wanted():
        return as_file(chosen)
    return hx.page(
        "failures.html",
        failures=chosen,
        total=len(found),
        teams=sorted({each.team for each in found if each.team}),
        routes=sorted({(each.route, each.route_title) for each in found if each.route}),
        dead=sum(each.number for each in chosen if each.way == OUT),
        parked=sum(each.number for each in chosen if each.way == IN),
        late=sum(1 for each in chosen if each.left is not None and each.left < timedelta(0)),
        oldest=min((each.first_at for each in chosen if each.first_at), default=None),
        cut=len(found) >= MOST_GROUPS,
        most_parked=MOST_PARKED,
    )


def matches(each: Failure) -> bool:
    """Whether a group passes the URL's filters."""
    held = {
        "way": each.way,
        "team": each.team,
        "route": each.route,
        "system": each.system,
        "error": each.error,
    }
    return all(request.args.get(name) in (None, "", value) for name, value in held.items())


def in_order(found: list[Failure]) -> list[Failure]:
    """As the URL says; else as they come, newest first."""
    sort = request.args.get("sort", "")
    far = now() + timedelta(days=36500)
    keys = {
        "number": lambda each: each.number,
        "attempts": lambda each: each.attempts,
        "first": lambda each: each.first_at or far,
        "last": lambda each: each.last_at or far,
        "due": lambda each: each.deadline or far,
        "team": lambda each: each.team,
    }
    name = sort.lstrip("-")
    return sorted(found, key=keys[name], reverse=sort.startswith("-")) if name in keys else found


def as_file(found: Sequence[Failure]) -> Response:
    columns = (
        "group way error words route system team number attempts first_failed_at last_failed_at breaks_at sample"
    ).split()
    rows = [
        (
            each.id, each.way, each.error, each.words, each.route, each.system, each.team, each.number, each.attempts,
            each.first_at, each.last_at, each.deadline, each.sample,
        )
        for each in found
    ]  # fmt: skip
    return sheet.csv_file("failures", columns, rows)
