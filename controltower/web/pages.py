"""The pages there are: one module each, in the order of the navigation."""

from __future__ import annotations

from types import ModuleType

from flask import Flask

from controltower.web import (
    api_errors,
    backlog,
    comparisons,
    deliveries,
    drift,
    exceptions,
    failure,
    failures,
    flow,
    flows,
    health,
    integration,
    interfaces,
    latency,
    messages,
    metrics,
    notifications,
    order,
    orders,
    outages,
    resubmitting,
    runs,
    search,
    systems,
    traces,
)
from controltower.web import demo as demo_panel
from controltower.web.navigation import NavEntry

# Each module has `bp`, a Blueprint, and may have `NAV`, a NavEntry. A new page is one line here.
PAGES: tuple[ModuleType, ...] = (
    drift,
    orders,
    order,
    integration,
    failures,
    failure,
    deliveries,
    resubmitting,
    runs,
    messages,
    interfaces,
    latency,
    backlog,
    api_errors,
    flows,
    flow,
    systems,
    outages,
    comparisons,
    exceptions,
    notifications,
    search,
    traces,
    demo_panel,
    health,
    metrics,
)


def register(app: Flask, *, demo: bool) -> None:
    """Mount every page and remember the navigation."""
    entries: list[NavEntry] = []
    for page in PAGES:
        entry: NavEntry | None = getattr(page, "NAV", None)
        if entry and entry.demo_only and not demo:
            continue
        app.register_blueprint(page.bp)
        if entry:
            entries.append(entry)
    app.extensions["navigation"] = tuple(entries)
