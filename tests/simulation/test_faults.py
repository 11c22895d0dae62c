"""Each fault does on the wire what it says, writes the truth, and is mended when it is switched off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controltower.simulation.faults.registry import REGISTRY
from controltower.simulation.network import Network
from tests.simulation.conftest import HOUR, MINUTE, RecordingTower, ask

Make = Callable[..., Network]
TEN = {
    "lost-webhook",
    "duplicate",
    "out-of-order",
    "late",
    "clock-skew",
    "poison-message",
    "renamed-field",
    "schedule-without-routing-confirmation",
    "confirmation-never-posted",
    "stale-due-date",
}


@pytest.fixture
def network(make_network: Make, morning: Path, tmp_path: Path) -> Network:
    """A network in the middle of its first morning."""
    shutil.copytree(morning, tmp_path / "demo")
    return make_network()


def truth(network: Network, state: str = "injected") -> list[dict[str, Any]]:
    """The truth's lines of one state."""
    return [line for line in network.truth.read() if line["state"] == state]


def moment(network: Network) -> float:
    """Virtual unix seconds."""
    return network.world.moment


def test_the_first_ten_faults_are_there_and_described() -> None:
    assert set(REGISTRY) >= TEN
    assert all(kind.title and kind.what and kind.number for kind in REGISTRY.values())


def test_no_message_carries_the_name_of_a_fault(network: Network, tower: RecordingTower) -> None:
    for name in sorted(TEN):
        network.fault_on(name)
    network.advance(1 * HOUR)
    sent = b"".join(kept.body for kept in tower.kept).decode()
    assert len(sent) > 10_000
    assert not [name for name in TEN if name in sent]


def test_lost_webhook_leaves_a_gap_that_off_fills(network: Network, tower: RecordingTower) -> None:
    network.fault_on("lost-webhook")
    network.advance(40 * MINUTE)
    [line] = truth(network)
    heard = sequences(tower, line["subjects"][0])
    network.fault_off("lost-webhook")
    network.advance(MINUTE)
    [lost] = set(sequences(tower, line["subjects"][0])) - set(heard)
    assert lost < max(heard)
    assert len(truth(network, "mended")) == 1


def sequences(tower: RecordingTower, subject: str) -> list[int]:
    return [int(event["sequence"]) for event in tower.cloud_events() if event["subject"] == subject]


def missing(numbers: list[int]) -> set[int]:
    return set(range(min(numbers), max(numbers) + 1)) - set(numbers)


def test_duplicate_sends_the_same_event_under_another_webhook_id(
    network: Network, tower: RecordingTower
) -> None:
    network.fault_on("duplicate", {"count": 1})
    network.advance(30 * MINUTE)
    [line] = truth(network)
    twins = [k for k in tower.kept if k.system == line["system"] and bodies(tower).count(k.body) == 2]
    assert len({kept.headers["webhook-id"] for kept in twins}) == 2
    assert len({kept.events()[0]["id"] for kept in twins}) == 1


def bodies(tower: RecordingTower) -> list[bytes]:
    return [kept.body for kept in tower.kept]


def test_out_of_order_swaps_two_messages_of_one_subject(network: Network, tower: RecordingTower) -> None:
    network.fault_on("out-of-order", {"count": 1})
    network.advance(1 * HOUR)
    [line] = truth(network)
    numbers = sequences(tower, line["subjects"][0])
    assert numbers != sorted(numbers)
    assert not missing(numbers)


def test_late_messages_arrive_an_hour_late(network: Network, tower: RecordingTower) -> None:
    begun = moment(network)
    network.fault_on("late")
    network.advance(25 * MINUTE)
    held = truth(network)
    assert held
    assert not [e for e in tower.cloud_events("mes-porto") if begun <= timed(e) < begun + 20 * 60]
    network.advance(60 * MINUTE)
    late = [e for e in tower.cloud_events("mes-porto") if begun <= timed(e) < begun + 20 * 60]
    assert len(late) == len(held)


