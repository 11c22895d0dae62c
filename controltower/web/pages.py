"""The pages there are: one module each, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from flask import Flask

DESKS = ("Executive", "Planner", "Integration", "Exceptions", "Governance")


@dataclass(frozen=True)
class NavEntry:
    """One line of the navigation. `endpoint` is the list page; `icon` a symbol of _icons.html."""

    desk: str
    title: str
    endpoint: str
    icon: str
    roles: tuple[str, ...] = ()  # empty: everybody
    demo_only: bool = False


# Each module has `bp`, a Blueprint, and may have `NAV`, a NavEntry. A new page is one line here.
PAGES: tuple[ModuleType, ...] = ()


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
