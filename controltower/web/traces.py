"""One trace: from the first message to the last effect."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request, url_for

from controltower.domain.subject import Subject, order_of, parse_subject
from controltower.domain.trace import is_trace
from controltower.web import hx, waterfall

bp = Blueprint("traces", __name__)


@bp.get("/traces/<trace>")
def show(trace: str) -> Response:
    """The waterfall of a trace; `subject` (LYON/order/MO-1) leaves out what does not concern it."""
    if not is_trace(trace):
        abort(404)
    subject = subject_asked()
    fall = waterfall.of_trace(trace, subject)
    if fall is None:
        abort(404)
    order = order_of(subject) if subject else None
    order_url = url_for("order.show", plant=subject.plant, order=order) if subject and order else ""
    return hx.page("trace.html", trace=trace, subject=subject, fall=fall, order_url=order_url)


def subject_asked() -> Subject | None:
    """What the URL names; 404 for what can be no subject."""
    text = request.args.get("subject", "")
    try:
        return parse_subject(text) if text else None
    except ValueError:
        abort(404)
