"""Flows move: with each event in its transaction, and as time passes."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from controltower.domain.event import Recorded
from controltower.domain.flow import Flow, flow_subject
from controltower.domain.flow_evidence import Evidence, gather, take
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject, order_of
from controltower.pipeline import cases, measure
from controltower.pipeline.flow_state import FlowState
from controltower.pipeline.tower import Tower
from controltower.rules import flow as rule
from controltower.store import case, event, expectation, flow, flow_figure
from controltower.store.flow import Instance, Key, Told

_WHOLE_STORY = 50_000


def advance(connection: Connection, tower: Tower, touched: Sequence[Recorded]) -> None:
    """Let new events move the flows of their subjects. They are stored, and what they publish is written, already."""
    looked = list(_looked_at(tower.landscape, touched))
    if not looked:
        return
    states = states_of(connection, tower, {(subject, declared.name) for declared, subject, _ in looked})
    ahead = {recorded.position for _, _, recorded in looked}
    for declared, subject, recorded in looked:
        ahead.discard(recorded.position)
        state = states[subject, declared.name]
        news = take(state.evidence, declared, recorded, tower.landscape.roles)
        if state.evidence.disordered or _may_be_older(state, recorded):
            told = [each for each in story(connection, subject) if each.position not in ahead]
            state.evidence = gather(declared, told, tower.landscape.roles)
        if news or state.before.told.until is None:
            state.judge_at(recorded.learnt_at)
    keep(connection, tower, states.values())


def _may_be_older(state: FlowState, recorded: Recorded) -> bool:
    """Whether something may have happened before the flow was declared, so that nothing is known of it yet."""
    is_new = state.before.told.until is None and not state.judged
    return is_new and not recorded.event.type.endswith(".created")


def anything_due(connection: Connection, tower: Tower, now: datetime.datetime) -> bool:
    """Whether time alone, or a delivery that took effect, moves any flow."""
    names = _names(tower)
    return bool(names and (flow.due(connection, names, now, 1) or flow.taken_effect(connection, names, 1)))


def pass_time(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    """Let flows grow older: steps run out of time, deliveries take effect. Returns how many flows that moved.

    The caller holds the turn of `one_at_a_time`."""
    names = _names(tower)
    waiting = {(each.subject, each.flow) for each in flow.due(connection, names, now)}
    states = states_of(connection, tower, {*waiting, *flow.taken_effect(connection, names)})
    for state in states.values():
        state.judge_at(now)
    return keep(connection, tower, states.values())


def _names(tower: Tower) -> list[str]:
    return [each.name for each in tower.landscape.flows]


def _looked_at(landscape: Landscape, touched: Iterable[Recorded]) -> Iterator[tuple[Flow, Subject, Recorded]]:
    for recorded in touched:
        told = recorded.event
        subject = flow_subject(told.subject)
        role = landscape.roles.get(told.system, "")
        for declared in landscape.flows_of(subject.kind):
            if declared.looks_at(role, told.type, told.attributes.keys()):
                yield declared, subject, recorded


def states_of(connection: Connection, tower: Tower, keys: Iterable[Key]) -> dict[Key, FlowState]:
    """Working copies of flows; of such as are not known yet, empty ones. Flows that nobody declares are left out."""
    names = set(_names(tower))
    wanted = {key for key in keys if key[1] in names}
    known = flow.of_subjects(connection, {subject for subject, _ in wanted})
    return working(
        connection, tower, [known.get(key) or Instance(*key, Evidence(), Told()) for key in sorted(wanted)]
    )


def working(connection: Connection, tower: Tower, instances: Iterable[Instance]) -> dict[Key, FlowState]:
    """Working copies of kept flows, with what people decided, what was delivered and what is awaited."""
    declared = {each.name: each for each in tower.landscape.flows}
    found = {
        (each.subject, each.flow): FlowState(declared[each.flow], each, tower.landscape)
        for each in instances
        if each.flow in declared
    }
    _decided(connection, found)
    _delivered(connection, found)
    _awaited(connection, found)
    return found


def _decided(connection: Connection, states: dict[Key, FlowState]) -> None:
    """People's decisions: those of a flow that is told anew are found again."""
    asked = {
        key[0] for key, state in states.items() if state.before.told.acted or not state.before.told.until
    }
    for key, acts in flow.acts_of(connection, asked).items() if asked else ():
        if key in states:
            states[key].acts = acts


def _delivered(connection: Connection, states: dict[Key, FlowState]) -> None:
    routes = {route for state in states.values() for route in state.flow.routes}
    if not routes:
        return
    found = flow.carried(connection, {subject for subject, _ in states}, routes)
    for (subject, _), state in states.items():
        state.carried = {
            route: at for route, at in found.get(subject, {}).items() if route in state.flow.routes
        }


def _awaited(connection: Connection, states: dict[Key, FlowState]) -> None:
    """Until when the rules that watch steps expect an answer, of those that wait for one."""
    watched = {key[0] for key, state in states.items() if state.flow.expectations}
    by_subject: dict[Subject, dict[str, datetime.datetime]] = {}
    for each in expectation.unanswered_of(connection, watched):
        held = by_subject.setdefault(each.subject, {})
        held[each.rule] = min(held.get(each.rule, each.due_at), each.due_at)
    for (subject, _), state in states.items():
        state.expected = by_subject.get(subject, {})


def keep(connection: Connection, tower: Tower, states: Iterable[FlowState]) -> int:
    """Write what has changed: states, waiting steps, figures, exceptions. Returns how many flows it was."""
    all_of = list(states)
    before, after = [state.before for state in all_of], [state.after() for state in all_of]
    flow.put(connection, after)
    flow.move(connection, before, after)
    flow_figure.add(connection, before, after)
    measure.flowed(connection, tower, before, after)
    _keep_cases(connection, tower, all_of)
    return sum(1 for old, new in zip(before, after, strict=True) if old.told != new.told)


def _keep_cases(connection: Connection, tower: Tower, states: Sequence[FlowState]) -> None:
    changed = {id: each for state in states for id, each in state.cases.items()}
    cleared = {id: (state, at) for state in states for id, at in state.cleared.items()}
    known = case.by_ids(connection, [id for id in cleared if id not in changed])
    for id, (state, at) in cleared.items():
        lasting = changed.get(id) or known.get(id)
        if lasting is not None and lasting.resolved_at is None:
            changed[id] = rule.settled(lasting, state.progress, at)
    cases.put(connection, tower, list(changed.values()))


def story(connection: Connection, subject: Subject) -> list[Recorded]:
    """The whole history that a flow of a subject looks at."""
    order = order_of(subject)
    if order is None:
        return event.of_subject(connection, subject, _WHOLE_STORY)
    return event.of_order(connection, subject.plant, order, _WHOLE_STORY)
