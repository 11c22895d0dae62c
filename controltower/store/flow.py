"""Flows: where each subject stands in them, and what people decided; what happened is evidence, kept beside."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
)

from controltower.domain.delivery import APPLIED, DELIVERED, Delivery
from controltower.domain.flow_evidence import Evidence
from controltower.domain.flow_progress import AHEAD, RUNNING, Act
from controltower.domain.subject import Subject
from controltower.store.about import about
from controltower.store.bulk import REPLACE, write
from controltower.store.delivery import delivery
from controltower.store.delivery import read as read_delivery
from controltower.store.schema import (
    AnyRow,
    Name,
    Serial,
    Timestamp,
    beyond,
    inline,
    metadata,
    microseconds,
    write_json,
)

flow = Table(
    "flow",
    metadata,
    Column("plant", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("flow", Name, primary_key=True),
    Column("state", Name, nullable=False),
    Column("day", Name, nullable=False),  # of its beginning, by the plant's calendar
    Column("began_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("promise_at", Timestamp),
    Column("in_time", Boolean, nullable=False),
    # The next deadline of a step of which nobody was told yet.
    Column("due_at", Timestamp),
    Column("evidence", Text, nullable=False),
    Column("told", Text, nullable=False),
)
_due = flow.c.due_at.is_not(None)
IS_RUNNING = flow.c.state == inline(RUNNING)
Index("ix_flow_due", flow.c.due_at, sqlite_where=_due, postgresql_where=_due)
Index("ix_flow_listing", flow.c.flow, flow.c.state, flow.c.began_at, flow.c.subject)
Index("ix_flow_promise", flow.c.flow, flow.c.plant, flow.c.promise_at, sqlite_where=IS_RUNNING,
      postgresql_where=IS_RUNNING)  # fmt: skip

# One row for each step at which a subject waits now.
flow_waiting = Table(
    "flow_waiting",
    metadata,
    Column("plant", Name, primary_key=True),
    Column("flow", Name, primary_key=True),
    Column("step", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("since", Timestamp, nullable=False),
    Column("due_at", Timestamp),
    Column("wrong", Boolean, nullable=False),
    Column("route", Name, nullable=False),
)
_by_route = flow_waiting.c.route != inline("")
Index("ix_flow_waiting_step", flow_waiting.c.flow, flow_waiting.c.step, flow_waiting.c.since)
Index("ix_flow_waiting_route", flow_waiting.c.route, sqlite_where=_by_route, postgresql_where=_by_route)

# What people decided: kept apart, since reprocessing rebuilds all the rest. Only ever added to.
flow_act = Table(
    "flow_act",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("plant", Name, nullable=False),
    Column("subject", Name, nullable=False),
    Column("flow", Name, nullable=False),
    Column("step", Name, nullable=False),
    Column("action", Name, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("who", Name, nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_flow_act_subject", flow_act.c.plant, flow_act.c.subject, flow_act.c.id)

Key = tuple[Subject, str]


class Waiting(NamedTuple):
    """A step at which a subject waits: since when there, until when it should not, and whether it goes wrong."""

    since: datetime.datetime
    due_at: datetime.datetime | None
    wrong: bool
    route: str = ""


class Told(msgspec.Struct):
    """What was made known of a flow's state, so that a change can be told as a difference.

    `figures`: what it adds to the rollups, (name, bucket). `cases`: its open exceptions, by id; `past`: those that
    came too late and are over. `until`: the moment up to which it was judged; `acted`: a person decided something."""

    figures: list[tuple[str, int]] = []
    waiting: dict[str, Waiting] = {}
    cases: list[str] = []
    past: list[str] = []
    until: datetime.datetime | None = None
    acted: bool = False


class Instance(NamedTuple):
    """One flow of one subject, as kept."""

    subject: Subject
    flow: str
    evidence: Evidence
    told: Told
    state: str = AHEAD
    day: str = ""
    began_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    promise_at: datetime.datetime | None = None
    in_time: bool = False
    due_at: datetime.datetime | None = None


_evidence = msgspec.json.Decoder(Evidence)
_told = msgspec.json.Decoder(Told)

# ---- state ----------------------------------------------------------------------------------------------------


def put(connection: Connection, instances: Sequence[Instance]) -> None:
    """Write instances over what was known of them."""
    write(connection, flow, [_row(each) for each in instances], REPLACE)


def _row(each: Instance) -> tuple[Any, ...]:
    return (
        *each.subject, each.flow, each.state, each.day, _time(each.began_at), _time(each.ended_at),
        _time(each.promise_at), each.in_time, _time(each.due_at), write_json(each.evidence), write_json(each.told),
    )  # fmt: skip


def _time(moment: datetime.datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _read(row: AnyRow) -> Instance:
    return Instance(
        Subject(row.plant, row.subject), row.flow, _evidence.decode(row.evidence), _told.decode(row.told), row.state,
        row.day, row.began_at, row.ended_at, row.promise_at, bool(row.in_time), row.due_at,
    )  # fmt: skip


def of_subjects(connection: Connection, subjects: Iterable[Subject]) -> dict[Key, Instance]:
    """The flows of some subjects, begun or not."""
    found = map(_read, about(connection, flow, subjects))
    return {(each.subject, each.flow): each for each in found}


def due(
    connection: Connection, names: Sequence[str], now: datetime.datetime, limit: int = 500
) -> list[Instance]:
    """Those, of the flows named, of which a step's time has run out and nobody was told."""
    # Not by the index of flows, which leads to all that ever were: by that of what is due.
    chosen = select(flow).where(_due, flow.c.due_at < now, flow.c.flow.concat("").in_(names))
    chosen = chosen.order_by(flow.c.due_at).limit(limit)
    return [_read(row) for row in connection.execute(chosen)]


