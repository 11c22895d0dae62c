"""Flows in the configuration: read whole, each mistake told with place and cure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controltower.landscape_files import check, load
from controltower.landscape_files.place import lines_of
from tests.landscape_files.declared import (
    ENVIRONMENT,
    FLOWS,
    MINUTE,
    WHOLE,
    add,
    swap,
    told,
    written,
)

MORE = """
[[flow.steps]]
name = "planned"
title = "Planned"
expectation = "known"
shown = [{ role = "mes", attribute = "status", becomes = ["released"] }]

[[flow.steps]]
name = "made"
title = "Made"
after = []
shown = [{ role = "mes", type = "operation.completed" }]
check = "order-complete"
within = "2 h"
team = "it"

[flow.steps.wrong]
signs = [{ role = "erp", attribute = "status", becomes = ["draft"] }]
title = "Taken back"
severity = "A"
"""
BARE = FLOWS.partition("steps = ")[0]
SHOWN = 'shown = [{ role = "mes", type = "order.completed" }]'


def test_a_flow_is_read_whole(tmp_path: Path) -> None:
    (flow,) = load(written(tmp_path, {**WHOLE, "flows.toml": BARE + MORE}), ENVIRONMENT).flows
    planned, made = flow.steps
    assert (flow.kind, flow.within, flow.begins[0].type) == ("order", None, "order.released")
    assert (planned.after, made.after, flow.later["planned"]) == ((), (), frozenset())
    assert (planned.within, planned.team, planned.watched[0].type) == (60 * MINUTE, "it", "order.released")
    assert (made.within, made.needs[:2], made.trouble.title) == (
        120 * MINUTE,
        ("item", "quantity"),
        "Taken back",
    )
    assert made.trouble.severity == "A"


def test_a_step_waits_for_the_one_before_it(tmp_path: Path) -> None:
    text = BARE + MORE.replace("after = []\n", "")
    (flow,) = load(written(tmp_path, {**WHOLE, "flows.toml": text}), ENVIRONMENT).flows
    assert [step.after for step in flow.steps] == [(), ("planned",)]


MISTAKES: dict[str, tuple[Callable[[str], str], str, str, str]] = {
    "no sign": (swap(SHOWN, 'team = "it"'), "flow[1].steps[1]", "never be done", "shown"),
    "later step": (
        swap(SHOWN, f'{SHOWN}, after = ["sold"]'),
        "flow[1].steps[1].after",
        "earlier step 'sold'",
        "",
    ),
    "unknown check": (
        swap(SHOWN, 'check = "order-complet"'),
        "flow[1].steps[1].check",
        "unknown check",
        "complete",
    ),
    "unknown route": (swap(SHOWN, 'route = "plans"'), "flow[1].steps[1].route", "unknown route", ""),
    "unknown rule": (
        swap(SHOWN, f'{SHOWN}, expectation = "knwon"'),
        "flow[1].steps[1].expectation",
        "unknown expectation",
        "'known'",
    ),
    "unknown team": (swap(SHOWN, f'{SHOWN}, team = "ot"'), "flow[1].steps[1].team", "unknown team", "it"),
    "unknown need": (
        swap(SHOWN, 'check = "order-complete", needs = ["itm"]'),
        "flow[1].steps[1].needs",
        "unknown attribute of order",
        "'item'",
    ),
    "another kind's sign": (
        swap('type = "order.completed"', 'type = "purchase.received"'),
        "flow[1].steps[1].shown[1].type",
        "is about purchase",
        "order",
    ),
    "wrong team": (
        swap(SHOWN, f'{SHOWN}, wrong = {{ team = "ot" }}'),
        "flow[1].steps[1].wrong.team",
        "unknown team",
        "it",
    ),
    "same flow": (add(FLOWS), "flow[2]", "twice: 'life'", "name it anew"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_with_place_and_cure(kind: str, tmp_path: Path) -> None:
    change, place, what, cure = MISTAKES[kind]
    problems = told(tmp_path, "flows.toml", change)
    found = [problem for problem in problems if problem.place == place and what in problem.what]
    assert len(found) == 1, "\n".join(map(str, problems))
    assert cure in found[0].cure


def test_the_rules_of_flows_can_be_switched_off(tmp_path: Path) -> None:
    rules = '[limits]\noff = ["flow-step-late", "flow-step-wrong"]\n'
    assert check(written(tmp_path, {**WHOLE, "rules.toml": rules}), ENVIRONMENT) == []


def test_a_step_is_found_by_its_line() -> None:
    lines = lines_of(
        '[[flow]]\nname = "a"\n[[flow.steps]]\n[[flow.steps]]\nname = "b"\n[flow.steps.wrong]\n[[flow]]\n'
    )
    assert lines["flow", 0, "steps", 1, "name"] == 5
    assert lines["flow", 0, "steps", 1, "wrong"] == 6
    assert lines["flow", 1] == 7
