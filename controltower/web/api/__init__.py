"""The API, `/api/v1`: JSON for other systems, each call declared once and documented from its declaration."""

from __future__ import annotations

from flask import Blueprint, Flask

from controltower.web.api import (
    comparisons,
    deliveries,
    drifts,
    events,
    exceptions,
    expectations,
    failures,
    flows,
    latency,
    messages,
    notifications,
    openapi,
    orders,
    outages,
    routes,
    runs,
    systems,
    timeline,
    traces,
)
from controltower.web.api.call import CALLS, endpoint
from controltower.web.security import exempt_from_csrf

NOUNS = (
    systems, comparisons, outages, messages, deliveries, failures, runs, routes, orders, flows, timeline, drifts,
    expectations, exceptions, notifications, events, traces, latency,
)  # fmt: skip


def register(app: Flask) -> None:
    """Mount every declared call and the document that describes them."""
    blueprint = Blueprint("api", __name__, url_prefix=openapi.PREFIX)
    for declared in CALLS:
        blueprint.add_url_rule(declared.rule, declared.name, endpoint(declared), methods=[declared.method])
    exempt_from_csrf(blueprint)
    app.register_blueprint(blueprint)
    app.register_blueprint(openapi.bp)
