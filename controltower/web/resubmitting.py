"""A person sends one delivery again, as it is or edited, or discards it; old news only when they say so twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, request

from controltower.domain import edit
from controltower.domain.delivery import Delivery
from controltower.domain.drift import Drift
from controltower.domain.rehearsal import Verdict
from controltower.domain.route import Route
from controltower.domain.subject import Subject, order_of, parse_subject
from controltower.domain.value import Value, read_time
from controltower.domain.vocabulary import MONEY, QUANTITY, STATUSES, TIME, value_kind
from controltower.pipeline.resubmit import InvalidContent, NotPossible, Stale
from controltower.pipeline.resubmit import discard as discard_now
from controltower.pipeline.resubmit import resubmit as resubmit_now
from controltower.pipeline.resync import resync as resync_now
from controltower.web import hx
from controltower.web.deliveries import context_of, known
from controltower.web.format import titled
from controltower.web.login import who
from controltower.web.scope import link
from controltower.web.security import roles
from controltower.web.tower import close_reading, tower

bp = Blueprint("resubmitting", __name__)


@dataclass(frozen=True)
class Field:
    """One attribute in the form: what it held when the form was shown, what was typed, what is wrong with it."""

    attribute: str
    kind: str
    text: str
    unit: str
    locked: bool
    carried: bool
    fault: str = ""
    choices: tuple[str, ...] = ()

    @property
    def has_unit(self) -> bool:
        return self.kind in (QUANTITY, MONEY)


@bp.post("/deliveries/<int:id>/resubmit")
@roles("integration")
def resubmit(id: int) -> Response:
    """Send it again as it is; asks once more where that would tell old news."""
    return sent(id, None)


@bp.get("/deliveries/<int:id>/edit")
@roles("integration")
def form(id: int) -> Response:
    """The form in which what a delivery carries may be changed."""
    each = known(id)
    return edit_page(each, fields_of(each, route_of(each), {}))


@bp.post("/deliveries/<int:id>/edit")
@roles("integration")
def change(id: int) -> Response:
    """First the difference is shown, then, on the second click, the edited delivery is sent."""
    each = known(id)
    route, zone = route_of(each), tower().landscape.zone_of(each.subject.plant)
    wanted = typed(each, route)
    made, faults = edit.edited(each, route, wanted, zone)
    if faults:
        return edit_page(each, fields_of(each, route, wanted, faults), status=422)
    changes = edit.changes(each.attributes, made)
    if not changes:
        return edit_page(each, fields_of(each, route, wanted), told="Nothing is changed yet.", status=422)
    if not request.form.get("send"):
        return edit_page(each, fields_of(each, route, wanted), changes=changes, wanted=wanted)
    return sent(id, wanted)


def sent(id: int, wanted: Mapping[str, Value] | None) -> Response:
    """Resubmit it, and go to the new delivery; or say why not."""
    asked = request.form
    close_reading()
    try:
        new = resubmit_now(
            tower(),
            id,
            who(),
            asked.get("reason", ""),
            wanted,
            confirm_stale=bool(asked.get("confirm_stale")),
        )
    except LookupError:
        abort(404)
    except Stale as stale:
        return asked_again(id, wanted, stale.verdict)
    except InvalidContent as invalid:
        each = known(id)
        fields = fields_of(each, route_of(each), wanted or {}, invalid.places)
        return edit_page(each, fields, status=422)
    except NotPossible as trouble:
        flash(str(trouble), "warn")
        return hx.go_to(link("deliveries.show", id=id))
    flash("Resubmitted: this is the new delivery. It is done when the target itself shows it.", "ok")
    return hx.go_to(link("deliveries.show", id=new.id))


def asked_again(id: int, wanted: Mapping[str, Value] | None, verdict: Verdict) -> Response:
    """The stale guard: the newer facts, and an explicit tick before old news is sent."""
    each = known(id)
    reason = request.form.get("reason", "")
    if wanted is not None:
        changes = edit.changes(each.attributes, made_of(each, wanted))
        fields = fields_of(each, route_of(each), wanted)
        return edit_page(
            each, fields, changes=changes, wanted=wanted, stale=verdict, reason=reason, status=409
        )
    page = hx.page("delivery.html", **{**context_of(each), "stale": verdict, "reason": reason})
    page.status_code = 409
    return page


@bp.post("/deliveries/<int:id>/discard")
@roles("integration")
def discard(id: int) -> Response:
    """Give it up: it is kept and never sent, and what waits behind it may go."""
    close_reading()
    try:
        gone = discard_now(tower(), [id], who(), request.form.get("reason", ""))
    except NotPossible as trouble:
        flash(str(trouble), "warn")
    else:
        words = (
            "Discarded. It is kept, and the audit log says why."
            if gone
            else "It cannot be discarded any more."
        )
        flash(words, "ok" if gone else "warn")
    return hx.go_to(link("deliveries.show", id=id))


@bp.post("/deliveries/<int:id>/resync")
@roles("integration")
def resync(id: int) -> Response:
    """Send the target what the owners say now instead of what this delivery carries."""
    each = known(id)
    return told_again(each.subject, each.target, link("deliveries.show", id=id))


@bp.post("/resync")
@roles("integration")
def resync_follower() -> Response:
    """Tell a follower that disagrees what the owners say now."""
    try:
        subject = parse_subject(request.form.get("subject", ""))
    except ValueError:
        abort(400)
    order = order_of(subject)
    back = link("order.show", plant=subject.plant, order=order) if order else link("drift.board")
    return told_again(subject, request.form.get("target", ""), back)


def told_again(subject: Subject, target: str, back: str) -> Response:
    """To the new delivery of the present values, or back with the reason why there is none."""
    close_reading()
    try:
        new = resync_now(tower(), subject, target, who(), request.form.get("reason", ""))
    except NotPossible as trouble:
        flash(titled(str(trouble)), "warn")
        return hx.go_to(back)
    flash("The present values are on their way: this is the new delivery.", "ok")
    return hx.go_to(link("deliveries.show", id=new[0].id))


@bp.app_template_test("resyncable")
def is_resyncable(drift: Drift) -> bool:
    """Whether the tower itself carries the attribute of a drift to its follower."""
    landscape, follower = tower().landscape, tower().landscape.system(drift.follower)
    return follower.sending is not None and any(
        route.target == follower.role and drift.attribute in route.take
        for route in landscape.routes_of(drift.subject.kind)
    )


# ---- the form ----------------------------------------------------------------------------------------------------


def route_of(each: Delivery) -> Route | None:
    return tower().landscape.routes.get(each.route)


def fields_of(
    each: Delivery, route: Route | None, wanted: Mapping[str, Value], faults: Sequence[edit.Fault] = ()
) -> list[Field]:
    """One field for each attribute that the route may carry, locked ones told as such."""
    locked = edit.locked(each, route)
    wrong = {pointer.rpartition("/")[2]: words for pointer, words in faults}
    names = dict.fromkeys([*each.attributes, *(route.take if route else ())])
    return [field_of(each, name, name in locked, wanted.get(name), wrong.get(name, "")) for name in names]


def field_of(each: Delivery, name: str, locked: bool, wanted: Value | None, fault: str) -> Field:
    kind, held = value_kind(each.subject.kind, name), each.attributes.get(name)
    text, unit = shown(each, name)
    if wanted is not None:
        text, unit = wanted.text, wanted.unit
    choices = tuple(sorted(STATUSES.get(each.subject.kind, ()))) if name == "status" else ()
    return Field(name, kind, text, unit, locked or name in edit.LOCKED, held is not None, fault, choices)


def shown(each: Delivery, name: str) -> tuple[str, str]:
    """(text, unit) of an attribute as the form shows it: times on the plant's clock."""
    held = each.attributes.get(name)
    if held is None:
        return "", ""
    if value_kind(each.subject.kind, name) != TIME:
        return held.text, held.unit
    try:
        zone = tower().landscape.zone_of(each.subject.plant)
        return read_time(held.text).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S"), ""
    except (ValueError, OverflowError):
        return held.text, ""


def typed(each: Delivery, route: Route | None) -> dict[str, Value]:
    """What was typed that differs from what the form showed; seconds may be left out of a time."""
    found: dict[str, Value] = {}
    for name in dict.fromkeys([*each.attributes, *(route.take if route else ())]):
        if f"a-{name}" not in request.form:
            continue
        text, unit = request.form[f"a-{name}"].strip(), request.form.get(f"u-{name}", "").strip()
        before = shown(each, name)
        same = (text, unit) == before or (text and f"{text}:00" == before[0])
        if not same and (text or before[0]):
            found[name] = Value(text, unit or before[1])
    return found


def made_of(each: Delivery, wanted: Mapping[str, Value]) -> dict[str, Value]:
    return edit.edited(each, route_of(each), wanted, tower().landscape.zone_of(each.subject.plant))[0]


def edit_page(each: Delivery, fields: Sequence[Field], *, status: int = 200, **told: Any) -> Response:
    context = {
        **context_of(each),
        "fields": fields,
        "zone_of": tower().landscape.zone_of(each.subject.plant),
        **told,
    }
    page = hx.page("delivery_edit.html", **context)
    page.status_code = status
    return page
