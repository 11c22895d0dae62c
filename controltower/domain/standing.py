"""What the ledger holds about one subject, and how one event changes it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from controltower.domain import drift as drifts
from controltower.domain import expectation as expectations
from controltower.domain.belief import Belief, Hearing, held, is_late
from controltower.domain.drift import Drift
from controltower.domain.event import Position, Recorded
from controltower.domain.expectation import Expectation, ExpectationRule
from controltower.domain.landscape import Follower, Landscape, Ownership, System
from controltower.domain.subject import Subject
from controltower.domain.value import differ
from controltower.domain.vocabulary import value_kind

START = Position(0, 0)


@dataclass
class Standing:
    """A working copy of one subject's place in the ledger; the sets name what an event has changed in it."""

    subject: Subject
    beliefs: dict[tuple[str, str], Belief] = field(default_factory=dict)
    hearings: dict[str, Hearing] = field(default_factory=dict)
    drifts: dict[tuple[str, str], Drift] = field(
        default_factory=dict
    )  # the open ones, by attribute and follower
    expectations: dict[str, Expectation] = field(default_factory=dict)  # those not yet answered, by id
    changed_beliefs: set[tuple[str, str]] = field(default_factory=set)
    changed_hearings: set[str] = field(default_factory=set)
    changed_drifts: dict[str, Drift] = field(default_factory=dict)
    changed_expectations: dict[str, Expectation] = field(default_factory=dict)

    @property
    def position(self) -> Position:
        """How far into the inbox this subject has been read."""
        return max((hearing.position for hearing in self.hearings.values()), default=START)


def apply(standing: Standing, recorded: Recorded, landscape: Landscape) -> list[Belief]:
    """Let one event act on its subject: beliefs move, drift opens and closes, expectations are made and answered.

    Returns the beliefs whose value it changed. Events must come in the order of their positions, and of the landscape's
    systems.
    """
    system = landscape.systems[recorded.event.system]
    before = standing.hearings.get(system.id)
    moves = list(_move(standing, recorded))
    _hear(standing, recorded, before)
    for moved in moves:
        _judge(standing, moved, system, landscape)
    _answer(standing, recorded, moves, system, landscape)
    _await(standing, recorded, moves, system, landscape)
    _await_numbers(standing, recorded, before, landscape)
    if recorded.channel == "poll" and moves:
        _await_announcement(standing, recorded, system, landscape)
    return moves


def _move(standing: Standing, recorded: Recorded) -> Iterator[Belief]:
    """Take over what the event says; yields the beliefs whose value changed."""
    for attribute, value in recorded.event.attributes.items():
        key = attribute, recorded.event.system
        old = standing.beliefs.get(key)
        if old is not None and is_late(old, recorded):
            continue
        new = held(old, attribute, value, recorded)
        standing.beliefs[key] = new
        standing.changed_beliefs.add(key)
        if old is None or new.value[:2] != old.value[:2]:
            yield new


def _hear(standing: Standing, recorded: Recorded, before: Hearing | None) -> None:
    event = recorded.event
    standing.hearings[event.system] = Hearing(
        event.system,
        event.type,
        event.occurred_at,
        recorded.learnt_at,
        _counted(recorded, before),
        recorded.position,
    )
    standing.changed_hearings.add(event.system)


def _counted(recorded: Recorded, before: Hearing | None) -> int | None:
    """How far the sender's counter has come. Polls skip numbers by their nature, so only webhooks count."""
    reached = before.sequence if before is not None else None
    sequence = recorded.event.sequence
    if recorded.channel != "hook" or sequence is None:
        return reached
    if before is None or reached is None or sequence > reached:
        return sequence
    restarted = sequence < reached and recorded.event.occurred_at > before.occurred_at
    return sequence if restarted else reached


def _judge(standing: Standing, moved: Belief, system: System, landscape: Landscape) -> None:
    """Compare what has just moved with the other side of its ownership."""
    ownership = landscape.ownership(standing.subject.kind, moved.attribute)
    if ownership is None:
        return
    owner = landscape.owner_system(standing.subject.plant, ownership)
    if owner is None:
        return
    for terms in ownership.followers:
        for follower in landscape.of_role(standing.subject.plant, terms.role):
            if follower.id != owner.id and system.id in (owner.id, follower.id):
                _compare(standing, ownership, terms, owner.id, follower.id, moved)


def _compare(
    standing: Standing, ownership: Ownership, terms: Follower, owner: str, follower: str, moved: Belief
) -> None:
    attribute = ownership.attribute
    ours = standing.beliefs.get((attribute, owner))
    theirs = standing.beliefs.get((attribute, follower))
    if ours is None or theirs is None:
        return
    drift = standing.drifts.get((attribute, follower))
    apart = differ(value_kind(ownership.kind, attribute), ours.value, theirs.value, terms.tolerance)
    if apart:
        keep = drifts.moved_on(drift, ours, theirs, moved, terms) if drift else None
        _keep_drift(standing, keep or drifts.opened(standing.subject, ours, theirs, moved, terms))
    elif drift:
        _keep_drift(standing, drifts.closed(drift, ours, theirs, moved))


def _keep_drift(standing: Standing, drift: Drift) -> None:
    key = drift.attribute, drift.follower
    standing.changed_drifts[drift.id] = drift
    if drift.state == drifts.CLOSED:
        standing.drifts.pop(key, None)
    else:
        standing.drifts[key] = drift


