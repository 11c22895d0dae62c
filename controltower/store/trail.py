"""What belongs to one trace, found by key: deliveries by their trace, the rest by the subjects that they are about."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, select

from controltower.domain.delivery import Delivery
from controltower.domain.event import Recorded
from controltower.domain.subject import Subject
from controltower.store.about import about_order
from controltower.store.attempt import Attempt, attempt
from controltower.store.delivery import delivery, read
from controltower.store.event import event
from controltower.store.event import read as read_event

_TOLD = [column for column in attempt.c if column.name not in ("request", "response")]


def deliveries_of(connection: Connection, trace: str, limit: int) -> list[Delivery]:
    """The first deliveries of a trace."""
    chosen = select(delivery).where(delivery.c.trace == trace).order_by(delivery.c.id).limit(limit)
    return [read(row) for row in connection.execute(chosen)]


def deliveries_about(
    connection: Connection, subjects: Iterable[Subject], since: int, limit: int
) -> list[Delivery]:
    """The first deliveries about some subjects from a number on, at most `limit` for each subject."""
    found: list[Delivery] = []
    for subject in subjects:
        mine = (delivery.c.plant == subject.plant, delivery.c.subject == subject.name, delivery.c.id >= since)
        chosen = select(delivery).where(*mine).order_by(delivery.c.id).limit(limit)
        found += [read(row) for row in connection.execute(chosen)]
    return found


def deliveries_before(
    connection: Connection, subjects: Iterable[Subject], until: int, limit: int
) -> list[Delivery]:
    """The newest deliveries about some subjects before a number, at most `limit` for each subject."""
    found: list[Delivery] = []
    for subject in subjects:
        mine = (delivery.c.plant == subject.plant, delivery.c.subject == subject.name, delivery.c.id < until)
        chosen = select(delivery).where(*mine).order_by(delivery.c.id.desc()).limit(limit)
        found += [read(row) for row in connection.execute(chosen)]
    return found


def deliveries_of_order(connection: Connection, plant: str, order: str, limit: int) -> list[Delivery]:
    """The newest deliveries about an order, and about its operations, the newest first."""
    rows = about_order(connection, delivery, plant, order, delivery.c.id.desc(), limit=limit)
    return sorted(map(read, rows), key=lambda each: each.id, reverse=True)


def events_about(
    connection: Connection, subjects: Iterable[Subject], since: int, limit: int
) -> list[Recorded]:
    """The first events about some subjects from a message on, at most `limit` for each subject."""
    found: list[Recorded] = []
    for subject in subjects:
        mine = (event.c.plant == subject.plant, event.c.subject == subject.name, event.c.message >= since)
        chosen = select(event).where(*mine).order_by(event.c.message, event.c.n).limit(limit)
        found += [read_event(row) for row in connection.execute(chosen)]
    return sorted(found, key=lambda each: each.position)


def attempts_at(connection: Connection, deliveries: Sequence[int]) -> dict[int, list[Attempt]]:
    """The attempts at some deliveries, in their order; without the bytes on the wire."""
    found: dict[int, list[Attempt]] = {}
    for chunk in _chunks(deliveries):
        chosen = select(*_TOLD).where(attempt.c.delivery.in_(chunk)).order_by(attempt.c.delivery, attempt.c.n)
        for row in connection.execute(chosen):
            found.setdefault(row[0], []).append(Attempt(*row))
    return found


def _chunks(ids: Sequence[int], size: int = 400) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
