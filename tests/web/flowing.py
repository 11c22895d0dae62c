"""The web app of a plant with flows: MO-1 waits for a dead delivery, MO-2 lacks its due date, MO-3 has begun."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.pipeline.deliver import deliver
from tests.factories import MINUTE, ORDERS, Plantlet, ScriptedTarget, aim, carrying, due
from tests.pipeline.flowing import ORDER_FLOW, PURCHASE_FLOW
from tests.web.asking import opened_app

REFUSED = Outcome(FAILED, failure.REFUSED, "the order has no routing", 422)
NAME = ORDER_FLOW.name


@contextmanager
def flowing_app(engine: Engine, state: Path) -> Iterator[tuple[Flask, Plantlet, ScriptedTarget]]:
    """The app, its plantlet and the scripted scheduler."""
    land = carrying(ORDERS, flows=(ORDER_FLOW, PURCHASE_FLOW), expectations=())
    with opened_app(engine, state, land) as (app, plantlet):
        (aps,) = aim(plantlet, "aps")
        app.extensions["tower"] = plantlet.tower
        yield app, plantlet, aps


def enter(plantlet: Plantlet, number: int, **held: Any) -> None:
    whole = {"status": "firm", "quantity": {"value": "5", "unit": "EA"}, "due_date": due(9)}
    plantlet.say("erp", 1, whole | held, subject=f"LYON/order/MO-{number}")
    plantlet.record()


def three_orders(plantlet: Plantlet, aps: ScriptedTarget) -> None:
    """The first one is refused by the scheduler, the second cannot be planned, the third is planned and not started."""
    aps.answers = [REFUSED]
    enter(plantlet, 1)
    deliver(plantlet.tower, "worker-1", 2.0)
    enter(plantlet, 2, due_date="2026-01-05T17:00:00Z")
    plantlet.clock.move(MINUTE)
    enter(plantlet, 3)
    plantlet.clock.move(MINUTE)
    plantlet.say("aps", 1, {"status": "released"}, subject="LYON/order/MO-3")
    plantlet.record()
    plantlet.clock.move(MINUTE)
