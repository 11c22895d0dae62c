"""How far an order has come."""

import datetime

from controltower.domain.event import Event, Position, Recorded
from controltower.domain.expectation import Sign
from controltower.domain.flow import Flow, Milestone, progress
from controltower.domain.subject import parse_subject
from controltower.domain.value import Value
from tests.factories import MINUTE, MORNING

FLOW = Flow(
    "order-to-schedule",
    "Order to schedule",
    (
        Milestone("released", "Released", Sign("erp", attribute="status", becomes=frozenset({"released"}))),
        Milestone(
            "completed", "Completed", Sign("mes", attribute="status", becomes=frozenset({"completed"}))
        ),
        Milestone("shipped", "Shipped", Sign("wms", type="order.shipped")),
    ),
)
ROLES = {"erp": "erp", "mes": "mes", "wms": "wms"}


def said(
    system: str, subject: str, status: str, at: datetime.datetime, kind: str = "order.changed"
) -> Recorded:
    event = Event(
        kind, parse_subject(subject), system, f"{system}{at}", at, at.isoformat(), {"status": Value(status)}
    )
    return Recorded(event, Position(1, 0), at)


def test_a_milestone_is_reached_by_its_first_sign() -> None:
    history = [
        said("mes", "LYON/order/1", "completed", MORNING + 9 * MINUTE),
        said("erp", "LYON/order/1", "released", MORNING + 5 * MINUTE),
        said("erp", "LYON/order/1", "released", MORNING),
        said("wms", "LYON/order/1", "closed", MORNING + 12 * MINUTE, "order.shipped"),
    ]
    reached = [each.at for each in progress(FLOW, history, ROLES)]
    assert reached == [MORNING, MORNING + 9 * MINUTE, MORNING + 12 * MINUTE]


def test_an_operation_does_not_complete_its_order() -> None:
    history = [said("mes", "LYON/operation/1/10", "completed", MORNING)]
    assert [each.at for each in progress(FLOW, history, ROLES)] == [None, None, None]


def test_another_roles_word_is_no_sign() -> None:
    history = [said("mes", "LYON/order/1", "released", MORNING)]
    assert progress(FLOW, history, ROLES)[0].at is None
