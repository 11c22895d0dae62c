"""No question that is asked again and again reads a whole table: SQLite answers each from an index."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as listened

from controltower.domain.delivery import Delivery
from controltower.domain.event import Position
from controltower.domain.rehearsal import Selection
from controltower.domain.slo import Slo
from controltower.domain.subject import Subject
from controltower.store import (
    backlog,
    belief,
    calls,
    case,
    channel,
    drift,
    event,
    expectation,
    flow,
    flow_figure,
    latency,
    message,
    notification,
    promises,
    resubmission,
)
from controltower.store.engine import connect, reading

NOW = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
ORDER = Subject("LYON", "order/MO-1")

DELIVERY = Delivery(
    1, ORDER, "plans", "mes", "aps", "order.changed", {}, {}, "e", Position(1, 0), NOW, NOW, 1, "k", "t"
)  # fmt: skip

TOLD = Slo("told", "Told", "delivery", datetime.timedelta(minutes=30))

QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "waiting": lambda asked: message.waiting(asked, 200),
    "oldest waiting": message.oldest_waiting,
    "backlog": message.backlog,
    "parked of a system": lambda asked: message.parked_of(asked, "erp", NOW),
    "parked counts": message.parked_counts,
    "faulty messages": lambda asked: message.listing(asked, state="faulty"),
    "parked messages": lambda asked: message.listing(asked, state="parked"),
    "faulty messages of a system": lambda asked: message.listing(asked, system="erp", state="faulty"),
    "drift due": lambda asked: drift.due(asked, NOW),
    "open drift": drift.open_ones,
    "drift board": drift.listing,
    "closed drift": lambda asked: drift.listing(asked, state="closed"),
    "drift counts": drift.counts,
    "drift of subjects": lambda asked: drift.unclosed_of(asked, [ORDER]),
    "drift of an order": lambda asked: drift.of_order(asked, "LYON", "MO-1"),
    "expectations due": lambda asked: expectation.due(asked, NOW),
    "expectation counts": expectation.counts,
    "missed expectations": expectation.listing,
    "met expectations": lambda asked: expectation.listing(asked, state="met"),
    "expectations of subjects": lambda asked: expectation.unanswered_of(asked, [ORDER]),
    "expectations of an order": lambda asked: expectation.of_order(asked, "LYON", "MO-1"),
    "open exceptions": case.listing,
    "resolved exceptions": lambda asked: case.listing(asked, state="resolved"),
    "exceptions of rules": lambda asked: case.open_of(asked, ("drift",)),
    "exceptions of a subject": lambda asked: case.open_about(asked, ORDER),
    "exceptions of an order": lambda asked: case.of_order(asked, "LYON", "MO-1"),
    "events of a subject": lambda asked: event.of_subject(asked, ORDER),
    "events of an order": lambda asked: event.of_order(asked, "LYON", "MO-1"),
    "events from a position": lambda asked: event.feed(asked, Position(5, 0)),
    "beliefs of subjects": lambda asked: belief.of(asked, [ORDER]),
    "beliefs of an order": lambda asked: belief.of_order(asked, "LYON", "MO-1"),
    "orders": lambda asked: belief.orders(asked, plants=["LYON"], prefix="MO"),
    "beliefs of systems": lambda asked: belief.held_by(asked, [ORDER], ["due_date"], ["erp", "mes"]),
    "a group to send again": lambda asked: resubmission.selected(asked, Selection(group="g"), 5),
    "lane mates": lambda asked: resubmission.mates_of(asked, [DELIVERY], True),
    "running resubmissions": resubmission.running,
    "resubmissions": lambda asked: resubmission.listing(asked, before=9),
    "next items": lambda asked: resubmission.take(asked, 1, ["aps"], 50),
    "batch of a resubmission": lambda asked: resubmission.batch(asked, 1, 3),
    "words of a batch": lambda asked: resubmission.last_words(asked, 1, 3),
    "items": lambda asked: resubmission.items(asked, 1, "failed", 50),
    "progress": lambda asked: resubmission.progress(asked, 1),
    "what is under way": lambda asked: resubmission.is_under_way(asked, 1, NOW),
    "flows of subjects": lambda asked: flow.of_subjects(asked, [ORDER]),
    "flows due": lambda asked: flow.due(asked, ["f"], NOW),
    "flows whose delivery took effect": lambda asked: flow.taken_effect(asked, ["f"]),
    "what was delivered of flows": lambda asked: flow.carried(asked, [ORDER], ["plans"]),
    "decisions about flows": lambda asked: flow.acts_of(asked, [ORDER]),
    "flows under way": lambda asked: flow.listing(asked, "f"),
    "flows completed": lambda asked: flow.listing(asked, "f", state="completed", after=(NOW, "order/1")),
    "flows at a step": lambda asked: flow.waiting_at(asked, "f", "s"),
    "deliveries of steps": lambda asked: flow.latest_deliveries(asked, [ORDER], ["plans"]),
    "cohorts of a flow": lambda asked: flow_figure.cohorts(asked, "f", ("2026-03-01", "2026-03-31"), NOW),
    "how long steps take": lambda asked: flow_figure.spreads(asked, "f", ("2026-03-01", "2026-03-31")),
    "where flows wait": lambda asked: flow_figure.stops(asked, "f", NOW),
    "exceptions to tell of": lambda asked: notification.begun(asked, 1),
    "ends to tell of": lambda asked: notification.ended(asked, 1),
    "notifications due": lambda asked: notification.due(asked, NOW, NOW, 1),
    "notifications of an exception": lambda asked: notification.of_exception(asked, "x"),
    "channels that fail": notification.failing,
    "notifications by channel": notification.counts,
    "notifications": lambda asked: notification.listing(asked, state="sent", channel="mail"),
    "latencies": lambda asked: latency.spreads(asked, ("in", "delivery"), NOW, NOW),
    "a course of latency": lambda asked: latency.course(asked, "in", NOW, NOW, name="erp"),
    "good ones of a promise": lambda asked: latency.counts(asked, "in", 5, NOW, NOW),
    "where a promise begins": lambda asked: latency.first_at(asked, "in"),
    "what should have been delivered": lambda asked: promises.tally(asked, TOLD, NOW, NOW),
    "what waits to be read": backlog.waiting,
    "what cannot be read": backlog.parked,
    "answers overdue": backlog.overdue,
    "a course of queues": lambda asked: backlog.course(asked, NOW, NOW),
    "patterns of failure": lambda asked: calls.patterns(asked, NOW),
    "calls of a pattern": lambda asked: calls.failures(asked, "x", NOW),
    "outages": lambda asked: channel.outages(asked, "erp", NOW),
}


def plans(url: str, ask: Callable[[Connection], Any]) -> list[str]:
    """How SQLite goes about each statement of a question."""
    asked: list[tuple[str, Any]] = []
    engine = connect(url)

    @listened.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    with reading(engine) as connection:
        ask(connection)
        found = [
            row.detail
            for statement, parameters in list(asked)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    engine.dispose()
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_index_answers(sqlite_url: str, question: str) -> None:
    found = plans(sqlite_url, QUESTIONS[question])
    assert found
    for step in found:
        # Partial indexes and those that give the order may be walked; all else must be looked up by key.
        whole = step.startswith("SCAN") and "INDEX" not in step and "SCAN CONSTANT" not in step
        assert not whole or "subquery" in step, step
        assert "(plant=?)" not in step, step
        assert question not in SYSTEM_FAULTY or "ix_message_system_id" not in step, step


def test_what_is_due_of_flows_is_not_looked_for_among_all_that_ever_were(sqlite_url: str) -> None:
    assert any("ix_flow_due" in step for step in plans(sqlite_url, QUESTIONS["flows due"]))


SYSTEM_FAULTY = ("parked of a system", "faulty messages of a system")
