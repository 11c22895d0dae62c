"""The causes of drift that the outbox tells: each from what really became of the tower's message."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.drift import Drift
from controltower.domain.landscape import Tier
from controltower.domain.retry import RetryPolicy
from controltower.pipeline.deliver import deliver
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.gates import pause, resume
from controltower.pipeline.reprocess import reprocess
from controltower.store import case, drift, outbox
from controltower.store.engine import reading
from tests.factories import MINUTE, ORDERS, Plantlet, ScriptedTarget, aim, carrying, due

REFUSED = Outcome(FAILED, failure.REFUSED, "order has no routing", 422)
TROUBLE = Outcome(FAILED, failure.TROUBLE, "internal error", 500)
SLOWLY = Tier("gold", 60 * MINUTE, 60 * MINUTE, retry=RetryPolicy((7200.0,), least=7200.0))


def disagreeing(engine: Engine, *answers: Outcome, **changed: Any) -> tuple[Plantlet, ScriptedTarget]:
    """The ERP has moved a date of which the scheduler holds the old one; the first try of telling it was answered."""
    route = replace(ORDERS, **{"tier": "gold", "take": ("due_date",), **changed})
    plantlet = Plantlet(engine, carrying(route, tiers={"gold": SLOWLY}))
    (aps,) = aim(plantlet, "aps")
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.record()
    aps.answers = list(answers)
    plantlet.say("erp", 1, {"due_date": due(12)})
    plantlet.record()
    return plantlet, aps


def send(plantlet: Plantlet) -> None:
    deliver(plantlet.tower, "worker-1", 2.0)


def overdue(plantlet: Plantlet) -> Drift:
    """The drift once its allowance is over."""
    plantlet.clock.move(16 * MINUTE)
    detect(plantlet.tower)
    return the_drift(plantlet)


def the_drift(plantlet: Plantlet) -> Drift:
    with reading(plantlet.tower.engine) as connection:
        (found,) = drift.of_order(connection, "LYON", "MO-1")
    return found


def delivery_of(found: Drift) -> str:
    return str(found.evidence[-1].get("delivery", ""))


def newest(plantlet: Plantlet) -> str:
    with reading(plantlet.tower.engine) as connection:
        return str(outbox.listing(connection, limit=1)[0].id)


@pytest.mark.parametrize(
    ("answers", "changed", "expected"),
    [
        ([REFUSED], {}, "dead-lettered"),
        ([TROUBLE], {}, "retrying"),
        ([], {"apply_within": 10 * MINUTE}, "not-applied"),
        ([], {"apply_within": 60 * MINUTE}, "in-flight"),
    ],
)
def test_cause_and_its_message(
    engine: Engine, answers: list[Outcome], changed: dict[str, Any], expected: str
) -> None:
    plantlet, _ = disagreeing(engine, *answers, **changed)
    send(plantlet)
    found = overdue(plantlet)
    assert found.cause == expected
    assert delivery_of(found) == newest(plantlet)
    with reading(engine) as connection:
        told = case.get(connection, f"drift-{found.id}")
    assert told is not None
    assert (told.why, bool(told.action)) == (found.why, True)


def test_a_paused_interface_holds_it_until_it_is_resumed(engine: Engine) -> None:
    plantlet, _ = disagreeing(engine)
    pause(plantlet.tower, "aps", "ada", "new release")
    send(plantlet)
    found = overdue(plantlet)
    assert (found.cause, "paused by ada (new release)" in found.why) == ("held", True)
    resume(plantlet.tower, "aps", "ada")
    rejudge(plantlet.tower)
    assert the_drift(plantlet).cause == "in-flight"
    send(plantlet)
    rejudge(plantlet.tower)
    assert "took the message" in the_drift(plantlet).why


def test_what_lacks_is_the_cause(engine: Engine) -> None:
    plantlet, _ = disagreeing(engine, take=("due_date", "quantity"), needs=("quantity",))
    send(plantlet)
    found = overdue(plantlet)
    assert (found.cause, "needs: quantity" in found.why) == ("incomplete", True)


def test_a_drift_that_is_over_reads_the_same_when_the_ledger_is_told_anew(engine: Engine) -> None:
    plantlet, _ = disagreeing(engine, TROUBLE)
    send(plantlet)
    overdue(plantlet)
    plantlet.clock.move(120 * MINUTE)
    send(plantlet)
    plantlet.say("aps", 2, {"due_date": due(12)})
    plantlet.record()
    over = the_drift(plantlet)
    assert (over.state, over.cause) == ("closed", "retrying")
    assert "at attempt 2" in over.why
    reprocess(plantlet.tower)
    again = the_drift(plantlet)
    assert (again.cause, again.why, again.evidence) == (over.cause, over.why, over.evidence)
