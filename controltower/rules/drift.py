"""A disagreement that outlived its allowance."""

from controltower.domain.cause import TITLES
from controltower.domain.drift import Drift
from controltower.domain.exception import Case, resolved
from controltower.domain.landscape import Landscape
from controltower.domain.mismatch import ROUNDING
from controltower.domain.value import shown
from controltower.domain.vocabulary import attribute_title, value_kind
from controltower.rules import cure

RULE = "drift"
# Two systems that plan or book with different figures stop or falsify production; other differences delay it.
_GRAVE = frozenset({"due_date", "quantity", "status", "on_hand"})


def _severity(drift: Drift) -> str:
    if drift.cause == ROUNDING:
        return "C"
    return "A" if drift.attribute in _GRAVE else "B"


def case_of(drift: Drift, landscape: Landscape, action: str = "") -> Case:
    """The exception of a drift past its allowance, resolved if the drift has closed."""
    owner, follower = landscape.system(drift.owner), landscape.system(drift.follower)
    kind, zone = value_kind(drift.subject.kind, drift.attribute), landscape.zone_of(drift.subject.plant)
    ours, theirs = shown(drift.owner_value, kind, zone), shown(drift.follower_value, kind, zone)
    case = Case(
        id=f"drift-{drift.id}",
        rule=RULE,
        title=f"{attribute_title(drift.attribute).capitalize()} of {drift.subject.kind} {drift.subject.key} differs: "
        f"{owner.title} says {ours}, {follower.title} {theirs}",
        severity=_severity(drift),
        opened_at=drift.allowed_until,
        subject=drift.subject,
        system=drift.follower,
        team=follower.team,
        tier=follower.tier,
        cause=TITLES.get(drift.cause, drift.cause),
        why=drift.why,
        action=action,
        evidence=drift.evidence,
        code=drift.cause,
        remedy=cure.of_drift(drift, landscape),
    )
    if drift.closed_at is None:
        return case
    if drift.closed_by is None:
        return resolved(case, drift.closed_at, "No longer compared: the configuration has changed.")
    return resolved(case, drift.closed_at, f"{follower.title} and {owner.title} agree again.")
