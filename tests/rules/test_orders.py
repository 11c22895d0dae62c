"""What several systems hold together about an order: each rule finds its case, and is quiet where all is well."""

from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from controltower.domain.belief import Belief
from controltower.domain.calendar import Calendar
from controltower.domain.landscape import Landscape, Plant
from controltower.domain.remedy import HAND_OVER, RESYNC
from controltower.domain.retry import Sending
from controltower.domain.route import Route
from controltower.rules.checks import CHECKS
from tests.factories import MORNING, system
from tests.rules import values

said = values.belief
Held = Mapping[str, list[Belief]]
ORDER, OTHER = "LYON/order/MO-1", "LYON/order/MO-2"
TEN, TWENTY = "LYON/operation/MO-1/10", "LYON/operation/MO-1/20"
LOT, BOX = "LYON/inspection/QL-1", "LYON/shipment/DN-1"
PARIS = ZoneInfo("Europe/Paris")
ROUND_THE_CLOCK = Calendar(
    "lyon", PARIS, tuple(((0, 1440),) for _ in range(7)), closed=frozenset({MORNING.date()})
)
LANDSCAPE = Landscape(
    plants={"LYON": Plant("LYON", "Lyon", PARIS, "lyon")},
    systems={role: system(role, role, sending=Sending()) for role in (*values.ROLES, "quality")},
    routes={"changes": Route("changes", "Changes", "erp", "mes", "order", (), ("status",))},
    calendars={"lyon": ROUND_THE_CLOCK},
)


class Case(NamedTuple):
    """What a rule must find (its cause and verb), or with no cause: nothing."""

    rule: str
    held: Held
    cause: str = ""
    verb: str = HAND_OVER


def at(hour: int, minute: int = 0, day: int = 1) -> str:
    """A time of the day after the closed one, as systems write it."""
    return MORNING.replace(day=MORNING.day + day, hour=hour, minute=minute).isoformat()


def status(erp: str, mes: str, since: tuple[int, int] = (0, 0)) -> list[Belief]:
    return [said("status", "erp", erp, minute=since[0]), said("status", "mes", mes, minute=since[1])]


def item(erp: str, mes: str) -> list[Belief]:
    return [said("item", "erp", erp), said("item", "mes", mes)]


def lot(result: str, minute: int) -> list[Belief]:
    return [said("result", "quality", result, minute=minute)]


def box(minute: int, state: str = "shipped") -> list[Belief]:
    return [said("status", "wms", state, minute=minute)]


def reference(text: str, minute: int, state: str = "released") -> list[Belief]:
    return [said("reference", "erp", text, minute=minute), said("status", "erp", state)]


def part(minute: int, state: str = "firm") -> list[Belief]:
    return [
        said("parent", "erp", "MO-1", minute=minute),
        said("quantity", "erp", "40", "EA", minute),
        said("status", "erp", state),
    ]


def whole(minute: int) -> list[Belief]:
    return [said("quantity", "erp", "100", "EA", minute)]


def plan(aps: str, mes: str = "", state: str = "released") -> list[Belief]:
    held = [said("planned_start", "mes", mes, minute=1)] if mes else []
    return [*held, said("planned_start", "aps", aps, minute=5), said("status", "mes", state)]


def good(erp: str, mes: str) -> list[Belief]:
    return [said("quantity_good", "erp", erp, "EA"), said("quantity_good", "mes", mes, "EA")]


def material(constraint: str, erp: str = "released") -> list[Belief]:
    return [
        said("status", "erp", erp),
        said("constraint", "aps", constraint),
        said("short_item", "aps", "BOLT"),
    ]