def timed(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def test_clock_skew_dates_messages_ten_minutes_ahead_until_off(
    network: Network, tower: RecordingTower
) -> None:
    network.fault_on("clock-skew")
    network.advance(20 * MINUTE)
    newest = max(timed(event) for event in tower.cloud_events("mes-lyon"))
    assert newest > moment(network)
    network.fault_off("clock-skew")
    tower.kept.clear()
    network.advance(20 * MINUTE)
    assert max(timed(event) for event in tower.cloud_events("mes-lyon")) <= moment(network)
    assert [line["fault"] for line in truth(network, "mended")] == ["clock-skew"]


@pytest.mark.parametrize("system", ["mes-lyon", "mes-graz", "mes-porto", "erp-hq", "wms-south"])
def test_poison_is_signed_garbage_and_the_good_messages_go_on(
    network: Network, tower: RecordingTower, system: str
) -> None:
    network.fault_on("poison-message", {"system": system})
    network.advance(20 * MINUTE)
    broken = [kept for kept in tower.kept if kept.system == system and not parses(kept.body)]
    assert len(broken) == 1
    assert len(truth(network)) == 2
    assert len([kept for kept in tower.kept if kept.system == system]) > 3


def parses(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def test_renamed_field_shows_in_list_and_webhook(network: Network, tower: RecordingTower) -> None:
    tower.kept.clear()
    network.fault_on("renamed-field")
    network.advance(15 * MINUTE)
    listed = ask(network, "erp-hq", "/api/orders").json()["rows"]
    posted = [json.loads(kept.body)["row"] for kept in tower.kept if b"OrderNo" in kept.body]
    assert posted
    assert all("OrderQty" not in row and "OrderQuantity" in row for row in listed + posted)
    network.fault_off("renamed-field")
    assert all("OrderQty" in row for row in ask(network, "erp-hq", "/api/orders").json()["rows"])


def test_renamed_field_of_a_system_without_one_is_refused(network: Network) -> None:
    with pytest.raises(ValueError, match="no field to rename"):
        network.fault_on("renamed-field", {"system": "quality"})
    assert not network.world.board.active("renamed-field")


def test_a_schedule_is_published_and_never_confirmed_until_off(
    network: Network, tower: RecordingTower
) -> None:
    network.fault_on("schedule-without-routing-confirmation")
    network.advance(15 * MINUTE)
    [line] = truth(network)
    [subject] = line["subjects"]
    number = subject.split("/")[-1]
    plan = ask(network, "aps-hq", f"/api/input/manufacturingorder/{number}/").json()
    assert plan["revision"] is not None
    assert number not in about(tower, "mes-graz")
    network.fault_off("schedule-without-routing-confirmation")
    network.advance(MINUTE)
    assert number in about(tower, "mes-graz")


def about(tower: RecordingTower, system: str) -> set[str]:
    return {event.get("correlationid", "") for event in tower.cloud_events(system)}


def test_a_completed_order_stays_unposted_until_the_confirmation_is_mended(
    network: Network, tower: RecordingTower
) -> None:
    network.fault_on("confirmation-never-posted", {"duration": 60})
    while not truth(network):
        network.advance(5 * MINUTE)
    [subject] = truth(network)[0]["subjects"]
    number = subject.split("/")[-1]
    network.advance(30 * MINUTE)
    order = ask(network, "erp-hq", f"/api/orders?order_no={number}").json()["rows"][0]
    job = network.scene.job(number, subject.split("/")[0])
    assert job is not None
    assert job["status"] == "completed"
    assert order["Sts"] in ("REL", "PCNF")
    assert float(order["ConfYield"]) < job["good"]
    network.advance(35 * MINUTE)
    order = ask(network, "erp-hq", f"/api/orders?order_no={number}").json()["rows"][0]
    assert float(order["ConfYield"]) == job["good"]
    assert len(truth(network, "mended")) == 1


def test_a_due_date_goes_stale_in_the_scheduler_at_once_and_only_there(network: Network) -> None:
    network.fault_on("stale-due-date")
    [line] = truth(network)
    plant, _, number = line["subjects"][0].split("/")
    network.advance(10 * MINUTE)
    order = next(order for order in network.scene.live_orders() if order["order"] == number)
    job = network.scene.job(number, plant)
    assert job is not None
    assert job["due_date"] == order["due"]
    assert scheduler_due(network, number) == order["due"] - 36 * 3600
    network.fault_off("stale-due-date")
    network.advance(3 * MINUTE)
    assert scheduler_due(network, number) == order["due"]
    assert len(truth(network, "mended")) == 1


def scheduler_due(network: Network, number: str) -> float:
    held = network.systems["aps-hq"].db.get("mo", number)
    assert held is not None
    return float(held["due"])


def test_stale_due_date_waits_for_an_order_when_there_is_none_yet(make_network: Make) -> None:
    network = make_network()
    network.fault_on("stale-due-date")
    assert truth(network) == []
    network.advance(40 * MINUTE)
    assert len(truth(network)) == 1


def test_a_fault_that_hit_and_was_mended_switches_itself_off(network: Network) -> None:
    network.fault_on("stale-due-date", {"duration": 10})
    network.advance(12 * MINUTE)
    assert len(truth(network, "mended")) == 1
    assert network.world.board.active("stale-due-date") is None


def test_rate_and_count_limit_the_hits(network: Network) -> None:
    network.fault_on("duplicate", {"system": "mes-graz", "rate": 0.3, "count": 0, "duration": 0})
    network.advance(1 * HOUR)
    sent = 3 * len(truth(network))
    assert sent > 0
    network.fault_on("lost-webhook", {"rate": 0.0, "count": 0})
    network.advance(30 * MINUTE)
    assert not [line for line in network.truth.read() if line["fault"] == "lost-webhook"]


@pytest.mark.parametrize("asked", [{"rate": "often"}, {"colour": 3}, {"count": None}])
def test_wrong_parameters_are_refused(network: Network, asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"takes|type|convert|float|int"):
        network.fault_on("duplicate", asked)


def test_an_unknown_fault_is_a_key_error(network: Network) -> None:
    with pytest.raises(KeyError):
        network.fault_on("gremlins")
