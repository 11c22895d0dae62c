"""The demo's panel: the truth folded to one line per hit, and what is said when the network does not answer."""

import datetime

import pytest
from flask import Flask

from controltower.domain.exception import Case
from controltower.domain.subject import parse_subject
from controltower.web import demo

AT = datetime.datetime(2026, 3, 2, 6, 30, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
ORDER = parse_subject("LYON/order/MO-1")


def line(state: str, at: datetime.datetime, **changed: object) -> dict[str, object]:
    told = {
        "id": "late-1",
        "fault": "late",
        "system": "mes",
        "subjects": ["LYON/order/MO-1"],
        "what": "held back",
        "at": at.isoformat(),
        "state": state,
    }
    return told | changed


def case(id: str, **changed: object) -> Case:
    fields = {
        "rule": "drift",
        "title": id,
        "severity": "B",
        "opened_at": AT,
        "subject": ORDER,
        "system": "aps",
    }
    return Case(id=id, **(fields | changed))  # type: ignore[arg-type]


def test_a_hit_and_its_mending_are_one_line(page_app: Flask) -> None:
    with page_app.test_request_context():
        hits = demo.hits_of(
            [line("injected", AT), line("mended", AT + HOUR), line("injected", AT, id="late-2")]
        )
    assert [(hit.id, hit.mended_at) for hit in hits] == [("late-2", None), ("late-1", AT + HOUR)]
    assert hits[0].orders == [("LYON", "MO-1")]


def test_what_the_tower_found_is_about_the_same_order(page_app: Flask) -> None:
    other = case("other", subject=parse_subject("LYON/order/MO-2"))
    before = case("before", resolved_at=AT - HOUR)
    with page_app.test_request_context():
        found = demo.findings((ORDER,), "mes", AT, [case("mine"), other, before])
    assert [each.id for each in found] == ["mine"]


def test_a_hit_on_no_order_is_found_at_its_system(page_app: Flask) -> None:
    skew = case("skew", subject=None, system="mes")
    with page_app.test_request_context():
        assert demo.findings((), "mes", AT, [skew, case("mine")]) == (skew,)


def test_without_a_network_it_is_said(page_app: Flask) -> None:
    with page_app.test_request_context(), pytest.raises(demo.NoNetwork, match="no simulated network"):
        demo.call("GET", "faults")
