"""What has been seen of one subject that a flow looks at: the same set of events gives the same evidence."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from controltower.domain.event import Event, Recorded
from controltower.domain.expectation import Sign
from controltower.domain.flow import Flow, Step
from controltower.domain.flow_check import Said, is_good
from controltower.domain.value import write_time

# Keys of what was seen beside the steps' own names, which hold no colon.
BEGUN, CANCELLED = ":begun", ":cancelled"


class Mark(NamedTuple):
    """A sign that was seen: when it happened there, when we first knew of it here, and what said so."""

    at: datetime.datetime
    known: datetime.datetime
    system: str
    message: int
    n: int

    @property
    def place(self) -> tuple[datetime.datetime, int, int]:
        """Where it stands among all others."""
        return self.at, self.message, self.n


class Run(NamedTuple):
    """The present value of one attribute at one system: since when it held without another one between."""

    value: str
    since: Mark
    seen: Mark


@dataclass
class Evidence:
    """`first`: the earliest sight of each sign. `latest`: the latest sight, by type, of a step done or going wrong.
    `runs`: attribute and system -> present value. `disordered`: news came behind later ones of the same source that it
    may contradict, so that only the whole history can tell what holds."""

    first: dict[str, Mark] = field(default_factory=dict)
    latest: dict[str, Mark] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    disordered: bool = False

    def run(self, attribute: str, system: str) -> Run | None:
        """The present value of an attribute at a system."""
        return self.runs.get(f"{attribute} {system}")

    def copied(self) -> "Evidence":
        """A copy that can be added to."""
        return Evidence(dict(self.first), dict(self.latest), dict(self.runs), self.disordered)


def key_when(step: Step) -> str:
    """Under which key it is kept that a conditional step is needed."""
    return f":when:{step.name}"


def key_done(step: Step) -> str:
    """Under which key the latest event of a type that shows a step done is kept."""
    return f":done:{step.name}"


def key_wrong(step: Step) -> str:
    """Under which key the latest event of a type that shows a step going wrong is kept."""
    return f":wrong:{step.name}"


def key_good(attribute: str, system: str) -> str:
    """Under which key it is kept that a system said something fit of an attribute that a check asks for."""
    return f":good:{attribute} {system}"


def gather(flow: Flow, history: Iterable[Recorded], roles: Mapping[str, str]) -> Evidence:
    """The evidence of a whole history, in whatever order it comes. `roles`: system id -> role."""
    evidence = Evidence()
    for recorded in sorted(history, key=lambda each: (each.event.occurred_at, each.position)):
        take(evidence, flow, recorded, roles)
    return evidence


def take(evidence: Evidence, flow: Flow, recorded: Recorded, roles: Mapping[str, str]) -> None:
    """Add one event to the evidence; sets `disordered` where only the whole history can tell what now holds."""
    event, role = recorded.event, roles.get(recorded.event.system, "")
    own = event.subject.kind == flow.kind
    mark = Mark(event.occurred_at, recorded.learnt_at, event.system, *recorded.position)
    for key, signs in _watched(flow):
        if _shown(signs, role, event, own):
            _earliest(evidence.first, key, mark)
    for step in flow.steps:
        if step.trouble.signs:
            _latest(evidence, key_done(step), step.shown, role, event, mark)
            _latest(evidence, key_wrong(step), step.trouble.signs, role, event, mark)
    if own:
        _values(evidence, flow, event, mark)


def _values(evidence: Evidence, flow: Flow, event: Event, mark: Mark) -> None:
    for attribute in flow.judged & event.attributes.keys():
        _held(evidence, attribute, event.attributes[attribute].text, mark)
    for attribute in flow.checked & event.attributes.keys():
        said = Said(event.attributes[attribute].text, write_time(event.occurred_at))
        if is_good(flow.kind, attribute, said):
            _earliest(evidence.first, key_good(attribute, event.system), mark)


def _watched(flow: Flow) -> Iterable[tuple[str, Sequence[Sign]]]:
    yield BEGUN, flow.begins
    yield CANCELLED, flow.cancelled
    for step in flow.steps:
        yield step.name, step.shown
        yield key_when(step), step.when


def _shown(signs: Sequence[Sign], role: str, event: Event, own: bool) -> bool:
    """An operation's completion is not its order's: of its events only the type counts."""
    if any(sign.shown_by_type(role, event.type) for sign in signs):
        return True
    return own and any(
        sign.attribute in event.attributes
        and sign.shown_by_move(role, sign.attribute, event.attributes[sign.attribute])
        for sign in signs
    )


def _earliest(first: dict[str, Mark], key: str, mark: Mark) -> None:
    known = first.get(key)
    if known is None:
        first[key] = mark
    else:
        earlier = min(known, mark, key=lambda each: each.place)
        first[key] = earlier._replace(known=min(known.known, mark.known))


def _latest(evidence: Evidence, key: str, signs: Sequence[Sign], role: str, event: Event, mark: Mark) -> None:
    if any(sign.shown_by_type(role, event.type) for sign in signs):
        known = evidence.latest.get(key, mark)
        evidence.latest[key] = max(known, mark, key=lambda each: each.place)


def _held(evidence: Evidence, attribute: str, value: str, mark: Mark) -> None:
    """A value joins the run that lasts, begins a new one, or tells that the past was otherwise."""
    key = f"{attribute} {mark.system}"
    run = evidence.runs.get(key)
    if run is None or (mark.place > run.seen.place and value != run.value):
        evidence.runs[key] = Run(value, mark, mark)
    elif mark.place > run.seen.place:
        evidence.runs[key] = run._replace(seen=mark)
    elif (value == run.value) == (mark.place < run.since.place):
        # The same value from before its run, or another one from within it.
        evidence.disordered = True
