"""Flows as the files declare them: their steps read, checked against each other and the rest, and built."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from controltower.domain.expectation import Sign
from controltower.domain.flow import Flow, Step, Trouble
from controltower.domain.flow_check import NEEDS
from controltower.domain.vocabulary import ATTRIBUTES
from controltower.landscape_files.declared import (
    Declaration,
    Declared,
    ExpectationTables,
    FlowTables,
    StepTables,
)
from controltower.landscape_files.fit import check_sign, known
from controltower.landscape_files.problem import Findings
from controltower.landscape_files.reading import Row


class _Named(NamedTuple):
    """What the steps of a flow may name."""

    declared: Declared
    findings: Findings
    kind: str
    before: list[str]


def check_flows(declared: Declared, findings: Findings) -> None:
    """Tell what does not fit: names that are there twice or nowhere, steps that wait for later ones, signs of another
    kind. Routes and expectations must have been read."""
    for flow in declared.flows:
        kind = flow.row["kind"]
        for sign in (*flow.begins, *flow.cancelled):
            check_sign(sign, kind, findings, parts=True)
        named = _Named(declared, findings, kind, [])
        for step in flow.steps:
            _check_step(step, named)
            if step.row["name"]:
                named.before.append(step.row["name"])


def _check_step(step: StepTables, named: _Named) -> None:
    row, place, findings = step.row, step.place, named.findings
    if row["name"] in named.before:
        findings.error(
            place / "name", f"is there twice in the flow: {row['name']!r}", "Name one of them anew."
        )
    if not (row["shown"] or row["check"] or row["route"]) and row["name"]:
        cure = "Give it shown = [{ ... }], check or route."
        findings.error(place, "can never be done: nothing shows it", cure)
    for sign in (*step.shown, *step.when, *step.signs):
        check_sign(sign, named.kind, findings, parts=True)
    for before in row["after"] or ():
        known(place / "after", "earlier step", before, named.before, findings)
    _check_names(step, named)


def _check_names(step: StepTables, named: _Named) -> None:
    row, place, declared, findings = step.row, step.place, named.declared, named.findings
    for name in ("route", "resend"):
        known(place / name, "route", row[name], declared.routes, findings)
        route = declared.routes.get(row[name])
        if route is not None and route.row["kind"] != named.kind:
            findings.error(
                place / name, f"carries {route.row['kind']}, but the flow is of {named.kind}",
                f"Name a route of {named.kind}.",
            )  # fmt: skip
    rules = [each.row["name"] for each in declared.expectations]
    known(place / "expectation", "expectation", row["expectation"], rules, findings)
    teams = [(place / "team", row["team"])]
    if step.wrong is not None:
        teams.append((step.wrong.place / "team", step.wrong.row["team"]))
    for at, team in teams:
        known(at, "team", team, declared.teams, findings)
    for attribute in row["needs"]:
        known(place / "needs", f"attribute of {named.kind}", attribute, ATTRIBUTES[named.kind], findings)


def flows_of(declared: Declared) -> Iterable[Flow]:
    """The flows, each step that names none waiting for the one before it."""
    return (_flow(tables, declared) for tables in declared.flows)


def _flow(tables: FlowTables, declared: Declared) -> Flow:
    row, steps = tables.row, list[Step]()
    for each in tables.steps:
        steps.append(_step(each, steps, declared))
    return Flow(
        row["name"], row["title"], tuple(steps), row["kind"], _signs(tables.begins), _signs(tables.cancelled),
        row["within"],
    )  # fmt: skip


def _step(tables: StepTables, before: list[Step], declared: Declared) -> Step:
    row = dict(tables.row)
    del row["wrong"]
    watched = next((each for each in declared.expectations if each.row["name"] == row["expectation"]), None)
    route = declared.routes.get(row["route"])
    if route is not None and not row["team"]:
        row["team"] = route.row["team"]
    after = row["after"] if row["after"] is not None else tuple(step.name for step in before[-1:])
    more: dict[str, Any] = {
        "after": after,
        "shown": _signs(tables.shown),
        "when": _signs(tables.when),
        "needs": row["needs"] or NEEDS.get(row["check"], ()),
        "trouble": _trouble(tables),
    }
    return Step(**{**row, **_watched(row, watched), **more})


def _watched(row: Row, rule: ExpectationTables | None) -> Row:
    """What a step does not say itself is as the expectation says that watches it."""
    if rule is None:
        return {}
    words = {name: row[name] or rule.row[name] for name in ("team", "action")}
    terms = {"within": rule.row["within"], "severity": rule.row["severity"], "watched": _signs([rule.when])}
    return words | terms


def _trouble(tables: StepTables) -> Trouble:
    if tables.wrong is None:
        return Trouble()
    row = tables.wrong.row
    return Trouble(_signs(tables.signs), row["title"], row["team"], row["severity"], row["action"])


def _signs(tables: Iterable[Declaration]) -> tuple[Sign, ...]:
    rows = (each.row for each in tables)
    return tuple(Sign(row["role"], row["type"], row["attribute"], frozenset(row["becomes"])) for row in rows)
