"""Why two systems disagree: the cause of a drift, derived from the ledger with the evidence at hand."""

from collections.abc import Callable, Sequence

from controltower.domain import mismatch, underway
from controltower.domain.drift import Drift
from controltower.domain.event import Recorded
from controltower.domain.finding import Facts, Finding, Witness
from controltower.domain.landscape import Landscape
from controltower.domain.vocabulary import MONEY, QUANTITY, value_kind

__all__ = ["TITLES", "Finding", "Witness", "find"]

TITLES = {
    "unit-mismatch": "Counted in another unit",
    "decimal-error": "Decimal mark misread",
    "rounding": "Digits lost in rounding",
    "in-flight": "In flight",
    "never-announced": "Never told",
    "not-routed": "Not routed",
    "incomplete": "Cannot be sent: values are missing",
    "held": "Held back: the way is shut",
    "retrying": "Retrying",
    "dead-lettered": "Dead letter",
    "discarded": "Discarded by a person",
    "rejected": "Rejected by the follower",
    "not-applied": "Told but not applied",
    "overwritten": "Overwritten later in the follower",
    "out-of-order": "Out of order",
    "unmapped": "Follower's message could not be read",
    "follower-silent": "Follower silent",
}


def find(drift: Drift, history: Sequence[Recorded], landscape: Landscape, witness: Witness) -> Finding:
    """The cause of a drift out of its subject's history (in the order of its positions).

    The first that fits, from the surest evidence to the least.
    """
    case = Facts(drift, history, landscape, witness)
    for judge in _JUDGES:
        finding = judge(case)
        if finding is not None:
            return finding
    return _never_told(case)


def _mismatched(case: Facts) -> Finding | None:
    """Figures that tell by themselves why they differ; what the owner once said is merely old."""
    drift = case.drift
    if value_kind(drift.subject.kind, drift.attribute) not in (QUANTITY, MONEY):
        return None
    if any(case.same(each.event.attributes[drift.attribute], drift.follower_value) for each in case.owned):
        return None
    told = mismatch.between(drift.owner_value, drift.follower_value)
    if told is None:
        return None
    last = case.followed[-1] if case.followed else None
    return Finding(
        told.code,
        f"{case.owner} says {case.say(drift.owner_value)}, {case.follower} {case.say(drift.follower_value)}: "
        f"{told.words}.",
        case.evidence(case.owner_change(), (f"{case.follower} said {case.say(drift.follower_value)}", last)),
        _SET_RIGHT[told.code].format(follower=case.follower, owner=case.owner, attribute=case.attribute),
    )


_SET_RIGHT = {
    mismatch.UNIT: "Settle the unit between {owner} and {follower}, mend the conversion, and correct the {attribute}.",
    mismatch.DECIMAL: "Set the decimal mark between {owner} and {follower} right, and correct the {attribute}.",
    mismatch.ROUNDING: "Carry decimals from end to end, or allow the {attribute} a tolerance in the ownership.",
}


def _rejected(case: Facts) -> Finding | None:
    refusal = next((each for each in case.after if each.event.type.endswith(".rejected")), None)
    if refusal is None:
        return None
    return Finding(
        "rejected",
        f"{case.follower} refused the change.",
        case.evidence(case.owner_change(), (f"{case.follower} rejected it", refusal)),
        f"Ask {case.follower} why it refused, correct the order, and send it again.",
    )


def _turned_back(case: Facts) -> Finding | None:
    """The follower had the owner's present value and went back to one that the owner held before."""
    drift, attribute = case.drift, case.drift.attribute
    agreed = _last_agreement(case)
    if agreed is None:
        return None
    former = [
        each for each in case.owned if case.same(each.event.attributes[attribute], drift.follower_value)
    ]
    if not former:
        return None
    back = case.followed[-1]
    return Finding(
        "out-of-order",
        f"{case.follower} already had {case.say(drift.owner_value)} and then took over the older "
        f"{case.say(drift.follower_value)}: an old message overtook a newer one.",
        case.evidence(
            case.owner_change(), (f"{case.follower} agreed", agreed), (f"{case.follower} went back", back)
        ),
        f"Send {case.follower} the present {case.attribute} again.",
    )


