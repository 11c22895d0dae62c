"""Whatever goes wrong on the wire or in a worker: nothing is posted twice or lost, and each order keeps its order."""

import datetime
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, UNSURE, Outcome
from controltower.domain import failure
from controltower.domain.delivery import DELIVERED, OPEN
from controltower.domain.retry import Sending
from controltower.pipeline.claim import claim
from controltower.pipeline.deliver import deliver, outgoing_of
from controltower.store import delivery, outbox
from controltower.store.engine import reading, writing
from tests.factories import CONFIRMATIONS, Plantlet, ScriptedTarget, aim, carrying, cloud_event

MINUTE = datetime.timedelta(minutes=1)
# Longer than any wait of the schedule.
PATIENCE = datetime.timedelta(days=2)
# What may happen to one sending; "killed": its worker dies right after the target has booked it, or before it sends.
TROUBLES = ("fine", "request lost", "answer lost", "trouble", "away", "killed before", "killed after")
ON_THE_WIRE = {
    "request lost": Outcome(UNSURE, failure.TIMEOUT, "no answer"),
    "trouble": Outcome(FAILED, failure.TROUBLE, "internal error", 500),
    "away": Outcome(FAILED, failure.UNREACHABLE, "connection refused"),
}


def fate(plantlet: Plantlet, erp: ScriptedTarget, trouble: str) -> None:
    """Let one round of sending meet its fate, then let time pass."""
    if trouble.startswith("killed"):
        die_while_sending(plantlet, erp, booked=trouble == "killed after")
    else:
        erp.answers = [ON_THE_WIRE[trouble]] if trouble in ON_THE_WIRE else []
        erp.lost_answers = int(trouble == "answer lost")
        deliver(plantlet.tower, "worker", 2.0)
        erp.answers, erp.lost_answers = [], 0
    plantlet.clock.move(MINUTE)


def die_while_sending(plantlet: Plantlet, erp: ScriptedTarget, *, booked: bool) -> None:
    """A worker claims, and is gone before it writes down what came of it; its claims lapse."""
    tower = plantlet.tower
    with writing(tower.engine) as connection:
        claims = claim(connection, tower, "erp", "a worker that dies")
        gone = [each.delivery._replace(claimed_until=1.0) for each in claims]
        delivery.put(connection, gone)
    if booked:
        erp.booked += [
            outgoing_of(each) for each in gone if not any(held.key == each.key for held in erp.booked)
        ]


@given(
    orders=st.integers(1, 3),
    messages=st.integers(1, 4),
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=12),
    idempotent=st.booleans(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_trouble_ends_with_each_booked_once_and_in_order(
    engine: Engine, orders: int, messages: int, troubles: list[str], idempotent: bool
) -> None:
    plantlet = Plantlet(engine, carrying(CONFIRMATIONS, sending=Sending(in_flight=2, open_after=50, rest=1)))
    (erp,) = aim(plantlet, "erp", idempotent=idempotent)
    run = f"{time.monotonic_ns()}"
    for good in range(1, messages + 1):
        for order in range(orders):
            said = {"quantity_good": {"value": str(good), "unit": "EA"}}
            plantlet.deliver("mes", _event(plantlet, run, order, good, said))
    plantlet.record()
    for trouble in troubles:
        fate(plantlet, erp, trouble)
    for _ in range(2 + 2 * messages):
        plantlet.clock.move(PATIENCE)
        fate(plantlet, erp, "fine")
    for order in range(orders):
        mine = [each for each in erp.booked if each.subject.key == f"MO-{run}-{order}"]
        assert [each.attributes["quantity_good"].text for each in mine] == [
            str(n) for n in range(1, messages + 1)
        ]
    with reading(engine) as connection:
        left = [
            each for each in outbox.listing(connection, states=OPEN, limit=1000) if run in each.subject.key
        ]
    assert left == []


def _event(
    plantlet: Plantlet, run: str, order: int, sequence: int, said: dict[str, object]
) -> dict[str, object]:
    return cloud_event("mes", sequence, said, plantlet.clock.now(), subject=f"LYON/order/MO-{run}-{order}")


@pytest.mark.parametrize("workers", [1, 3])
def test_publishing_while_workers_send_leaves_nobody_waiting(engine: Engine, workers: int) -> None:
    plantlet = Plantlet(engine, carrying(CONFIRMATIONS, sending=Sending(in_flight=6)))
    (erp,) = aim(plantlet, "erp")
    told = threading.Event()

    def work(name: str) -> None:
        while not told.is_set() or deliver(plantlet.tower, name, 5.0):
            deliver(plantlet.tower, name, 0.3)

    threads = [threading.Thread(target=work, args=(f"worker-{n}",)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for good in range(1, 16):
        said = {"quantity_good": {"value": str(good), "unit": "EA"}}
        plantlet.deliver("mes", [_event(plantlet, "live", order, good, said) for order in range(6)])
        plantlet.record()
    told.set()
    for thread in threads:
        thread.join()
    deliver(plantlet.tower, "the last one", 5.0)
    with reading(engine) as connection:
        ended = {each.state for each in outbox.listing(connection, limit=500)}
    assert ended == {DELIVERED}
    for order in range(6):
        mine = [
            each.attributes["quantity_good"].text
            for each in erp.booked
            if each.subject.key == f"MO-live-{order}"
        ]
        assert mine == [str(good) for good in range(1, 16)]
