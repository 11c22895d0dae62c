"""Standings out of the store, and back into it."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from controltower.domain.drift import Drift
from controltower.domain.event import Recorded
from controltower.domain.expectation import Expectation
from controltower.domain.landscape import Landscape
from controltower.domain.standing import Standing, apply
from controltower.domain.subject import Subject
from controltower.store import belief, drift, event, expectation


def load(connection: Connection, fresh: Iterable[Recorded], landscape: Landscape) -> dict[Subject, Standing]:
    """What the ledger holds about the subjects of some events, as far as these can touch it."""
    touched = _touched(fresh, landscape)
    found = {subject: Standing(subject) for subject in touched}
    for subject, held in belief.of_attributes(connection, touched):
        found[subject].beliefs[held.attribute, held.system] = held
    for subject, heard in belief.hearings_of(connection, found):
        found[subject].hearings[heard.system] = heard
    for lasting in drift.unclosed_of(connection, found):
        found[lasting.subject].drifts[lasting.attribute, lasting.follower] = lasting
    for waiting in expectation.unanswered_of(connection, found):
        found[waiting.subject].expectations[waiting.id] = waiting
    return found


def _touched(fresh: Iterable[Recorded], landscape: Landscape) -> dict[Subject, frozenset[str]]:
    """The attributes that events tell of each subject, and those by which its expectations are answered."""
    found: dict[Subject, set[str]] = {}
    for recorded in fresh:
        subject = recorded.event.subject
        if subject not in found:
            found[subject] = {rule.then.attribute for rule in landscape.expected_of(subject.kind)}
        found[subject].update(recorded.event.attributes)
    return {subject: frozenset(attributes) for subject, attributes in found.items()}


def save(
    connection: Connection, standings: Mapping[Subject, Standing]
) -> tuple[list[Drift], list[Expectation]]:
    """Write what has changed; returns the drifts and expectations that did."""
    all_of = standings.values()
    belief.put(
        connection,
        [(each.subject, each.beliefs[key]) for each in all_of for key in each.changed_beliefs],
    )
    belief.put_hearings(
        connection,
        [(each.subject, each.hearings[system]) for each in all_of for system in each.changed_hearings],
    )
    drifts = [changed for each in all_of for changed in each.changed_drifts.values()]
    expectations = [changed for each in all_of for changed in each.changed_expectations.values()]
    drift.put(connection, drifts)
    expectation.put(connection, expectations)
    return drifts, expectations


def retell(connection: Connection, subject: Subject, landscape: Landscape) -> Standing:
    """Tell a subject's whole story anew, because an event came to stand before ones that were told already."""
    for table in (belief, drift, expectation):
        table.forget(connection, subject)
    standing = Standing(subject)
    for recorded in event.story(connection, subject):
        if recorded.event.system in landscape.systems:
            apply(standing, recorded, landscape)
    return standing