CASES = [
    Case("id-reuse", {ORDER: [*item("PUMP", "VALVE"), *status("firm", "closed")]}, "id-reuse"),
    Case("id-reuse", {ORDER: [*item("PUMP", "VALVE"), *status("firm", "released")]}, "item-differs"),
    Case("id-reuse", {ORDER: [*item("PUMP", "PUMP"), *status("firm", "closed")]}),
    Case("id-reuse", {ORDER: [*item("PUMP", "VALVE"), *status("cancelled", "closed")]}),
    Case("shared-reference", {ORDER: reference("C/1", 9), OTHER: reference("C/1", 1)}, "shared-reference"),
    Case("shared-reference", {ORDER: reference("C/1", 1), OTHER: reference("C/1", 9)}),
    Case("shared-reference", {ORDER: reference("C/1", 9), OTHER: reference("C/2", 1)}),
    Case("shared-reference", {ORDER: reference("C/1", 9), OTHER: reference("C/1", 1, "cancelled")}),
    Case(
        "shared-reference",
        {ORDER: [*reference("C/1", 9), said("parent", "erp", "MO-2")], OTHER: reference("C/1", 1)},
    ),
    Case("split-counted-twice", {ORDER: whole(0), OTHER: part(30)}, "split-counted-twice"),
    Case("split-counted-twice", {ORDER: whole(30), OTHER: part(30)}),
    Case("split-counted-twice", {ORDER: whole(27), OTHER: part(30)}),
    Case("split-counted-twice", {ORDER: whole(0), OTHER: part(30, "cancelled")}),
    Case("cancelled-but-running", {ORDER: status("cancelled", "running")}, "cancelled-but-running", RESYNC),
    Case("cancelled-but-running", {ORDER: status("cancelled", "completed")}, "cancelled-but-running", RESYNC),
    Case("cancelled-but-running", {ORDER: status("cancelled", "cancelled")}),
    Case("cancelled-but-running", {ORDER: status("released", "running")}),
    Case("closed-too-early", {ORDER: status("closed", "running")}, "closed-too-early"),
    Case(
        "closed-too-early",
        {ORDER: status("closed", "completed"), TEN: [said("status", "mes", "held")]},
        "closed-too-early",
    ),
    Case(
        "closed-too-early", {ORDER: status("closed", "completed"), TEN: [said("status", "mes", "completed")]}
    ),
    Case("closed-too-early", {ORDER: status("running", "running")}),
    Case("reopened", {ORDER: status("completed", "closed", (9, 1))}, "reopened", RESYNC),
    Case("reopened", {ORDER: status("completed", "closed", (1, 9))}),
    Case("reopened", {ORDER: status("closed", "closed", (9, 1))}),
    Case("reopened", {ORDER: [*status("released", "closed", (9, 1)), *item("PUMP", "VALVE")]}),
    Case("released-without-material", {ORDER: material("material")}, "released-without-material"),
    Case("released-without-material", {ORDER: material("capacity")}),
    Case("released-without-material", {ORDER: material("material", "firm")}),
    Case("partial-publish", {TEN: plan(at(8), at(8)), TWENTY: plan(at(9), at(7))}, "partial-publish", RESYNC),
    Case("partial-publish", {TEN: plan(at(8), at(8)), TWENTY: plan(at(9))}, "partial-publish", RESYNC),
    Case("partial-publish", {TEN: plan(at(8), at(8)), TWENTY: plan(at(9), at(9))}),
    Case("partial-publish", {TEN: plan(at(8), at(7)), TWENTY: plan(at(9), at(8))}),
    Case("partial-publish", {TEN: plan(at(8)), TWENTY: plan(at(9))}),
    Case("partial-publish", {TEN: plan(at(8), at(8)), TWENTY: plan(at(9), at(7), "completed")}),
    Case("double-posting", {ORDER: good("196", "98")}, "double-posting"),
    Case("double-posting", {ORDER: good("98", "98")}),
    Case("double-posting", {ORDER: good("49", "98")}),
    Case("hold-ignored", {LOT: lot("rejected", 1), BOX: box(9)}, "hold-ignored"),
    Case("hold-ignored", {LOT: lot("rejected", 1), BOX: box(9, "planned")}),
    Case("hold-ignored", {LOT: lot("accepted", 1), BOX: box(9)}),
    Case("failed-after-shipment", {LOT: lot("rejected", 9), BOX: box(1)}, "failed-after-shipment"),
    Case("failed-after-shipment", {LOT: lot("rejected", 1), BOX: box(9)}),
    Case("failed-after-shipment", {LOT: lot("accepted", 9), BOX: box(1)}),
    Case("planned-in-closed-time", {TEN: plan(at(12, day=0))}, "planned-in-closed-time"),
    Case("planned-in-closed-time", {TEN: plan(at(12))}),
    Case("planned-in-closed-time", {TEN: plan(at(12, day=0), state="completed")}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.cause or 'quiet'}")
def test_a_rule_finds_its_case_and_nothing_else(case: Case) -> None:
    check = CHECKS[case.rule]
    found = values.found(check, values.view(ORDER, case.held, LANDSCAPE))
    assert [each.code or check.rule for each in found] == ([case.cause] if case.cause else [])
    assert [each.remedy.verb for each in found] == ([case.verb] if case.cause else [])
    assert all(each.why.endswith(".") and each.evidence for each in found)


@pytest.mark.parametrize("rule", sorted({case.rule for case in CASES}))
def test_where_nothing_is_known_nothing_is_found(rule: str) -> None:
    assert values.found(CHECKS[rule], values.view(ORDER, {}, LANDSCAPE)) == []


def test_a_whole_plan_is_sent_with_its_operations() -> None:
    held = {TEN: plan(at(8), at(8)), TWENTY: plan(at(9), at(7))}
    [found] = values.found(CHECKS["partial-publish"], values.view(ORDER, held, LANDSCAPE))
    assert found.remedy.arguments == {"subject": ORDER, "target": "mes", "also": "operation"}
