"""What people do by hand in the simulated ERP reaches its neighbours, unless something loses it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controltower.simulation.landscape import is_shut, next_shut_noon, opens_at
from controltower.simulation.network import Network
from tests.simulation.conftest import MINUTE, MORNING, RecordingTower

Make = Callable[..., Network]


@pytest.fixture
def network(make_network: Make, morning: Path, tmp_path: Path) -> Network:
    """A network in the middle of its first morning."""
    shutil.copytree(morning, tmp_path / "demo")
    return make_network()


def desk(network: Network) -> Any:
    return network.scene.system("erp-hq").desk


def running(network: Network) -> dict[str, Any]:
    """An order on which its plant works."""
    for order in network.scene.live_orders():
        job = network.scene.job(order["order"], order["plant"])
        if job and job["status"] == "running":
            return order
    raise AssertionError("nothing runs")


def status(network: Network, order: dict[str, Any]) -> str:
    job = network.scene.job(order["order"], order["plant"])
    assert job is not None
    return str(job["status"])


def test_a_cancelled_order_stops_in_the_plant(network: Network, tower: RecordingTower) -> None:
    order = running(network)
    desk(network).cancel(order["order"])
    network.advance(3 * MINUTE)
    assert status(network, order) == "cancelled"
    told = {event["type"] for event in tower.cloud_events() if order["order"] in event["subject"]}
    assert {"order.cancelled", "operation.cancelled"} <= told
    network.advance(20 * MINUTE)
    assert status(network, order) == "cancelled"


def test_the_word_may_be_lost_and_is_told_when_the_fault_is_off(network: Network) -> None:
    network.fault_on("cancelled-but-running")
    [line] = network.truth.read()
    order = desk(network).order(line["subjects"][0].rpartition("/")[2])
    network.advance(5 * MINUTE)
    assert status(network, order) != "cancelled"
    network.fault_off("cancelled-but-running")
    network.advance(3 * MINUTE)
    assert status(network, order) == "cancelled"


def test_a_mes_that_took_half_a_plan_takes_the_rest(network: Network) -> None:
    network.fault_on("partial-plan")
    for _ in range(40):
        network.advance(MINUTE)
        active = network.world.board.active("partial-plan")
        if active and active.state["hits"] and active.is_good(active.state["hits"][0]) is False:
            break
    assert active is not None
    [hit] = active.state["hits"]
    network.advance(3 * MINUTE)
    assert active.is_good(hit) is False
    network.fault_off("partial-plan")
    assert active.is_good(hit) is True


def test_a_number_used_again_is_given_back(network: Network) -> None:
    order = running(network)
    desk(network).close(order["order"])
    network.fault_on("number-reused")
    taken = desk(network).order(order["order"])
    assert taken["item"] != order["item"]
    assert taken["status"] == "CRTD"
    network.fault_off("number-reused")
    back = desk(network).order(order["order"])
    assert (back["item"], back["status"]) == (order["item"], "CLSD")
    assert back["version"] > taken["version"]


def test_the_plants_are_shut_at_christmas() -> None:
    noon = next_shut_noon("LYON", MORNING.timestamp())
    assert is_shut("LYON", noon)
    assert not is_shut("LYON", MORNING.timestamp())
    assert opens_at("LYON", MORNING.timestamp()) == MORNING.timestamp()
    assert opens_at("LYON", noon) == noon + 12 * 3600


def test_a_record_made_anew_has_another_key(network: Network) -> None:
    network.fault_on("record-recreated")
    warehouse, order = network.scene.system("wms-north"), {"order": "MO-1", "plant": "LYON", "item": "PUMP-7"}
    with warehouse.db.transaction():
        warehouse.take_shipment({**order, "quantity": 10})
        before = warehouse.db.get("shipment", "MO-1")["pk"]
        warehouse.jobs["dispatch"]({"order": "MO-1"})
    after = warehouse.db.get("shipment", "MO-1")
    assert after["shipped"]
    assert after["pk"] != before
