"""Resubmissions of many: each run, its frozen set, and what became of each of them."""

import datetime
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from controltower.domain import delivery as states
from controltower.domain.batch import Tried
from controltower.domain.delivery import Delivery
from controltower.domain.rehearsal import Selection
from controltower.store.about import about, narrowed
from controltower.store.bulk import write
from controltower.store.delivery import IS_DEAD, IS_LIVE, delivery, read
from controltower.store.schema import Json, Name, Serial, Timestamp, inline, metadata

resubmission = Table(
    "resubmission",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("author", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("include", Json, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    Column("state", Name, nullable=False),
    Column("why", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("size", Integer, nullable=False),
)
resubmission_item = Table(
    "resubmission_item",
    metadata,
    Column("run", Serial, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("delivery", Serial, nullable=False),
    Column("target", Name, nullable=False),
    Column("state", Name, nullable=False),
    Column("verdict", Name, nullable=False),
    Column("outcome", Name, nullable=False),
    Column("why", Text, nullable=False),
    Column("new_delivery", Serial),
    Column("batch", Integer, nullable=False),
)
Index("ix_resubmission_state", resubmission.c.state, resubmission.c.id)
Index(
    "ix_resubmission_item_outcome",
    resubmission_item.c.run,
    resubmission_item.c.outcome,
    resubmission_item.c.n,
)
Index("ix_resubmission_item_batch", resubmission_item.c.run, resubmission_item.c.batch)

RUNNING, PAUSED, DONE, CANCELLED = "running", "paused", "done", "cancelled"
# What a run made of an item: it waits for its turn, it was handed to the outbox, or it was left out. What became of
# one that was handed over is read from its delivery: "sent" is not "applied".
WAITING, SENT, DELIVERED, APPLIED = "waiting", "sent", "delivered", "applied"
FAILED, SUPERSEDED, SKIPPED = "failed", "superseded", "skipped"
OUTCOMES = (WAITING, SENT, DELIVERED, APPLIED, FAILED, SUPERSEDED, SKIPPED)


class Run(NamedTuple):
    """One resubmission of many. `what`: the selection in words; `include`: the verdicts that are sent; `confirmed`:
    old news too. `why`: why it rests. `sent`: how many were handed to the outbox; `batch`, `size`: the number of the
    batch that is under way, and how many it may hold."""

    id: int
    author: str
    reason: str
    what: str
    include: Sequence[str]
    confirmed: bool
    created_at: datetime.datetime
    ended_at: datetime.datetime | None = None
    state: str = RUNNING
    why: str = ""
    total: int = 0
    sent: int = 0
    batch: int = 0
    size: int = 0


class Item(NamedTuple):
    """One delivery of a run, in its place. `state`, `verdict`: as they were at the click. `why`: why it was left out.
    `new_delivery`: what was sent for it."""

    run: int
    n: int
    delivery: int
    target: str
    state: str
    verdict: str
    outcome: str
    why: str = ""
    new_delivery: int | None = None
    batch: int = 0


# ---- what is selected -------------------------------------------------------------------------------------------


def selected(
    connection: Connection, selection: Selection, after: int | None = None, limit: int = 500
) -> list[Delivery]:
    """The deliveries that a selection means, by id, from behind `after`."""
    chosen = select(delivery).order_by(delivery.c.id).limit(limit)
    if selection.ids:
        left = sorted(id for id in selection.ids if after is None or id > after)
        chosen = chosen.where(delivery.c.id.in_(left[:limit]))
    else:
        chosen = _filtered(chosen, selection)
        chosen = chosen if after is None else chosen.where(delivery.c.id > after)
    if selection.plants:
        chosen = chosen.where(delivery.c.plant.in_(selection.plants))
    return [read(row) for row in connection.execute(chosen)]


def _filtered(chosen: Select[Any], selection: Selection) -> Select[Any]:
    wanted = {
        delivery.c.failure_group: selection.group,
        delivery.c.target: selection.target,
        delivery.c.route: selection.route,
    }
    alone = tuple(selection.states) == (states.DEAD,)
    return narrowed(chosen, wanted).where(IS_DEAD if alone else delivery.c.state.in_(selection.states))


def mates_of(connection: Connection, deliveries: Sequence[Delivery], dead: bool) -> list[Delivery]:
    """What else counts in the lanes of some deliveries: what is on the wire, what was told since, and if asked for
    what is dead."""
    subjects = {each.subject for each in deliveries}
    here = delivery.c.target.in_(sorted({each.target for each in deliveries}))
    oldest = min((min(each.ordinal, each.id) for each in deliveries), default=0)
    told = states.DELIVERED, states.APPLIED
    live = delivery.c.state.in_((states.SENDING, states.UNKNOWN, *told, *([states.DEAD] if dead else [])))
    past = (delivery.c.state.in_(told), delivery.c.live == 0, delivery.c.id > oldest)
    rows = chain(
        about(connection, delivery, subjects, IS_LIVE, here, live),
        about(connection, delivery, subjects, here, *past),
    )
    return [read(row) for row in rows]


# ---- runs -------------------------------------------------------------------------------------------------------


def begin(connection: Connection, run: Run, items: Sequence[Item]) -> int:
    """Write a run down with its frozen set; the items' run is filled in. Returns its id."""
    held = {name: value for name, value in run._asdict().items() if name != "id"}
    made = connection.execute(insert(resubmission).values(held | {"include": list(run.include)}))
    (id,) = made.inserted_primary_key or (0,)
    write(connection, resubmission_item, [(id, *each[1:]) for each in items])
    return id


def get(connection: Connection, id: int, *, lock: bool = False) -> Run | None:
    """One run; None when there is none of this id."""
    chosen = select(resubmission).where(resubmission.c.id == id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).first()
    return Run(*row) if row else None


def listing(connection: Connection, before: int | None = None, limit: int = 50) -> list[Run]:
    """Runs, newest first, from below the id `before`."""
    chosen = select(resubmission).order_by(resubmission.c.id.desc()).limit(limit)
    if before is not None:
        chosen = chosen.where(resubmission.c.id < before)
    return [Run(*row) for row in connection.execute(chosen)]


def running(connection: Connection) -> list[int]:
    """The ids of the runs that are to go on, oldest first."""
    chosen = select(resubmission.c.id).where(resubmission.c.state == RUNNING).order_by(resubmission.c.id)
    return list(connection.execute(chosen).scalars())


def put(connection: Connection, run: Run) -> None:
    """Write how a run stands; what was asked for never changes."""
    standing = {name: getattr(run, name) for name in ("ended_at", "state", "why", "sent", "batch", "size")}
    connection.execute(update(resubmission).where(resubmission.c.id == run.id).values(standing))


# ---- items ------------------------------------------------------------------------------------------------------


def take(connection: Connection, run: int, without: Sequence[str], limit: int) -> list[Item]:
    """The next items of a run that wait for their turn, leaving out those for some targets."""
    chosen = select(resubmission_item).where(*_waiting(run)).order_by(resubmission_item.c.n).limit(limit)
    if without:
        chosen = chosen.where(resubmission_item.c.target.not_in(without))
    return [Item(*row) for row in connection.execute(chosen)]


def _waiting(run: int) -> tuple[ColumnElement[bool], ...]:
    return resubmission_item.c.run == run, resubmission_item.c.outcome == WAITING


def settle(connection: Connection, items: Sequence[Item]) -> None:
    """Write what a run made of items."""
    if not items:
        return
    statement = (
        update(resubmission_item)
        .where(resubmission_item.c.run == bindparam("b_run"), resubmission_item.c.n == bindparam("b_n"))
        .values({name: bindparam(f"b_{name}") for name in ("outcome", "why", "new_delivery", "batch")})
    )
    connection.execute(
        statement, [{f"b_{name}": value for name, value in each._asdict().items()} for each in items]
    )


def drop_waiting(connection: Connection, run: int, why: str) -> int:
    """Leave out all that still waits for its turn. Returns how many."""
    statement = update(resubmission_item).where(*_waiting(run)).values(outcome=SKIPPED, why=why)
    return connection.execute(statement).rowcount


def batch(connection: Connection, run: int, number: int) -> list[Tried]:
    """How the deliveries of one batch stand."""
    chosen = (
        select(delivery.c.state, delivery.c.first_failed_at)
        .join(resubmission_item, resubmission_item.c.new_delivery == delivery.c.id)
        .where(resubmission_item.c.run == run, resubmission_item.c.batch == number)
    )
    return [Tried(*row) for row in connection.execute(chosen)]


def last_words(connection: Connection, run: int, number: int) -> str:
    """What the target said to one that failed in a batch; "" where none did."""
    chosen = (
        select(delivery.c.words)
        .join(resubmission_item, resubmission_item.c.new_delivery == delivery.c.id)
        .where(resubmission_item.c.run == run, resubmission_item.c.batch == number, delivery.c.error != "")
        .order_by(delivery.c.id.desc())
        .limit(1)
    )
    return connection.execute(chosen).scalar() or ""


def held_target(connection: Connection, run: Run, barred: Sequence[str]) -> str:
    """One of some targets for which a run has anything left or under way; "" when it has nothing for any."""
    of_batch = resubmission_item.c.batch == run.batch
    chosen = select(resubmission_item.c.target).where(
        resubmission_item.c.run == run.id, resubmission_item.c.target.in_(barred),
        of_batch | (resubmission_item.c.outcome == WAITING),
    )  # fmt: skip
    return connection.execute(chosen.limit(1)).scalar() or ""


# Of what was handed over the delivery itself tells the outcome, at any moment. The words are written out, so that
# PostgreSQL sees that what is grouped by is what is selected.
_by_delivery = case(
    (delivery.c.state == inline(states.DELIVERED), inline(DELIVERED)),
    (delivery.c.state == inline(states.APPLIED), inline(APPLIED)),
    (delivery.c.state == inline(states.DEAD), inline(FAILED)),
    (delivery.c.state == inline(states.SUPERSEDED), inline(SUPERSEDED)),
    (delivery.c.state == inline(states.CANCELLED), inline(SKIPPED)),
    ((delivery.c.state == inline(states.RESUBMITTED)) & (delivery.c.error == inline("")), inline(SKIPPED)),
    (delivery.c.state == inline(states.RESUBMITTED), inline(FAILED)),
    else_=inline(SENT),
)  # fmt: skip
_outcome = case(
    (resubmission_item.c.outcome == inline(SENT), _by_delivery), else_=resubmission_item.c.outcome
).label("outcome")
_followed = resubmission_item.outerjoin(delivery, delivery.c.id == resubmission_item.c.new_delivery)


def items(connection: Connection, run: int, outcome: str = "", after: int = 0, limit: int = 50) -> list[Item]:
    """The items of a run from behind the place `after`, with their outcome as of now."""
    columns = [_outcome if each.name == "outcome" else each for each in resubmission_item.columns]
    chosen = (
        select(*columns)
        .select_from(_followed)
        .where(resubmission_item.c.run == run, resubmission_item.c.n > after)
        .order_by(resubmission_item.c.n)
        .limit(limit)
    )
    if outcome:
        chosen = chosen.where(_outcome == outcome)
    return [Item(*row) for row in connection.execute(chosen)]


def progress(connection: Connection, run: int) -> Mapping[str, int]:
    """How many items of a run have which outcome now; every outcome is named."""
    chosen = (
        select(_outcome, func.count())
        .select_from(_followed)
        .where(resubmission_item.c.run == run)
        .group_by(_outcome)
    )
    found = {row[0]: row[1] for row in connection.execute(chosen)}
    return {name: found.get(name, 0) for name in OUTCOMES}


def is_under_way(connection: Connection, run: int, now: datetime.datetime) -> bool:
    """Whether anything of a run still waits, is being sent, or is to be shown by its target."""
    if connection.execute(select(resubmission_item.c.n).where(*_waiting(run)).limit(1)).first():
        return True
    awaited = (delivery.c.state == states.DELIVERED) & (delivery.c.applied_by >= now)
    chosen = (
        select(delivery.c.id)
        .where(delivery.c.run == run, delivery.c.state.in_(states.OPEN) | awaited)
        .limit(1)
    )
    return connection.execute(chosen).first() is not None
