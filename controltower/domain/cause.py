"""Why two systems disagree: the cause of a drift, derived from the ledger with the evidence at hand."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controltower.domain.drift import Drift
from controltower.domain.event import Recorded
from controltower.domain.landscape import Landscape
from controltower.domain.value import Value, differ, shown
from controltower.domain.vocabulary import attribute_title, value_kind

TITLES = {
    "in-flight": "In flight",
    "never-announced": "Never told",
    "not-routed": "Not routed",
    "rejected": "Rejected by the follower",
    "not-applied": "Told but not applied",
    "overwritten": "Overwritten later in the follower",
    "out-of-order": "Out of order",
    "unmapped": "Follower's message could not be read",
    "follower-silent": "Follower silent",
}


@dataclass(frozen=True)
class Witness:
    """What else is known about the follower at the time: silence and messages that could not be read."""

    silent_since: datetime.datetime | None = None
    parked: Sequence[int] = ()  # messages of the follower that are parked, since the owner's change


@dataclass(frozen=True)
class Finding:
    """A cause, the sentence that says it, the evidence, and what to do."""

    cause: str
    why: str
    evidence: tuple[Mapping[str, Any], ...] = ()
    action: str = ""


def find(drift: Drift, history: Sequence[Recorded], landscape: Landscape, witness: Witness) -> Finding:
    """The cause of a drift out of its subject's history (in the order of its positions).

    The first that fits, from the surest evidence to the least.
    """
    case = _Case(drift, history, landscape, witness)
    for judge in (_rejected, _turned_back, _overwritten, _silent, _unmapped, _not_routed, _not_applied):
        finding = judge(case)
        if finding is not None:
            return finding
    return _never_told(case)


class _Case:
    """The drift with its history sorted out for the judges."""

    def __init__(
        self, drift: Drift, history: Sequence[Recorded], landscape: Landscape, witness: Witness
    ) -> None:
        self.drift, self.landscape, self.witness = drift, landscape, witness
        self.attribute = attribute_title(drift.attribute)
        self.owner = landscape.system(drift.owner).title
        self.follower = landscape.system(drift.follower).title
        self.owned = _said(history, drift.owner, drift.attribute)
        self.followed = _said(history, drift.follower, drift.attribute)
        self.change = next((said for said in reversed(self.owned) if said.position <= _latest(drift)), None)
        self.after = [
            each for each in history
            if each.event.system == drift.follower and each.position > drift.opened_by
        ]  # fmt: skip

    def same(self, one: Value, other: Value) -> bool:
        return not differ(value_kind(self.drift.subject.kind, self.drift.attribute), one, other)

    def say(self, value: Value) -> str:
        """A value of this attribute in the words of the plant."""
        kind = value_kind(self.drift.subject.kind, self.drift.attribute)
        return shown(value, kind, self.landscape.zone_of(self.drift.subject.plant))

    def evidence(self, *items: tuple[str, Recorded | None]) -> tuple[Mapping[str, Any], ...]:
        return tuple(
            {"what": what, "message": str(each.position.message), "event": each.event.id}
            for what, each in items
            if each is not None
        )

    def owner_change(self) -> tuple[str, Recorded | None]:
        value = self.say(self.drift.owner_value)
        return f"{self.owner} set the {self.attribute} to {value}", self.change


def _latest(drift: Drift) -> tuple[int, int]:
    return drift.closed_by or (2**63, 0)


def _said(history: Sequence[Recorded], system: str, attribute: str) -> list[Recorded]:
    return [each for each in history if each.event.system == system and attribute in each.event.attributes]


def _rejected(case: _Case) -> Finding | None:
    refusal = next((each for each in case.after if each.event.type.endswith(".rejected")), None)
    if refusal is None:
        return None
    return Finding(
        "rejected",
        f"{case.follower} refused the change.",
        case.evidence(case.owner_change(), (f"{case.follower} rejected it", refusal)),
        f"Ask {case.follower} why it refused, correct the order, and send it again.",
    )


def _turned_back(case: _Case) -> Finding | None:
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


def _overwritten(case: _Case) -> Finding | None:
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


def _last_agreement(case: _Case) -> Recorded | None:
    """The last time that the follower said the owner's present value, if it has said something else since."""
    drift, attribute = case.drift, case.drift.attribute
    if not case.followed or case.same(case.followed[-1].event.attributes[attribute], drift.owner_value):
        return None
    since = case.change.event.occurred_at if case.change else drift.opened_at
    for each in reversed(case.followed[:-1]):
        if each.event.occurred_at >= since and case.same(each.event.attributes[attribute], drift.owner_value):
            return each
    return None


def _silent(case: _Case) -> Finding | None:
    since = case.witness.silent_since
    if since is None:
        return None
    return Finding(
        "follower-silent",
        f"{case.follower} has not been heard since {since:%Y-%m-%d %H:%M} UTC, so its value may be old.",
        case.evidence(case.owner_change()),
        f"Bring the connection to {case.follower} back; the tower reads what it missed by itself.",
    )


def _unmapped(case: _Case) -> Finding | None:
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


def _not_routed(case: _Case) -> Finding | None:
    drift = case.drift
    if case.landscape.carried(drift.owner, drift.follower, drift.subject.kind):
        return None
    return Finding(
        "not-routed",
        f"No interface is declared that takes {drift.subject.kind}s from {case.owner} to {case.follower}.",
        case.evidence(case.owner_change()),
        "Declare the interface, or take the follower out of the ownership.",
    )


def _not_applied(case: _Case) -> Finding | None:
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


def _never_told(case: _Case) -> Finding:
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
