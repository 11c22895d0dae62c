"""The network keeps its state over a restart, loses no letter while the tower is away, and obeys its control panel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from controltower.domain.clock import Clock
from controltower.simulation.network import Network
from tests.simulation.conftest import HOUR, MINUTE, RecordingTower, environment

Make = Callable[..., Network]
ROOT = Path(__file__).parents[2]


def test_a_second_start_goes_on_where_the_first_stopped(make_network: Make, tower: RecordingTower) -> None:
    first = make_network()
    first.fault_on("clock-skew")
    first.advance(30 * MINUTE)
    first.stop()
    second = make_network()
    assert second.world.moment == first.world.moment
    assert second.world.board.clock_offset("mes-lyon") == 600
    second.advance(30 * MINUTE)
    twice = sent(tower)
    second.stop()
    tower.kept.clear()
    whole = make_network("whole")
    whole.fault_on("clock-skew")
    whole.advance(1 * HOUR)
    assert sent(tower) == twice


def sent(tower: RecordingTower) -> list[tuple[str, bytes]]:
    return [(kept.headers["webhook-id"], kept.body) for kept in tower.kept]


def test_after_a_crash_time_goes_on_from_the_last_thing_that_happened(make_network: Make) -> None:
    first = make_network()
    first.advance(10 * MINUTE)
    newest = max(system.db.newest_change() for system in first.systems.values())
    first.world.moment = first.world.birth
    first.stop()
    assert make_network().world.moment == newest > first.world.birth


@pytest.mark.parametrize("status", [500, 503, 429, 401, 404])
def test_letters_wait_in_order_while_the_tower_takes_none(
    make_network: Make, tower: RecordingTower, status: int
) -> None:
    network = make_network()
    tower.status = status
    network.advance(30 * MINUTE)
    assert tower.kept == []
    tower.status = 202
    network.advance(10 * MINUTE)
    numbers = [int(event["sequence"]) for event in tower.cloud_events("mes-lyon")]
    assert numbers
    for system in ("erp-hq", "mes-lyon", "mes-graz"):
        ids = [int(k.headers["webhook-id"].rsplit("_", 1)[1]) for k in tower.kept if k.system == system]
        assert ids == list(range(1, len(ids) + 1))


def test_a_letter_the_tower_will_never_take_is_given_up(make_network: Make, tower: RecordingTower) -> None:
    network = make_network()
    tower.status = 400
    network.advance(5 * MINUTE)
    waiting = network.systems["erp-hq"].db.run("SELECT count(*) FROM letter WHERE state = 'pending'")
    refused = network.systems["erp-hq"].db.run("SELECT count(*) FROM letter WHERE state = 'refused'")
    assert waiting == [(0,)]
    assert refused[0][0] == len([kept for kept in tower.kept if kept.system == "erp-hq"]) > 0


def test_the_clock_file_stands_while_stepped_and_is_resumed(make_network: Make, tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    network = make_network(clock_path=path)
    network.advance(10 * MINUTE)
    assert Clock.load(path).now().timestamp() == network.world.moment


def test_without_the_erp_the_rest_still_plans_and_runs(make_network: Make, tower: RecordingTower) -> None:
    named = {name: value for name, value in environment().items() if not name.startswith("ERP_HQ")}
    network = make_network(environ=named, without=("erp-hq",))
    order = {"reference": "MO-1", "item": "PUMP-7", "location": "LYON", "quantity": 40, "status": "confirmed"}
    order |= {"due": "2026-03-03T12:00:00Z"}
    url = network.world.addresses["aps-hq"] + "/api/input/manufacturingorder/"
    headers = network.world.credentials.api["aps-hq"]
    assert requests.post(url, json=order, headers=headers, timeout=5).status_code == 201
    network.advance(3 * HOUR)
    told = [event["type"] for event in tower.cloud_events("mes-lyon")]
    assert "order.completed" in told
    assert "erp-hq" not in network.world.addresses


def test_missing_credentials_are_named_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ERP_HQ_TOKEN.*APS_HQ_PASSWORD.*WMS_NORTH_TOKEN"):
        Network(tmp_path, environ={})


# ---- the control panel --------------------------------------------------------------------------------------


def control(network: Network, path: str, body: dict[str, Any] | None = None) -> requests.Response:
    """GET without a body, POST with one."""
    headers = {"Authorization": "Bearer panel"}
    method = "GET" if body is None else "POST"
    return requests.request(
        method, f"{network.control_url}/control/{path}", json=body, headers=headers, timeout=5
    )


def test_the_panel_switches_faults_and_shows_the_truth(make_network: Make) -> None:
    network = make_network()
    network.advance(30 * MINUTE)
    assert requests.get(f"{network.control_url}/control/faults", timeout=5).status_code == 401
    answer = control(network, "faults", {"name": "stale-due-date", "on": True, "params": {"hours": 12}})
    shown = {fault["name"]: fault for fault in answer.json()["items"]}["stale-due-date"]
    assert (shown["active"], shown["hits"], shown["number"]) == (True, 1, "12")
    [line] = control(network, "truth").json()["items"]
    assert line["fault"] == "stale-due-date"
    assert control(network, "").json()["active_faults"] == ["stale-due-date"]
    control(network, "faults", {"name": "stale-due-date", "on": False})
    assert control(network, "").json()["active_faults"] == []
    assert control(network, "faults", {"name": "nonsense"}).status_code == 404
    assert control(network, "faults", {"name": "late", "params": {"delay": "x"}}).status_code == 400


def test_the_panel_moves_a_due_date_and_the_clock(make_network: Make) -> None:
    network = make_network()
    network.advance(20 * MINUTE)
    before = {order["order"]: order["due_date"] for order in control(network, "orders").json()["items"]}
    moved = control(network, "due-date", {"hours": 5}).json()
    assert moved["due_date"] > before[moved["order"]]
    assert control(network, "due-date", {"order": "MO-0"}).status_code == 409
    assert control(network, "clock", {"speed": 120}).json()["speed"] == 120
    assert control(network, "clock", {"speed": "fast"}).status_code == 400
    assert control(network, "answers", {"system": "erp-hq", "status": 418}).status_code == 400
    told = control(network, "answers", {"system": "erp-hq", "status": 429, "times": 2, "retry_after": 1})
    assert told.json() == {"system": "erp-hq", "status": 429, "times": 2}


# ---- the process --------------------------------------------------------------------------------------------


def test_the_process_runs_writes_its_clock_and_stops_on_sigterm(
    tmp_path: Path, tower: RecordingTower
) -> None:
    clock = tmp_path / "clock.json"
    words = [sys.executable, "-m", "controltower.simulation", "--state", str(tmp_path / "demo")]
    words += ["--port-base", "0", "--tower", tower.url, "--speed", "600", "--story"]
    named = {**os.environ, **environment(), "CONTROLTOWER_CLOCK": str(clock)}
    process = subprocess.Popen(words, cwd=ROOT, env=named, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process:
        for line in process.stderr:
            if "systems up" in line:
                break
        while not tower.kept and process.poll() is None:
            pass
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(timeout=10) == 0
    assert json.loads(clock.read_text())["speed"] == 600
    assert tower.kept


def test_the_process_ends_by_itself_after_the_asked_time(tmp_path: Path, tower: RecordingTower) -> None:
    words = [
        sys.executable,
        "-m",
        "controltower.simulation",
        "--state",
        str(tmp_path / "demo"),
        "--for",
        "5m",
    ]
    words += ["--port-base", "0", "--tower", tower.url, "--speed", "600"]
    ended = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **environment()}, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert "systems up" in ended.stderr
