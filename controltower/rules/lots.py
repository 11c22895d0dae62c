"""An order's lots: which of them quality has rejected, and which have left."""

import datetime
from collections.abc import Iterator

from controltower.domain.belief import Belief
from controltower.domain.subject import Subject
from controltower.domain.value import read_time
from controltower.domain.view import View

_REJECTED = frozenset({"rejected", "failed", "held"})
_GONE = frozenset({"shipped", "delivered"})


def failed(view: View) -> Iterator[tuple[Subject, Belief]]:
    """The inspections that quality has decided against, each with the decision."""
    for inspection in view.subjects("inspection"):
        result = view.said(inspection, "result", "quality")
        status = view.said(inspection, "status", "quality")
        told = result if result is not None and result.value.text else status
        if told is not None and told.value.text in _REJECTED:
            yield inspection, told


def left(view: View) -> Iterator[tuple[Subject, Belief, datetime.datetime]]:
    """The shipments that have left, each with what says so and when that was."""
    for shipment in view.subjects("shipment"):
        status = view.said(shipment, "status", "wms")
        if status is not None and status.value.text in _GONE:
            yield shipment, status, _at(view.said(shipment, "shipped_at", "wms")) or status.since


def _at(shipped: Belief | None) -> datetime.datetime | None:
    return read_time(shipped.value.text) if shipped is not None else None
