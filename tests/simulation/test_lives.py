"""In a healthy network orders live whole lives and every follower soon agrees with its owner."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from controltower.simulation.network import Network
from controltower.simulation.world import Pace
from tests.simulation.conftest import HOUR, MINUTE, MORNING, RecordingTower, environment, recording_tower

ALLOWED_MINUTES = 5
RUN_HOURS = 5


@dataclass
class Run:
    """A healthy run: what the tower was sent, and for how many minutes each follower disagreed at most."""

    tower: RecordingTower
    network: Network
    longest: Counter[tuple[str, str]] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Some hours of healthy life, looked at every virtual minute."""
    tower, server = recording_tower()
    folder = tmp_path_factory.mktemp("healthy")
    network = Network(folder, environ=environment(), begin_at=MORNING, tower_url=tower.url)
    network.start()
    made, standing = Run(tower, network), Counter()
    for _ in range(RUN_HOURS * 60):
        network.advance(MINUTE)
        disagreeing = set(disagreements(network))
        standing = Counter({key: standing[key] + 1 for key in disagreeing})
        made.longest |= standing
    yield made
    network.stop()
    server.stop()


def disagreements(network: Network) -> Iterator[tuple[str, str]]:
    """(subject, what) for each follower whose system holds another value than the owner's."""
    for order in network.scene.live_orders():
        plan = network.systems["aps-hq"].db.get("mo", order["order"])
        job = network.scene.job(order["order"], order["plant"])
        header = (order["quantity"], order["due"])
        differs = {
            "aps header": plan and (plan["quantity"], plan["due"]) != header,
            "mes header": job and (job["quantity"], job["due_date"]) != header,
            "erp counts": job
            and job["good"]
            and (job["good"], job["scrap"]) != (order["good"], order["scrap"]),
            "mes plan": job and job["operations"] and plan and last_end(job) != plan["end"],
        }
        yield from ((order["order"], what) for what, found in differs.items() if found)
    yield from ((key, "erp stock") for key in stock_differs(network))


def last_end(job: dict[str, Any]) -> float:
    return max(float(operation["planned_end"]) for operation in job["operations"].values())


def stock_differs(network: Network) -> Iterator[str]:
    erp = network.systems["erp-hq"]
    for wms in ("wms-north", "wms-south"):
        for stock in network.systems[wms].db.listed("stock"):
            key = f"{stock['plant']}/{stock['item']}/WH1"
            held = erp.db.get("stock", key)
            if held is None or held["on_hand"] != stock["on_hand"]:
                yield key


def test_followers_agree_within_five_minutes(run: Run) -> None:
    late = {key: minutes for key, minutes in run.longest.items() if minutes > ALLOWED_MINUTES}
    assert run.longest, "nothing ever changed, so nothing was shown"
    assert not late


def test_orders_are_closed_after_two_to_five_hours(run: Run) -> None:
    closed = [o for o in run.network.systems["erp-hq"].db.listed("order") if o["status"] == "CLSD"]
    hours = [(order["changed"] - order["created"]) / 3600 for order in closed]
    assert len(closed) >= 10
    assert min(hours) > 1.5
    assert max(hours) < 5


def test_a_closed_order_went_through_every_status_and_milestone(run: Run) -> None:
    rows = defaultdict(list)
    for row in run.tower.rows():
        rows[row["OrderNo"]].append(row["Sts"])
    closed = next(number for number, statuses in rows.items() if statuses[-1] == "CLSD")
    assert list(dict.fromkeys(rows[closed])) == ["CRTD", "FIRM", "REL", "PCNF", "CNF", "TECO", "CLSD"]
    told = {event["type"] for event in run.tower.cloud_events() if event.get("correlationid") == closed}
    wanted = "order.acknowledged order.ready order.started order.reported order.completed order.closed"
    wanted += " operation.acknowledged operation.started operation.reported operation.completed"
    assert told >= {*wanted.split(), "inspection.created", "inspection.passed"}


def test_planners_changed_their_minds_and_the_change_was_told(run: Run) -> None:
    assert [event for event in run.tower.cloud_events() if event["type"] == "order.changed"]


def test_sequences_per_subject_have_no_gap(run: Run) -> None:
    numbers = defaultdict(list)
    for event in run.tower.cloud_events():
        numbers[(event["source"], event["subject"])].append(int(event["sequence"]))
    assert len(numbers) > 100
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_event_ids_and_webhook_ids_are_unique(run: Run) -> None:
    events = [event["id"] for event in run.tower.cloud_events()]
    letters = [kept.headers["webhook-id"] for kept in run.tower.kept]
    assert len(set(events)) == len(events)
    assert len(set(letters)) == len(letters)


def test_healthy_pace_is_five_to_fifteen_messages_a_second_at_speed_sixty_at_most(run: Run) -> None:
    assert 2 < len(run.tower.kept) / (RUN_HOURS * 60) < 15


def test_a_healthy_network_writes_no_truth(run: Run) -> None:
    assert run.network.truth.read() == []


def test_purchases_are_confirmed_and_received(run: Run) -> None:
    states = {line["state"] for line in run.network.systems["procurement"].db.listed("line")}
    assert states & {"RECEIVED", "CLOSED"}


def test_the_same_seed_gives_the_same_life(make_network: Any, tower: RecordingTower) -> None:
    lives = []
    for folder in ("one", "two"):
        network = make_network(folder, seed=11)
        tower.kept.clear()
        network.advance(1 * HOUR)
        lives.append([(kept.system, kept.headers["webhook-id"], kept.body) for kept in tower.kept])
        network.stop()
    assert len(lives[0]) > 100
    assert lives[0] == lives[1]


def test_live_orders_are_capped(make_network: Any) -> None:
    network = make_network(pace=Pace(order_minutes=(0.5, 1.0), live_orders=9, first_orders=3))
    network.advance(1 * HOUR)
    assert len(network.scene.live_orders()) == 9
