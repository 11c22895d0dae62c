"""What every check of this folder declares: what it reads, how long its finding may last, and how it is told."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from controltower.domain.condition import Condition, Found
from controltower.domain.exception import Case, resolved
from controltower.domain.landscape import Landscape, Limits
from controltower.domain.view import View

NO_GRACE = datetime.timedelta()
# By then what two systems say of one thing has come in: webhooks at once, polls each few minutes.
SETTLED = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Figures:
    """The figures of one rule at one site: declared in rules.toml under [rule.NAME], else the check's own."""

    rule: str
    defaults: Mapping[str, Any]
    limits: Limits

    def __getitem__(self, name: str) -> Any:
        return self.limits.of(self.rule, name, self.defaults[name])


class Check(NamedTuple):
    """One cross-system rule.

    `reads`: kind -> attributes whose moves make it look. `found`: a pure function of a view and the figures.
    `grace`: how long a finding may last before it is an exception: what is on its way must have arrived.
    `figures`: its limits with their usual values, numbers or timedeltas. `catalogue`: the faults of the catalogue.
    """

    rule: str
    title: str
    severity: str
    reads: Mapping[str, frozenset[str]]
    found: Callable[[View, Figures], Iterable[Found]]
    action: str
    grace: datetime.timedelta = NO_GRACE
    figures: Mapping[str, Any] = {}
    root: str = "order"

    def figures_of(self, limits: Limits) -> Figures:
        return Figures(self.rule, {"grace": self.grace, **self.figures}, limits)


def case_of(check: Check, condition: Condition, landscape: Landscape) -> Case:
    """The exception of a condition that outlived its grace."""
    found = condition.found
    system = landscape.system(found.system)
    return Case(
        id=f"{check.rule}-{condition.id}",
        rule=check.rule,
        title=found.title or f"{check.title}: {found.subject.kind} {found.subject.key}",
        severity=check.severity,
        opened_at=condition.due_at or condition.opened_at,
        subject=found.subject,
        system=found.system,
        team=system.team,
        tier=system.tier,
        cause=check.title,
        why=found.why,
        action=found.action or check.action.format(system=system.title, subject=found.subject.key),
        evidence=tuple(
            {
                "what": what,
                "message": str(belief.position.message),
                "event": "",
                "subject": str(found.subject),
            }
            for what, belief in found.evidence
        ),
        last_at=condition.opened_at,
        key=condition.key,
        code=found.code or check.rule,
        remedy=found.remedy,
    )


def over(case: Case, at: datetime.datetime) -> Case:
    """The exception once its condition holds no more."""
    return resolved(case, at, "The systems fit together again.")
