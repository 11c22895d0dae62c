"""A step of a flow goes wrong, or waits beyond its time: an exception with an owner and what is asked of whom."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from controltower.domain.exception import Case, resolved
from controltower.domain.flow import Step
from controltower.domain.flow_progress import PASSED, SKIPPED, STOPPED, Progress, StepState
from controltower.domain.flow_progress import WRONG as WRONG_STEP
from controltower.domain.landscape import Landscape, System
from controltower.domain.subject import Subject

LATE, WRONG = RULES = ("flow-step-late", "flow-step-wrong")


def cases_of(progress: Progress, landscape: Landscape, now: datetime.datetime) -> Iterator[Case]:
    """The exceptions that a flow's present state gives rise to; one that came late is resolved already."""
    for state in progress.steps:
        if state.wrong is not None and progress.ended_at is None and WRONG not in landscape.limits.off:
            yield wrong_case(progress, state, landscape)
        late = late_case(progress, state, landscape, now)
        if late is not None and LATE not in landscape.limits.off:
            yield late


def late_case(
    progress: Progress, state: StepState, landscape: Landscape, now: datetime.datetime
) -> Case | None:
    """A step that was not done in its time; None where it was, where an expectation watches it, or while it goes
    wrong, which is an exception itself."""
    step, due = state.step, state.due_at
    if due is None or step.expectation or state.state == WRONG_STEP:
        return None
    over = state.known if state.at is not None else progress.over_known
    if (over or now) <= due:
        return None
    minutes = step.within.total_seconds() / 60 if step.within else 0
    why = f"“{step.title}” should have followed within {minutes:.0f} min, by {due:%H:%M} UTC, and did not."
    words = f"Find out where “{step.title}” is held up"
    made = _case(
        progress, state, landscape, LATE, due, why, step.action or f"{words}, or skip it with a reason."
    )
    if over is None:
        return made
    return resolved(made, over, _ending(progress, state, (over - due).total_seconds() / 60))


def _ending(progress: Progress, state: StepState, minutes: float) -> str:
    if state.state == SKIPPED and state.act is not None:
        return f"Skipped by {state.act.who}: {state.act.reason}"
    if state.state == PASSED:
        return "The flow went on without it."
    if progress.state == STOPPED and state.at is None:
        return "No longer needed: the flow was cancelled."
    return f"It came, {minutes:.0f} min too late."


def wrong_case(progress: Progress, state: StepState, landscape: Landscape) -> Case:
    """A step that goes wrong by what a system said, or by what a check found."""
    step, wrong = state.step, state.wrong
    if wrong is None:
        raise ValueError(f"{step.name} does not go wrong")
    teller = landscape.system(wrong.system).title
    said = f"{teller} said so" if not state.faults else f"By what {teller} says: {', '.join(state.faults)}"
    why = f"{said}. Until this is settled the order’s flow waits at “{step.title}”."
    why = why.replace("order’s", f"{progress.subject.kind}’s")
    action = step.trouble.action or step.action or f"Settle it with {teller}, or skip the step with a reason."
    made = _case(progress, state, landscape, WRONG, wrong.known, why, action)
    evidence: tuple[Mapping[str, Any], ...] = ({"what": "what says so", "message": str(wrong.message)},)
    return made._replace(
        severity=step.trouble.severity or step.severity,
        team=step.trouble.team or made.team,
        title=_title(progress, step.trouble.title or f"{step.title}: goes wrong"),
        evidence=evidence if wrong.message else (),
    )


def settled(case: Case, progress: Progress, at: datetime.datetime) -> Case:
    """The exception of a step after its condition cleared."""
    name = case.key.rpartition(" ")[2]
    state = progress.at_step(name)
    if state is not None and state.state == SKIPPED and state.act is not None:
        return resolved(case, at, f"Skipped by {state.act.who}: {state.act.reason}")
    if progress.state == STOPPED:
        return resolved(case, at, "No longer needed: the flow was cancelled.")
    return resolved(case, at, "Settled: what is known by now shows the step in order.")


def _case(
    progress: Progress,
    state: StepState,
    landscape: Landscape,
    rule: str,
    opened_at: datetime.datetime,
    why: str,
    action: str,
) -> Case:
    step, subject = state.step, progress.subject
    system = _system(step, subject, landscape)
    key = f"{progress.flow.name} {step.name}"
    return Case(
        id=f"{rule}-{subject}-{progress.flow.name}-{step.name}-{opened_at:%Y%m%dT%H%M%S}",
        rule=rule,
        title=_title(progress, f"{step.title}: late"),
        severity=step.severity,
        opened_at=opened_at,
        subject=subject,
        system=system.id if system else "",
        team=step.team or (system.team if system else ""),
        tier=system.tier if system else "",
        cause=progress.flow.title,
        why=why,
        action=action,
        key=key,
    )


def _title(progress: Progress, words: str) -> str:
    return f"{words}: {progress.subject.kind} {progress.subject.key}"


def _system(step: Step, subject: Subject, landscape: Landscape) -> System | None:
    """The system whose turn it is: the target of what is carried, else whoever shows the step done."""
    route = landscape.routes.get(step.route)
    roles = [route.target] if route else [sign.role for sign in step.shown]
    return next((each for role in roles for each in landscape.of_role(subject.plant, role)), None)
