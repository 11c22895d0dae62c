"""A small plant whose deliveries have failed: what the tests of resubmission begin with."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.delivery import DEAD, Delivery
from controltower.domain.route import Route
from controltower.pipeline.deliver import deliver
from controltower.store import audit, outbox
from controltower.store.engine import reading
from tests.factories import ORDERS, Plantlet, ScriptedTarget, aim, carrying, due

REFUSED = Outcome(FAILED, failure.REFUSED, "order MO-1 has no routing", 422)


def quantity(value: int) -> dict[str, object]:
    """A quantity as a CloudEvent writes it."""
    return {"value": str(value), "unit": "EA"}


def outbox_of(plantlet: Plantlet) -> list[Delivery]:
    """All deliveries, oldest first."""
    with reading(plantlet.tower.engine) as connection:
        return outbox.listing(connection, limit=10_000)[::-1]


def states(plantlet: Plantlet) -> list[str]:
    return [each.state for each in outbox_of(plantlet)]


def dead_ones(plantlet: Plantlet) -> list[Delivery]:
    return [each for each in outbox_of(plantlet) if each.state == DEAD]


def send(plantlet: Plantlet) -> int:
    """Let a worker send all that is due. Returns how many answers it got."""
    return sum(iter(lambda: deliver(plantlet.tower, "worker-1", 2.0), 0))


def audited(plantlet: Plantlet) -> list[audit.Entry]:
    """The audit log, oldest first."""
    with reading(plantlet.tower.engine) as connection:
        return audit.latest(connection, 10_000)[::-1]


def orders_plant(engine: Engine, route: Route = ORDERS, **changed: Any) -> tuple[Plantlet, ScriptedTarget]:
    """A tower that carries orders from the ERP to the scheduler, which is scripted."""
    plantlet = Plantlet(engine, carrying(route, **changed))
    plantlet.intake.stop()
    (aps,) = aim(plantlet, "aps")
    return plantlet, aps


def tell(plantlet: Plantlet, sequence: int, day: int, number: int = 1, amount: int = 10) -> None:
    """The ERP says when an order is due, and how much of it."""
    attributes = {"due_date": due(day), "quantity": quantity(amount)}
    plantlet.say("erp", sequence, attributes, subject=f"LYON/order/MO-{number}")


def refused(engine: Engine, orders: int = 1, route: Route = ORDERS) -> tuple[Plantlet, ScriptedTarget]:
    """So many orders that the scheduler has refused: all are dead letters of one group."""
    plantlet, aps = orders_plant(engine, route)
    aps.answers = [REFUSED] * orders
    for number in range(1, orders + 1):
        tell(plantlet, 1, 9, number)
    plantlet.record()
    send(plantlet)
    return plantlet, aps


def with_locked(route: Route, *locked: str) -> Route:
    return replace(route, locked=locked)
