"""Planned absences of a system, as its page shows them and people declare them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, request

from controltower.domain.landscape import System
from controltower.domain.outage import Absence, Outage
from controltower.pipeline import outages
from controltower.pipeline.answer import NotPossible
from controltower.store import kinship, outage
from controltower.web import hx
from controltower.web.interfaces import moment_asked
from controltower.web.login import who
from controltower.web.scope import link
from controltower.web.security import roles
from controltower.web.tower import close_reading, now, reading, tower

bp = Blueprint("outages", __name__)


@dataclass(frozen=True)
class Planned:
    """A system's planned absences: those of now, the declared ones (also to come), its weekly windows in words; and how
    many exceptions they explain."""

    present: Sequence[Absence]
    declared: Sequence[Outage]
    weekly: Sequence[str]
    suppressed: int


def of(system: System) -> Planned:
    """What is planned for a system."""
    at, connection = now(), reading()
    current = outages.absences(connection, tower(), {system.id}, at)[system.id]
    windows = {*system.maintenance, *(system.sending.windows if system.sending else ())}
    return Planned(
        [each for each in current if each.until > at],
        outage.lasting(connection, [system.id], at),
        [outages.window_words(each) for each in sorted(windows, key=lambda each: (each.weekday, each.start))],
        len(kinship.suppressed(connection, system=system.id)),
    )


@bp.post("/systems/<system>/outages")
@roles("integration")
def declare(system: str) -> Response:
    """Say that a system will be away; what follows from it alarms nobody meanwhile."""
    since, since_good = moment_asked(request.form.get("since", ""))
    until, good = moment_asked(request.form.get("until", ""))
    if until is None or not good or not since_good:
        flash("Say until when, in the future; a beginning, where there is one, lies ahead too.", "warn")
        return hx.go_to(_back(system))
    close_reading()
    try:
        outages.declare(tower(), system, who(), request.form.get("reason", ""), until, since)
    except LookupError:
        abort(404)
    except NotPossible as trouble:
        flash(str(trouble), "warn")
    else:
        flash(
            f"Declared. What follows from {tower().landscape.system(system).title} being away alarms nobody.",
            "ok",
        )
    return hx.go_to(_back(system))


@bp.post("/systems/<system>/outages/<int:id>/end")
@roles("integration")
def end(system: str, id: int) -> Response:
    """Say that a declared outage is over."""
    close_reading()
    try:
        outages.end(tower(), system, id, who())
    except LookupError:
        abort(404)
    flash("Ended. What still holds after a while comes to life.", "ok")
    return hx.go_to(_back(system))


def _back(system: str) -> str:
    return link("systems.show", system=system, _anchor="planned")
