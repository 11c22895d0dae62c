"""A small plant with a flow of orders: entered, valid, carried to the scheduler, planned, started; one of purchases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from controltower.domain.exception import Case
from controltower.domain.expectation import Sign
from controltower.domain.flow import Flow, Step, Trouble
from controltower.domain.flow_progress import Progress
from controltower.domain.subject import Subject
from controltower.pipeline.deliver import deliver
from controltower.pipeline.flows import states_of
from controltower.store import case
from controltower.store.engine import reading
from tests.factories import MINUTE, ORDERS, Plantlet, ScriptedTarget, aim, carrying, due

ORDER = Subject("LYON", "order/MO-1")


def sign(role: str, *values: str, attribute: str = "status") -> tuple[Sign, ...]:
    return (Sign(role, attribute=attribute, becomes=frozenset(values)),)


SHORTAGE = Trouble(
    sign("aps", "false", attribute="feasible"), "Material lacks", "operations", "A", "Find it."
)
ORDER_FLOW = Flow(
    "order-to-start",
    "Order to start",
    (
        Step("entered", "Entered", sign("erp", "firm", "released")),
        Step(
            "valid", "Validated", after=("entered",), check="order-complete", needs=("quantity", "due_date")
        ),
        Step("carried", "Sent to the scheduler", after=("valid",), route=ORDERS.name),
        Step(
            "planned",
            "Planned",
            sign("aps", "released"),
            after=("carried",),
            within=30 * MINUTE,
            team="planning",
            action="Ask the planner.",
            trouble=SHORTAGE,
        ),
        Step("started", "Started", (Sign("mes", type="operation.started"),), after=("planned",)),
    ),
    begins=sign("erp", "firm", "released"),
    cancelled=sign("erp", "cancelled"),
    within=timedelta(hours=4),
)
PURCHASE_FLOW = Flow(
    "purchase",
    "Purchase",
    (
        Step("sent", "Sent", sign("erp", "sent", "confirmed", "received")),
        Step(
            "confirmed",
            "Confirmed",
            sign("erp", "confirmed", "received"),
            after=("sent",),
            within=60 * MINUTE,
        ),
        Step("received", "Received", sign("erp", "received"), after=("confirmed",)),
    ),
    kind="purchase",
    begins=sign("erp", "sent", "confirmed", "received"),
)


@contextmanager
def flowing(engine: Engine, **changed: Any) -> Iterator[tuple[Plantlet, ScriptedTarget]]:
    """A tower that carries orders to a scripted scheduler and follows two flows."""
    land = carrying(ORDERS, flows=(ORDER_FLOW, PURCHASE_FLOW), expectations=(), **changed)
    plantlet = Plantlet(engine, land)
    (aps,) = aim(plantlet, "aps")
    yield plantlet, aps
    plantlet.intake.stop()


def enter(plantlet: Plantlet, **held: Any) -> None:
    """The ERP enters order MO-1, whole unless told otherwise."""
    whole = {"status": "firm", "quantity": {"value": "5", "unit": "EA"}, "due_date": due(9)}
    plantlet.say("erp", 1, whole | held)
    plantlet.record()


def carry(plantlet: Plantlet) -> None:
    """The tower sends what is due, and the scheduler shows that it has it."""
    deliver(plantlet.tower, "worker-1", 2.0)
    plantlet.clock.move(MINUTE)
    plantlet.say("aps", 1, {"quantity": {"value": "5", "unit": "EA"}, "due_date": due(9)})
    plantlet.record()


def start(plantlet: Plantlet) -> None:
    """The MES starts the order's first operation."""
    plantlet.say("mes", 1, {"status": "running"}, subject="LYON/operation/MO-1/10", type="operation.started")
    plantlet.record()


def progress(plantlet: Plantlet, subject: Subject = ORDER, flow: str = ORDER_FLOW.name) -> Progress:
    """How far a flow has come, as it is kept."""
    with reading(plantlet.tower.engine) as connection:
        state = states_of(connection, plantlet.tower, [(subject, flow)])[subject, flow]
    state.judge_at(plantlet.clock.now())
    return state.progress


def states(plantlet: Plantlet) -> dict[str, str]:
    return {each.step.name: each.state for each in progress(plantlet).steps}


def cases(plantlet: Plantlet, state: str = "open") -> list[Case]:
    with reading(plantlet.tower.engine) as connection:
        found = case.listing(connection, state=state, limit=100)
    return [each for each in found if each.rule.startswith("flow-")]
