"""What a person must look at: the board of exceptions, and each one with its evidence and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, flash, request, url_for

from controltower.domain.exception import OPEN, RESOLVED, Case
from controltower.domain.subject import order_of, order_subject
from controltower.domain.value import Value
from controltower.pipeline import answer
from controltower.pipeline.promises import Promises, promises
from controltower.store import belief as beliefs
from controltower.store import case as cases
from controltower.store.case import ESCALATE, Action
from controltower.web import hx, sheet
from controltower.web.format import label
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.orders import owner_of
from controltower.web.scope import current_scope, link
from controltower.web.security import roles
from controltower.web.tower import now, reading, tower

bp = Blueprint("exceptions", __name__)
NAV = NavEntry("Exceptions", "Exceptions", "exceptions.board", "exception")
MOST = 500
SIMILAR = 5
SEVERITIES = {"A": ("A, stops production", "bad"), "B": ("B, delays", "warn"), "C": ("C, nuisance", "idle")}
IMPACT = ("quantity", "due_date", "promise_date", "customer", "value")


@dataclass(frozen=True)
class Line:
    """One exception, what people did about it, and when it is due."""

    case: Case
    actions: Sequence[Action]

    @property
    def acknowledged(self) -> Action | None:
        return next((each for each in self.actions if each.action == answer.ACKNOWLEDGE), None)

    @property
    def escalated(self) -> bool:
        """Whether a promise of its tier passed, so that the next team was told."""
        return any(each.action == ESCALATE for each in self.actions)

    @property
    def assigned(self) -> str:
        """To whom; empty when nobody was named."""
        return next((each.detail for each in reversed(self.actions) if each.action == answer.ASSIGN), "")

    @property
    def promises(self) -> Promises | None:
        """What its service tier promises; None without one."""
        return promises(self.case, self.actions, tower().landscape)

    @property
    def due_at(self) -> datetime | None:
        """The next promise of its service tier: to acknowledge while nobody has, then to resolve."""
        terms = self.promises
        return terms.due_at if terms and not self.case.resolved_at else None

    @property
    def left(self) -> timedelta | None:
        """Time left until it is due, negative past it."""
        return self.due_at - now() if self.due_at else None

    @property
    def order(self) -> str:
        return (order_of(self.case.subject) or "") if self.case.subject else ""


def lines_of(found: Iterable[Case]) -> list[Line]:
    listed = list(found)
    done = cases.latest_actions(reading(), [each.id for each in listed]) if listed else {}
    return [Line(each, done.get(each.id, ())) for each in listed]


@bp.get("/exceptions")
def board() -> Response:
    """Exceptions, those that breach their tier next first; filters are in the URL."""
    state = RESOLVED if request.args.get("state") == RESOLVED else OPEN
    found = lines_of(cases.listing(reading(), state=state, plant=current_scope().plant or "", limit=MOST))
    chosen = in_order([line for line in found if matches(line)], state)
    if sheet.wanted():
        return as_file(chosen)
    return hx.page(
        "exceptions.html",
        state=state,
        lines=chosen,
        severities=SEVERITIES,
        cut=len(found) >= MOST,
        rules=Counter(line.case.rule for line in found).most_common(),
        teams=sorted({line.case.team for line in found if line.case.team}),
        breached=sum(1 for line in chosen if line.left and line.left < timedelta(0)),
        fresh=sum(1 for line in chosen if not line.acknowledged),
        by_severity=Counter(line.case.severity for line in chosen),
        rule_title=rule_title,
    )


def matches(line: Line) -> bool:
    """Whether a line passes the URL's filters."""
    wanted = {"rule": line.case.rule, "team": line.case.team, "severity": line.case.severity}
    if request.args.get("mine") and line.assigned != who():
        return False
    return all(request.args.get(name) in (None, "", held) for name, held in wanted.items())


def in_order(found: list[Line], state: str) -> list[Line]:
    """As the URL says; else by due time while open, newest first when resolved."""
    sort = request.args.get("sort", "")
    far = datetime.max.replace(tzinfo=now().tzinfo)
    keys = {
        "due": lambda line: line.due_at or far,
        "opened": lambda line: line.case.opened_at,
        "severity": lambda line: line.case.severity,
        "rule": lambda line: line.case.rule,
    }
    name = sort.lstrip("-") if sort.lstrip("-") in keys else ("due" if state == OPEN else "")
    if not name:
        return sorted(found, key=lambda line: line.case.resolved_at or far, reverse=True)
    return sorted(found, key=keys[name], reverse=sort.startswith("-"))


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
    line = lines_of([found])[0]
    same_rule = cases.listing(reading(), state=RESOLVED, rule=found.rule, limit=50)
    similar = [each for each in same_rule if each.id != id and each.system == found.system][:SIMILAR]
    return hx.page(
        "exception.html",
        line=line,
        case=found,
        severities=SEVERITIES,
        rule_title=rule_title,
        impact=impact_of(found),
        similar=similar,
        tier=tower().landscape.tiers.get(found.tier),
        team=tower().landscape.teams.get(found.team),
    )


def impact_of(found: Case) -> dict[str, Value]:
    """What hangs on it: the owner's word on quantity, dates, customer and value of the order concerned."""
    order = order_of(found.subject) if found.subject else None
    if not found.subject or not order:
        return {}
    held: dict[str, Value] = {}
    for _, belief in beliefs.of(reading(), [order_subject(found.subject.plant, order)]):
        if belief.attribute in IMPACT and (
            belief.attribute not in held or belief.system == owner_of(found.subject.plant, belief.attribute)
        ):
            held[belief.attribute] = belief.value
    return held


@bp.post("/exceptions/<id>/<action>")
@roles("planner", "integration")
def act(id: str, action: str) -> Response:
    """Acknowledge, assign, comment, resolve or reopen; the result is told on the page."""
    try:
        answer.act(tower(), id, who(), action, request.form.get("detail", ""))
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
    chosen = request.form.getlist("id")
    done = 0
    for id in chosen[:MOST]:
        try:
            answer.act(tower(), id, who(), answer.ACKNOWLEDGE)
            done += 1
        except (LookupError, answer.NotPossible):
            continue
    flash(
        f"Acknowledged {done} of {len(chosen)}." if chosen else "Tick the exceptions to acknowledge first.",
        "ok" if done else "warn",
    )
    return hx.go_to(link("exceptions.board", **request.args.to_dict()))


def as_file(found: list[Line]) -> Response:
    columns = (
        "id rule title severity plant subject system team "
        "opened_at due_at acknowledged_by assigned_to resolved_at resolution cause why action"
    ).split()
    rows = [
        (
            line.case.id,
            line.case.rule,
            line.case.title,
            line.case.severity,
            line.case.subject.plant if line.case.subject else "",
            line.case.subject.name if line.case.subject else "",
            line.case.system,
            line.case.team,
            line.case.opened_at,
            line.due_at,
            line.acknowledged.who if line.acknowledged else "",
            line.assigned,
            line.case.resolved_at,
            line.case.resolution,
            line.case.cause,
            line.case.why,
            line.case.action,
        )
        for line in found
    ]
    return sheet.csv_file("exceptions", columns, rows)
