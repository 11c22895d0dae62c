"""Trouble on the way to a real Tryton: nothing is booked twice, and no outcome is claimed that nobody knows."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator

import pytest

from controltower.connectors.contract import ABSENT, FAILED, TAKEN, THERE, UNCLEAR, UNSURE, Outgoing
from controltower.connectors.tryton.connector import TrytonConnector
from controltower.domain import failure
from controltower.domain.retry import Sending
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.simulation.faults.contract import Call, Trouble
from controltower.simulation.tryton.gateway import TroubleProxy
from tests.connectors.polling import Reader
from tests.real_tryton import Erp

pytestmark = [pytest.mark.tryton, pytest.mark.slow]

PATIENCE = 2.0  # seconds that the tower waits here for an answer
COMPLETED = {"status": Value("completed"), "quantity_good": Value("9", "EA")}


@pytest.fixture
def door(erp: Erp) -> Iterator[TroubleProxy]:
    with TroubleProxy(erp.server.base_url) as proxy:
        yield proxy


@pytest.fixture
def tower(erp: Erp, door: TroubleProxy) -> TrytonConnector:
    system = erp.system(url=door.address, assign="force")
    return TrytonConnector(dataclasses.replace(system, sending=Sending(timeout=PATIENCE)))


@pytest.fixture
def order(erp: Erp) -> int:
    order = erp.new_order("PORTO", "HOSE-6")
    erp.people.press("production", "wait", [order])
    return order


def _completion(erp: Erp, order: int) -> Outgoing:
    at = dt.datetime(2026, 3, 6, tzinfo=dt.UTC)
    subject = Subject("PORTO", f"order/{erp.number(order)}")
    return Outgoing("k1", "order.completed", subject, COMPLETED, {}, "mes-porto", at, 1)


def _state(erp: Erp, order: int) -> str:
    return str(erp.people.call("model.production.read", [order], ["state"])[0]["state"])


def _assert_booked_once(erp: Erp, order: int) -> None:
    assert _state(erp, order) == "done"
    moves = erp.people.search_read("stock.move", [["production_output", "=", order]], ["quantity", "state"])
    assert [(move["quantity"], move["state"]) for move in moves] == [(9.0, "done")]
    works = erp.people.search_read("production.work", [["production", "=", order]], ["cycles"])
    assert [len(work["cycles"]) for work in works] == [1, 1, 1]
    notes = erp.people.search_read("ir.note", [["resource", "=", f"production,{order}"]], ["message"])
    assert len(notes) == 1


def _lost_at(method: str) -> Iterator[Trouble | None]:
    """Loses the first answer to a change by this method."""
    yield Trouble(lost=True)
    yield from itertools.repeat(None)


def test_it_passes_everything_through(erp: Erp, door: TroubleProxy) -> None:
    direct = Reader(TrytonConnector(erp.system(resources=("production", "stock")))).poll()
    through = Reader(TrytonConnector(erp.system(url=door.address, resources=("production", "stock")))).poll()
    assert {event.id for event in through.events} == {event.id for event in direct.events}


@pytest.mark.parametrize(
    "method",
    [
        "model.ir.note.create",
        "model.production.assign_force",
        "model.production.run",
        "model.production.work.start",
        "model.production.work.stop",
        "model.production.write",
        "model.production.do",
    ],
)
def test_an_answer_lost_after_the_write_is_unknown_and_then_found_and_finished(
    erp: Erp, door: TroubleProxy, tower: TrytonConnector, order: int, method: str
) -> None:
    struck = _lost_at(method)
    door.judge = lambda call: next(struck) if call.text.startswith(f"{method} ") else None
    message = _completion(erp, order)
    first = tower.send(message)
    assert (first.kind, first.error) == (UNSURE, failure.TIMEOUT)
    found = tower.read_back(message)
    assert found.kind == (THERE if method == "model.production.do" else ABSENT)
    assert tower.send(message).kind == TAKEN
    assert tower.read_back(message).kind == THERE
    _assert_booked_once(erp, order)


def test_busy_and_failing_by_turns_it_is_finished_in_the_end(
    erp: Erp, door: TroubleProxy, tower: TrytonConnector, order: int
) -> None:
    turns = itertools.cycle([Trouble(429, "Too many requests", 3), None, Trouble(500, "broken"), None, None])
    door.judge = lambda call: next(turns) if call.writes else None
    message, outcomes = _completion(erp, order), []
    for _ in range(20):
        outcomes.append(tower.send(message))
        if outcomes[-1].kind == TAKEN:
            break
    assert outcomes[0].error == failure.BUSY
    assert outcomes[0].retry_after == 3.0
    assert {outcome.error for outcome in outcomes[:-1]} == {failure.BUSY, failure.TROUBLE}
    assert {outcome.kind for outcome in outcomes[:-1]} == {FAILED}
    assert outcomes[-1].kind == TAKEN
    _assert_booked_once(erp, order)


def test_a_shut_door_is_not_reachable_and_open_again_all_is_well(
    erp: Erp, door: TroubleProxy, tower: TrytonConnector, order: int
) -> None:
    message = _completion(erp, order)
    door.door.shut()
    shut = tower.send(message)
    assert (shut.kind, shut.error) == (FAILED, failure.UNREACHABLE)
    assert tower.read_back(message).kind == UNCLEAR
    door.door.reopen()
    assert tower.send(message).kind == TAKEN
    _assert_booked_once(erp, order)


def test_a_question_without_an_answer_changes_nothing(
    erp: Erp, door: TroubleProxy, tower: TrytonConnector, order: int
) -> None:
    door.judge = lambda call: (
        Trouble(lost=True) if call.text.startswith("model.production.search_read") else None
    )
    message = _completion(erp, order)
    outcome = tower.send(message)
    assert (outcome.kind, outcome.error) == (FAILED, failure.TROUBLE)
    assert tower.read_back(message).kind == UNCLEAR
    assert _state(erp, order) == "waiting"


def test_a_call_thought_lost_cannot_change_what_has_moved_on(
    erp: Erp, door: TroubleProxy, tower: TrytonConnector, order: int
) -> None:
    """Between reading the order and changing it, somebody else changes it: the change is refused, and tried anew."""
    message = _completion(erp, order)
    moved: list[str] = []

    def interfere(call: Call) -> Trouble | None:
        if call.text.startswith("model.production.run") and not moved:
            moved.append(call.text)
            erp.people.write("production", [order], {"reference": "JOB-MOVED"})
        return None

    door.judge = interfere
    outcome = tower.send(message)
    assert (outcome.kind, outcome.error) == (FAILED, failure.TROUBLE)
    assert "same time" in outcome.words
    assert tower.send(message).kind == TAKEN
    _assert_booked_once(erp, order)


def test_where_tryton_itself_is_away_the_door_says_bad_gateway(erp: Erp) -> None:
    with TroubleProxy("http://127.0.0.1:9") as proxy:
        message = Outgoing(
            "k1",
            "order.completed",
            Subject("LYON", "order/MO-1"),
            COMPLETED,
            {},
            "mes",
            dt.datetime.now(dt.UTC),
            1,
        )
        outcome = TrytonConnector(erp.system(url=proxy.address)).send(message)
        assert (outcome.kind, outcome.error) == (FAILED, failure.TROUBLE)
