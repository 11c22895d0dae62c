"""`/expectations`: what is due from whom, and what became of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from controltower.store import expectation
from controltower.web.api import asked, paging, shapes
from controltower.web.api.call import call
from controltower.web.tower import reading


class ExpectationQuery(asked.Paged, kw_only=True):
    """`state` missed is a silent failure: nothing came, or it came too late."""

    state: Literal["waiting", "met", "missed", "void"] = "missed"
    plant: asked.Word = ""


class Expectations(msgspec.Struct):
    """Expectations by due time: waiting ones the next due first, others the latest first."""

    items: list[shapes.ExpectationShape]
    next: str | None


@call("GET", "/expectations", answer=Expectations, query=ExpectationQuery)
def list_expectations(query: ExpectationQuery) -> Expectations:
    """What was expected from which system by when"""
    found = expectation.listing(
        reading(), state=query.state, plants=[query.plant] if query.plant else (),
        after=paging.mark_of(query.cursor), limit=query.limit + 1,
    )  # fmt: skip
    shown = found[: query.limit]
    more = paging.write_cursor(shown[-1].due_at, shown[-1].id) if len(found) > query.limit else None
    return Expectations([shapes.expectation_shape(each) for each in shown], more)
