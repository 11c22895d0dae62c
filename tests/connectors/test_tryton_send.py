"""What the tower writes to a real Tryton: by its own buttons, once, from wherever an order stands."""

import datetime as dt
from typing import Any

import pytest

from controltower.connectors.contract import ABSENT, FAILED, TAKEN, THERE, UNCLEAR, Outcome, Outgoing, Sender
from controltower.connectors.tryton.connector import TrytonConnector
from controltower.domain import failure
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.simulation.tryton import catalogue, orders
from tests.real_tryton import Erp

pytestmark = [pytest.mark.tryton, pytest.mark.slow]

COMPLETED = {
    "status": Value("completed"),
    "quantity_good": Value("8", "EA"),
    "quantity_scrap": Value("2", "EA"),
}
_AT = dt.datetime(2026, 3, 6, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def tower(erp: Erp) -> TrytonConnector:
    return TrytonConnector(erp.system(assign="force"))


def _about(subject: str, attributes: dict[str, Value], **refs: str) -> Outgoing:
    plant, _, name = subject.partition("/")
    return Outgoing("k1", "order.changed", Subject(plant, name), attributes, refs, "mes-lyon", _AT, 1)


def _released(erp: Erp, plant: str = "LYON", item: str = "VALVE-3") -> tuple[int, str]:
    order = erp.new_order(plant, item)
    erp.people.press("production", "wait", [order])
    return order, f"{plant}/order/{erp.number(order)}"


def _held(erp: Erp, order: int, *fields: str) -> dict[str, Any]:
    return dict(erp.people.call("model.production.read", [order], [*fields])[0])


def _notes(erp: Erp, order: int) -> list[str]:
    rows = erp.people.search_read("ir.note", [["resource", "=", f"production,{order}"]], ["message"])
    return [row["message"] for row in rows]


def _receipts(erp: Erp, order: int) -> list[tuple[float, str]]:
    rows = erp.people.search_read("stock.move", [["production_output", "=", order]], ["quantity", "state"])
    return [(row["quantity"], row["state"]) for row in rows]


def _taken(outcome: Outcome) -> str:
    assert outcome.kind == TAKEN, outcome
    return outcome.words


def test_it_is_a_sender_whose_unknown_outcomes_are_read_back(tower: TrytonConnector) -> None:
    assert isinstance(tower, Sender)
    assert not tower.idempotent
    assert [kind for kind in ("order", "inspection", "operation", "stock") if tower.can_take(kind)] == [
        "order",
        "inspection",
    ]


def test_a_start_brings_a_released_order_to_running(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    message = _about(subject, {"status": Value("running")})
    assert tower.read_back(message).kind == ABSENT
    assert _taken(tower.send(message)) == "assigned its material, started"
    assert _held(erp, order, "state")["state"] == "running"
    assert tower.read_back(message).kind == THERE
    assert _taken(tower.send(message)) == "Tryton held it all already"


def test_a_confirmation_completes_an_order_once_with_its_yield(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    message = _about(subject, COMPLETED)
    assert "completed" in _taken(tower.send(message))
    assert _held(erp, order, "state")["state"] == "done"
    assert _receipts(erp, order) == [(8.0, "done")]
    works = erp.people.search_read("production.work", [["production", "=", order]], ["state", "cycles"])
    assert [(work["state"], len(work["cycles"])) for work in works] == [("done", 1)] * 3
    [note] = _notes(erp, order)
    assert note.splitlines() == [
        "Control Tower: confirmation (final)",
        "good quantity: 8 EA",
        "scrap quantity: 2 EA",
        "told by mes-lyon, 2026-03-06 10:30",
    ]
    assert tower.read_back(message).kind == THERE
    assert _taken(tower.send(message)) == "Tryton held it all already"
    assert _receipts(erp, order) == [(8.0, "done")]


def test_a_confirmation_is_noted_only_when_its_yield_is_booked(erp: Erp, tower: TrytonConnector) -> None:
    """A decision about the lot may come at any moment, and completes the order as soon as it finds the note."""
    _, subject = _released(erp)
    steps = _taken(tower.send(_about(subject, COMPLETED))).split(", ")
    assert steps[-3:] == ["set its yield to 8", "noted the confirmation", "completed"]


def test_an_order_half_way_is_finished_from_where_it_stands(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    for button in ("assign_force", "run"):
        erp.people.press("production", button, [order])
    works = erp.people.search_read("production.work", [["production", "=", order]], ["id"])
    erp.people.press("production.work", "start", [works[0]["id"]])
    erp.people.press("production.work", "stop", [works[0]["id"]])
    erp.people.press("production.work", "start", [works[1]["id"]])
    erp.people.create("production.work.cycle", [{"work": works[2]["id"]}])
    assert tower.read_back(_about(subject, COMPLETED)).kind == ABSENT
    _taken(tower.send(_about(subject, COMPLETED)))
    cycles = erp.people.search_read("production.work", [["production", "=", order]], ["state", "cycles"])
    assert [(work["state"], len(work["cycles"])) for work in cycles] == [("done", 1)] * 3


def test_a_partial_confirmation_is_noted_and_books_nothing(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    partial = {"status": Value("running"), "quantity_good": Value("4", "EA")}
    _taken(tower.send(_about(subject, partial)))
    assert _held(erp, order, "state")["state"] == "running"
    assert _receipts(erp, order) == [(10.0, "draft")]
    _taken(tower.send(_about(subject, COMPLETED)))
    assert [note.splitlines()[0] for note in _notes(erp, order)] == ["Control Tower: confirmation (final)"]
    assert "already" in _taken(tower.send(_about(subject, partial)))


def test_nothing_good_at_all_is_a_completion_too(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    _taken(tower.send(_about(subject, {**COMPLETED, "quantity_good": Value("0", "EA")})))
    assert _receipts(erp, order) == [(0.0, "done")]


def test_an_inspected_order_is_completed_by_the_decision_about_its_lot(
    erp: Erp, tower: TrytonConnector
) -> None:
    order, subject = _released(erp, item=catalogue.INSPECTED)
    assert "waits for the inspection" in _taken(tower.send(_about(subject, COMPLETED)))
    assert _held(erp, order, "state")["state"] == "running"
    decision = _decision(erp, order, "passed")
    assert tower.read_back(decision).kind == ABSENT
    assert _taken(tower.send(decision)) == "inspected, passed, processed the inspection, completed"
    assert _held(erp, order, "state")["state"] == "done"
    assert _taken(tower.send(decision)) == "Tryton held it all already"
    assert len(_inspections(erp, order)) == 1


def test_a_decision_that_comes_first_completes_nothing_by_itself(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp, item=catalogue.INSPECTED)
    _taken(tower.send(_decision(erp, order, "passed")))
    assert _held(erp, order, "state")["state"] == "waiting"
    assert _inspections(erp, order) == ["passed"]
    assert "completed" in _taken(tower.send(_about(subject, COMPLETED)))
    assert _held(erp, order, "state")["state"] == "done"


def test_a_failed_lot_holds_its_order_until_it_is_accepted_after_all(
    erp: Erp, tower: TrytonConnector
) -> None:
    order, subject = _released(erp, item=catalogue.INSPECTED)
    assert "waits for the inspection" in _taken(tower.send(_about(subject, COMPLETED)))
    _taken(tower.send(_decision(erp, order, "failed")))
    refused = tower.send(_about(subject, COMPLETED))
    assert (refused.kind, refused.error) == (FAILED, failure.REFUSED)
    assert "inspection" in refused.words.lower()
    assert _held(erp, order, "state")["state"] == "running"
    assert "completed" in _taken(tower.send(_decision(erp, order, "passed")))
    assert _inspections(erp, order) == ["passed"]


def test_an_order_without_a_control_needs_no_inspection(erp: Erp, tower: TrytonConnector) -> None:
    order, _ = _released(erp)
    assert _taken(tower.send(_decision(erp, order, "passed"))) == "Tryton held it all already"
    assert _inspections(erp, order) == []


def _decision(erp: Erp, order: int, result: str) -> Outgoing:
    attributes = {"status": Value(result), "result": Value(result)}
    return _about("LYON/inspection/QL-7", attributes, order=erp.number(order))


def _inspections(erp: Erp, order: int) -> list[str]:
    rows = erp.people.search_read("quality.inspection", [["origin", "=", f"production,{order}"]], ["state"])
    return [row["state"] for row in rows]


def test_dates_become_days_of_the_plant(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp, "GRAZ", "GEAR-2")
    dates = {
        "planned_start": Value("2026-07-01T22:30:00Z"),  # already the second of July in Graz
        "due_date": Value("2026-07-09T15:00:00Z"),
    }
    _taken(tower.send(_about(subject, dates)))
    held = _held(erp, order, "planned_start_date", "planned_date")
    assert orders.read_date(held["planned_start_date"]) == dt.date(2026, 7, 2)
    assert orders.read_date(held["planned_date"]) == dt.date(2026, 7, 9)
    assert tower.read_back(_about(subject, dates)).kind == THERE


def test_what_tryton_has_no_field_for_is_one_note_that_is_renewed(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    plan = {
        "planned_end": Value("2026-07-02T14:00:00Z"),
        "feasible": Value("false"),
        "short_item": Value("CAST-10"),
    }
    assert _taken(tower.send(_about(subject, plan))) == "noted the plan"
    _taken(tower.send(_about(subject, {**plan, "feasible": Value("true")})))
    assert _notes(erp, order) == [
        "Control Tower: plan\nfeasible: true\nplanned end: 2 Jul 2026 16:00\nshort component: CAST-10\n"
        "told by mes-lyon"
    ]


def test_a_quantity_takes_its_planned_moves_along(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    before = erp.people.search_read("stock.move", [["production_input", "=", order]], ["quantity"])
    _taken(tower.send(_about(subject, {"quantity": Value("25", "EA")})))
    after = erp.people.search_read("stock.move", [["production_input", "=", order]], ["quantity"])
    assert _held(erp, order, "quantity")["quantity"] == 25.0
    assert [each["quantity"] for each in after] == [each["quantity"] * 2.5 for each in before]
    assert _receipts(erp, order) == [(25.0, "draft")]


def test_a_quantity_that_stands_is_refused(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    erp.people.press("production", "assign_force", [order])
    outcome = tower.send(_about(subject, {"quantity": Value("25", "EA")}))
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert "its quantity stands" in outcome.words


def test_without_force_missing_material_is_a_refusal(erp: Erp) -> None:
    order = erp.new_order("LYON", "VALVE-3", 100_000.0)
    erp.people.press("production", "wait", [order])
    message = _about(f"LYON/order/{erp.number(order)}", {"status": Value("running")})
    outcome = TrytonConnector(erp.system()).send(message)
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert "not all there" in outcome.words
    assert _held(erp, order, "state")["state"] == "waiting"


def test_trytons_own_words_come_back(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    for button in ("assign_force", "run"):
        erp.people.press("production", button, [order])
    outcome = tower.send(_about(subject, {"status": Value("cancelled")}))
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert 'can not call "cancel"' in outcome.words
    assert b"cancel" in outcome.request
    assert b"can not call" in outcome.response


def test_a_cancelled_order_cannot_be_started(erp: Erp, tower: TrytonConnector) -> None:
    _, subject = _released(erp)
    _taken(tower.send(_about(subject, {"status": Value("cancelled")})))
    outcome = tower.send(_about(subject, {"status": Value("running")}))
    assert (outcome.kind, outcome.error) == (FAILED, failure.CONFLICT)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"status": Value("unknown")}, failure.UNSENDABLE),
        ({"status": Value("completed")}, failure.UNSENDABLE),
        ({"due_date": Value("soon")}, failure.UNSENDABLE),
        ({**COMPLETED, "quantity_good": Value("8", "KG")}, failure.UNSENDABLE),
    ],
)
def test_what_cannot_be_said_is_not_sent(
    erp: Erp, tower: TrytonConnector, attributes: dict[str, Value], error: str
) -> None:
    order, subject = _released(erp)
    outcome = tower.send(_about(subject, attributes))
    assert (outcome.kind, outcome.error) == (FAILED, error)
    assert _held(erp, order, "state")["state"] in ("waiting", "running")


def test_an_order_that_is_not_there(tower: TrytonConnector) -> None:
    outcome = tower.send(_about("LYON/order/MO-NONE", {"status": Value("running")}))
    assert (outcome.kind, outcome.error) == (FAILED, failure.GONE)
    assert "MO-NONE" in outcome.words


def test_another_plants_order_is_not_this_one(erp: Erp, tower: TrytonConnector) -> None:
    _, subject = _released(erp)
    elsewhere = subject.replace("LYON", "GRAZ")
    assert tower.send(_about(elsewhere, {"status": Value("running")})).error == failure.GONE


def test_no_secret_is_kept(erp: Erp) -> None:
    _, subject = _released(erp)
    outcome = TrytonConnector(erp.system(assign="force")).send(_about(subject, {"status": Value("running")}))
    assert _taken(outcome)
    assert b"only-for-this-test-1" not in outcome.request + outcome.response
    assert b"Session " not in outcome.request


def test_a_wrong_password_is_a_matter_of_credentials(erp: Erp) -> None:
    stranger = TrytonConnector(erp.system(login="nobody", password="wrong-password-1"))
    outcome = stranger.send(_about("LYON/order/MO-1003", {"status": Value("running")}))
    assert (outcome.kind, outcome.error) == (FAILED, failure.CREDENTIALS)
    assert b"wrong-password-1" not in outcome.request


def test_an_ended_session_is_renewed_once(erp: Erp, tower: TrytonConnector) -> None:
    order, subject = _released(erp)
    tower.send(_about(subject, {"status": Value("ready")}))
    erp.execute("DELETE FROM ir_session WHERE create_uid IS NOT NULL OR id > 0")
    erp.people = erp.server.administrator()
    _taken(tower.send(_about(subject, {"status": Value("running")})))
    assert _held(erp, order, "state")["state"] == "running"


def test_where_nobody_answers(erp: Erp) -> None:
    away = TrytonConnector(erp.system(url="http://127.0.0.1:9"))
    message = _about("LYON/order/MO-1003", {"status": Value("running")})
    outcome = away.send(message)
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)
    assert away.read_back(message).kind == UNCLEAR
