"""The desks and what an entry of the navigation says; each page module declares its own entry."""

from __future__ import annotations

from dataclasses import dataclass

DESKS = ("Executive", "Planner", "Integration", "Exceptions", "Governance")


@dataclass(frozen=True)
class NavEntry:
    """One line of the navigation. `endpoint` is the list page; `icon` a symbol of _icons.html; `covers` names the
    other blueprints whose pages belong to it."""

    desk: str
    title: str
    endpoint: str
    icon: str
    roles: tuple[str, ...] = ()  # empty: everybody
    demo_only: bool = False
    covers: tuple[str, ...] = ()
