"""Every way out with its state: what waits on it, what went through, and the switch that holds it."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, abort, flash, request

from controltower.pipeline import gates
from controltower.web import hx, outgoing, sheet, targets
from controltower.web.format import zone_for
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.scope import link
from controltower.web.security import roles
from controltower.web.targets import Interface, Target
from controltower.web.tower import close_reading, now, tower

bp = Blueprint("interfaces", __name__)
NAV = NavEntry("Integration", "Interfaces", "interfaces.listing", "interface")


@bp.get("/interfaces")
def listing() -> Response:
    """Every system that the tower sends to, with the routes that lead there."""
    found = targets.every()
    if sheet.wanted():
        return as_file(found)
    return hx.page(
        "interfaces.html",
        targets=found,
        states=targets.STATES,
        title_of=outgoing.title_of,
        held=sum(1 for each in found if each.state not in (targets.RUNNING, targets.DRAINING)),
        backlog=sum(each.backlog for each in found),
        dead=sum(each.dead for each in found),
        lately=sum(each.lately for each in found),
        many=any(each.many for each in found),
        oldest=min((each.oldest_at for each in found if each.oldest_at), default=None),
    )


@bp.post("/interfaces/<system>/pause")
@roles("integration")
def pause(system: str) -> Response:
    """Send nothing to a system until somebody lets it run again, or until a moment."""
    until, good = moment_asked(request.form.get("until", ""))
    if not good:
        flash("The time until which it is to be paused must lie ahead.", "warn")
        return hx.go_to(back_to(system))
    close_reading()
    try:
        gates.pause(tower(), system, who(), request.form.get("why", "").strip(), until)
    except LookupError:
        abort(404)
    except ValueError as trouble:
        flash(str(trouble), "warn")
    else:
        flash(f"{tower().landscape.system(system).title} is paused. Its messages are kept.", "ok")
    return hx.go_to(back_to(system))


def moment_asked(text: str) -> tuple[datetime | None, bool]:
    """(the moment of a datetime-local field in the zone of the page, whether it can be used); none is fine too."""
    if not text:
        return None, True
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone_for())
    except ValueError:
        return None, False
    return moment, moment > now()


@bp.post("/interfaces/<system>/resume")
@roles("integration")
def resume(system: str) -> Response:
    """Let a system run again: slowly at first."""
    close_reading()
    try:
        gates.resume(tower(), system, who(), request.form.get("why", "").strip())
    except LookupError:
        abort(404)
    flash(f"{tower().landscape.system(system).title} runs again, slowly at first.", "ok")
    return hx.go_to(back_to(system))


def back_to(system: str) -> str:
    return link("interfaces.listing", _anchor=f"t-{system}")


def as_file(found: list[Target]) -> Response:
    columns = (
        "system state route title backlog retrying unknown dead oldest_at taken_last_hour p95_ms last_error"
    ).split()
    rows = [row_of(target, each) for target in found for each in target.interfaces]
    return sheet.csv_file("interfaces", columns, rows)


def row_of(target: Target, each: Interface) -> tuple[object, ...]:
    return (
        target.system.id, target.state, each.route.name, each.route.title, each.backlog, each.retrying, each.unknown,
        each.dead, each.oldest_at, each.lately, each.p95, target.gate.last_error,
    )  # fmt: skip
