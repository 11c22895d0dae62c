"""People act on flows: retry or skip a step, cancel the whole, reopen; each with a reason, kept and audited."""

from sqlalchemy import Connection

from controltower.domain.delivery import DEAD, Delivery
from controltower.domain.flow_progress import (
    CANCEL,
    COMPLETED,
    LEFT_BEHIND,
    REOPEN,
    RETRY,
    SKIP,
    SKIPPED,
    STOPPED,
    Act,
    Progress,
    StepState,
)
from controltower.domain.route import Route
from controltower.domain.subject import Subject
from controltower.domain.vocabulary import attribute_title
from controltower.pipeline import lanes
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.flow_state import FlowState
from controltower.pipeline.flows import keep, states_of
from controltower.pipeline.publish import compose
from controltower.pipeline.resubmit import reason_of, resubmit
from controltower.pipeline.tower import Tower
from controltower.store import audit, delivery, flow
from controltower.store.engine import one_at_a_time, reading, writing

__all__ = ["NotPossible", "cancel", "reopen", "retry", "skip"]


def skip(tower: Tower, name: str, subject: Subject, step: str, who: str, reason: str) -> Progress:
    """Go on without a step. Raises LookupError for what is not there, NotPossible where it is done already."""
    return _act(tower, name, subject, Act(tower.now(), who, SKIP, step, reason_of(reason)))


def cancel(tower: Tower, name: str, subject: Subject, who: str, reason: str) -> Progress:
    """End a flow before its end; nothing is sent or taken back. Raises LookupError and NotPossible."""
    return _act(tower, name, subject, Act(tower.now(), who, CANCEL, "", reason_of(reason)))


def reopen(tower: Tower, name: str, subject: Subject, who: str, reason: str, step: str = "") -> Progress:
    """Take a cancellation back, or the skipping of a step. Raises LookupError and NotPossible."""
    return _act(tower, name, subject, Act(tower.now(), who, REOPEN, step, reason_of(reason)))


def retry(
    tower: Tower, name: str, subject: Subject, step: str, who: str, reason: str, confirm_stale: bool = False
) -> Progress:
    """Try a step again: what it carries is sent anew, its time begins anew, what went wrong counts as dealt with.

    A dead delivery is resubmitted (raises its Stale where that would be old news, until confirmed); else the owner's
    present values are sent. Raises LookupError and NotPossible."""
    act = Act(tower.now(), who, RETRY, step, reason_of(reason))
    with reading(tower.engine) as connection:
        state = _state(connection, tower, name, subject)
        _refuse(state.progress, act)
        route = tower.landscape.routes.get(state.flow.by_name[step].sends)
        dead = _dead(connection, subject, route) if route else []
    for each in dead:
        resubmit(tower, each.id, who, act.reason, confirm_stale=confirm_stale)
    return _act(tower, name, subject, act, None if dead else route)


def _act(tower: Tower, name: str, subject: Subject, act: Act, route: Route | None = None) -> Progress:
    with writing(tower.engine) as connection:
        one_at_a_time(connection)  # or what an event moves meanwhile would be lost
        state = _state(connection, tower, name, subject)
        _refuse(state.progress, act)
        sent = _send(connection, tower, route, subject, act) if route else []
        flow.add_act(connection, subject, name, act)
        state.acts = [*state.acts, act]
        state.judge_at(act.at)
        keep(connection, tower, [state])
        audit.write_down(connection, _entry(name, subject, act, sent))
    return state.progress


def _state(connection: Connection, tower: Tower, name: str, subject: Subject) -> FlowState:
    """The flow as it stands now. Raises LookupError where there is none that has begun."""
    key = subject, name
    if flow.get(connection, subject, name) is None:
        raise LookupError(f"{subject} is in no flow {name}")
    states = states_of(connection, tower, [key])
    if key not in states:
        raise LookupError(name)
    states[key].judge_at(tower.now())
    if states[key].progress.began_at is None:
        raise LookupError(f"the flow {name} of {subject} has not begun")
    return states[key]


def _refuse(progress: Progress, act: Act) -> None:
    """Raise what stands against an act: LookupError for an unknown step, NotPossible with the reason."""
    if act.step:
        state = progress.at_step(act.step)
        if state is None:
            raise LookupError(act.step)
        refusal = _against_step(progress, state, act)
    elif act.action == CANCEL:
        over = {STOPPED: "It is cancelled already.", COMPLETED: "It is completed already."}
        refusal = over.get(progress.state, "")
    else:
        refusal = "" if progress.state == STOPPED else "It is not cancelled."
    if refusal:
        raise NotPossible(refusal)


def _against_step(progress: Progress, state: StepState, act: Act) -> str:
    if act.action == REOPEN:
        return "" if state.state == SKIPPED else "It was not skipped."
    if progress.state == STOPPED:
        return "The flow is cancelled; reopen it first."
    if act.action == SKIP and state.state in LEFT_BEHIND:
        return "It is left behind already."
    if act.action == RETRY and state.faults:
        return f"It is checked with each word of its owner, and still finds: {', '.join(state.faults)}."
    if act.action == RETRY and not state.step.sends and state.state in LEFT_BEHIND:
        return "It is left behind already, and the tower carries nothing for it."
    return ""


def _dead(connection: Connection, subject: Subject, route: Route) -> list[Delivery]:
    return [
        each
        for each in delivery.live_of(connection, [subject], lock=False)
        if each.state == DEAD and each.route == route.name
    ]


def _send(connection: Connection, tower: Tower, route: Route, subject: Subject, act: Act) -> list[Delivery]:
    """Publish a route again to each of its targets, with the present values."""
    made: list[Delivery] = []
    for target in tower.landscape.of_role(subject.plant, route.target):
        if target.id not in tower.senders:
            continue
        composed = compose(connection, tower, route, target, subject)
        if composed is not None and not isinstance(composed, Delivery):
            missing = ", ".join(attribute_title(name) for name in composed.missing)
            raise NotPossible(f"{target.title} needs {missing} of it, which nobody has told.")
        if composed is not None:
            made.append(composed._replace(author=act.who, reason=act.reason))
    if not made:
        raise NotPossible(f"There is nothing to send by “{route.title}”.")
    return list(lanes.insert(connection, tower, made))


def _entry(name: str, subject: Subject, act: Act, sent: list[Delivery]) -> audit.Entry:
    where = f"{name} {subject}" + (f" {act.step}" if act.step else "")
    what = f" (sent as {', '.join(str(each.id) for each in sent)})" if sent else ""
    return audit.Entry(act.at, act.who, f"flow.{act.action}", where, f"{act.reason}{what}")