def taken_effect(connection: Connection, names: Sequence[str], limit: int = 500) -> list[Key]:
    """Flows that wait at a step whose route has meanwhile taken effect: applied, or delivered and never verified."""
    effect = exists().where(
        delivery.c.plant == flow_waiting.c.plant,
        delivery.c.subject == flow_waiting.c.subject,
        delivery.c.route == flow_waiting.c.route,
        (delivery.c.state == APPLIED) | and_(delivery.c.state == DELIVERED, delivery.c.applied_by.is_(None)),
    )
    chosen = select(flow_waiting).where(
        _by_route, flow_waiting.c.wrong.is_(False), flow_waiting.c.flow.in_(names), effect
    )
    chosen = chosen.limit(limit)
    return [(Subject(row.plant, row.subject), row.flow) for row in connection.execute(chosen)]


def carried(
    connection: Connection, subjects: Iterable[Subject], routes: Iterable[str]
) -> dict[Subject, dict[str, datetime.datetime]]:
    """For each subject and route the first moment at which a delivery took effect."""
    found: dict[Subject, dict[str, datetime.datetime]] = {}
    by_plant: dict[str, list[str]] = {}
    for subject in subjects:
        by_plant.setdefault(subject.plant, []).append(subject.name)
    columns = (delivery.c.subject, delivery.c.route, delivery.c.applied_at, delivery.c.delivered_at)
    for plant, names in by_plant.items():
        for start in range(0, len(names), 400):
            chosen = select(*columns).where(
                delivery.c.plant == plant, delivery.c.subject.in_(names[start : start + 400]),
                delivery.c.route.in_(list(routes)), delivery.c.state.in_((APPLIED, DELIVERED)),
                (delivery.c.state == APPLIED) | delivery.c.applied_by.is_(None),
            )  # fmt: skip
            for name, route, applied_at, delivered_at in connection.execute(chosen):
                moments = found.setdefault(Subject(plant, name), {})
                at = applied_at or delivered_at
                moments[route] = min(moments.get(route, at), at)
    return found


# ---- where they wait -------------------------------------------------------------------------------------------


