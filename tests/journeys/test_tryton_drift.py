"""Beside a real Tryton the tower carries all: changes by hand reach the followers, and what is made is posted."""

import datetime as dt
import html
import re
from collections.abc import Iterator
from typing import cast

import pytest
from flask.testing import FlaskClient

from controltower.demo import Demo, passwords, seat_people
from controltower.domain.drift import CLOSED, OPEN, SETTLING, Drift
from controltower.domain.subject import Subject
from controltower.simulation.tryton import catalogue
from controltower.simulation.tryton.bridge import RealErp
from controltower.simulation.tryton.planned import change
from controltower.simulation.world import Pace
from controltower.store import belief, drift
from controltower.store.engine import reading
from tests.databases import copy_sqlite
from tests.journeys.rehearsal import MINUTE, NetworkClock, Rehearsal, rehearsal
from tests.real_tryton import PASSWORD, Erp

pytestmark = [pytest.mark.tryton, pytest.mark.slow]

TO_HEAR = 3  # minutes until all that plan have heard of a change
QUICK = Pace(length=0.05)
MOST_MINUTES = 150


@pytest.fixture(scope="module")
def beside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, erp: Erp
) -> Iterator[Rehearsal]:
    """The whole network beside the real Tryton, with quick machines, and no orders but those of the tests."""
    open_ones = erp.people.search_read(
        "production", [["state", "in", ["draft", "waiting", "assigned"]]], ["id"]
    )
    erp.people.press("production", "cancel", [row["id"] for row in open_ones])
    folder = tmp_path_factory.mktemp("beside")
    copy_sqlite(request.getfixturevalue("migrated_sqlite"), folder / "tower.db")
    with rehearsal(
        folder,
        f"sqlite:///{folder / 'tower.db'}",
        "tryton",
        given={"ERP_HQ_PASSWORD": PASSWORD},
        poll_each=1,
        begin_at=dt.datetime.now(dt.UTC) - TO_HEAR * MINUTE,
        pace=QUICK,
        real_erp=RealErp(erp.server.base_url, PASSWORD, look_each=20.0),
    ) as made:
        # What is tried again is so in real time, as all beside a real ERP.
        cast("NetworkClock", made.tower.clock).speed = 1.0
        seat_people(made.tower.engine, passwords(Demo(), {}), made.tower.now())
        made.app.config["WTF_CSRF_ENABLED"] = False
        yield made


@pytest.fixture
def order(beside: Rehearsal, erp: Erp) -> str:
    """The number of a new order in Lyon that the scheduler knows."""
    made = erp.new_order("LYON", "PUMP-7")
    erp.people.press("production", "wait", [made])
    beside.advance(TO_HEAR)
    return erp.number(made)


@pytest.fixture
def planner(beside: Rehearsal) -> FlaskClient:
    client = beside.app.test_client()
    assert client.post("/login", data={"name": "planner", "password": "planner-demo"}).status_code == 303
    return client


def newest(beside: Rehearsal, order: str, attribute: str) -> Drift:
    """The newest drift of an order's attribute between the ERP and the scheduler."""
    with reading(beside.tower.engine) as connection:
        found = drift.of_order(connection, "LYON", order)
    ours = [each for each in found if each.attribute == attribute and each.follower == "aps-hq"]
    assert ours, f"the scheduler's {attribute} of {order} never drifted"
    return max(ours, key=lambda each: each.learnt_at)


def words(client: FlaskClient, path: str) -> str:
    """What a page says, without its marks."""
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_due_date_changed_by_hand_is_seen_carried_and_settles(
    beside: Rehearsal, order: str, erp: Erp, planner: FlaskClient
) -> None:
    change(erp.people, order, dt.date(2026, 12, 1), None)
    beside.advance(1, plants=False)
    settling = newest(beside, order, "due_date")
    assert settling.state == SETTLING
    assert settling.owner_value.native == "2026-12-01"
    assert settling.follower_value.native == "2026-03-06T23:59:59"
    page = words(planner, f"/orders/LYON/{order}")
    # The newest entry of the story: from what to what.
    assert "Due date: Fri 6 Mar 23:59 Tue 1 Dec 23:59" in page
    beside.advance(TO_HEAR)
    settled = newest(beside, order, "due_date")
    assert (settled.id, settled.state) == (settling.id, CLOSED)
    assert settled.lag is not None
    assert order not in words(planner, "/drift?state=open")


def test_a_quantity_changed_by_hand_settles_within_its_allowance(
    beside: Rehearsal, order: str, erp: Erp, planner: FlaskClient
) -> None:
    change(erp.people, order, None, 40.0)
    beside.advance(1, plants=False)
    settling = newest(beside, order, "quantity")
    assert (settling.state, settling.owner_value.text, settling.follower_value.text) == (SETTLING, "40", "10")
    beside.advance(TO_HEAR)
    assert newest(beside, order, "quantity").state == CLOSED
    assert "Quantity: 10 EA 40 EA" in words(planner, f"/orders/LYON/{order}")


def test_while_the_scheduler_is_down_a_change_drifts_and_then_settles(
    beside: Rehearsal, order: str, erp: Erp, planner: FlaskClient
) -> None:
    beside.network.fault_on("target-down", {"system": "aps-hq", "duration": 600})
    change(erp.people, order, dt.date(2026, 12, 2), None)
    beside.advance(3)
    assert newest(beside, order, "due_date").state == OPEN
    assert order in words(planner, "/drift?state=open")
    beside.network.fault_off("target-down")
    for _ in range(MOST_MINUTES):
        beside.advance(1)
        if newest(beside, order, "due_date").state == CLOSED:
            break
    assert newest(beside, order, "due_date").state == CLOSED
    assert order not in words(planner, "/drift?state=open")


def test_orders_of_all_plants_are_posted_in_tryton_once_though_its_door_is_in_trouble(
    beside: Rehearsal, erp: Erp
) -> None:
    items = {"LYON": catalogue.INSPECTED, "GRAZ": "GEAR-2", "PORTO": "HOSE-6"}
    made = {plant: erp.new_order(plant, item) for plant, item in items.items()}
    erp.people.press("production", "wait", list(made.values()))
    beside.network.fault_on(
        "target-busy", {"system": "erp-hq", "duration": 10, "rate": 0.5, "retry_after": 1}
    )
    for _ in range(MOST_MINUTES):
        beside.advance(1)
        if {state(erp, erp.number(each)) for each in made.values()} == {"done"}:
            break
    for plant, each in made.items():
        job = beside.network.scene.job(erp.number(each), plant)
        assert job is not None
        assert receipts(erp, each) == [(job["good"], "done")]
    beside.advance(2)
    with reading(beside.tower.engine) as connection:
        held = belief.of(connection, [Subject("GRAZ", f"order/{erp.number(made['GRAZ'])}")])
    told = {(each.system, each.attribute): each.value.text for _, each in held}
    assert told["erp-hq", "status"] == "closed"


def receipts(erp: Erp, order: int) -> list[tuple[float, str]]:
    """What Tryton has received of an order."""
    rows = erp.people.search_read("stock.move", [["production_output", "=", order]], ["quantity", "state"])
    return [(row["quantity"], row["state"]) for row in rows]


def state(erp: Erp, order: str) -> str:
    """An order's state in Tryton."""
    return str(erp.people.search_read("production", [["number", "=", order]], ["state"])[0]["state"])
