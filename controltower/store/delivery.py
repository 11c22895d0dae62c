"""The outbox: every delivery with its state, its place in its lane, and who may take it up now."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from controltower.domain.delivery import (
    CLAIMABLE,
    DEAD,
    DELIVERED,
    OPEN,
    SENDING,
    WAITING,
    Delivery,
    Lane,
)
from controltower.domain.event import Position
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.store.about import about
from controltower.store.bulk import write
from controltower.store.schema import (
    AnyRow,
    Json,
    Name,
    Serial,
    Timestamp,
    inline,
    metadata,
    microseconds,
    write_json,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=False),
    Column("plant", Name, primary_key=True),
    Column("subject", Name, nullable=False),
    Column("route", Name, nullable=False),
    Column("target", Name, nullable=False),
    Column("source", Name, nullable=False),
    Column("type", Name, nullable=False),
    Column("attributes", Json, nullable=False),
    Column("refs", Json, nullable=False),
    Column("event", Name, nullable=False),
    Column("message", Serial, nullable=False),
    Column("n", Integer, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("ordinal", Serial, nullable=False),
    Column("key", Name, nullable=False),
    Column("trace", Name, nullable=False),
    Column("tier", Name, nullable=False),
    Column("deadline", Timestamp),
    Column("state", Name, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Timestamp),
    Column("claimed_by", Name, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Column("error", Name, nullable=False),
    Column("words", Text, nullable=False),
    Column("failure_group", Name, nullable=False),
    Column("first_failed_at", Timestamp),
    Column("last_failed_at", Timestamp),
    Column("delivered_at", Timestamp),
    Column("applied_by", Timestamp),
    Column("applied_at", Timestamp),
    Column("original", Serial),
    Column("replaced_by", Serial),
    Column("author", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("run", Serial),
    # Whether anything may still become of it; kept beside the state so that a partial index answers.
    Column("live", Integer, nullable=False),
)
IS_LIVE = delivery.c.live == literal_column("1")  # written out, or no partial index answers it
_claimable = delivery.c.state.in_([inline(state) for state in (*CLAIMABLE, SENDING)])
IS_DEAD = delivery.c.state == inline(DEAD)
IS_AWAITED = delivery.c.applied_by.is_not(None)
Index("ix_delivery_claim", delivery.c.target, delivery.c.state, delivery.c.next_at, delivery.c.id,
      sqlite_where=_claimable, postgresql_where=_claimable)  # fmt: skip
Index("ix_delivery_lane", delivery.c.plant, delivery.c.subject, delivery.c.target, delivery.c.ordinal,
      sqlite_where=IS_LIVE, postgresql_where=IS_LIVE)  # fmt: skip
Index("ix_delivery_subject", delivery.c.plant, delivery.c.subject, delivery.c.id)
Index(
    "ix_delivery_group",
    delivery.c.failure_group,
    delivery.c.id,
    sqlite_where=IS_DEAD,
    postgresql_where=IS_DEAD,
)
Index("ix_delivery_target_state", delivery.c.target, delivery.c.state, delivery.c.id)
Index("ix_delivery_applied_by", delivery.c.applied_by, sqlite_where=IS_AWAITED, postgresql_where=IS_AWAITED)
Index("ix_delivery_event", delivery.c.event)
Index("ix_delivery_trace", delivery.c.trace)
Index("ix_delivery_run", delivery.c.run, delivery.c.id, sqlite_where=delivery.c.run.is_not(None),
      postgresql_where=delivery.c.run.is_not(None))  # fmt: skip

# ---- writing --------------------------------------------------------------------------------------------------

_STANDING = (
    "state", "attempts", "next_at", "claimed_by", "claimed_until", "error", "words", "failure_group",
    "first_failed_at", "last_failed_at", "delivered_at", "applied_by", "applied_at", "replaced_by", "live",
)  # fmt: skip


def add(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Store new deliveries."""
    write(connection, delivery, [_row(each) for each in deliveries])