def move(connection: Connection, before: Sequence[Instance], after: Sequence[Instance]) -> None:
    """Bring the list of waiting steps in line with what has changed."""
    gone = [
        {"b_plant": old.subject.plant, "b_flow": old.flow, "b_step": step, "b_subject": old.subject.name}
        for old, new in zip(before, after, strict=True)
        for step in old.told.waiting.keys() - new.told.waiting.keys()
    ]
    if gone:
        mine = (
            flow_waiting.c[name] == bindparam(f"b_{name}") for name in ("plant", "flow", "step", "subject")
        )
        connection.execute(delete(flow_waiting).where(*mine), gone)
    rows = [
        (
            new.subject.plant, new.flow, step, new.subject.name, microseconds(held.since), _time(held.due_at),
            held.wrong, held.route,
        )
        for old, new in zip(before, after, strict=True)
        for step, held in new.told.waiting.items()
        if old.told.waiting.get(step) != held
    ]  # fmt: skip
    write(connection, flow_waiting, rows, REPLACE)


# ---- what people decided ---------------------------------------------------------------------------------------


def add_act(connection: Connection, subject: Subject, flow_name: str, act: Act) -> None:
    """Keep what a person decided."""
    connection.execute(
        insert(flow_act).values(plant=subject.plant, subject=subject.name, flow=flow_name, **act._asdict())
    )


def acts_of(connection: Connection, subjects: Iterable[Subject]) -> dict[Key, list[Act]]:
    """What people decided about the flows of some subjects, in the order in which they did."""
    found: dict[Key, list[Act]] = {}
    for row in sorted(about(connection, flow_act, subjects), key=lambda row: row.id):
        act = Act(row.at, row.who, row.action, row.step, row.reason)
        found.setdefault((Subject(row.plant, row.subject), row.flow), []).append(act)
    return found


# ---- lists -----------------------------------------------------------------------------------------------------


def get(connection: Connection, subject: Subject, flow_name: str) -> Instance | None:
    """One flow of one subject."""
    return of_subjects(connection, [subject]).get((subject, flow_name))


def listing(
    connection: Connection,
    flow_name: str,
    *,
    state: str = RUNNING,
    plants: Sequence[str] = (),
    after: tuple[datetime.datetime, str] | None = None,
    limit: int = 200,
) -> list[Instance]:
    """The flows in a state, the last begun first. `after`: began_at and subject of the last one of the page before."""
    began, subject = flow.c.began_at, flow.c.subject
    chosen = select(flow).where(flow.c.flow == flow_name, flow.c.state == state)
    chosen = chosen.order_by(began.desc(), subject.desc()).limit(limit)
    if plants:
        chosen = chosen.where(flow.c.plant.in_(plants))
    if after is not None:
        chosen = chosen.where(beyond(after, began, subject, down=True))
    return [_read(row) for row in connection.execute(chosen)]


def waiting_at(
    connection: Connection,
    flow_name: str,
    step: str,
    *,
    plants: Sequence[str] = (),
    after: tuple[datetime.datetime, str] | None = None,
    limit: int = 200,
) -> list[Instance]:
    """The flows that wait at a step, the longest waiting first."""
    since, subject = flow_waiting.c.since, flow_waiting.c.subject
    chosen = (
        select(flow)
        .join(
            flow_waiting,
            and_(
                flow_waiting.c.plant == flow.c.plant,
                flow_waiting.c.flow == flow.c.flow,
                flow_waiting.c.subject == flow.c.subject,
            ),
        )
        .where(flow_waiting.c.flow == flow_name, flow_waiting.c.step == step)
        .order_by(since, subject)
        .limit(limit)
    )
    if plants:
        chosen = chosen.where(flow_waiting.c.plant.in_(plants))
    if after is not None:
        chosen = chosen.where(beyond(after, since, subject, down=False))
    return [_read(row) for row in connection.execute(chosen)]


def latest_deliveries(
    connection: Connection, subjects: Iterable[Subject], routes: Iterable[str]
) -> dict[tuple[Subject, str], Delivery]:
    """Of each subject and route the newest delivery: what stands behind a step that the tower carries."""
    wanted = set(routes)
    found: dict[tuple[Subject, str], Delivery] = {}
    if not wanted:
        return found
    rows = about(connection, delivery, subjects, delivery.c.route.in_(wanted))
    for each in sorted(map(read_delivery, rows)):
        found[each.subject, each.route] = each
    return found
