"""The exceptions' pages: the one action done in place, consequences and suppressed ones apart, outages declared."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.domain.exception import Case
from controltower.domain.subject import Subject
from controltower.pipeline.cases import put
from controltower.store.engine import writing
from tests.factories import Plantlet
from tests.web.asking import Caller, make_key
from tests.web.test_pages import rows, words

Told = tuple[Flask, Plantlet]


def down(told: Told) -> Case:
    """An exception about the whole connection to the scheduler, beside the drift there."""
    at = told[1].clock.now()
    made = Case(
        "source-trouble-1", "source-trouble", "Down: APS", "A", at, system="aps", team="aps-team", tier="gold",
        cause="Connection down", why="Nothing gets through.", action="Bring it back.", last_at=at, watched=True,
    )  # fmt: skip
    symptom = Case(
        "drift-x", "drift", "MO-2 differs", "B", at, Subject("LYON", "order/MO-2"), "aps", code="follower-silent",
        why="APS was not heard.", watched=True,
    )  # fmt: skip
    with writing(told[1].tower.engine) as connection:
        put(connection, told[1].tower, [made, symptom])
    return made


def test_the_board_shows_a_cause_and_its_consequences_apart(told: Told, planner: FlaskClient) -> None:
    made = down(told)
    board = {row["id"]: row for row in rows(planner, "/exceptions?as=csv")}
    assert "drift-x" not in board
    assert int(board[made.id]["children"]) >= 1
    children = {row["id"]: row["parent"] for row in rows(planner, "/exceptions?as=csv&show=children")}
    assert children["drift-x"] == made.id
    assert {*board, *children} == {row["id"] for row in rows(planner, "/exceptions?as=csv&show=all")}
    assert "MO-2 differs" in words(planner, f"/exceptions/{made.id}")
    assert "A consequence of Down: APS" in words(planner, "/exceptions/drift-x")


def test_the_one_action_is_done_with_a_reason_and_told_in_place(told: Told, planner: FlaskClient) -> None:
    made = down(told)
    page = f"/exceptions/{made.id}"
    text = words(planner, page)
    assert "Hand to its owner" in text
    assert (
        "Down: APS. Since 2026-03-02 07:10 UTC. System: APS. Nothing gets through. Please: Bring it back."
        in text
    )
    planner.post(f"{page}/remedy", data={"reason": " "})
    assert "Say why" in words(planner, page)
    planner.post(f"{page}/remedy", data={"reason": "it does not answer"})
    after = words(planner, page)
    assert "Done: handed to aps-team." in after
    assert "did what it suggests" in after
    assert planner.post("/exceptions/none/remedy", data={"reason": "x"}).status_code == 404


def test_who_only_reads_cannot_act(told: Told, as_role: Callable[[str], FlaskClient]) -> None:
    made = down(told)
    reader = as_role("executive")
    assert "only planners and the integration desk may do it" in words(reader, f"/exceptions/{made.id}")
    assert reader.post(f"/exceptions/{made.id}/remedy", data={"reason": "x"}).status_code == 403
    assert reader.post("/exceptions/assign", data={"id": made.id, "to": "x"}).status_code == 403


def test_ticked_exceptions_are_assigned_together(planner: FlaskClient) -> None:
    ids = [row["id"] for row in rows(planner, "/exceptions?as=csv")]
    planner.post("/exceptions/assign", data={"id": ids, "to": ""})
    assert "Say to whom" in words(planner, "/exceptions")
    planner.post("/exceptions/assign", data={"id": ids, "to": "night shift"})
    assert {row["assigned_to"] for row in rows(planner, "/exceptions?as=csv")} == {"night shift"}


@pytest.mark.parametrize(("asked", "there"), [("due=over", True), ("tier=gold", True), ("tier=none", False)])
def test_the_address_filters(planner: FlaskClient, asked: str, there: bool) -> None:
    assert bool(rows(planner, f"/exceptions?as=csv&{asked}")) == there


def test_an_outage_is_declared_and_explains(told: Told, as_role: Callable[[str], FlaskClient]) -> None:
    desk = as_role("integration")
    assert "Nothing is planned" in words(desk, "/systems/aps")
    desk.post("/systems/aps/outages", data={"until": "", "reason": "x"})
    assert "Say until when" in words(desk, "/systems/aps")
    desk.post("/systems/aps/outages", data={"until": "2026-03-02T20:00", "reason": "new release"})
    made = down(told)
    assert "Away by plan: declared outage of APS" in words(desk, "/systems/aps")
    assert made.id not in {row["id"] for row in rows(desk, "/exceptions?as=csv")}
    assert made.id in {row["id"] for row in rows(desk, "/exceptions?as=csv&show=suppressed")}
    assert "new release" in words(desk, f"/exceptions/{made.id}")
    assert desk.post("/systems/aps/outages/77/end").status_code == 404
    assert desk.post("/systems/aps/outages/1/end").status_code == 303
    assert as_role("planner").post("/systems/aps/outages/1/end").status_code == 403


def test_the_api_lists_what_counts_or_all_or_one_family(told: Told, page_app: Flask) -> None:
    made = down(told)
    caller = Caller(page_app.test_client(), make_key(told[1], "integration"))
    counting = {each["id"]: each for each in caller.items("/exceptions")}
    assert "drift-x" not in counting
    assert counting[made.id]["children"]["open"] >= 1
    family = caller.items("/exceptions", parent=made.id)
    assert {(each["parent"], each["counts"]) for each in family} == {(made.id, False)}
    assert {*counting, *(each["id"] for each in family)} == {
        each["id"] for each in caller.items("/exceptions", all="true")
    }
    assert caller.items("/exceptions", suppressed="true") == []
