"""How far one subject has come in its flow: from what was seen, what was delivered and what people decided."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from controltower.domain import flow_check
from controltower.domain.flow import (
    BEGUN,
    CANCELLED,
    Flow,
    Step,
    key_done,
    key_good,
    key_when,
    key_wrong,
)
from controltower.domain.flow_check import Said
from controltower.domain.flow_evidence import Evidence, Mark
from controltower.domain.subject import Subject
from controltower.domain.value import write_time

# Of a flow.
AHEAD, RUNNING, COMPLETED, STOPPED = "ahead", "running", "completed", "cancelled"
# Of a step. ahead: what it waits for is not done. waiting: it is its turn. passed: the flow went on without its sign.
# idle: optional, or needed only on a condition that did not come.
DONE, SKIPPED, PASSED, WAITING, WRONG, IDLE = "done", "skipped", "passed", "waiting", "wrong", "idle"
LEFT_BEHIND = (DONE, SKIPPED, PASSED)
OPEN_STEPS = (WAITING, WRONG)
# Nobody behind such a step waits for it.
BEHIND = frozenset({*LEFT_BEHIND, IDLE})
# What people do.
SKIP, RETRY, CANCEL, REOPEN = "skip", "retry", "cancel", "reopen"


class Act(NamedTuple):
    """What a person decided; `step` empty where it is about the whole flow."""

    at: datetime.datetime
    who: str
    action: str
    step: str
    reason: str


class Grounds(NamedTuple):
    """All that a flow's state follows from. `carried`: route -> when a delivery of it first took effect. `expected`:
    rule -> until when its answer is due, while it is. `roles`: system id -> role. `owners`: attribute -> the system
    whose word counts."""

    flow: Flow
    subject: Subject
    evidence: Evidence
    acts: Sequence[Act] = ()
    carried: Mapping[str, datetime.datetime] = {}
    expected: Mapping[str, datetime.datetime] = {}
    roles: Mapping[str, str] = {}
    owners: Mapping[str, str] = {}
    plant_known: bool = True


class StepState(NamedTuple):
    """One step of one subject. `at`: when it was done there (skipped or passed: when that was so); `known`: when we
    learnt of it; `ready_at` and `ready_known`: the same of what it waited for. `wrong`: since when it goes wrong, and
    `faults`: what a check found. `act`: what a person last decided about it."""

    step: Step
    state: str = AHEAD
    at: datetime.datetime | None = None
    known: datetime.datetime | None = None
    system: str = ""
    message: int = 0
    ready_at: datetime.datetime | None = None
    ready_known: datetime.datetime | None = None
    due_at: datetime.datetime | None = None
    wrong: Mark | None = None
    faults: tuple[str, ...] = ()
    act: Act | None = None

    @property
    def took(self) -> datetime.timedelta | None:
        """How long it took since its turn came; None while it lasts, or where no sign was seen."""
        if self.state != DONE or self.at is None or self.ready_at is None:
            return None
        return max(self.at - self.ready_at, datetime.timedelta())

    def is_late(self, now: datetime.datetime) -> bool:
        """Whether it waits beyond its time."""
        return self.state in OPEN_STEPS and self.due_at is not None and self.due_at < now


@dataclass(frozen=True)
class Progress:
    """A flow of one subject; `over_known`: when we knew that it had ended."""

    flow: Flow
    subject: Subject
    state: str = AHEAD
    began_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    over_known: datetime.datetime | None = None
    steps: tuple[StepState, ...] = ()
    act: Act | None = None

    @property
    def promise_at(self) -> datetime.datetime | None:
        """Until when it is to be completed."""
        within = self.flow.within
        return self.began_at + within if self.began_at and within else None

    @property
    def in_time(self) -> bool:
        """Whether it was completed within its promise."""
        if self.state != COMPLETED or self.ended_at is None:
            return False
        return self.promise_at is None or self.ended_at <= self.promise_at

    @property
    def open_steps(self) -> list[StepState]:
        """The steps at which it waits."""
        return [each for each in self.steps if each.state in OPEN_STEPS]

    def at_step(self, name: str) -> StepState | None:
        """One of its steps."""
        return next((each for each in self.steps if each.step.name == name), None)


@dataclass
class _Telling:
    """What is found out step by step."""

    grounds: Grounds
    begun: Mark
    facts: dict[str, StepState] = field(default_factory=dict)
    done: frozenset[str] = frozenset()


def judge(grounds: Grounds) -> Progress:
    """Where a flow stands. The same grounds give the same answer at any moment: being late is asked of the result."""
    flow, begun = grounds.flow, grounds.evidence.first.get(BEGUN)
    if begun is None:
        return Progress(flow, grounds.subject, steps=tuple(StepState(step) for step in flow.steps))
    telling = _Telling(grounds, begun)
    for step in flow.steps:
        telling.facts[step.name] = _fact(grounds, step)
    telling.done = frozenset(name for name, each in telling.facts.items() if each.state == DONE)
    for step in flow.steps:
        telling.facts[step.name] = _placed(telling, step)
    return _ended(telling)


# ---- what is known of each step by itself ----------------------------------------------------------------------


def _fact(grounds: Grounds, step: Step) -> StepState:
    """Done, skipped or going wrong, whatever the other steps do."""
    done = _done(grounds, step)
    if step.is_plain and not grounds.acts:  # by far the most, and asked for with each event
        if done is None:
            return StepState(step)
        return StepState(step, DONE, done.at, done.known, done.system, done.message)
    decided = [act for act in grounds.acts if act.step == step.name] if grounds.acts else []
    wrong = _wrong(grounds, step, decided)
    state = StepState(step, wrong=wrong, act=decided[-1] if decided else None)
    if step.check:
        state = _checked(grounds, state)
        done = done or _check_passed(grounds, step, state)
    if done is not None:
        state = state._replace(
            state=DONE, at=done.at, known=done.known, system=done.system, message=done.message
        )
    skip = _standing(decided, SKIP)
    if skip is not None and (state.state != DONE or state.wrong is not None):
        return state._replace(state=SKIPPED, at=skip.at, known=skip.at, act=skip, wrong=None, faults=())
    return state


def _done(grounds: Grounds, step: Step) -> Mark | None:
    seen = grounds.evidence.first.get(step.name)
    carried = grounds.carried.get(step.route) if step.route else None
    if carried is None or (seen is not None and seen.at <= carried):
        return seen
    return Mark(carried, carried, "", 0, 0)


def _wrong(grounds: Grounds, step: Step, decided: Sequence[Act]) -> Mark | None:
    """The sign of trouble that nothing later has made good: the step done anew, or a person's decision."""
    if not step.trouble.signs:
        return None
    evidence = grounds.evidence
    signs = [evidence.latest.get(key_wrong(step.name)), *_runs(grounds, step, trouble=True)]
    wrong = max((mark for mark in signs if mark is not None), key=lambda mark: mark.place, default=None)
    if wrong is None:
        return None
    good = [evidence.first.get(step.name), evidence.latest.get(key_done(step.name)), *_runs(grounds, step)]
    if any(mark is not None and mark.place > wrong.place for mark in good):
        return None
    retried = _standing(decided, RETRY)
    return None if retried is not None and retried.at >= wrong.known else wrong