def _overwritten(case: Facts) -> Finding | None:
    agreed = _last_agreement(case)
    if agreed is None:
        return None
    return Finding(
        "overwritten",
        f"{case.follower} had {case.say(case.drift.owner_value)} and was later set to "
        f"{case.say(case.drift.follower_value)}; {case.owner} never said so.",
        case.evidence(
            case.owner_change(),
            (f"{case.follower} agreed", agreed),
            (f"{case.follower} was changed", case.followed[-1]),
        ),
        f"Ask who changed it in {case.follower}; then set it back, or change it in {case.owner}.",
    )


def _last_agreement(case: Facts) -> Recorded | None:
    """The last time that the follower said the owner's present value, if it has said something else since."""
    drift, attribute = case.drift, case.drift.attribute
    if not case.followed or case.same(case.followed[-1].event.attributes[attribute], drift.owner_value):
        return None
    since = case.change.event.occurred_at if case.change else drift.opened_at
    for each in reversed(case.followed[:-1]):
        if each.event.occurred_at >= since and case.same(each.event.attributes[attribute], drift.owner_value):
            return each
    return None


def _silent(case: Facts) -> Finding | None:
    since = case.witness.silent_since
    if since is None:
        return None
    return Finding(
        "follower-silent",
        f"{case.follower} has not been heard since {since:%Y-%m-%d %H:%M} UTC, so its value may be old.",
        case.evidence(case.owner_change()),
        f"Bring the connection to {case.follower} back; the tower reads what it missed by itself.",
    )


def _unmapped(case: Facts) -> Finding | None:
    if not case.witness.parked:
        return None
    message = case.witness.parked[0]
    parked = {
        "what": f"a message of {case.follower} that could not be read",
        "message": str(message),
        "event": "",
    }
    return Finding(
        "unmapped",
        f"{case.follower} sent something since that could not be read; it may hold the answer.",
        (*case.evidence(case.owner_change()), parked),
        "Mend the mapping, then reprocess the parked message.",
    )


def _not_routed(case: Facts) -> Finding | None:
    drift = case.drift
    if case.landscape.carried(drift.owner, drift.follower, drift.subject.kind):
        return None
    return Finding(
        "not-routed",
        f"No interface is declared that takes {drift.subject.kind}s from {case.owner} to {case.follower}.",
        case.evidence(case.owner_change()),
        "Declare the interface, or take the follower out of the ownership.",
    )


def _not_applied(case: Facts) -> Finding | None:
    heard = next((each for each in case.after if each.event.type.endswith(".acknowledged")), None)
    if heard is None or case.change is None or heard.event.occurred_at < case.change.event.occurred_at:
        return None
    return Finding(
        "not-applied",
        f"{case.follower} acknowledged the order after the change, yet still holds "
        f"{case.say(case.drift.follower_value)}.",
        case.evidence(case.owner_change(), (f"{case.follower} acknowledged", heard)),
        f"Ask {case.follower} why it did not apply the change, then send it again.",
    )


def _never_told(case: Facts) -> Finding:
    drift = case.drift
    last = case.followed[-1] if case.followed else None
    return Finding(
        "never-announced",
        f"{case.owner} changed the {case.attribute} to {case.say(drift.owner_value)}, and {case.follower} was never "
        f"told: it is alive and still holds {case.say(drift.follower_value)}.",
        case.evidence(
            case.owner_change(), (f"{case.follower} last said {case.say(drift.follower_value)}", last)
        ),
        f"Send {case.follower} the present {case.attribute}.",
    )


# What the tower knows of its own messages is the surest; what nobody heard of is what remains.
_JUDGES: tuple[Callable[[Facts], Finding | None], ...] = (
    _mismatched, underway.on_the_way, underway.misled, _rejected, _turned_back, _overwritten,
    _silent, _unmapped, _not_routed, underway.taken, underway.came_late, _not_applied,
)  # fmt: skip
