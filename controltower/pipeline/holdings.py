"""A source's whole holdings, page by page, laid beside what is believed of it."""

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.connectors.contract import (
    Envelope,
    InvalidMessage,
    PolledRecord,
    SnapshotPage,
    Snapshotter,
    SourceUnavailable,
)
from controltower.domain.belief import Belief
from controltower.domain.comparison import Difference, Glance, compared, lacking
from controltower.domain.event import Event
from controltower.domain.landscape import Reconciling, System
from controltower.domain.subject import Subject
from controltower.pipeline.tower import Tower
from controltower.store import belief, message
from controltower.store.engine import reading

# At the edge of the window the two sides may see a change differently.
_EDGE = datetime.timedelta(minutes=15)


class Row(NamedTuple):
    """One record of a snapshot with what it says."""

    page: SnapshotPage
    record: PolledRecord
    event: Event


@dataclass
class Sides:
    """What a walk through all holdings has met: the rows that differ, the names on both sides, and the row of the
    `wanted` subject whether it differs or not."""

    since: datetime.datetime | None
    wanted: Subject | None = None
    row: Row | None = None
    differing: dict[Subject, tuple[Difference, Row]] = field(default_factory=dict)
    lacking: list[Difference] = field(default_factory=list)
    there: dict[str, set[Subject]] = field(default_factory=dict)
    here: dict[str, set[Subject]] = field(default_factory=dict)
    read: int = 0

    def found(self) -> list[Difference]:
        return [*(each for each, _ in self.differing.values()), *self.lacking]

    def counts(self) -> dict[str, dict[str, object]]:
        """Kind -> how many there are there and here, and whether their key hashes agree."""
        return {
            kind: {
                "there": len(names),
                "here": len(self.here.get(kind, set())),
                "keys": key_hash(names) == key_hash(self.here.get(kind, set())),
            }
            for kind, names in sorted(self.there.items())
        }


def key_hash(names: set[Subject]) -> str:
    """One hash over the names of subjects."""
    return blake2b("\n".join(sorted(map(str, names))).encode(), digest_size=8).hexdigest()


def can_tell(tower: Tower, system: str) -> bool:
    """Whether a system can be asked for all that it holds."""
    connector = tower.connectors.get(system)
    return isinstance(connector, Snapshotter) and connector.can_snapshot()


def terms_of(system: System) -> Reconciling:
    """The terms on which a system is compared; the usual ones where none are declared."""
    return system.reconciling or Reconciling()


def walk(
    tower: Tower,
    system: System,
    since: datetime.datetime | None,
    wanted: Subject | None = None,
    progress: Callable[[int], None] = lambda read: None,
) -> Sides:
    """Read everything that has changed since a moment and compare it; `progress` hears after each page how many records
    were read. Raises SourceUnavailable."""
    connector, terms = tower.connectors[system.id], terms_of(system)
    if not isinstance(connector, Snapshotter):
        raise SourceUnavailable("contract", f"{system.id} cannot tell what it holds")
    sides, lag = Sides(since, wanted), _lag(tower, terms)
    for number, page in enumerate(connector.snapshot(since)):
        if number:
            time.sleep(terms.rest)
        for kind in page.covers:
            sides.there.setdefault(kind, set())
        _lay_beside(tower, system, page, sides, Glance(tower.now(), lag))
        progress(sides.read)
    _miss(tower, system, sorted(sides.there), sides, Glance(tower.now(), lag))
    if terms.kinds:
        _only(sides, terms.kinds)
    return sides


def _lag(tower: Tower, terms: Reconciling) -> datetime.timedelta:
    """How old must be what is not on its way: longer while the inbox is behind."""
    with reading(tower.engine) as connection:
        oldest = message.oldest_waiting(connection)
    return terms.lag + (tower.now() - oldest if oldest else datetime.timedelta())


def _lay_beside(tower: Tower, system: System, page: SnapshotPage, sides: Sides, glance: Glance) -> None:
    rows = rows_of(tower, system, page, glance.at)
    sides.read += len(page.records)
    with reading(tower.engine) as connection:
        held = beliefs_of(connection, system.id, [row.event.subject for row in rows])
    for row in rows:
        subject = row.event.subject
        sides.there.setdefault(subject.kind, set()).add(subject)
        sides.row = row if subject == sides.wanted else sides.row
        found = compared(row.event, held.get(subject, {}), glance)
        known = sides.differing.get(subject)
        # Of several records about one subject the newest counts.
        if known is not None and known[1].event.occurred_at > row.event.occurred_at:
            continue
        if found is not None:
            sides.differing[subject] = found, row
        else:
            sides.differing.pop(subject, None)


def rows_of(tower: Tower, system: System, page: SnapshotPage, at: datetime.datetime) -> list[Row]:
    """The records of a page with what they say; what cannot be read is told by polling it, not here."""
    body = b"[" + b",".join(record.body for record in page.records) + b"]"
    envelope = Envelope("poll", page.resource, page.headers, body, at)
    try:
        told = tower.connectors[system.id].translate(envelope)
    except InvalidMessage as invalid:
        raise SourceUnavailable("contract", f"what it holds cannot be read: {invalid}") from invalid
    rows = (Row(page, page.records[event.element], event) for event in told.events)
    newest: dict[Subject, Row] = {}
    for row in rows:
        known = newest.get(row.event.subject)
        if known is None or known.event.occurred_at <= row.event.occurred_at:
            newest[row.event.subject] = row
    return list(newest.values())


def beliefs_of(
    connection: Connection, system: str, subjects: Sequence[Subject]
) -> dict[Subject, dict[str, Belief]]:
    """What one system is believed to hold of some subjects, by attribute."""
    found: dict[Subject, dict[str, Belief]] = {}
    for subject, each in belief.of_system(connection, subjects, system):
        found.setdefault(subject, {})[each.attribute] = each
    return found


def _miss(tower: Tower, system: System, kinds: Sequence[str], sides: Sides, glance: Glance) -> None:
    """What the system has spoken of within the window and does not tell now."""
    since = sides.since + _EDGE if sides.since else None
    for kind in kinds:
        with reading(tower.engine) as connection:
            heard = belief.heard_of(connection, system.id, system.plants, kind, since)
            gone = [(subject, each) for subject, each in heard if subject not in sides.there[kind]]
            held = beliefs_of(connection, system.id, [subject for subject, _ in gone])
        sides.here[kind] = {subject for subject, _ in heard}
        found = (lacking(each, subject, held.get(subject, {}), glance) for subject, each in gone)
        sides.lacking += [each for each in found if each is not None]


def _only(sides: Sides, kinds: Sequence[str]) -> None:
    sides.differing = {subject: each for subject, each in sides.differing.items() if subject.kind in kinds}
    sides.lacking = [each for each in sides.lacking if each.subject.kind in kinds]
