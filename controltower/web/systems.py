"""Is anything stuck, since when, and whose is it: every system, each of its channels, and how fresh it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, flash, url_for

from controltower.domain.landscape import System
from controltower.pipeline.detect import last_heard
from controltower.pipeline.poll import poll
from controltower.pipeline.reprocess import parked_ids, reprocess_messages
from controltower.store import audit
from controltower.store import case as cases
from controltower.store import channel as channels
from controltower.store import message as inbox
from controltower.store.channel import HOOK, POLL, Channel
from controltower.web import clocks, comparisons, hx, outages, sheet, signs_of_life, targets
from controltower.web.format import count
from controltower.web.login import who
from controltower.web.matrix import role_rank
from controltower.web.messages import STATES
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope, link
from controltower.web.security import roles
from controltower.web.tower import now, reading, tower, writing

bp = Blueprint("systems", __name__)
NAV = NavEntry("Integration", "Systems", "systems.listing", "system")
LATEST = 12
OUTAGES_SINCE = timedelta(days=7)
# health -> (words, tone, how bad)
HEALTH: dict[str, tuple[str, str, int]] = {
    "credentials": ("credentials refused", "bad", 0),
    "down": ("not answering", "bad", 1),
    "silent": ("silent", "bad", 2),
    "never": ("never heard", "warn", 3),
    "faulty": ("heard, messages parked", "warn", 4),
    "ok": ("heard", "ok", 5),
}


@dataclass(frozen=True)
class SystemLine:
    """One system with its channels and what is wrong with it, if anything."""

    system: System
    channels: tuple[Channel, ...]
    heard_at: datetime | None
    parked: int

    @property
    def trouble(self) -> Channel | None:
        return next((each for each in self.channels if each.failures), None)

    @property
    def health(self) -> str:
        """The worst that is true of it; never green without having been heard in time."""
        if self.trouble and self.trouble.error_kind == "credentials":
            return "credentials"
        if self.trouble:
            return "down"
        if self.heard_at is None:
            return "never"
        if now() - self.heard_at > self.system.silent_after:
            return "silent"
        return "faulty" if self.parked else "ok"

    @property
    def count(self) -> int:
        return sum(each.messages for each in self.channels)


def lines() -> list[SystemLine]:
    """Every declared system of the plant in scope, the worst first."""
    plant = current_scope().plant
    known, parked = channels.every(reading()), inbox.parked_counts(reading())
    chosen = [system for system in tower().landscape.systems.values() if not plant or system.serves(plant)]
    found = [line_of(system, known, parked.get(system.id, 0)) for system in chosen]
    return sorted(found, key=lambda line: (HEALTH[line.health][2], role_rank(line.system), line.system.title))


def line_of(system: System, known: dict[tuple[str, str], Channel], parked: int) -> SystemLine:
    """The declared channels, heard or not: one that was never heard must be seen too."""
    declared = [name for name, way in ((HOOK, system.hooks), (POLL, system.polling)) if way]
    mine = tuple(known.get((system.id, name), Channel(system.id, name)) for name in declared)
    return SystemLine(system, mine, last_heard(list(mine)), parked)


@bp.get("/systems")
def listing() -> Response:
    """All systems with their freshness."""
    found = lines()
    if sheet.wanted():
        return as_file(found)
    backlog, oldest = inbox.backlog(reading())
    return hx.page(
        "systems.html",
        lines=found,
        health=HEALTH,
        counts=Counter(line.health for line in found),
        backlog=backlog,
        oldest=oldest,
    )


@bp.get("/systems/<system>")
def show(system: str) -> Response:
    """One system: channels, how far its lists are read, outages, latest messages."""
    declared = tower().landscape.systems.get(system)
    if declared is None:
        abort(404)
    connection = reading()
    parked = inbox.parked_counts(connection).get(system, 0)
    return hx.page(
        "system.html",
        line=line_of(declared, channels.every(connection), parked),
        health=HEALTH,
        states=STATES,
        cursors=channels.reading_marks(connection, system),
        outages=channels.outages(connection, system, now() - OUTAGES_SINCE),
        latest=inbox.listing(connection, system=system, limit=LATEST),
        team=tower().landscape.teams.get(declared.team),
        open_cases=cases.listing(connection, system=system, standing=cases.COUNTING, limit=20),
        target=targets.one(system),
        gates=targets.STATES,
        its_clock=clocks.every().get(system),
        life=signs_of_life.of(declared),
        planned=outages.of(declared),
        connected=comparisons.of(declared),
        hook_url=url_for("systems.listing", _external=True).removesuffix("/systems") + f"/hooks/{system}",
    )


@bp.post("/systems/<system>/poll")
@roles("integration")
def poll_now(system: str) -> Response:
    """Read a polled system at once instead of at its next turn, and say what came or why nothing could.

    The worker may read it in the same moment: pages are compared and stored under the write lock, so nothing
    counts twice.
    """
    declared = tower().landscape.systems.get(system)
    if declared is None or declared.polling is None:
        abort(404)
    before = channels.get(reading(), system, POLL)
    poll(tower(), system)
    with writing() as connection:
        audit.write_down(connection, audit.Entry(now(), who(), "system.poll", system))
        after = channels.get(connection, system, POLL)
    if after.failures:
        flash(f"{declared.title} could not be read: {after.last_error}", "bad")
    else:
        brought = max(after.messages - before.messages, 0)
        flash(f"Read {declared.title}: {count(brought, 'new message') if brought else 'nothing new'}.", "ok")
    return hx.go_to(link("systems.show", system=system))


@bp.post("/systems/<system>/reprocess")
@roles("integration")
def reprocess(system: str) -> Response:
    """Translate the system's parked messages again with today's mapping."""
    if system not in tower().landscape.systems:
        abort(404)
    taken = reprocess_messages(tower(), parked_ids(tower(), system))
    with writing() as connection:
        audit.write_down(
            connection, audit.Entry(now(), who(), "system.reprocess", system, f"{taken} messages")
        )
    left = inbox.parked_counts(reading()).get(system, 0)
    flash(f"Translated {taken} parked messages again; {left} are still parked.", "warn" if left else "ok")
    return hx.go_to(link("systems.show", system=system))


def as_file(found: list[SystemLine]) -> Response:
    columns = (
        "system title role plants health channel "
        "last_heard last_attempt failures last_error messages duplicates refused"
    ).split()
    rows = [
        (
            line.system.id,
            line.system.title,
            line.system.role,
            " ".join(line.system.plants),
            line.health,
            each.channel,
            last_heard([each]),
            each.last_attempt_at,
            each.failures,
            each.last_error,
            each.messages,
            each.duplicates,
            each.refused,
        )
        for line in found
        for each in line.channels
    ]
    return sheet.csv_file("systems", columns, rows)