def _runs(grounds: Grounds, step: Step, *, trouble: bool = False) -> list[Mark]:
    """Since when the present values of systems show a step done, or going wrong."""
    signs = step.trouble.signs if trouble else step.shown
    found = []
    for key, run in grounds.evidence.runs.items() if step.trouble.signs else ():
        attribute, _, system = key.partition(" ")
        role = grounds.roles.get(system, "")
        if any(
            sign.role == role
            and sign.attribute == attribute
            and (not sign.becomes or run.value in sign.becomes)
            for sign in signs
        ):
            found.append(run.since)
    return found


def _checked(grounds: Grounds, state: StepState) -> StepState:
    held, last = _owners_words(grounds, state.step)
    if last is None:
        return state
    check = flow_check.CHECKS[state.step.check]
    faults = tuple(check(grounds.subject, state.step.needs, held, grounds.plant_known))
    return state._replace(faults=faults, wrong=last if faults else state.wrong)


def _check_passed(grounds: Grounds, step: Step, state: StepState) -> Mark | None:
    """When all that is asked for had been said for the first time: what changes later was validated before."""
    first = grounds.evidence.first
    good = [first.get(key_good(name, grounds.owners.get(name, ""))) for name in step.needs]
    marks = [mark for mark in good if mark is not None]
    if state.faults or not marks:
        return None
    last = max(marks, key=lambda mark: mark.place)
    return last._replace(known=max(mark.known for mark in marks))


def _owners_words(grounds: Grounds, step: Step) -> tuple[dict[str, Said], Mark | None]:
    """What the owner holds of each attribute that a check needs, and the newest of these."""
    held: dict[str, Said] = {}
    marks: list[Mark] = []
    for name in step.needs:
        run = grounds.evidence.run(name, grounds.owners.get(name, ""))
        if run is not None:
            held[name] = Said(run.value, write_time(run.since.at))
            marks.append(run.since)
    return held, max(marks, key=lambda mark: mark.place, default=None)


def _standing(acts: Sequence[Act], action: str) -> Act | None:
    """The latest act of a kind, unless it was taken back since."""
    found = None
    for act in acts:
        if act.action == action:
            found = act
        elif act.action == REOPEN:
            found = None
    return found


# ---- each step among the others --------------------------------------------------------------------------------