def put(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Write what became of deliveries; what they carry never changes."""
    if not deliveries:
        return
    statement = (
        update(delivery)
        .where(delivery.c.id == bindparam("b_id"), delivery.c.plant == bindparam("b_plant"))
        .values({name: bindparam(f"b_{name}") for name in _STANDING})
    )
    connection.execute(statement, [_standing(each) for each in sorted(deliveries)])


def _standing(each: Delivery) -> dict[str, Any]:
    held = {f"b_{name}": getattr(each, name) for name in _STANDING if name not in ("failure_group", "live")}
    return {
        "b_id": each.id,
        "b_plant": each.subject.plant,
        "b_failure_group": each.group,
        "b_live": _is_live(each),
        **held,
    }


def _is_live(each: Delivery) -> int:
    awaited = each.state == DELIVERED and each.applied_by is not None
    return int(each.state in OPEN or each.state == DEAD or awaited)


def _row(each: Delivery) -> tuple[Any, ...]:
    return (
        each.id, *each.subject, each.route, each.target, each.source, each.type, write_json(each.attributes),
        write_json(each.refs), each.event, *each.position, microseconds(each.occurred_at),
        microseconds(each.created_at), each.ordinal, each.key, each.trace, each.tier, _time(each.deadline), each.state,
        each.attempts, _time(each.next_at), each.claimed_by, each.claimed_until, each.error, each.words, each.group,
        _time(each.first_failed_at), _time(each.last_failed_at), _time(each.delivered_at), _time(each.applied_by),
        _time(each.applied_at), each.original, each.replaced_by, each.author, each.reason, each.edited, each.forced,
        each.run, _is_live(each),
    )  # fmt: skip


def _time(moment: datetime.datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def read(row: AnyRow) -> Delivery:
    (id, plant, subject, route, target, source, type, attributes, refs, event, message, n, *rest, _) = row
    values = {name: Value(*held) for name, held in attributes.items()}
    return Delivery(
        id, Subject(plant, subject), route, target, source, type, values, refs, event, Position(message, n), *rest
    )  # fmt: skip


# ---- claiming -------------------------------------------------------------------------------------------------


def targets_due(connection: Connection, targets: Sequence[str], now: datetime.datetime) -> list[str]:
    """The systems, of those named, for which something may be sent now."""
    found = []
    for target in targets:
        due = select(delivery.c.id).where(*_due(target, now)).limit(1)
        if connection.execute(due).first() is not None:
            found.append(target)
    return found


def claim(
    connection: Connection, target: str, now: datetime.datetime, limit: int, states: Sequence[str] = CLAIMABLE
) -> list[Delivery]:
    """The deliveries that may go to a system now, the longest due first; locked until the transaction ends."""
    chosen = (
        select(delivery)
        .where(*_due(target, now, states))
        .order_by(delivery.c.next_at, delivery.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [read(row) for row in connection.execute(chosen)]


def _due(
    target: str, now: datetime.datetime, states: Sequence[str] = CLAIMABLE
) -> tuple[ColumnElement[bool], ...]:
    return (
        _claimable, delivery.c.target == target, delivery.c.state.in_(states), delivery.c.next_at <= now,
    )  # fmt: skip


def on_the_wire(connection: Connection, target: str) -> int:
    """How many deliveries to a system are being sent right now, by any worker."""
    chosen = select(func.count()).where(_claimable, delivery.c.target == target, delivery.c.state == SENDING)
    return int(connection.execute(chosen).scalar_one())


def lapsed(connection: Connection, targets: Sequence[str], until: float, limit: int = 500) -> list[Delivery]:
    """The deliveries whose worker has not come back in time (real unix seconds); locked."""
    chosen = (
        select(delivery)
        .where(
            _claimable, delivery.c.target.in_(targets), delivery.c.state == SENDING,
            delivery.c.claimed_until < until,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    return [read(row) for row in connection.execute(chosen)]


def claims_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, float]]:
    """Who holds some deliveries, and until when (real unix seconds); locked in the order of their ids."""
    chosen = (
        select(delivery.c.id, delivery.c.claimed_by, delivery.c.claimed_until)
        .where(delivery.c.id.in_(ids))
        .order_by(delivery.c.id)
        .with_for_update()
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(chosen)}


# Made once: an alias has its own copy of every column.
_ENDED, _WAITS, _MOVING = delivery.alias("ended"), delivery.alias("waits"), delivery.alias("moving")


def heads_of(connection: Connection, done: Sequence[int], blocking: Sequence[str]) -> list[Delivery]:
    """For the lanes of some deliveries the first of each that waits, or that is dead and lets none pass (on the routes
    `blocking`); locked. Lanes of which another one is still on its way are left out. Reads no lane as a whole."""
    ended, waits, moving = _ENDED, _WAITS, _MOVING
    stands = or_(
        waits.c.state == inline(WAITING), and_(waits.c.state == inline(DEAD), waits.c.route.in_(blocking))
    )
    active = moving.c.state.in_([inline(state) for state in (*CLAIMABLE, SENDING)])
    first = (
        select(waits.c.id)
        .where(*_same_lane(waits, ended), stands)
        .order_by(waits.c.ordinal, waits.c.id)
        .limit(1)
    )
    chosen = (
        select(first.correlate(ended).scalar_subquery())
        .where(ended.c.id.in_(done), ~select(moving.c.id).where(*_same_lane(moving, ended), active).exists())
    )  # fmt: skip
    rows = connection.execute(select(delivery).where(delivery.c.id.in_(chosen)).with_for_update())
    return [read(row) for row in rows]


def _same_lane(one: FromClause, other: FromClause) -> tuple[ColumnElement[bool], ...]:
    same = [one.c[name] == other.c[name] for name in ("plant", "subject", "target")]
    return (*same, one.c.live == literal_column("1"))


def awaited_in(connection: Connection, lane: Lane, route: str) -> list[Delivery]:
    """The deliveries of a lane that were taken on a route and are not yet seen applied."""
    chosen = select(delivery).where(
        delivery.c.plant == lane.subject.plant, delivery.c.subject == lane.subject.name,
        delivery.c.target == lane.target, IS_LIVE, delivery.c.state == DELIVERED, delivery.c.route == route,
    )  # fmt: skip
    return [read(row) for row in connection.execute(chosen)]


def live_of(connection: Connection, subjects: Iterable[Subject], *, lock: bool = True) -> list[Delivery]:
    """The deliveries about some subjects of which something may still become, in the order of their lanes.

    Locked unless told otherwise: whoever adds to a lane and whoever takes from it must see each other."""
    wanted = set(subjects)
    if not lock or connection.dialect.name == "sqlite":
        rows = list(about(connection, delivery, wanted, IS_LIVE))
    else:
        rows = []
        for plant in sorted({subject.plant for subject in wanted}):
            names = sorted(subject.name for subject in wanted if subject.plant == plant)
            for start in range(0, len(names), 400):
                mine = (
                    delivery.c.plant == plant,
                    delivery.c.subject.in_(names[start : start + 400]),
                    IS_LIVE,
                )
                chosen = select(delivery).where(*mine).order_by(delivery.c.id).with_for_update()
                rows += connection.execute(chosen)
    return sorted(map(read, rows), key=lambda each: (each.target, each.subject, each.ordinal, each.id))


# ---- by key ------------------------------------------------------------------------------------------


def get(connection: Connection, id: int, *, lock: bool = False) -> Delivery | None:
    """One delivery; None when there is none of this id."""
    chosen = select(delivery).where(delivery.c.id == id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).first()
    return read(row) if row else None


def by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, Delivery]:
    """Deliveries by id."""
    found: dict[int, Delivery] = {}
    for start in range(0, len(ids), 500):
        rows = connection.execute(select(delivery).where(delivery.c.id.in_(ids[start : start + 500])))
        found.update({row[0]: read(row) for row in rows})
    return found


def of_events(connection: Connection, events: Sequence[str]) -> list[Delivery]:
    """The deliveries to which some events gave rise."""
    found: list[Delivery] = []
    for start in range(0, len(events), 400):
        chosen = select(delivery).where(delivery.c.event.in_(events[start : start + 400]))
        found += [read(row) for row in connection.execute(chosen)]
    return found
