"""What the tower writes is taken in each system's own dialect, once where it knows keys, and written down."""

import json
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook

from controltower.simulation.landscape import system_for
from controltower.simulation.network import Network
from controltower.simulation.world import Pace
from tests.simulation.conftest import MINUTE, RecordingTower, ask, environment

Make = Callable[..., Network]
PLAN = [("10", "06:30", "07:00"), ("20", "07:02", "07:30"), ("30", "07:32", "08:00")]


@pytest.fixture
def network(make_network: Make, morning: Path, tmp_path: Path) -> Network:
    """A network in the middle of its first morning, in which the tower carries the plan and the floor's side."""
    shutil.copytree(morning, tmp_path / "demo")
    return make_network()


def post_event(
    network: Network,
    system: str,
    kind: str,
    subject: str,
    attributes: dict[str, Any],
    key: str = "",
    traceparent: str = "",
) -> requests.Response:
    """A canonical event as the tower signs and sends it."""
    secret = environment()[f"{system.upper().replace('-', '_')}_INBOX_SECRET"]
    event = {"specversion": "1.0", "id": "x", "source": "control-tower", "type": kind, "subject": subject}
    body = json.dumps({**event, "data": {"attributes": attributes, "refs": {}}})
    key, now = key or f"k{uuid.uuid4().hex}", datetime.now(UTC)
    headers = {
        "content-type": "application/cloudevents+json",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(key, now, body),
        "traceparent": traceparent,
    }
    return requests.post(network.world.addresses[system], data=body, headers=headers, timeout=5)


def tell_plan(network: Network, order: str, status: str = "released", traceparent: str = "") -> None:
    """The parts of an order's schedule, its operations last to first."""
    day = "2026-03-02"
    for number, start, end in reversed(PLAN):
        times = {"planned_start": f"{day}T{start}:00Z", "planned_end": f"{day}T{end}:00Z"}
        said: dict[str, Any] = {"resource": f"CUT-{number[0]}", "status": status, **times}
        answer = post_event(
            network, "mes-lyon", "operation.snapshot", f"LYON/operation/{order}/{number}", said,
            traceparent=traceparent,
        )  # fmt: skip
        assert answer.status_code == 202
    said = {
        "status": status,
        "item": "PUMP-7",
        "quantity": {"value": "50", "unit": "EA"},
        "due_date": "2026-03-03T12:00:00Z",
        "priority": 2,
        "planned_start": f"{day}T06:30:00Z",
        "planned_end": f"{day}T08:00:00Z",
    }
    answer = post_event(
        network, "mes-lyon", "order.snapshot", f"LYON/order/{order}", said, traceparent=traceparent
    )
    assert answer.status_code == 202


def test_a_mes_gathers_the_parts_of_a_schedule_and_confirms_it_whole(
    network: Network, tower: RecordingTower
) -> None:
    tell_plan(network, "MO-9")
    network.advance(2 * MINUTE)
    job = network.scene.job("MO-9", "LYON")
    assert job is not None
    assert (job["status"], job["revision"], job["quantity"]) == ("released", "REV-1", 50)
    assert list(job["operations"]) == ["10", "20", "30"]
    told = [event["type"] for event in tower.cloud_events("mes-lyon") if event.get("correlationid") == "MO-9"]
    assert told == ["operation.acknowledged"] * 3 + ["order.acknowledged"]
    taken = network.taken("mes-lyon")
    assert [each["subject"] for each in taken][-1] == "LYON/order/MO-9"
    assert len(taken) == 4


