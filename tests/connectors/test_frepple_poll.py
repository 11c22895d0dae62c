"""frePPLe's whole lists: an idle plan run is no news, proposed orders are nobody, closed ones are gone."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.contract import Page, SourceUnavailable
from controltower.connectors.frepple.connector import connect
from controltower.domain.landscape import System
from tests.connectors.served import Asked, Reply, serve

ORDER = {
    "reference": "MO-1",
    "status": "confirmed",
    "quantity": "120.00000000",
    "startdate": "2026-03-02T10:00:00",
    "enddate": "2026-03-02T12:00:00",
    "delay": "-1 07:50:00",
    "plan": {"pegging": {"MO-1": 120.0}},
    "lastmodified": "2026-03-02T09:20:31.482000",
    "location": "factory 1",
}


def _system(url: str, **settings: str) -> System:
    held = {"url": url, "user": "tower", "password": "p", "plants": "factory 1=LYON", **settings}
    return System("aps", "APS", "aps", ("LYON",), "frepple", ZoneInfo("Europe/Paris"), settings=held)


def _poll(*rows: Any) -> list[Page]:
    def answer(asked: Asked) -> Reply:
        return Reply(list(rows) if asked.path == "/api/input/manufacturingorder/" else [])

    with serve(answer) as served:
        pages = list(connect(_system(served.url)).poll({}))
        assert [asked.path for asked in served.asked] == [
            "/api/input/manufacturingorder/",
            "/api/input/workorder/",
        ]
        assert all(asked.query == {"format": "json"} for asked in served.asked)
        return pages


def test_a_plan_run_that_only_touches_the_stamp_is_no_change() -> None:
    touched = {**ORDER, "lastmodified": "2026-03-02T12:00:00", "delay": "0 00:00:00", "plan": {}}
    before, after = _poll(ORDER)[0].records[0], _poll(touched)[0].records[0]
    assert before.body != after.body
    assert before.fingerprint == after.fingerprint
    moved = _poll({**touched, "enddate": "2026-03-02T13:00:00"})[0].records[0]
    assert moved.fingerprint != before.fingerprint


def test_proposed_orders_have_no_identity() -> None:
    page = _poll(ORDER, {**ORDER, "reference": "10", "status": "proposed"})[0]
    assert [record.native_id for record in page.records] == ["MO-1"]
    assert page.everything == {"MO-1"}


def test_an_order_taken_out_of_the_plan_can_be_told_and_a_closed_one_tidied_away_is_no_news() -> None:
    before = _poll(ORDER, {**ORDER, "reference": "MO-2"}, {**ORDER, "reference": "MO-3", "status": "closed"})[
        0
    ]
    after = _poll(ORDER)[0]
    gone = (before.everything or set()) - (after.everything or set())
    subjects = {record.native_id: record.subject for record in before.records}
    assert {native_id: subjects[native_id] for native_id in gone} == {"MO-2": "LYON/order/MO-2", "MO-3": ""}


def test_a_faulty_row_does_not_hide_the_others() -> None:
    page = _poll({**ORDER, "quantity": True, "location": None}, {**ORDER, "reference": "MO-2"})[0]
    assert [(record.native_id, record.subject) for record in page.records] == [
        ("MO-1", ""),
        ("MO-2", "LYON/order/MO-2"),
    ]


def test_rows_without_a_reference_are_a_broken_contract() -> None:
    with pytest.raises(SourceUnavailable, match="no order"):
        _poll({"status": "confirmed"})


def test_an_expired_login_is_a_credential_fault() -> None:
    with serve(lambda _: Reply("", 302, {"Location": "/data/login/?next=/api/"})) as served:
        with pytest.raises(SourceUnavailable) as failed:
            list(connect(_system(served.url)).poll({}))
        assert failed.value.kind == "credentials"


def test_missing_settings_are_told() -> None:
    with pytest.raises(ValueError, match="password"):
        connect(_system("http://aps.invalid", password=""))
