"""Each system answers in its own dialect, asks for its credential, and misbehaves when told to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import requests

from controltower.simulation.network import Network
from tests.simulation.conftest import HOUR, MINUTE, RecordingTower, ask

ORDERS = "/api/input/manufacturingorder/"
LISTS = {
    "erp-hq": "/api/orders",
    "aps-hq": ORDERS,
    "wms-north": "/api/stock/",
    "procurement": "/v1/purchase-lines",
}


@pytest.fixture
def network(make_network: Callable[..., Network], morning: Path, tmp_path: Path) -> Network:
    """A network in the middle of its first morning."""
    shutil.copytree(morning, tmp_path / "demo")
    return make_network()


def test_the_scheduler_answers_bare_arrays_of_naive_times_and_eight_places(network: Network) -> None:
    rows = ask(network, "aps-hq", f"{ORDERS}?format=json&limit=2").json()
    assert len(rows) > 2, "limit is unknown there and ignored"
    placed = next(row for row in rows if row["startdate"])
    assert datetime.fromisoformat(placed["startdate"]).tzinfo is None
    assert placed["quantity"] == f"{float(placed['quantity']):.8f}"
    works = ask(network, "aps-hq", f"/api/input/workorder/?owner={placed['reference']}").json()
    assert [work["reference"] for work in works] == [f"{placed['reference']}-{n}" for n in (10, 20, 30)]
    assert works[0]["startdate"] == placed["startdate"]
    assert works[-1]["enddate"] == placed["enddate"]


def test_the_scheduler_filters_by_what_it_knows(network: Network) -> None:
    rows = ask(network, "aps-hq", ORDERS).json()
    newest = max(row["lastmodified"] for row in rows)
    found = ask(network, "aps-hq", f"{ORDERS}?lastmodified__gte={newest}").json()
    assert [row["lastmodified"] for row in found] == [newest]
    some = ",".join(row["reference"] for row in rows[:2])
    assert len(ask(network, "aps-hq", f"{ORDERS}?reference__in={some}").json()) == 2
    refused = ask(network, "aps-hq", f"{ORDERS}?lastmodified__gte=rubbish")
    assert refused.status_code == 400
    assert refused.json() == {"lastmodified__gte": ["Enter a valid date/time."]}


def test_the_scheduler_upserts_and_refuses_like_the_product(network: Network) -> None:
    new = {
        "reference": "MO-9",
        "item": "PUMP-7",
        "location": "LYON",
        "quantity": 50,
        "operation": "Make PUMP-7",
    }
    new |= {"due": "2026-03-05T12:00:00+00:00", "status": "confirmed"}
    made = ask(network, "aps-hq", ORDERS, "POST", json=new)
    assert (made.status_code, made.json()["due"]) == (201, "2026-03-05T13:00:00")
    again = ask(network, "aps-hq", ORDERS, "POST", json={"reference": "MO-9", "quantity": 60})
    assert again.json()["quantity"] == "60.00000000"
    wrong = ask(network, "aps-hq", ORDERS, "POST", json={"reference": "MO-9", "status": "released"})
    assert wrong.json() == {"status": ['"released" is not a valid choice.']}
    assert ask(network, "aps-hq", f"{ORDERS}Nope/").status_code == 404


def test_the_full_plan_run_touches_every_row_and_drops_closed_orders(
    make_network: Callable[..., Network],
) -> None:
    network = make_network()
    network.advance(6 * HOUR + MINUTE)
    rows = ask(network, "aps-hq", ORDERS).json()
    closed = [order for order in network.systems["erp-hq"].db.listed("order") if order["status"] == "CLSD"]
    assert closed
    assert "closed" not in [row["status"] for row in rows]
    assert min(row["lastmodified"] for row in rows) >= "2026-03-02T13:00:00"


def test_the_erp_pages_by_change_stamp(network: Network) -> None:
    first = ask(network, "erp-hq", "/api/orders?page_size=5").json()
    second = ask(network, "erp-hq", "/api/orders?page_size=5&page=2").json()
    stamps = [row["ChangedAt"] for row in first["rows"] + second["rows"]]
    assert first["total"] > 6
    assert stamps == sorted(stamps)
    since = ask(network, "erp-hq", f"/api/orders?changed_since={stamps[3]}").json()
    assert since["total"] == first["total"] - 3
    assert ask(network, "erp-hq", "/api/orders?changed_since=noon").status_code == 400
    assert ask(network, "erp-hq", "/api/stock").json()["rows"][0]["Lgort"] == "WH1"


def test_the_north_warehouse_pages_only_when_asked(network: Network) -> None:
    assert isinstance(ask(network, "wms-north", "/api/stock/").json(), list)
    page = ask(network, "wms-north", "/api/stock/?limit=4&offset=0&ordering=pk").json()
    assert (page["count"], len(page["results"]), page["previous"]) == (10, 4, None)
    following = requests.get(page["next"], headers={"Authorization": "Token token-of-wms-north"}, timeout=5)
    assert following.json()["results"][0]["pk"] > page["results"][-1]["pk"]
    assert isinstance(page["results"][0]["quantity"], float)
    assert datetime.strptime(page["results"][0]["updated"], "%Y-%m-%d %H:%M")  # noqa: DTZ007
    assert ask(network, "wms-north", "/api/picks/").json()[0]["material_available"] is True


def test_procurement_pages_by_cursor(network: Network) -> None:
    for item in ("CAST-10", "BOLT-M8", "BAR-42"):
        need = {"plant": "LYON", "item": item, "quantity": 10}
        assert ask(network, "procurement", "/needs", "POST", json=need).status_code == 202
    page = ask(network, "procurement", "/v1/purchase-lines?limit=2").json()
    rest = ask(network, "procurement", f"/v1/purchase-lines?limit=2&cursor={page['next_cursor']}").json()
    lines = [line["po"] for line in page["data"] + rest["data"]]
    assert len(set(lines)) == len(lines) >= 3
    assert ask(network, "procurement", "/v1/purchase-lines?cursor=!!").status_code == 400


@pytest.mark.parametrize("system", sorted(LISTS))
def test_every_list_asks_for_its_credential_and_answers_as_told(network: Network, system: str) -> None:
    url = network.world.addresses[system] + LISTS[system]
    assert requests.get(url, timeout=5).status_code == 401
    network.world.told_answers[system] = (429, 1, 7)
    throttled = ask(network, system, LISTS[system])
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    network.world.told_answers[system] = (500, 2, 0)
    answers = [ask(network, system, LISTS[system]).status_code for _ in range(3)]
    assert answers == [500, 500, 200]


@pytest.mark.parametrize(
    ("system", "content_type", "marked"),
    [
        ("mes-lyon", "application/cloudevents+json", False),
        ("mes-graz", "application/json", True),
        ("mes-porto", "application/cloudevents-batch+json", False),
        ("floor-graz", "application/cloudevents-batch+json", False),
        ("quality", "application/cloudevents+json", False),
    ],
)
def test_each_mes_keeps_its_mode(
    network: Network, tower: RecordingTower, system: str, content_type: str, marked: bool
) -> None:
    network.advance(1 * HOUR)
    letters = [kept for kept in tower.kept if kept.system == system]
    assert letters
    assert {kept.headers["content-type"] for kept in letters} == {content_type}
    assert {"ce-sequence" in kept.headers for kept in letters} == {marked}
    assert {event["source"] for event in tower.cloud_events(system)} == {system}