def test_what_a_mes_answers_joins_the_trace_of_what_it_was_told(
    network: Network, tower: RecordingTower
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    tell_plan(network, "MO-9", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    network.advance(2 * MINUTE)
    told = [event for event in tower.cloud_events("mes-lyon") if event.get("correlationid") == "MO-9"]
    assert {event["traceparent"].split("-")[1] for event in told} == {trace}
    others = [event for event in tower.cloud_events("mes-lyon") if event.get("correlationid") != "MO-9"]
    assert trace not in {event["traceparent"].split("-")[1] for event in others}


def test_a_plan_of_an_order_that_is_not_released_is_shown_and_not_worked_by(
    network: Network, tower: RecordingTower
) -> None:
    tell_plan(network, "MO-9", "firm")
    network.advance(2 * MINUTE)
    assert network.scene.job("MO-9", "LYON") is None
    told = [event["type"] for event in tower.cloud_events("mes-lyon") if event.get("correlationid") == "MO-9"]
    assert told == ["operation.planned"] * 3 + ["order.planned"]
    tell_plan(network, "MO-9")
    network.advance(2 * MINUTE)
    assert network.scene.job("MO-9", "LYON") is not None


def test_a_webhook_with_the_same_id_does_nothing_more(network: Network) -> None:
    subject, said = "LYON/order/MO-9", {"quantity": "70", "due_date": "2026-03-03T12:00:00Z"}
    answers = [
        post_event(network, "mes-lyon", "order.changed", subject, said, "twice").json() for _ in range(2)
    ]
    assert answers == [{"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}]
    taken = network.taken("mes-lyon", subject)
    assert [(each["key"], each["repeated"]) for each in taken] == [("twice", False), ("twice", True)]


def test_a_webhook_needs_its_signature_and_what_cannot_be_used_is_refused_in_words(network: Network) -> None:
    assert requests.post(network.world.addresses["mes-lyon"], json={}, timeout=5).status_code == 401
    refused = post_event(network, "mes-lyon", "order.changed", "GRAZ/order/MO-9", {"quantity": "70"})
    assert (refused.status_code, "GRAZ" in refused.json()["error"]) == (422, True)
    wrong = post_event(network, "mes-lyon", "order.changed", "LYON/order/MO-9", {"quantity": "many"})
    assert (wrong.status_code, "quantity" in wrong.json()["error"]) == (422, True)
    assert network.taken("mes-lyon") == []


def test_a_machine_takes_the_jobs_that_the_mes_has_begun(network: Network) -> None:
    subject = "LYON/operation/MO-9/10"
    said = {"status": "running", "resource": "CUT-2"}
    assert post_event(network, "floor-lyon", "operation.started", subject, said).status_code == 202
    machine = network.systems["floor-lyon"].db.get("machine", "CUT-2")
    assert machine is not None
    assert machine["busy"]
    said["resource"] = "NONE-1"
    assert post_event(network, "floor-lyon", "operation.started", subject, said).status_code == 422


def live_order(network: Network) -> dict[str, Any]:
    """An order that is released and not begun."""
    return next(order for order in network.scene.live_orders() if order["status"] == "REL")


def confirm(network: Network, order: str, key: str, good: int, final: bool = False) -> requests.Response:
    body = {"ConfYield": str(good), "ConfScrap": "1", "Sts": "CNF" if final else "PCNF"}
    headers = {**network.world.credentials.api["erp-hq"], "Idempotency-Key": f'"{key}"'}
    url = f"{network.world.addresses['erp-hq']}/api/orders/{order}"
    return requests.patch(url, json=body, headers=headers, timeout=5)


def postings(network: Network, order: str) -> list[tuple[str, str]]:
    rows = ask(network, "erp-hq", f"/api/orders/{order}/postings").json()["rows"]
    return [(row["Key"], row["ConfYield"]) for row in rows]


def test_the_erp_books_a_key_once_and_answers_it_alike(network: Network) -> None:
    order = live_order(network)["order"]
    first, again = confirm(network, order, "a", 10), confirm(network, order, "a", 10)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert postings(network, order) == [("a", "10.000")]
    other = confirm(network, order, "a", 11)
    assert (other.status_code, "another request" in other.json()["error"]) == (422, True)
    assert [(each["key"], each["repeated"]) for each in network.taken("erp-hq")] == [
        ("a", False),
        ("a", True),
    ]


def test_the_erp_books_nothing_after_the_final_confirmation(network: Network) -> None:
    order = live_order(network)["order"]
    assert confirm(network, order, "a", 10).status_code == 200
    assert confirm(network, order, "b", 39, final=True).status_code == 200
    refused = confirm(network, order, "c", 40, final=True)
    assert (refused.status_code, "finally confirmed" in refused.json()["error"]) == (422, True)
    assert postings(network, order) == [("a", "10.000"), ("b", "39.000")]
    assert confirm(network, "MO-0", "d", 1).status_code == 404


def test_the_erp_keeps_the_plan_and_promises_a_late_order_anew(network: Network) -> None:
    order = live_order(network)
    late = datetime.fromtimestamp(order["promise"], UTC).isoformat()
    body = {"PlanSts": "CAP", "PlanStart": "2026-03-02T10:00:00Z", "PlanEnd": late}
    headers = {"Idempotency-Key": "p", **network.world.credentials.api["erp-hq"]}
    url = f"{network.world.addresses['erp-hq']}/api/orders/{order['order']}"
    assert requests.patch(url, json=body, headers=headers, timeout=5).status_code == 200
    row = ask(network, "erp-hq", f"/api/orders?order_no={order['order']}").json()["rows"][0]
    assert (row["PlanSts"], row["PlanEnd"]) == ("CAP", late)
    assert datetime.fromisoformat(row["PromiseDate"]).timestamp() > order["promise"]


def test_the_north_warehouse_picks_twice_when_asked_twice_and_shows_what_it_was_told(
    network: Network,
) -> None:
    order = live_order(network)
    body = {"order_reference": "MO-9", "site": order["plant"], "quantity": 10, "notes": "k-1"}
    body["site"] = "LYON"
    for _ in range(2):
        assert ask(network, "wms-north", "/api/picks/", "POST", json=body).status_code == 201
    found = ask(network, "wms-north", "/api/picks/?notes=k-1").json()
    assert [row["order_reference"] for row in found] == ["MO-9", "MO-9"]
    assert len({row["pk"] for row in found}) == 2
    assert ask(network, "wms-north", "/api/picks/?notes=k-2").json() == []


def test_the_south_warehouse_knows_a_key_again(network: Network) -> None:
    headers = {"Idempotency-Key": '"k-1"', **network.world.credentials.api["wms-south"]}
    url = f"{network.world.addresses['wms-south']}/picks"
    body = {"order": "MO-9", "site": "PORTO", "qty": 10}
    answers = [requests.post(url, json=body, headers=headers, timeout=5) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert (
        len([pick for pick in network.systems["wms-south"].db.listed("pick") if pick["order"] == "MO-9"]) == 1
    )


def test_a_need_joins_what_is_on_order_already(network: Network) -> None:
    need = {"site": "LYON", "sku": "CAST-10", "qty": "80", "reference": "MO-9"}
    answers = [ask(network, "procurement", "/v1/needs", "POST", json=need).json() for _ in range(2)]
    assert [answer["state"] for answer in answers] == ["ordered", "joined"]
    wrong = ask(network, "procurement", "/v1/needs", "POST", json={**need, "sku": "GOLD"})
    assert wrong.status_code == 422


def test_the_scheduler_takes_progress_of_a_work_order_and_knows_no_other(network: Network) -> None:
    order = live_order(network)["order"]
    rows = [{"reference": f"{order}-10", "status": "confirmed"}]
    assert ask(network, "aps-hq", "/api/input/workorder/", "PATCH", json=rows).status_code == 200
    assert network.taken("aps-hq")[-1]["what"] == "progress confirmed"
    rows = [{"reference": "MO-0-10", "status": "confirmed"}]
    assert ask(network, "aps-hq", "/api/input/workorder/", "PATCH", json=rows).status_code == 404


def test_what_the_systems_tell_each_other_is_not_the_towers(network: Network) -> None:
    network.advance(10 * MINUTE)
    assert [system for system in network.systems if network.taken(system)] == []


def test_on_carried_links_the_network_is_silent(make_network: Make) -> None:
    network = make_network("silent", carried={"orders-to-aps"}, pace=Pace(cancellations=0.0))
    network.advance(30 * MINUTE)
    assert network.scene.live_orders()
    assert network.systems["aps-hq"].db.listed("mo") == []


def test_what_was_taken_is_readable_at_the_control_end(network: Network) -> None:
    plant = live_order(network)["plant"]
    confirm(network, live_order(network)["order"], "a", 10)
    url, headers = f"{network.control_url}/control/taken", {"Authorization": "Bearer panel"}
    [shown] = requests.get(f"{url}?system=erp-hq", headers=headers, timeout=5).json()["items"]
    assert (shown["key"], shown["what"], shown["subject"].split("/")[0]) == ("a", "confirmation", plant)
    assert requests.get(f"{url}?system=gone", headers=headers, timeout=5).status_code == 400


def test_quick_machines_make_an_order_within_minutes(make_network: Make) -> None:
    network = make_network("quick", pace=Pace(cancellations=0.0, length=0.02, most_orders=6, changes=0.0))
    network.advance(10 * MINUTE)
    orders = network.systems["erp-hq"].db.listed("order")
    assert len(orders) == 6
    assert {order["status"] for order in orders} & {"CNF", "TECO", "CLSD"}
    assert system_for("mes", "LYON") == "mes-lyon"
