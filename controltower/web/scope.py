"""The plant and the period that a page is about, read from its URL and carried along by every link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request, url_for

PERIODS: dict[str, tuple[str, timedelta | None]] = {
    "1h": ("Last hour", timedelta(hours=1)),
    "8h": ("Last shift", timedelta(hours=8)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
    "all": ("All time", None),
}
USUAL_PERIOD = "24h"


@dataclass(frozen=True)
class Scope:
    """`plant` is None for all plants; `period` is a key of PERIODS."""

    plant: str | None
    period: str

    def since(self, now: datetime) -> datetime | None:
        """Where the period begins; None when it never did."""
        length = PERIODS[self.period][1]
        return now - length if length else None

    def query(self) -> dict[str, str]:
        """The part of a URL that says it; nothing for what is usual."""
        said = {"plant": self.plant, "period": self.period if self.period != USUAL_PERIOD else None}
        return {name: value for name, value in said.items() if value}


def current_scope() -> Scope:
    """What the URL asks for; an unknown period counts as the usual one."""
    period = request.args.get("period", USUAL_PERIOD)
    return Scope(request.args.get("plant") or None, period if period in PERIODS else USUAL_PERIOD)


def link(endpoint: str, **values: object) -> str:
    """url_for with the current plant and period carried along."""
    merged: dict[str, Any] = {**current_scope().query(), **values}
    return url_for(endpoint, **merged)


def here(**changes: object) -> str:
    """This page's URL with some of its query changed; None drops a part. Paging starts over unless kept."""
    kept: dict[str, object] = {
        name: value for name, value in request.args.items() if name not in ("after", "before")
    }
    wanted = {**kept, **changes}
    said: dict[str, Any] = {name: value for name, value in wanted.items() if value not in (None, "")}
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **said})
