"""The demo's flows on the simulated network: through a shortage and a refusal to their end, counted and told again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from controltower.domain.delivery import DEAD
from controltower.domain.flow_progress import COMPLETED, DONE, RUNNING, WRONG, Progress
from controltower.domain.subject import Subject
from controltower.pipeline import flow_acts
from controltower.pipeline.flows import states_of
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.resubmit import Stale, discard, resubmit
from controltower.simulation.world import Pace
from controltower.store import delivery, flow, flow_figure
from controltower.store.engine import reading
from tests.journeys.rehearsal import Rehearsal, rehearsal

pytestmark = pytest.mark.slow
ORDERS, PURCHASES = "order-to-schedule", "purchase-to-receipt"
EVER = "0000", "9999"


def stories(made: Rehearsal, name: str, state: str = RUNNING) -> list[Progress]:
    """The flows in a state, judged as they stand now."""
    with reading(made.tower.engine) as connection:
        keys = [(each.subject, name) for each in flow.listing(connection, name, state=state, limit=500)]
        found = list(states_of(connection, made.tower, keys).values())
    for each in found:
        each.judge_at(made.tower.now())
    return [each.progress for each in found]


def until(made: Rehearsal, happened: Callable[[], list[Progress]], minutes: int = 240) -> Progress:
    """Let time pass until something is so of a flow."""
    for _ in range(minutes):
        found = happened()
        if found:
            return found[0]
        made.advance(1)
    raise AssertionError("it did not happen")


def at_step(made: Rehearsal, name: str, step: str, state: str) -> list[Progress]:
    """The flows under way whose step is in a state."""
    return [
        each
        for each in stories(made, name)
        if (found := each.at_step(step)) is not None and found.state == state
    ]


def state_of(made: Rehearsal, subject: Subject, step: str) -> str:
    found = [each for state in (RUNNING, COMPLETED) for each in stories(made, ORDERS, state)]
    (progress,) = (each for each in found if each.subject == subject)
    return next(each.state for each in progress.steps if each.step.name == step)


def dead_plans(made: Rehearsal) -> list[Progress]:
    """The orders whose plan the MES refused for good."""
    with reading(made.tower.engine) as connection:
        wanted = select(delivery.delivery).where(
            delivery.IS_DEAD, delivery.delivery.c.route == "plans-to-mes"
        )
        dead = {each.subject for each in map(delivery.read, connection.execute(wanted)) if each.state == DEAD}
    return [each for each in stories(made, ORDERS) if each.subject in dead]


def send_the_rest(made: Rehearsal) -> None:
    """What else the MES refused meanwhile is sent again too, and given up where it is old news."""
    with reading(made.tower.engine) as connection:
        dead = connection.execute(select(delivery.delivery.c.id).where(delivery.IS_DEAD)).scalars().all()
    for id in dead:
        try:
            resubmit(made.tower, id, "ada", "the work centre is free again")
        except Stale:
            discard(made.tower, [id], "ada", "it has been told something newer since")


def figures(made: Rehearsal) -> list[object]:
    with reading(made.tower.engine) as connection:
        counted = [
            flow_figure.cohorts(connection, name, EVER, made.tower.now()) for name in (ORDERS, PURCHASES)
        ]
        return [*counted, flow_figure.spreads(connection, ORDERS, EVER)]


def test_both_flows_run_through_a_shortage_and_a_refusal(tmp_path: Path, database_url: str) -> None:
    quick = Pace(cancellations=0.0, length=0.2)
    with rehearsal(tmp_path, database_url, "carried", pace=quick) as made:
        made.advance(10)
        made.network.fault_on("component-short", {"duration": 0})
        short = until(made, lambda: at_step(made, ORDERS, "feasible", WRONG)).subject
        until(made, lambda: stories(made, PURCHASES, COMPLETED))
        completed = until(
            made, lambda: [each for each in stories(made, ORDERS, COMPLETED) if each.subject == short]
        )
        told = {each.step.name: each.state for each in completed.steps}
        assert (told["procurement-told"], told["status-to-erp"], told["feasible"]) == (DONE, DONE, DONE)

        made.network.fault_on("target-refuses", {"duration": 0})
        refused = until(made, lambda: dead_plans(made)).subject
        assert state_of(made, refused, "plan-to-mes") == "waiting"
        made.network.fault_off("target-refuses")
        flow_acts.retry(made.tower, ORDERS, refused, "plan-to-mes", "ada", "the work centre is free again")
        send_the_rest(made)
        until(made, lambda: [each for each in stories(made, ORDERS, COMPLETED) if each.subject == refused])

        before = figures(made)
        reprocess(made.tower)
        assert figures(made) == before
