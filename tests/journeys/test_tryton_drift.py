"""A change by hand in a real Tryton: on the order's timeline, in drift, and settled when the followers hear of it."""

import datetime as dt
import html
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from controltower.demo import Demo, passwords, seat_people
from controltower.domain.drift import CLOSED, OPEN, SETTLING, Drift
from controltower.domain.subject import Subject
from controltower.simulation.landscape import SPECS
from controltower.simulation.tryton import catalogue
from controltower.simulation.tryton.bridge import RealErp
from controltower.simulation.tryton.planned import change
from controltower.store import belief, drift
from controltower.store.engine import reading
from tests.databases import copy_sqlite
from tests.journeys.rehearsal import MINUTE, Rehearsal, rehearsal
from tests.real_tryton import PASSWORD, Erp
from tests.simulation.conftest import ask

pytestmark = [pytest.mark.tryton, pytest.mark.slow]

# The scheduler follows the orders, through the bridge; the other systems are of no interest here.
FOLLOWERS = ("erp-hq", "aps-hq")
TO_HEAR = 2  # minutes until the scheduler knows of an order
ORDERS = 4


@pytest.fixture(scope="module")
def beside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, erp: Erp
) -> Iterator[Rehearsal]:
    """The scheduler beside the real Tryton."""
    folder = tmp_path_factory.mktemp("beside")
    copy_sqlite(request.getfixturevalue("migrated_sqlite"), folder / "tower.db")
    with rehearsal(
        folder,
        f"sqlite:///{folder / 'tower.db'}",
        "tryton",
        given={"ERP_HQ_URL": erp.server.base_url, "ERP_HQ_PASSWORD": PASSWORD},
        poll_each=1,
        begin_at=dt.datetime.now(dt.UTC) - TO_HEAR * MINUTE,
        without=[spec.id for spec in SPECS if spec.id not in FOLLOWERS],
        real_erp=RealErp(erp.server.base_url, PASSWORD, look_each=20.0),
    ) as made:
        seat_people(made.tower.engine, passwords(Demo(), {}), made.tower.now())
        made.app.config["WTF_CSRF_ENABLED"] = False
        yield made


@pytest.fixture(scope="module")
def known(beside: Rehearsal, erp: Erp) -> list[str]:
    """The numbers of new orders in Lyon that the scheduler knows; each test takes one."""
    made = [erp.new_order("LYON", "PUMP-7") for _ in range(ORDERS)]
    erp.people.press("production", "wait", made)
    beside.advance(TO_HEAR)
    return [erp.number(order) for order in made]


@pytest.fixture
def order(known: list[str]) -> str:
    return known.pop()


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


def test_a_due_date_changed_by_hand_is_seen_drifts_and_settles(
    beside: Rehearsal, order: str, erp: Erp, planner: FlaskClient
) -> None:
    change(erp.people, order, dt.date(2026, 12, 1), None)
    beside.advance(1, plants=False)
    settling = newest(beside, order, "due_date")
    assert settling.state == SETTLING
    assert settling.owner_value.native == "2026-12-01"
    assert settling.follower_value.native == "2026-03-06T23:59:59"
    page = words(planner, f"/orders/LYON/{order}")
    assert (
        "Due date: Fri 6 Mar 23:59 Tue 1 Dec 23:59" in page
    )  # the newest entry of the story: from what to what

    beside.advance(2, plants=False)  # the bridge stands still for longer than the scheduler may take
    assert newest(beside, order, "due_date").state == OPEN
    assert order in words(planner, "/drift?state=open")
    assert "Due date" in words(planner, f"/orders/LYON/{order}").partition("What to do:")[0]

    beside.advance(2)
    settled = newest(beside, order, "due_date")
    assert (settled.id, settled.state) == (settling.id, CLOSED)
    assert settled.lag is not None
    assert order not in words(planner, "/drift?state=open")
    row = words(planner, "/drift?state=closed").partition(order)[2]
    assert re.search(r"Due date Tue 1 Dec 23:59 .*?Fri 6 Mar 23:59 .*? \d+ (s|min) ", row)


def test_a_quantity_changed_by_hand_settles_within_its_allowance(
    beside: Rehearsal, order: str, erp: Erp, planner: FlaskClient
) -> None:
    change(erp.people, order, None, 40.0)
    beside.advance(1, plants=False)
    settling = newest(beside, order, "quantity")
    assert (settling.state, settling.owner_value.text, settling.follower_value.text) == (SETTLING, "40", "10")
    beside.advance(2)
    settled = newest(beside, order, "quantity")
    assert settled.state == CLOSED
    assert settled.lag is not None
    assert "Quantity: 10 EA 40 EA" in words(planner, f"/orders/LYON/{order}")


def test_the_fault_of_a_stale_due_date_strikes_a_real_erp_too(
    beside: Rehearsal, order: str, erp: Erp
) -> None:
    beside.network.fault_on("stale-due-date", {"order": order})
    beside.advance(4)
    found = newest(beside, order, "due_date")
    assert found.state == OPEN
    assert found.owner_value.native == "2026-03-08"  # a day and a half is two days to Tryton
    beside.network.fault_off("stale-due-date")
    beside.advance(2)
    assert newest(beside, order, "due_date").state == CLOSED


def test_what_the_mes_reports_is_booked_in_tryton(beside: Rehearsal, order: str, erp: Erp) -> None:
    ask(beside.network, "erp-hq", "/starts", "POST", json={"order": order})
    beside.advance(1)
    assert state(erp, order) == "running"
    report = {"order": order, "good": 8, "scrap": 2, "final": True}
    ask(beside.network, "erp-hq", "/confirmations", "POST", json=report)
    beside.advance(2)
    assert state(erp, order) == "done"
    with reading(beside.tower.engine) as connection:
        held = belief.of(connection, [Subject("LYON", f"order/{order}")])
    booked = {each.attribute: each.value.text for _, each in held if each.system == "erp-hq"}
    assert (booked["status"], booked["quantity_good"]) == ("closed", "8")


def test_tryton_completes_an_inspected_order_after_its_usage_decision(beside: Rehearsal, erp: Erp) -> None:
    made = erp.new_order("LYON", catalogue.INSPECTED)
    erp.people.press("production", "wait", [made])
    order = erp.number(made)
    beside.advance(1)
    report = {"order": order, "good": 10, "scrap": 0, "final": True}
    ask(beside.network, "erp-hq", "/confirmations", "POST", json=report)
    beside.advance(1)
    assert state(erp, order) == "running"
    ask(beside.network, "erp-hq", "/usage-decisions", "POST", json={"order": order, "accepted": True})
    beside.advance(1)
    assert state(erp, order) == "done"


def state(erp: Erp, order: str) -> str:
    """An order's state in Tryton."""
    return str(erp.people.search_read("production", [["number", "=", order]], ["state"])[0]["state"])
