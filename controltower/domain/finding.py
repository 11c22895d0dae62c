"""What a cause is found from, and what it is told by: the drift's history sorted out, and what else is known."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controltower.domain.delivery import Delivery
from controltower.domain.drift import Drift
from controltower.domain.event import Recorded
from controltower.domain.landscape import Landscape
from controltower.domain.value import Value, differ, shown
from controltower.domain.vocabulary import attribute_title, value_kind


@dataclass(frozen=True)
class Witness:
    """What else is known about the follower at the time.

    `parked`: its messages that could not be read, since the owner's change. `sent`: what the tower was to send it
    about the subject, the oldest first. `shut`: why nothing may go there now ("paused", "maintenance", "asked to wait",
    "circuit open"), and `shut_words` that say it. `lack`: why the tower could not write a message at all. `at`: the
    moment for which the cause is asked.
    """

    silent_since: datetime.datetime | None = None
    parked: Sequence[int] = ()
    sent: Sequence[Delivery] = ()
    shut: str = ""
    shut_words: str = ""
    lack: str = ""
    at: datetime.datetime | None = None


@dataclass(frozen=True)
class Finding:
    """A cause, the sentence that says it, the evidence, and what to do."""

    cause: str
    why: str
    evidence: tuple[Mapping[str, Any], ...] = ()
    action: str = ""


class Facts:
    """The drift with its history sorted out for the judges."""

    def __init__(
        self, drift: Drift, history: Sequence[Recorded], landscape: Landscape, witness: Witness
    ) -> None:
        self.drift, self.landscape, self.witness = drift, landscape, witness
        self.attribute = attribute_title(drift.attribute)
        self.owner = landscape.system(drift.owner).title
        self.follower = landscape.system(drift.follower).title
        self.owned = said_by(history, drift.owner, drift.attribute)
        self.followed = said_by(history, drift.follower, drift.attribute)
        self.change = next((said for said in reversed(self.owned) if said.position <= latest_of(drift)), None)
        since = self._since()
        # What the tower was to tell the follower about this attribute since then, in the order of its lane.
        self.told = sorted(
            (
                each for each in witness.sent
                if drift.attribute in each.attributes and (since is None or each.created_at >= since)
            ),
            key=lambda each: (each.ordinal, each.id),
        )  # fmt: skip
        self.after = [
            each for each in history
            if each.event.system == drift.follower and each.position > drift.opened_by
        ]  # fmt: skip

    def _since(self) -> datetime.datetime | None:
        """When the tower learnt of the owner's value; what merely says it again (a poll does) changes nothing."""
        since = None
        for said in reversed(self.owned):
            if said.position > latest_of(self.drift):
                continue
            if since is not None and not self.same(
                said.event.attributes[self.drift.attribute], self.drift.owner_value
            ):
                break
            since = said.learnt_at
        return since

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

    def sent(self, what: str, each: Delivery) -> Mapping[str, Any]:
        """A delivery as evidence, with the message that gave rise to it."""
        return {
            "what": what,
            "message": str(each.position.message) if each.position.message else "",
            "event": each.event,
            "delivery": str(each.id),
        }

    def owner_change(self) -> tuple[str, Recorded | None]:
        value = self.say(self.drift.owner_value)
        return f"{self.owner} set the {self.attribute} to {value}", self.change


def latest_of(drift: Drift) -> tuple[int, int]:
    return drift.closed_by or (2**63, 0)


def said_by(history: Sequence[Recorded], system: str, attribute: str) -> list[Recorded]:
    return [each for each in history if each.event.system == system and attribute in each.event.attributes]
