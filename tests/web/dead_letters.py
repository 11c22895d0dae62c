"""A tower that carries orders, told to fail: dead letters, retries and parked messages made through its own verbs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.delivery import Delivery
from controltower.domain.landscape import Landscape, Plant, Team, Tier
from controltower.domain.retry import RetryPolicy, Sending
from controltower.pipeline.deliver import deliver
from controltower.store import outbox
from controltower.store.engine import reading
from tests.factories import (
    CONFIRMATIONS,
    MINUTE,
    ORDERS,
    PARIS,
    Plantlet,
    ScriptedTarget,
    aim,
    carrying,
    cloud_event,
    due,
)

REFUSED = Outcome(
    FAILED,
    failure.REFUSED,
    "order {order} has no routing at PRESS-2",
    422,
    request=b"POST /orders HTTP/1.1\r\nAuthorization: Bearer ct_abcdefgh12345678\r\n\r\n"
    b'{"due":"2026-03-09","token":"s3cret"}',
    response=b'HTTP/1.1 422 \r\ncontent-type: application/json\r\n\r\n{"detail":"no routing at PRESS-2"}',
)
AWAY = Outcome(FAILED, failure.UNREACHABLE, "cannot be reached: connection refused")
TROUBLE = Outcome(FAILED, failure.TROUBLE, "Internal Server Error", 500)
ROUTES = (
    replace(
        ORDERS,
        tier="gold",
        team="planning",
        take=("status", "item", "due_date", "quantity"),
        locked=("item",),
    ),
    replace(CONFIRMATIONS, tier="gold"),
)


def outgoing_landscape(**sending: Any) -> Landscape:
    """Three systems in Lyon, orders carried to the scheduler and confirmations to the ERP."""
    held = carrying(
        *ROUTES,
        sending=Sending(**({"in_flight": 16, "drain": 5000.0} | sending)),
        plants={"LYON": Plant("LYON", "Lyon", PARIS), "GRAZ": Plant("GRAZ", "Graz", PARIS)},
        tiers={"gold": Tier("gold", 15 * MINUTE, 240 * MINUTE, retry=RetryPolicy(delays=(1.0, 60.0)))},
        teams={"planning": Team("planning", "Planning systems", "planning@plant.example")},
    )
    titles = {"erp": "ERP Lyon", "aps": "Scheduler", "mes": "MES Lyon"}
    return replace(held, systems={id: replace(each, title=titles[id]) for id, each in held.systems.items()})


def tell_orders(plantlet: Plantlet, numbers: Sequence[int], *, sequence: int = 1, day: int = 9) -> None:
    """The ERP tells of orders MO-<number>, all in one message."""
    told = {
        "due_date": due(day),
        "quantity": {"value": "120", "unit": "EA"},
        "status": "firm",
        "item": "PUMP-7",
    }
    events = [
        cloud_event("erp", sequence, told, plantlet.clock.now(), subject=f"LYON/order/MO-{number}")
        for number in numbers
    ]
    for start in range(0, len(events), 500):
        plantlet.deliver("erp", events[start : start + 500])
    plantlet.record()


def send(plantlet: Plantlet, seconds: float = 20.0) -> int:
    return deliver(plantlet.tower, "worker-1", seconds)


def kill(
    plantlet: Plantlet, target: ScriptedTarget, count: int, outcome: Outcome = REFUSED
) -> list[Delivery]:
    """Orders whose delivery the scheduler refuses for good; returns the dead letters, newest first."""
    first = 1000 + len(target.attempts)
    tell_orders(plantlet, range(first, first + count))
    target.answers = [
        outcome._replace(words=outcome.words.format(order=f"MO-{first + place}")) for place in range(count)
    ]
    send(plantlet)
    return dead(plantlet)


def dead(plantlet: Plantlet) -> list[Delivery]:
    """All dead letters, newest first."""
    with reading(plantlet.tower.engine) as connection:
        return outbox.listing(connection, states=("dead",), limit=10_000)


def aimed(plantlet: Plantlet) -> tuple[ScriptedTarget, ScriptedTarget]:
    """(scheduler, ERP) as targets whose answers the test sets."""
    aps, erp = aim(plantlet, "aps", "erp")
    return aps, erp