def _answer(
    standing: Standing, recorded: Recorded, moves: list[Belief], system: System, landscape: Landscape
) -> None:
    """Settle the expectations that this event answers or makes void."""
    if not standing.expectations:
        return
    rules = {rule.name: rule for rule in landscape.expected_of(standing.subject.kind)}
    for waiting in list(standing.expectations.values()):
        rule = rules.get(waiting.rule)
        if rule is None and waiting.rule not in BUILT_IN:
            met, void = False, True  # its rule is no longer declared
        elif rule is None:
            met = _answers_built_in(waiting, recorded)
            void = _overtakes_built_in(waiting, recorded, moves)
        else:
            met = waiting.system == system.id and _shows(rule.then, recorded, moves, system)
            void = any(_shows(sign, recorded, moves, system) for sign in rule.unless)
        if met:
            _keep_expectation(standing, expectations.answered(waiting, recorded.learnt_at, recorded.event.id))
        elif void:
            _keep_expectation(standing, expectations.voided(waiting, recorded.learnt_at, recorded.event.id))


def _answers_built_in(waiting: Expectation, recorded: Recorded) -> bool:
    event = recorded.event
    if waiting.system != event.system:
        return False
    if waiting.rule == MISSING_NUMBER:
        return str(event.sequence) == waiting.awaits
    announced = recorded.channel in ("hook", "replay")
    return announced and event.occurred_at.isoformat() >= waiting.awaits


def _overtakes_built_in(waiting: Expectation, recorded: Recorded, moves: list[Belief]) -> bool:
    """A lost message matters no more once its system has told the whole subject again, or that one's life has ended."""
    if recorded.learnt_at <= waiting.due_at:
        return False
    whole = recorded.channel in ("poll", "fetched") or recorded.event.type.endswith(".snapshot")
    read_again = whole and recorded.event.system == waiting.system
    return read_again or any(moved.attribute == "status" and moved.value.text in _ENDED for moved in moves)


_ENDED = frozenset({"closed", "cancelled"})


def _await(
    standing: Standing, recorded: Recorded, moves: list[Belief], system: System, landscape: Landscape
) -> None:
    """Make the expectations that this event gives rise to, unless what they await is there already."""
    for rule in landscape.expected_of(standing.subject.kind):
        if not _shows(rule.when, recorded, moves, system):
            continue
        for target in landscape.of_role(standing.subject.plant, rule.then.role):
            if not _there_already(standing, rule, target.id) and not _waiting(standing, rule.name, target.id):
                calendar = landscape.calendar(rule.calendar, standing.subject.plant)
                made = expectations.expect(
                    rule.name, standing.subject, target.id, recorded, rule.within, calendar=calendar
                )
                _keep_expectation(standing, made)


def _shows(sign: expectations.Sign, recorded: Recorded, moves: list[Belief], system: System) -> bool:
    if sign.shown_by_type(system.role, recorded.event.type):
        return True
    return any(sign.shown_by_move(system.role, moved.attribute, moved.value) for moved in moves)


def _there_already(standing: Standing, rule: ExpectationRule, system: str) -> bool:
    belief = standing.beliefs.get((rule.then.attribute, system))
    return belief is not None and belief.value.text in rule.then.becomes


def _waiting(standing: Standing, rule: str, system: str) -> bool:
    return any(
        waiting.rule == rule and waiting.system == system and waiting.state == expectations.WAITING
        for waiting in standing.expectations.values()
    )


MISSING_NUMBER, ANNOUNCEMENT = BUILT_IN = ("missing-number", "announcement")
# A counter that jumps further than this has been moved on purpose; nobody awaits each number of the gap.
_LARGEST_GAP = 10


def _await_numbers(
    standing: Standing, recorded: Recorded, before: Hearing | None, landscape: Landscape
) -> None:
    """A counter that skipped: the numbers between must still come (late, or again), else a message was lost."""
    event = recorded.event
    if before is None or before.sequence is None or event.sequence is None or recorded.channel != "hook":
        return
    missing = range(before.sequence + 1, event.sequence)[:_LARGEST_GAP]
    for number in missing:
        made = expectations.expect(
            MISSING_NUMBER, standing.subject, event.system, recorded, landscape.limits.gap_after, str(number)
        )
        _keep_expectation(standing, made)


def _await_announcement(standing: Standing, recorded: Recorded, system: System, landscape: Landscape) -> None:
    """A poll brought news of a system that also announces by webhook: its announcement must come too."""
    within = landscape.limits.announce_within
    event = recorded.event
    fresh = recorded.learnt_at - event.occurred_at <= within
    if system.hooks is None or not fresh or _waiting(standing, ANNOUNCEMENT, system.id):
        return
    awaits = event.occurred_at.isoformat()
    _keep_expectation(
        standing, expectations.expect(ANNOUNCEMENT, standing.subject, system.id, recorded, within, awaits)
    )


def _keep_expectation(standing: Standing, expectation: Expectation) -> None:
    standing.changed_expectations[expectation.id] = expectation
    if expectation.state == expectations.WAITING:
        standing.expectations[expectation.id] = expectation
    else:
        standing.expectations.pop(expectation.id, None)
