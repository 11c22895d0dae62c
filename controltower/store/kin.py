"""What belongs to which order though its own name does not say so: inspections, shipments, orders split off, copies."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, Connection, Table, select

from controltower.domain.subject import Subject
from controltower.store.bulk import IGNORE, write
from controltower.store.schema import Name, metadata

kin = Table(
    "kin",
    metadata,
    Column("plant", Name, primary_key=True),
    Column("of_order", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    sqlite_with_rowid=False,
)


def add(connection: Connection, found: Sequence[tuple[Subject, Subject]]) -> None:
    """Write down (order, subject) pairs; those known already cost nothing."""
    write(connection, kin, [(root.plant, root.key, subject.name) for root, subject in found], IGNORE)


def of(connection: Connection, orders: Iterable[Subject]) -> list[tuple[Subject, Subject]]:
    """What belongs to some orders, as (order, subject) pairs."""
    by_plant: dict[str, list[str]] = {}
    for order in orders:
        by_plant.setdefault(order.plant, []).append(order.key)
    return [
        (Subject(plant, f"order/{row.of_order}"), Subject(plant, row.subject))
        for plant, keys in by_plant.items()
        for row in connection.execute(select(kin).where(kin.c.plant == plant, kin.c.of_order.in_(keys)))
    ]
