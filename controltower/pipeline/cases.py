"""Exceptions open and resolve with what they are about."""

import datetime
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.drift import Drift
from controltower.domain.exception import Case
from controltower.domain.expectation import MISSED, Expectation
from controltower.domain.signal import Signal
from controltower.domain.subject import Subject
from controltower.pipeline import life, told_again
from controltower.pipeline.judge import judged
from controltower.pipeline.tower import Tower
from controltower.rules import drift as drift_rule
from controltower.rules import expectation as expectation_rule
from controltower.rules import flow as flow_rule
from controltower.rules import signal as signal_rule
from controltower.rules.checks import CHECKS
from controltower.store import case, drift, message
from controltower.store.case import REOPEN, RESOLVE, Action
from controltower.store.rebuild import WATCHED


def keep_cases(
    connection: Connection,
    tower: Tower,
    drifts: Sequence[Drift],
    expectations: Sequence[Expectation],
    anew: Iterable[Subject] = (),
) -> None:
    """Bring the exceptions of drifts and expectations in line with what became of these."""
    found: list[Case] = []
    kept: list[Drift] = []
    for each in drifts:
        if each.alarmed:
            known, action = judged(connection, tower, each)
            kept.append(known)
            found.append(drift_rule.case_of(known, tower.landscape, action))
    for waiting in expectations:
        if waiting.state == MISSED or (waiting.met_at is not None and waiting.met_at > waiting.due_at):
            found.append(expectation_rule.case_of(waiting, tower.landscape))
    drift.put(connection, kept)
    put(connection, tower, found)
    for subject in anew:
        _withdraw(connection, tower, subject, {each.id for each in found})


def put(connection: Connection, tower: Tower, cases: Sequence[Case]) -> None:
    """Write exceptions; what a person resolved stays resolved, though its condition may last, and what became of an
    exception since it was opened (its parent, its impact ...) stays with it."""
    if not cases:
        return
    known = case.by_ids(connection, [each.id for each in cases])
    lasting = [each.id for each in cases if each.resolved_at is None]
    done = case.latest_actions(connection, lasting) if lasting else {}
    told = [life.carried(each, known.get(each.id)) for each in cases]
    left = [_as_people_left_it(each, done.get(each.id, ())) for each in told]
    if tower.retelling:
        case.put(connection, left)
    else:
        life.write(connection, tower, left, known)


def _as_people_left_it(each: Case, actions: Sequence[Action]) -> Case:
    final = next((done for done in reversed(actions) if done.action in (RESOLVE, REOPEN)), None)
    if each.resolved_at is not None or final is None or final.action == REOPEN:
        return each
    return exceptions.resolved(each, final.at, f"{final.who}: {final.detail}")


def _withdraw(connection: Connection, tower: Tower, subject: Subject, present: set[str]) -> None:
    """Resolve what a story told anew no longer holds; flows answer for their own."""
    gone = [
        exceptions.resolved(each, tower.now(), "Withdrawn: a message read later tells it otherwise.")
        for each in case.open_about(connection, subject)
        if each.id not in present
        and not each.watched
        and each.rule not in (*WATCHED, *flow_rule.RULES, *CHECKS, *signal_rule.RULES)
    ]
    put(connection, tower, gone)


def keep_signals(connection: Connection, tower: Tower, seen: Sequence[Signal]) -> None:
    """Gather sightings into exceptions: one for each thing, for as long as it keeps being seen."""
    wanted = [signal for signal in seen if signal.rule not in tower.landscape.limits.off]
    if not wanted:
        return
    open_ones = {(each.rule, each.key): each for each in case.open_of(connection, signal_rule.RULES)}
    changed: dict[str, Case] = {}
    for signal in wanted:
        known = open_ones.get((signal.rule, signal.key))
        if known is not None and _over(known, signal.at, tower):
            changed[known.id] = _quiet(known, tower)
            known = None
        if known is None:
            known = signal_rule.case_of(signal, tower.landscape)
        else:
            words = signal_rule.words(signal, tower.landscape)
            known = exceptions.sighted(known, signal.at, signal_rule.evidence_of(signal), words)
        open_ones[signal.rule, signal.key] = changed[known.id] = known
    put(connection, tower, list(changed.values()))


def gone_quiet(connection: Connection, tower: Tower, now: datetime.datetime) -> list[Case]:
    """The open exceptions of things that have not been seen again for a while."""
    return [each for each in case.open_of(connection, signal_rule.RULES) if _over(each, now, tower)]


def close_quiet(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    """Resolve the exceptions of things that have not been seen again for a while. Returns how many."""
    over = gone_quiet(connection, tower, now)
    put(connection, tower, [_quiet(each, tower) for each in over])
    return len(over)


def _over(each: Case, now: datetime.datetime, tower: Tower) -> bool:
    quiet = signal_rule.KINDS[each.rule].quiet
    return quiet and each.last_at is not None and now - each.last_at > tower.landscape.limits.quiet_after


def _quiet(each: Case, tower: Tower) -> Case:
    span = tower.landscape.limits.quiet_after
    minutes = span.total_seconds() / 60
    return exceptions.resolved(
        each, (each.last_at or each.opened_at) + span, f"Not seen again for {minutes:.0f} min."
    )


def close_mended(connection: Connection, tower: Tower, systems: Iterable[str]) -> None:
    """Resolve the exceptions about faults once no message is parked for one of their kind any more."""
    mended = []
    for system in systems:
        open_ones = [
            each for each in case.open_of(connection, (signal_rule.PARKED,)) if each.system == system
        ]
        if open_ones:
            since = min(each.opened_at for each in open_ones)
            left = _faults_left(connection, system, since)
            mended += [each for each in open_ones if each.key not in left]
    put(connection, tower, [exceptions.resolved(each, tower.now(), _READ_SINCE) for each in mended])


_READ_SINCE = "The messages have been read since."


def _faults_left(connection: Connection, system: str, since: datetime.datetime) -> set[str]:
    """The kinds of faults for which messages of a system are parked."""
    return {
        signal_rule.fault_key(system, fault["pointer"], fault["message"])
        for parked in message.parked_of(connection, system, since, limit=1000)
        for fault in told_again.left(parked.faults or ())
    }
