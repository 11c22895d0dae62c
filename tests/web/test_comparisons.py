"""A system's page: what it says of itself, what differs, and the buttons that compare, fetch again and renew."""

import datetime
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from controltower.domain.comparison import DIFFERS, Difference, Gap
from controltower.domain.subject import order_subject
from controltower.store import comparison
from controltower.store import connection as reports
from controltower.store.connection import Report
from controltower.store.engine import writing
from tests.web.test_pages import Told, words

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)


def test_the_page_tells_what_a_system_said_of_itself_and_what_differs(
    planner: FlaskClient, told: Told
) -> None:
    gap = Gap("quantity", ("120", "EA"), ("100", "EA"))
    with writing(told[1].tower.engine) as connection:
        reports.put(connection, Report("erp", NOON, NOON, version="7.52", settings="a", settings_agreed="b"))
        found = Difference("erp", order_subject("LYON", "MO-7"), DIFFERS, (gap,), NOON, NOON)
        comparison.put(connection, [found])
        comparison.ask(connection, "erp", "ines", NOON)
    shown = words(planner, "/systems/erp")
    assert "7.52" in shown
    assert "not agreed" in shown
    assert "120 EA" in shown
    assert "100 EA" in shown


@pytest.mark.parametrize("verb", ["reconcile", "backfill", "renew", "agree"])
def test_only_the_integration_desk_may(verb: str, as_role: Callable[[str], FlaskClient], told: Told) -> None:
    assert as_role("planner").post(f"/systems/erp/{verb}").status_code == 403
    assert as_role("integration").post(f"/systems/nobody/{verb}").status_code in (303, 404)


def test_a_system_that_cannot_be_asked_is_told_as_that(
    as_role: Callable[[str], FlaskClient], told: Told
) -> None:
    client = as_role("integration")
    asked = {"since": "2026-03-02T10:00", "until": "2026-03-02T12:00", "reason": "its line was down"}
    client.post("/systems/erp/backfill", data=asked)
    client.post("/systems/erp/reconcile")
    shown = words(client, "/systems/erp")
    assert "can neither send again nor tell what it holds" in shown
    assert "cannot be asked for all that it holds" in shown
