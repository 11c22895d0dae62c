"""The working copy of one subject's flow: evidence is added, it is judged at each moment, and told as a difference."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controltower.domain.exception import OPEN, Case
from controltower.domain.flow import Flow
from controltower.domain.flow_evidence import Evidence
from controltower.domain.flow_progress import (
    CANCEL,
    COMPLETED,
    PASSED,
    STOPPED,
    WRONG,
    Act,
    Grounds,
    Progress,
    judge,
)
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject
from controltower.rules import flow as rule
from controltower.store.flow import Instance, Told, Waiting
from controltower.store.flow_figure import BEGUN, CANCELLED, ENDED_WELL, IN_TIME, SMOOTH, STEP, bucket_of

Moments = Mapping[str, datetime.datetime]


@dataclass
class FlowState:
    """One flow of one subject while events, time and people move it. `cases`: the exceptions that have changed."""

    flow: Flow
    before: Instance
    landscape: Landscape
    acts: Sequence[Act] = ()
    carried: Moments = field(default_factory=dict)
    expected: Moments = field(default_factory=dict)
    evidence: Evidence = field(init=False)
    owners: dict[str, str] = field(init=False)
    progress: Progress = field(init=False)
    judged: bool = False
    until: datetime.datetime | None = field(init=False)
    open: set[str] = field(init=False)
    past: list[str] = field(init=False)
    cases: dict[str, Case] = field(default_factory=dict)
    cleared: dict[str, datetime.datetime] = field(
        default_factory=dict
    )  # open ones that hold no more, since when

    def __post_init__(self) -> None:
        told = self.before.told
        self.evidence = self.before.evidence.copied()
        self.owners = owners_of(self.flow, self.subject, self.landscape)
        self.until, self.open, self.past = told.until, set(told.cases), list(told.past)

    @property
    def subject(self) -> Subject:
        return self.before.subject

    def judge_at(self, now: datetime.datetime) -> None:
        """Judge it as it stands at a moment; before that, at each moment since the last one when something counted."""
        now = now if self.until is None else max(self.until, now)
        for moment in [*self._moments(self.until, now), now]:
            self._judge(moment)
        self.until = now

    def _moments(self, since: datetime.datetime | None, now: datetime.datetime) -> list[datetime.datetime]:
        counted = {*(act.at for act in self.acts), *self.carried.values()}
        return sorted(at for at in counted if at < now and (since is None or at > since))

    def _judge(self, moment: datetime.datetime) -> None:
        self.progress = judge(self.grounds(moment))
        self.judged = True
        present: set[str] = set()
        for case in rule.cases_of(self.progress, self.landscape, moment):
            if case.state == OPEN:
                present.add(case.id)
                self.cases[case.id] = case
            elif case.id not in self.past:
                self.past.append(case.id)
                self.cases[case.id] = case
                self.open.discard(case.id)
        for id in self.open - present:
            self.cleared[id] = moment
        for id in present:
            self.cleared.pop(id, None)
        self.open = present

    def grounds(self, moment: datetime.datetime) -> Grounds:
        """What its state follows from, by what was decided and delivered up to a moment."""
        return Grounds(
            self.flow,
            self.subject,
            self.evidence,
            [act for act in self.acts if act.at <= moment],
            {route: at for route, at in self.carried.items() if at <= moment},
            self.expected,
            self.landscape.roles,
            self.owners,
            self.subject.plant in self.landscape.plants,
        )

    def after(self) -> Instance:
        """What is to be kept of it."""
        if not self.judged:
            return self.before._replace(evidence=self.evidence)
        progress = self.progress
        told = Told(
            list(self._figures()),
            dict(self._waiting()),
            sorted(self.open),
            self.past,
            self.until,
            bool(self.acts),
        )
        return Instance(
            self.subject, self.flow.name, self.evidence, told, progress.state, self._day(), progress.began_at,
            progress.ended_at, progress.promise_at, progress.in_time, self._next(),
        )  # fmt: skip

    def _waiting(self) -> Iterator[tuple[str, Waiting]]:
        for each in self.progress.open_steps if self.progress.ended_at is None else ():
            since = each.ready_at or self.progress.began_at
            if since is not None:
                yield each.step.name, Waiting(since, each.due_at, each.state == WRONG, each.step.route)

    def _day(self) -> str:
        if self.progress.began_at is None:
            return ""
        zone = self.landscape.zone_of(self.subject.plant)
        return f"{self.progress.began_at.astimezone(zone):%Y-%m-%d}"

    def _next(self) -> datetime.datetime | None:
        """The next moment at which it must be looked at, whatever is heard until then."""
        now = self.until
        moments = [*(act.at for act in self.acts), *self.carried.values()]
        if self.progress.ended_at is None:
            moments += [
                each.due_at for each in self.progress.open_steps if each.due_at and not each.step.expectation
            ]
        return min((at for at in moments if now is None or at >= now), default=None)

    def _figures(self) -> Iterator[tuple[str, int]]:
        progress = self.progress
        if progress.began_at is None:
            return
        yield BEGUN, 0
        if progress.state == COMPLETED:
            yield ENDED_WELL, 0
            if progress.in_time:
                yield IN_TIME, 0
            if self._smooth():
                yield SMOOTH, 0
        if progress.state == STOPPED:
            yield CANCELLED, 0
        for each in progress.steps:
            if each.took is not None:
                yield f"{STEP}{each.step.name}", bucket_of(each.took.total_seconds())

    def _smooth(self) -> bool:
        """Straight through: without a late step, one whose sign never came, or a person's hand."""
        hands = any(act.action != CANCEL or not act.step for act in self.acts)
        return not (self.past or hands or any(each.state == PASSED for each in self.progress.steps))


def owners_of(flow: Flow, subject: Subject, landscape: Landscape) -> dict[str, str]:
    """Attribute -> the system whose word on it counts: its owner, else a system of the role that begins the flow."""
    found: dict[str, str] = {}
    for attribute in {name for step in flow.steps for name in step.needs}:
        ownership = landscape.ownership(subject.kind, attribute)
        role = ownership.owner if ownership else flow.begins[0].role if flow.begins else ""
        systems = landscape.of_role(subject.plant, role)
        if systems:
            found[attribute] = systems[0].id
    return found
