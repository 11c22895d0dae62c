"""The rows of the exceptions board: each exception with what people did about it; the URL's filters, order and file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Response, request

from controltower.domain.exception import OPEN, Case
from controltower.domain.subject import order_of
from controltower.pipeline import answer, remedies
from controltower.pipeline.promises import Promises, promises
from controltower.store import case as cases
from controltower.store import kinship
from controltower.store.case import ESCALATE, REMEDY, Action
from controltower.web import handling, impact_words, sheet
from controltower.web.handling import Handling
from controltower.web.login import who
from controltower.web.tower import now, reading, tower

SOON = timedelta(hours=1)


@dataclass(frozen=True)
class Line:
    """One exception, what people did about it, when it is due, and how many children it has (all, open)."""

    case: Case
    actions: Sequence[Action]
    children: tuple[int, int] = (0, 0)
    handled: Handling = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "handled", handling.of(self.case, self.actions))

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
        return self.handled.assigned_to

    @property
    def done(self) -> Action | None:
        """The last time that somebody did what it suggests."""
        return next((each for each in reversed(self.actions) if each.action == REMEDY), None)

    @property
    def remedy_title(self) -> str:
        return remedies.title(self.case.remedy, tower().landscape)

    @property
    def promises(self) -> Promises | None:
        """What its service tier promises; None without one."""
        return promises(self.case, self.actions, tower().landscape)

    @property
    def due_at(self) -> datetime | None:
        """The next promise of its service tier: to acknowledge while nobody has, then to resolve."""
        terms = self.promises
        return terms.due_at if terms and not self.case.resolved_at and self.case.counts else None

    @property
    def left(self) -> timedelta | None:
        """Time left until it is due, negative past it."""
        return self.due_at - now() if self.due_at else None

    @property
    def order(self) -> str:
        return (order_of(self.case.subject) or "") if self.case.subject else ""

    @property
    def impact(self) -> str:
        """What it costs, in a few words."""
        return impact_words.short(self.case.impact, self.order)


def lines_of(found: Iterable[Case]) -> list[Line]:
    """Exceptions with their histories and children."""
    listed = list(found)
    ids = [each.id for each in listed]
    done = cases.latest_actions(reading(), ids) if ids else {}
    numbers = kinship.child_numbers(reading(), ids) if ids else {}
    return [Line(each, done.get(each.id, ()), numbers.get(each.id, (0, 0))) for each in listed]


def matches(line: Line) -> bool:
    """Whether a line passes the URL's filters."""
    asked = request.args
    wanted = {
        "rule": line.case.rule,
        "team": line.case.team,
        "severity": line.case.severity,
        "tier": line.case.tier,
        "system": line.case.system,
    }
    if asked.get("mine") and line.assigned != who():
        return False
    if asked.get("due") == "over" and not (line.left and line.left < timedelta(0)):
        return False
    if asked.get("due") == "soon" and not (line.left and line.left < SOON):
        return False
    return all(asked.get(name) in (None, "", held) for name, held in wanted.items())


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


COLUMNS = (
    "id rule title severity plant subject system team tier opened_at due_at acknowledged_by acknowledged_at "
    "seconds_to_acknowledge assigned_to resolved_at seconds_to_resolve resolution cause cause_code why action remedy "
    "orders quantity value promise_date parent children suppressed_until suppressed_by returns"
).split()


def as_file(found: list[Line]) -> Response:
    """The lines as a CSV file."""
    return sheet.csv_file("exceptions", COLUMNS, [_row(line) for line in found])


def _row(line: Line) -> tuple[object, ...]:
    case, handled = line.case, line.handled
    plant, name = case.subject or ("", "")
    cost = case.impact
    return (
        case.id, case.rule, case.title, case.severity, plant, name, case.system, case.team, case.tier, case.opened_at,
        line.due_at, handled.acknowledged_by, handled.acknowledged_at, handled.seconds_to_acknowledge, line.assigned,
        case.resolved_at, handled.seconds_to_resolve, case.resolution, case.cause, case.cause_code, case.why,
        case.action, line.remedy_title, cost.get("count", ""), cost.get("quantity", ""), cost.get("value", ""),
        cost.get("promise_date", ""), case.parent, line.children[0], case.suppressed_until, case.suppressed_by,
        case.returns,
    )  # fmt: skip
