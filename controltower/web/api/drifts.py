"""`/drift`: where an owner and a follower disagree, why, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

from controltower.domain.drift import Drift
from controltower.store import case, drift
from controltower.web.api import asked, paging, shapes
from controltower.web.api.call import call
from controltower.web.tower import reading


class DriftQuery(asked.Paged, kw_only=True):
    """`state`: open (past its allowance), settling (within it), closed (that had been open)."""

    state: Literal["open", "settling", "closed"] = "open"
    plant: asked.Word = ""
    attribute: asked.Word = ""
    cause: asked.Word = ""
    follower: asked.Word = ""


class Drifts(msgspec.Struct):
    """Disagreements: open and settling ones by deadline, closed ones the latest first."""

    items: list[shapes.DriftShape]
    next: str | None


@call("GET", "/drift", answer=Drifts, query=DriftQuery)
def list_drift(query: DriftQuery) -> Drifts:
    """Disagreements between owners and followers, with cause, evidence and action"""
    found = drift.listing(
        reading(), state=query.state, plants=[query.plant] if query.plant else (), attribute=query.attribute,
        cause=query.cause, follower=query.follower, after=paging.mark_of(query.cursor), limit=query.limit + 1,
    )  # fmt: skip
    shown = found[: query.limit]
    cases = case.by_ids(reading(), [f"drift-{each.id}" for each in shown])
    actions = {id: each.action for id, each in cases.items()}
    more = paging.write_cursor(*_mark(shown[-1])) if len(found) > query.limit else None
    return Drifts([shapes.drift_shape(each, actions.get(f"drift-{each.id}", "")) for each in shown], more)


def _mark(each: Drift) -> paging.Mark:
    return each.closed_at or each.allowed_until, each.id
