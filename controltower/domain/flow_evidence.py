"""What has been seen of one subject that a flow looks at: the same set of events gives the same evidence."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from controltower.domain.event import Event, Recorded
from controltower.domain.flow import Flow, key_good
from controltower.domain.flow_check import Said, is_good
from controltower.domain.value import write_time


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


def gather(flow: Flow, history: Iterable[Recorded], roles: Mapping[str, str]) -> Evidence:
    """The evidence of a whole history, in whatever order it comes. `roles`: system id -> role."""
    evidence = Evidence()
    for recorded in sorted(history, key=lambda each: (each.event.occurred_at, each.position)):
        take(evidence, flow, recorded, roles)
    return evidence


def take(evidence: Evidence, flow: Flow, recorded: Recorded, roles: Mapping[str, str]) -> bool:
    """Add one event to the evidence; sets `disordered` where only the whole history can tell what now holds.

    Returns whether it tells anything new: not so when a source only says again what it said before."""
    event, role = recorded.event, roles.get(recorded.event.system, "")
    mark = Mark(event.occurred_at, recorded.learnt_at, event.system, *recorded.position)
    news = [_earliest(evidence.first, key, mark) for key in set(_shown(flow, role, event))]
    news += [_latest(evidence, key, mark) for key in flow.latest_by_type.get((role, event.type), ())]
    if event.subject.kind == flow.kind:
        news += _values(evidence, flow, event, mark)
    return any(news)


def _shown(flow: Flow, role: str, event: Event) -> Iterator[str]:
    """An operation's completion is not its order's: of its events only the type counts."""
    yield from flow.by_type.get((role, event.type), ())
    if event.subject.kind == flow.kind:
        for name, value in event.attributes.items():
            for key, becomes in flow.by_value.get((role, name), ()):
                if not becomes or value.text in becomes:
                    yield key


def _values(evidence: Evidence, flow: Flow, event: Event, mark: Mark) -> Iterator[bool]:
    for attribute in flow.judged & event.attributes.keys():
        yield _held(evidence, attribute, event.attributes[attribute].text, mark)
    for attribute in flow.checked & event.attributes.keys():
        said = Said(event.attributes[attribute].text, write_time(event.occurred_at))
        if is_good(flow.kind, attribute, said):
            yield _earliest(evidence.first, key_good(attribute, event.system), mark)


def _earliest(first: dict[str, Mark], key: str, mark: Mark) -> bool:
    known = first.get(key)
    if known is not None and known.place <= mark.place and known.known <= mark.known:
        return False
    if known is not None:
        mark = min(known, mark, key=lambda each: each.place)._replace(known=min(known.known, mark.known))
    first[key] = mark
    return True


def _latest(evidence: Evidence, key: str, mark: Mark) -> bool:
    known = evidence.latest.get(key)
    if known is not None and known.place >= mark.place:
        return False
    evidence.latest[key] = mark
    return True


def _held(evidence: Evidence, attribute: str, value: str, mark: Mark) -> bool:
    """A value joins the run that lasts, begins a new one, or tells that the past was otherwise."""
    key = f"{attribute} {mark.system}"
    run = evidence.runs.get(key)
    if run is None or (mark.place > run.seen.place and value != run.value):
        evidence.runs[key] = Run(value, mark, mark)
        return True
    if mark.place > run.seen.place:
        evidence.runs[key] = run._replace(seen=mark)
    elif (value == run.value) == (mark.place < run.since.place):
        # The same value from before its run, or another one from within it.
        evidence.disordered = True
    return evidence.disordered
