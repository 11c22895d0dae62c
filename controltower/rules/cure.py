"""Which remedy fits: what the tower can do itself where a way exists, else a person is asked."""

from controltower.domain.drift import Drift
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import HANDED_OVER, REPROCESS, RESUBMIT, RESYNC, Remedy
from controltower.domain.subject import Subject
from controltower.domain.value import read_decimal


def resync(landscape: Landscape, subject: Subject, target: str) -> Remedy:
    """Tell a system the present values, if some route carries such subjects to it."""
    system = landscape.systems.get(target)
    if system is None or system.sending is None:
        return HANDED_OVER
    ways = (each for each in landscape.routes_of(subject.kind) if each.target == system.role)
    return Remedy(RESYNC, {"subject": str(subject), "target": target}) if any(ways) else HANDED_OVER


def of_drift(drift: Drift, landscape: Landscape) -> Remedy:
    """What ends a disagreement, by its cause."""
    delivery = next((each["delivery"] for each in reversed(drift.evidence) if each.get("delivery")), "")
    if drift.cause == "dead-lettered" and delivery:
        return Remedy(RESUBMIT, {"delivery": delivery})
    if drift.cause == "unmapped":
        return Remedy(REPROCESS, {"system": drift.follower})
    if drift.cause in _BY_OTHERS or _booked_too_much(drift):
        return HANDED_OVER
    return resync(landscape, drift.subject, drift.follower)


def _booked_too_much(drift: Drift) -> bool:
    """What somebody has booked beyond the count is reversed there: no message takes it back."""
    if drift.attribute not in ("quantity_good", "quantity_scrap"):
        return False
    try:
        return read_decimal(drift.follower_value.text) > read_decimal(drift.owner_value.text)
    except ValueError:
        return False


# The tower's message is on its way already, or nothing gets through: somebody must clear the way.
_BY_OTHERS = frozenset(
    {
        "in-flight", "retrying", "held", "follower-silent", "incomplete", "rejected",
        # Sent again it would be misread again.
        "unit-mismatch", "decimal-error", "rounding",
    }
)  # fmt: skip
