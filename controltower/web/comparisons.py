"""What a system says of itself and holds: its page's sections, and the buttons that compare, fetch again and renew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, flash, request

from controltower.domain.comparison import Difference
from controltower.domain.landscape import System
from controltower.pipeline import probe, reconcile
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.backfill import backfill, can_replay
from controltower.pipeline.holdings import can_tell
from controltower.pipeline.renew import can_renew, renew
from controltower.store import audit, comparison
from controltower.store import connection as reports
from controltower.store.comparison import ASKED, RUNNING, Run
from controltower.store.connection import Report
from controltower.web import hx
from controltower.web.format import zone_for
from controltower.web.login import who
from controltower.web.scope import link
from controltower.web.security import roles
from controltower.web.tower import close_reading, now, reading, tower, writing

bp = Blueprint("comparisons", __name__)
RUNS, DIFFERENCES = 6, 50
# How far back the form of a time range begins.
_USUAL = timedelta(hours=2)


@dataclass(frozen=True)
class Connected:
    """What is known of a system's connection, and of comparing it."""

    report: Report | None
    runs: Sequence[Run]
    differences: Sequence[Difference]
    found: int
    can_compare: bool
    can_replay: bool
    can_renew: bool
    is_probed: bool
    since: datetime
    until: datetime

    @property
    def is_busy(self) -> bool:
        return any(run.state in (ASKED, RUNNING) for run in self.runs)

    @property
    def settings_differ(self) -> bool:
        return self.report is not None and self.report.settings != self.report.settings_agreed


def of(system: System) -> Connected:
    """What a system's page shows of it."""
    db = reading()
    found = comparison.differences(db, system.id)
    counting = [each for each in found if each.counts]
    return Connected(
        reports.get(db, system.id),
        comparison.latest(db, system.id, RUNS),
        counting[:DIFFERENCES],
        len(counting),
        can_tell(tower(), system.id),
        can_replay(tower(), system.id),
        can_renew(tower(), system.id),
        system.probing is not None and probe.can_be_asked(tower(), system.id),
        now() - _USUAL,
        now(),
    )


@bp.post("/systems/<system>/reconcile")
@roles("integration")
def compare(system: str) -> Response:
    """Have all that the system holds compared as soon as a worker is free."""
    return _done(system, lambda: _asked(system), "comparison")


def _asked(system: str) -> str:
    reconcile.ask(tower(), system, who())
    return "It will be compared at once; what differs is shown here and becomes exceptions."


@bp.post("/systems/<system>/backfill")
@roles("integration")
def fetch(system: str) -> Response:
    """Fetch again what the system sent in a time range, and what it holds otherwise than believed."""
    try:
        since, until = (
            datetime.fromisoformat(request.form.get(name, "")).replace(tzinfo=zone_for())
            for name in ("since", "until")
        )
    except ValueError:
        flash("Say from when and until when.", "warn")
        return hx.go_to(_back(system, "comparison"))
    reason = request.form.get("reason", "").strip()
    return _done(system, lambda: backfill(tower(), system, since, until, who(), reason), "comparison")


@bp.post("/systems/<system>/renew")
@roles("integration")
def subscribe(system: str) -> Response:
    """Have the system note a new subscription, and fetch what it did not send."""
    return _done(system, lambda: renew(tower(), system, None, who(), "by hand"), "connection")


@bp.post("/systems/<system>/agree")
@roles("integration")
def agree(system: str) -> Response:
    """Take the system's present settings for those that it shall have."""
    return _done(system, lambda: _agreed(system), "connection")


def _agreed(system: str) -> str:
    probe.agree(tower(), system)
    with writing() as connection:
        audit.write_down(
            connection, audit.Entry(now(), who(), "system.agree", system, "its present settings")
        )
    return "Agreed: the present settings count from now on."


def _done(system: str, do: Callable[[], str], place: str) -> Response:
    """Do it and go back, with the words of what became of it."""
    if system not in tower().landscape.systems:
        abort(404)
    close_reading()
    try:
        flash(f"{do().rstrip('.')}.".capitalize(), "ok")
    except NotPossible as trouble:
        flash(str(trouble), "warn")
    return hx.go_to(_back(system, place))


def _back(system: str, place: str) -> str:
    return link("systems.show", system=system, _anchor=place)
