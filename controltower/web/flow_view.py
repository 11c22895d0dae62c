"""What the pages and the API show of flows: each step with what stands behind it, now or at a moment of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from controltower.domain.event import Recorded
from controltower.domain.flow_evidence import gather
from controltower.domain.flow_progress import AHEAD, Progress
from controltower.domain.subject import Subject
from controltower.pipeline.flow_state import progress_at
from controltower.store import flow
from controltower.store.flow import Instance
from controltower.web.tower import now, reading, tower


def told_by(subject: Subject, history: Sequence[Recorded], until: datetime | None = None) -> list[Progress]:
    """The flows of a subject that have begun, by what happened there `until` a moment."""
    landscape = tower().landscape
    seen = [each for each in history if until is None or each.event.occurred_at <= until]
    acts = flow.acts_of(reading(), [subject])
    found = [
        progress_at(
            each, subject, gather(each, seen, landscape.roles), acts.get((subject, each.name), ()),
            flow.carried(reading(), [subject], each.routes).get(subject, {}) if each.routes else {},
            landscape, until or now(),
        )
        for each in landscape.flows_of(subject.kind)
    ]  # fmt: skip
    return [each for each in found if each.state != AHEAD]


def told(instances: Iterable[Instance]) -> list[Progress]:
    """How far kept flows have come by now; those that nobody declares any more are left out."""
    listed = list(instances)
    declared = {each.name: each for each in tower().landscape.flows}
    subjects = {each.subject for each in listed}
    acts = flow.acts_of(reading(), subjects)
    routes = {route for each in declared.values() for route in each.routes}
    carried = flow.carried(reading(), subjects, routes) if routes else {}
    return [
        progress_at(
            declared[each.flow], each.subject, each.evidence, acts.get((each.subject, each.flow), ()),
            carried.get(each.subject, {}), tower().landscape, now(),
        )
        for each in listed
        if each.flow in declared
    ]  # fmt: skip
