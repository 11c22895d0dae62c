"""What a person must look at: the board of exceptions, and each one with its evidence and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from controltower.domain.exception import OPEN, RESOLVED, Case
from controltower.domain.remedy import HAND_OVER
from controltower.pipeline import answer, remedies
from controltower.pipeline.remedies.hand_over import letter
from controltower.store import case as cases
from controltower.store import kinship
from controltower.store.case import ALL, CHILDREN, COUNTING, SUPPRESSED
from controltower.web import hx, impact_words, sheet
from controltower.web.case_lines import Line, as_file, in_order, lines_of, matches
from controltower.web.format import label
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope, link
from controltower.web.security import roles
from controltower.web.tower import reading, tower

bp = Blueprint("exceptions", __name__)
NAV = NavEntry("Exceptions", "Exceptions", "exceptions.board", "exception")
MOST = 500
SIMILAR = 5
MOST_CHILDREN = 100
SEVERITIES = {"A": ("A, stops production", "bad"), "B": ("B, delays", "warn"), "C": ("C, nuisance", "idle")}
SHOWN = ((COUNTING, "To look at"), (CHILDREN, "Consequences"), (SUPPRESSED, "Suppressed"), (ALL, "All"))


@bp.get("/exceptions")
def board() -> Response:
    """Exceptions, those that breach their tier next first; filters are in the URL."""
    state = RESOLVED if request.args.get("state") == RESOLVED else OPEN
    asked = request.args.get("show", COUNTING)
    standing = asked if asked in {name for name, _ in SHOWN} else COUNTING
    plant = current_scope().plant or ""
    found = lines_of(cases.listing(reading(), state=state, plant=plant, standing=standing, limit=MOST))
    chosen = in_order([line for line in found if matches(line)], state)
    if sheet.wanted():
        return as_file(chosen)
    return hx.page(
        "exceptions.html",
        state=state,
        standing=standing,
        shown=SHOWN,
        aside=kinship.aside(reading()) if state == OPEN else {},
        lines=chosen,
        severities=SEVERITIES,
        cut=len(found) >= MOST,
        **_menus(found),
        **_figures(chosen),
        rule_title=rule_title,
    )


def _menus(found: Sequence[Line]) -> dict[str, Any]:
    return {
        "rules": Counter(line.case.rule for line in found).most_common(),
        "teams": sorted({line.case.team for line in found if line.case.team}),
        "tiers": [(name, name) for name in sorted({line.case.tier for line in found if line.case.tier})],
        "whom": sorted(team.name for team in tower().landscape.teams.values()),
    }


def _figures(chosen: Sequence[Line]) -> dict[str, Any]:
    return {
        "breached": sum(1 for line in chosen if line.left and line.left < timedelta(0)),
        "fresh": sum(1 for line in chosen if not line.acknowledged),
        "by_severity": Counter(line.case.severity for line in chosen),
    }


def rule_title(rule: str) -> str:
    """The words for a rule: the title of a declared expectation, else its name in words."""
    declared = {each.name: each.title for each in tower().landscape.expectations}
    return declared.get(rule) or label(rule)


@bp.get("/exceptions/<id>")
def show(id: str) -> Response:
    """One exception: what, since when, evidence, impact, what to do, and what was done."""
    found = cases.get(reading(), id)
    if found is None:
        abort(404)
    landscape = tower().landscape
    return hx.page(
        "exception.html",
        line=lines_of([found])[0],
        case=found,
        severities=SEVERITIES,
        rule_title=rule_title,
        impact=list(impact_words.rows(found.impact, found.subject.plant if found.subject else None)),
        children=lines_of(_children(found)),
        parent=cases.get(reading(), found.parent) if found.parent else None,
        similar=_similar(found),
        effect=remedies.effect(found.remedy, landscape),
        letter=letter(found, landscape) if found.remedy.verb == HAND_OVER else "",
        tier=landscape.tiers.get(found.tier),
        team=landscape.teams.get(found.team),
        whom=sorted(team.name for team in landscape.teams.values()),
    )


def _children(found: Case) -> list[Case]:
    """Its consequences, the open ones first."""
    listed = kinship.children(reading(), [found.id])
    return sorted(listed, key=lambda each: each.resolved_at is not None)[:MOST_CHILDREN]


def _similar(found: Case) -> list[Case]:
    """Resolved ones of the same rule and system, those about the same thing first."""
    same_rule = cases.listing(reading(), state=RESOLVED, rule=found.rule, system=found.system, limit=50)
    others = [each for each in same_rule if each.id != found.id]
    return sorted(others, key=lambda each: each.subject != found.subject)[:SIMILAR]


@bp.post("/exceptions/<id>/remedy")
@roles("planner", "integration")
def remedy(id: str) -> Response:
    """Do what the exception suggests; what came of it is told on the page."""
    reason = request.form.get("reason", "").strip()
    try:
        if not reason:
            raise answer.NotPossible("Say why, in a few words.")
        _, words = remedies.do(tower(), id, who(), reason)
    except LookupError:
        abort(404)
    except answer.NotPossible as trouble:
        flash(f"Not done: {trouble}", "warn")
    else:
        flash(f"Done: {words}.", "ok")
    return hx.go_to(url_for("exceptions.show", id=id))


@bp.post("/exceptions/<id>/<action>")
@roles("planner", "integration")
def act(id: str, action: str) -> Response:
    """Acknowledge, assign, comment, resolve or reopen; the result is told on the page."""
    detail = request.form.get("detail", "")
    if action == answer.ASSIGN:
        detail = request.form.get("to", "") or detail
    try:
        answer.act(tower(), id, who(), action, detail)
    except LookupError:
        abort(404)
    except answer.NotPossible as trouble:
        flash(str(trouble), "warn")
    else:
        flash(f"{DONE.get(action, 'Done')}.", "ok")
    return hx.go_to(url_for("exceptions.show", id=id))


DONE = {
    answer.ACKNOWLEDGE: "Acknowledged",
    answer.ASSIGN: "Assigned",
    answer.COMMENT: "Comment kept",
    answer.RESOLVE: "Resolved",
    answer.REOPEN: "Opened again",
}


@bp.post("/exceptions/acknowledge")
@roles("planner", "integration")
def acknowledge_many() -> Response:
    """Acknowledge every exception that was ticked."""
    return _to_many(answer.ACKNOWLEDGE)


@bp.post("/exceptions/assign")
@roles("planner", "integration")
def assign_many() -> Response:
    """Assign every exception that was ticked to one person or team."""
    return _to_many(answer.ASSIGN, request.form.get("to", ""))


def _to_many(action: str, detail: str = "") -> Response:
    chosen = request.form.getlist("id")
    done, refused = 0, ""
    for id in chosen[:MOST]:
        try:
            answer.act(tower(), id, who(), action, detail)
            done += 1
        except LookupError:
            continue
        except answer.NotPossible as trouble:
            refused = str(trouble)
    words = f"{DONE[action]}: {done} of {len(chosen)}. {refused}" if chosen else "Tick the exceptions first."
    flash(words.strip(), "ok" if done else "warn")
    return hx.go_to(link("exceptions.board", **request.args.to_dict()))
