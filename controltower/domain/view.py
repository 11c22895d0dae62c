"""All that the systems hold about one thing and what belongs to it: an order with its operations, its inspections, its
shipments; or a stock, a resource, a purchase line by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from controltower.domain.belief import Belief
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject, order_of, order_subject
from controltower.domain.value import read_decimal, read_time

# Kinds that name their order in an attribute or a reference rather than in their key.
KIN = frozenset({"inspection", "shipment"})


def root_of(event: Event) -> Subject:
    """The thing to whose view an event belongs."""
    order = order_of(event.subject)
    if order is None and event.subject.kind in KIN:
        told = event.attributes.get("order")
        order = told.text if told else event.refs.get("order")
    return order_subject(event.subject.plant, order) if order else event.subject


@dataclass
class View:
    """The beliefs about a root and its kin, as they stand after some event; `take` moves it on."""

    root: Subject
    landscape: Landscape
    held: dict[Subject, dict[tuple[str, str], Belief]] = field(default_factory=dict)

    # Of an order that the books do not know: those that its number may mean, each with the reason to think so.
    alike: dict[Subject, str] = field(default_factory=dict)
    # When each system last spoke of the root, and of those.
    heard: dict[tuple[Subject, str], Position] = field(default_factory=dict)

    def hear(self, recorded: Recorded) -> None:
        """Note who spoke last of what."""
        self.heard[recorded.event.subject, recorded.event.system] = recorded.position

    def take(self, subject: Subject, moved: Belief) -> None:
        """Let one belief be what it has become."""
        self.held.setdefault(subject, {})[moved.attribute, moved.system] = moved

    def subjects(self, kind: str) -> list[Subject]:
        """The root and its kin of a kind, by name."""
        return sorted(subject for subject in self.held if subject.kind == kind)

    def beliefs(self, subject: Subject, attribute: str) -> Iterator[Belief]:
        """What each system holds of an attribute."""
        for (name, _), belief in self.held.get(subject, {}).items():
            if name == attribute:
                yield belief

    def said(self, subject: Subject, attribute: str, role: str) -> Belief | None:
        """What the system of a role holds of an attribute; of several systems the newest word."""
        found = [each for each in self.beliefs(subject, attribute) if self.role(each) == role]
        return max(found, key=lambda each: each.position, default=None)

    def text(self, subject: Subject, attribute: str, role: str) -> str:
        """That word as text, "" where there is none."""
        belief = self.said(subject, attribute, role)
        return belief.value.text if belief else ""

    def number(self, subject: Subject, attribute: str, role: str) -> float | None:
        """That word as a number; None where there is none, or it is no number."""
        return as_number(self.said(subject, attribute, role))

    def role(self, belief: Belief) -> str:
        return self.landscape.roles.get(belief.system, "")

    def title(self, belief: Belief) -> str:
        """The system's name as people know it."""
        return self.landscape.system(belief.system).title


def as_number(belief: Belief | None) -> float | None:
    """A belief's value as a number; None where it is none."""
    try:
        return float(read_decimal(belief.value.text)) if belief else None
    except ValueError:
        return None


def as_time(belief: Belief | None) -> float | None:
    """A belief's value as unix seconds; None where it is no time."""
    try:
        return read_time(belief.value.text).timestamp() if belief else None
    except ValueError:
        return None


def newest(beliefs: Iterable[Belief | None]) -> Belief | None:
    """The belief that moved last."""
    return max((each for each in beliefs if each), key=lambda each: each.position, default=None)
