"""A system in trouble answers the tower's writes as such systems do, says so in the truth, and can be mended."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from controltower.simulation.network import Network
from tests.simulation.conftest import MINUTE, ask
from tests.simulation.test_tower_ends import live_order, post_event

ORDERS = "/api/input/manufacturingorder/"


@pytest.fixture
def network(make_network: Callable[..., Network], morning: Path, tmp_path: Path) -> Network:
    """A network in the middle of its first morning."""
    shutil.copytree(morning, tmp_path / "demo")
    return make_network()


def start(network: Network, order: str, key: str = "s", **more: object) -> requests.Response:
    """Tell the ERP that an order has begun."""
    headers = {**network.world.credentials.api["erp-hq"], "Idempotency-Key": key}
    url = f"{network.world.addresses['erp-hq']}/api/orders/{order}"
    return requests.patch(url, json={"Sts": "PCNF"}, headers=headers, timeout=more.get("timeout", 5))  # type: ignore[arg-type]


def test_a_system_that_is_down_takes_no_connection_until_it_is_mended(network: Network) -> None:
    session = requests.Session()
    session.headers.update(network.world.credentials.api["aps-hq"])
    url = network.world.addresses["aps-hq"] + ORDERS
    assert session.get(url, timeout=5).status_code == 200
    network.fault_on("target-down", {"system": "aps-hq", "duration": 5})
    with pytest.raises(requests.ConnectionError):
        session.get(url, timeout=5)
    network.advance(6 * MINUTE)
    assert session.get(url, timeout=5).status_code == 200
    states = [(line["fault"], line["state"]) for line in network.truth.read()]
    assert states == [("target-down", "injected"), ("target-down", "mended")]


def test_a_system_stays_down_over_a_restart_of_the_network(make_network: Callable[..., Network]) -> None:
    first = make_network()
    first.fault_on("target-down", {"duration": 0})
    first.stop()
    second = make_network()
    with pytest.raises(requests.ConnectionError):
        ask(second, "aps-hq", ORDERS)
    second.fault_off("target-down")
    assert ask(second, "aps-hq", ORDERS).status_code == 200


def test_a_system_refuses_one_order_and_takes_the_others(network: Network) -> None:
    orders = [order for order in network.scene.live_orders() if order["status"] == "REL"]
    one, other = orders[0], orders[1]
    network.fault_on("target-refuses", {"system": "erp-hq", "order": one["order"]})
    refused = start(network, one["order"])
    assert (refused.status_code, "locked" in refused.json()["detail"]) == (422, True)
    assert start(network, other["order"], "t").status_code == 200
    assert ask(network, "erp-hq", "/api/orders").status_code == 200
    [line] = network.truth.read()
    assert line["subjects"] == [f"{one['plant']}/order/{one['order']}"]
    network.fault_off("target-refuses")
    assert start(network, one["order"]).status_code == 200


def test_a_mes_refuses_all_it_is_sent(network: Network) -> None:
    network.fault_on("target-refuses", {"system": "mes-lyon"})
    said = {"quantity": "70", "due_date": "2026-03-03T12:00:00Z"}
    assert post_event(network, "mes-lyon", "order.changed", "LYON/order/MO-9", said).status_code == 422
    assert network.taken("mes-lyon") == []


def test_a_busy_system_answers_429_and_500_by_turns(network: Network) -> None:
    network.fault_on("target-busy", {"rate": 1.0, "retry_after": 3})
    order = live_order(network)["order"]
    answers = [start(network, order) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 500, 429, 500]
    assert answers[0].headers["Retry-After"] == "3"
    network.fault_off("target-busy")
    assert start(network, order).status_code == 200


def test_a_lost_answer_is_booked_all_the_same_and_known_again(network: Network) -> None:
    order = live_order(network)["order"]
    network.fault_on("answer-lost", {"system": "erp-hq", "rate": 1.0})
    with pytest.raises(requests.ReadTimeout):
        start(network, order, timeout=0.5)
    assert [each["what"] for each in network.taken("erp-hq")] == ["start"]
    assert start(network, order).status_code == 200
    assert [each["repeated"] for each in network.taken("erp-hq")] == [False, True]


def test_expired_credentials_are_refused_to_writes_and_reads(network: Network) -> None:
    network.fault_on("credentials-expired", {"system": "erp-hq"})
    assert start(network, live_order(network)["order"]).status_code == 401
    assert ask(network, "erp-hq", "/api/orders").status_code == 401
    network.fault_off("credentials-expired")
    assert ask(network, "erp-hq", "/api/orders").status_code == 200


def test_the_systems_among_themselves_do_not_notice(network: Network) -> None:
    for fault in ("target-refuses", "target-busy", "credentials-expired", "answer-lost"):
        network.fault_on(fault, {"system": "erp-hq", "rate": 1.0})
    network.advance(90 * MINUTE)
    assert [order for order in network.scene.live_orders() if order["good"]]


def test_a_short_component_makes_orders_infeasible_until_it_is_bought(network: Network) -> None:
    network.fault_on("component-short", {"duration": 0})
    network.advance(10 * MINUTE)
    rows = ask(network, "aps-hq", ORDERS).json()
    short = [row for row in rows if row["constraint"] == "material"]
    assert short
    assert {(row["feasible"], row["short_item"], row["location"]) for row in short} == {
        (False, "CAST-10", "LYON")
    }
    assert all(float(row["short_quantity"]) > 0 and row["startdate"] is None for row in short)
    need = {"site": "LYON", "sku": "CAST-10", "qty": short[0]["short_quantity"], "reference": "MO-9"}
    assert ask(network, "procurement", "/v1/needs", "POST", json=need).status_code == 201
    network.advance(150 * MINUTE)
    rows = {row["reference"]: row for row in ask(network, "aps-hq", ORDERS).json()}
    assert {rows[row["reference"]]["constraint"] for row in short} == {"none"}


def test_an_order_that_is_due_too_soon_is_planned_late_and_says_so(network: Network) -> None:
    order = live_order(network)["order"]
    hours = (live_order(network)["due"] - network.world.moment) / 3600
    network.scene.change_due_date(order, -hours)
    network.advance(5 * MINUTE)
    row = ask(network, "aps-hq", f"{ORDERS}{order}/").json()
    assert (row["feasible"], row["constraint"]) == (False, "capacity")
    assert not row["delay"].startswith("-")