def _placed(telling: _Telling, step: Step) -> StepState:
    """The step with its turn: what it waited for is placed already."""
    state = telling.facts[step.name]
    ready = _ready(telling, step)
    if ready is not None:
        ready_at, ready_known = ready
        if state.act is not None and state.act.action == RETRY:
            ready_known = max(ready_known, state.act.at)
        due = _due(telling.grounds, step, ready_known)
        state = state._replace(ready_at=ready_at, ready_known=ready_known, due_at=due)
    if state.state == SKIPPED or (state.state == DONE and state.wrong is None):
        return state
    if state.state != DONE and not _needed(telling, step):
        return state._replace(state=IDLE, wrong=None, faults=())
    gone_on = _gone_on(telling, step)
    if gone_on is not None and (state.wrong is None or gone_on.at is None or gone_on.at > state.wrong.at):
        return _behind(state, gone_on)
    if state.wrong is not None:
        return state._replace(state=WRONG)
    return state._replace(state=WAITING) if ready is not None else state


def _due(grounds: Grounds, step: Step, since: datetime.datetime) -> datetime.datetime | None:
    """Until when it should be done; what an expectation watches is due when that says so."""
    if step.expectation:
        return grounds.expected.get(step.expectation)
    return since + step.within if step.within and not step.optional else None


def _behind(state: StepState, gone_on: StepState) -> StepState:
    """The flow went on without it: nobody waits for it any more."""
    if state.state == DONE:
        return state._replace(wrong=None, faults=())
    return state._replace(state=PASSED, at=gone_on.at, known=gone_on.known, wrong=None, faults=())


def _needed(telling: _Telling, step: Step) -> bool:
    if step.optional:
        return False
    return not step.when or key_when(step.name) in telling.grounds.evidence.first


def _gone_on(telling: _Telling, step: Step) -> StepState | None:
    """The latest step behind this one that is done: the proof that the flow went on."""
    done = [telling.facts[name] for name in telling.grounds.flow.later[step.name] & telling.done]
    return max(done, key=lambda each: (each.at, each.step.name), default=None) if done else None


def _ready(telling: _Telling, step: Step) -> tuple[datetime.datetime, datetime.datetime] | None:
    """When its turn came, there and as known here; None while something before it is open."""
    at, known = telling.begun.at, telling.begun.known
    needed = telling.grounds.evidence.first.get(key_when(step.name)) if step.when else None
    if needed is not None:
        at, known = max(at, needed.at), max(known, needed.known)
    for name in step.after:
        before = telling.facts[name]
        through = before.state in (IDLE, PASSED)
        left_at, left_known = (before.ready_at, before.ready_known) if through else (before.at, before.known)
        if before.state not in BEHIND or left_at is None or left_known is None:
            return None
        at, known = max(at, left_at), max(known, left_known)
    return at, known


# ---- the whole -------------------------------------------------------------------------------------------------


def _ended(telling: _Telling) -> Progress:
    grounds, begun = telling.grounds, telling.begun
    steps = tuple(telling.facts.values())
    made = Progress(grounds.flow, grounds.subject, RUNNING, begun.at, steps=steps)
    whole = [act for act in grounds.acts if not act.step]
    completed = _completed(made)
    stopped, act = _stopped(grounds, whole)
    if stopped is not None and (completed.ended_at is None or stopped[0] < completed.ended_at):
        at, known = stopped
        return _closed(replace(made, state=STOPPED, ended_at=at, over_known=known, act=act))
    return completed


def _completed(made: Progress) -> Progress:
    """Completed once no step is open or ahead."""
    if any(each.state in (AHEAD, *OPEN_STEPS) for each in made.steps):
        return made
    last = [each for each in made.steps if each.state in LEFT_BEHIND and each.at and each.known]
    at = max((each.at for each in last if each.at), default=made.began_at)
    known = max((each.known for each in last if each.known), default=made.began_at)
    return replace(made, state=COMPLETED, ended_at=at, over_known=known)


def _stopped(
    grounds: Grounds, whole: Sequence[Act]
) -> tuple[tuple[datetime.datetime, datetime.datetime] | None, Act | None]:
    """When it was cancelled, and by whom; a person who reopens it overrules what was known then."""
    reopened = max((act.at for act in whole if act.action == REOPEN), default=None)
    sign = grounds.evidence.first.get(CANCELLED)
    if sign is not None and (reopened is None or sign.known > reopened):
        return (sign.at, sign.known), None
    act = _standing(whole, CANCEL)
    return ((act.at, act.at), act) if act else (None, None)


def _closed(made: Progress) -> Progress:
    """Of a cancelled flow no step is open."""
    steps = tuple(each._replace(state=AHEAD) if each.state in OPEN_STEPS else each for each in made.steps)
    return replace(made, steps=steps)
