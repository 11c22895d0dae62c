"""The Tryton connector against a real Tryton: what is changed there arrives here, once."""

import datetime as dt

import pytest

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.tryton import connector as connector_module
from controltower.connectors.tryton.connector import TrytonConnector
from controltower.connectors.tryton.lists import LISTS, RecordList, Trigger
from controltower.simulation.tryton import catalogue, orders
from controltower.simulation.tryton.seed import ORDERS
from tests.connectors.polling import News, Reader
from tests.real_tryton import TODAY, Erp

pytestmark = [pytest.mark.tryton, pytest.mark.slow]


@pytest.fixture(scope="module")
def reader(erp: Erp) -> Reader:
    """The tower's reading of orders so far; each test reads on from where the one before ended."""
    return erp.reader("production", "production.work")


@pytest.fixture
def caught_up(reader: Reader) -> Reader:
    reader.poll()
    return reader


def _only(news: News, subject: str) -> dict[str, str]:
    """The attributes of the one event about a subject; nothing odd may have come with it."""
    assert news.oddities == []
    [event] = news.about(subject)
    return {name: value.text for name, value in event.attributes.items()}


def test_the_first_poll_tells_all_that_tryton_holds(erp: Erp) -> None:
    news = erp.reader().poll()
    assert news.oddities == []
    assert len(news.subjects("order")) == ORDERS
    assert {event.type for event in news.events} == {
        f"{kind}.snapshot" for kind in ("order", "operation", "stock", "purchase", "inspection")
    }
    statuses = {event.attributes["status"].text for event in news.events if event.subject.kind == "order"}
    assert statuses == {"draft", "released", "ready", "running", "closed"}


def test_small_pages_bring_the_same(erp: Erp) -> None:
    lists = ("production", "stock")
    large, small = (Reader(TrytonConnector(erp.system(size, lists))).poll() for size in (200, 3))
    assert {event.id for event in small.events} == {event.id for event in large.events}
    assert len(small.events) == len(large.events)


def test_polling_again_adds_nothing(erp: Erp) -> None:
    reader = erp.reader()
    assert reader.poll().events
    assert reader.poll() == News([], [], [])


def test_a_moved_finish_arrives_as_the_end_of_that_day_in_the_plant(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("LYON", "PUMP-7")
    erp.people.press("production", "wait", [order])
    caught_up.poll()
    erp.people.write("production", [order], {"planned_date": dt.date(2026, 7, 1)})
    news = caught_up.poll()
    [event] = news.about(f"LYON/order/{erp.number(order)}")
    assert event.attributes["due_date"].text == "2026-07-01T21:59:59Z"
    assert event.attributes["due_date"].native == "2026-07-01"
    assert event.refs["native_id"] == str(order)
    assert caught_up.poll().events == []


def test_a_changed_quantity_arrives(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("GRAZ", "GEAR-2")
    erp.people.press("production", "wait", [order])
    caught_up.poll()
    orders.change_quantity(erp.people, order, 25.0)
    told = _only(caught_up.poll(), f"GRAZ/order/{erp.number(order)}")
    assert told["quantity"] == "25"


def test_an_order_is_followed_through_its_whole_life(erp: Erp) -> None:
    reader = erp.reader("production")
    order = erp.new_order("PORTO", "HOSE-6", 10.0)
    before = _only(reader.poll(), f"PORTO/order/#{order}")
    seen = [before["status"]]
    for _ in range(12):
        orders.move_on(erp.people, order)
        news = reader.poll()
        seen += [event.attributes["status"].text for event in news.about(f"PORTO/order/{erp.number(order)}")]
        if seen[-1] == "closed":
            break
    assert seen == ["draft", "released", "ready", "running", "closed"]
    told = _only(news, f"PORTO/order/{erp.number(order)}")
    assert (told["quantity_good"], told["material_available"]) == ("10", "true")
    assert "actual_end" in told


def test_operations_are_told_with_their_times(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("LYON", "VALVE-3")
    for button in ("wait", "assign_force", "run"):
        erp.people.press("production", button, [order])
    number = erp.number(order)
    subject = f"LYON/operation/{number}/10"
    assert _only(caught_up.poll(), subject)["status"] == "ready"
    orders.move_on(erp.people, order)
    started = _only(caught_up.poll(), subject)
    assert started["status"] == "running"
    assert started["resource"] in ("CUT-1", "CUT-2")
    orders.move_on(erp.people, order)
    finished = _only(caught_up.poll(), subject)
    assert finished["status"] == "completed"
    assert finished["actual_start"] == started["actual_start"] < finished["actual_end"]


def test_an_order_is_told_under_its_number_as_soon_as_it_has_one(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("LYON", "PUMP-7")
    assert caught_up.poll().subjects("order") == [f"LYON/order/#{order}"]
    erp.people.press("production", "wait", [order])
    news = caught_up.poll()
    assert news.subjects("order") == [f"LYON/order/{erp.number(order)}"]
    assert news.gone == [f"LYON/order/#{order}"]


def test_orders_without_a_number_can_be_skipped_until_they_have_one(erp: Erp) -> None:
    reader = Reader(
        TrytonConnector(erp.system(resources=("production", "production.work"), unnumbered="skip"))
    )
    order = erp.new_order("LYON", "PUMP-7")
    assert not [subject for subject in reader.poll().subjects("order") if "#" in subject]
    erp.people.press("production", "wait", [order])
    news = reader.poll()
    assert news.subjects("order") == [f"LYON/order/{erp.number(order)}"]
    assert len(news.subjects("operation")) == 3
    assert news.gone == []


def test_a_cancelled_order_and_its_deleted_operations_arrive(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("LYON", "PUMP-7")
    erp.people.press("production", "wait", [order])
    caught_up.poll()
    erp.people.press("production", "cancel", [order])
    news, number = caught_up.poll(), erp.number(order)
    assert _only(news, f"LYON/order/{number}")["status"] == "cancelled"
    assert sorted(news.gone) == [f"LYON/operation/{number}/{step}" for step in (10, 20, 30)]


def test_a_deleted_order_is_noticed(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("LYON", "PUMP-7")
    caught_up.poll()
    erp.people.delete("production", [order])
    news = caught_up.poll()
    assert (news.events, news.gone) == ([], [f"LYON/order/#{order}"])


def test_a_late_commit_with_an_older_stamp_is_found(erp: Erp, caught_up: Reader) -> None:
    order = erp.new_order("GRAZ", "GEAR-5")
    erp.people.press("production", "wait", [order])
    erp.new_order("GRAZ", "GEAR-5")
    caught_up.poll()
    older = caught_up.cursors["production"]["production"][0]
    stamp = dt.datetime.fromisoformat(older).replace(tzinfo=None) - dt.timedelta(minutes=10)
    erp.execute(
        "UPDATE production SET planned_date = '2026-09-09', write_date = ? WHERE id = ?", str(stamp), order
    )
    told = _only(caught_up.poll(), f"GRAZ/order/{erp.number(order)}")
    assert told["due_date"] == "2026-09-09T21:59:59Z"


def test_a_receipt_moves_purchase_and_stock(erp: Erp) -> None:
    reader = erp.reader("purchase.line", "stock")
    first = reader.poll()
    row = orders.purchase_row(erp.company, "LYON", catalogue.SUPPLIERS[0], [("CAST-10", 40.0)], TODAY)
    purchases = erp.people.create("purchase.purchase", [row])
    orders.place_purchases(erp.people, purchases)
    [ordered] = [each for each in reader.poll().events if each.subject.kind == "purchase"]
    held = float(_only(first, "LYON/stock/CAST-10/WH1")["on_hand"])
    orders.receive_purchase(erp.people, purchases[0])
    news = reader.poll()
    told = _only(news, str(ordered.subject))
    assert (told["status"], told["quantity"], told["quantity_received"]) == ("received", "40", "40")
    assert float(_only(news, "LYON/stock/CAST-10/WH1")["on_hand"]) == held + 40


def test_a_failed_inspection_arrives_with_its_order(erp: Erp) -> None:
    reader = erp.reader("quality.inspection")
    reader.poll()
    order = erp.new_order("LYON", catalogue.INSPECTED)
    for button in ("wait", "assign_force", "run"):
        erp.people.press("production", button, [order])
    orders.inspect(erp.people, order, accepted=False)
    [event] = reader.poll().events
    told = {name: value.text for name, value in event.attributes.items()}
    assert told == {"status": "failed", "result": "failed", "order": erp.number(order)}
    assert event.subject.plant == "LYON"


def test_an_ended_session_is_renewed(erp: Erp, caught_up: Reader) -> None:
    erp.execute("DELETE FROM ir_session WHERE create_uid IS NOT NULL OR id > 0")
    erp.people = erp.server.administrator()
    order = erp.new_order("LYON", "PUMP-7")
    assert caught_up.poll().subjects("order") == [f"LYON/order/#{order}"]


def test_a_wrong_password_is_a_matter_of_credentials(erp: Erp) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        Reader(TrytonConnector(erp.system(password="not-the-password"))).poll()
    assert caught.value.kind == "credentials"


def test_a_wrong_database_is_an_interface_that_is_not_there(erp: Erp) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        Reader(TrytonConnector(erp.system(database="nowhere"))).poll()
    assert caught.value.kind == "removed"


def test_a_module_that_is_not_active_is_skipped_and_said_so(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = RecordList("maintenance.request", ("number",), (Trigger("maintenance.request", "id", "id"),))
    monkeypatch.setattr(connector_module, "LISTS", (absent, *LISTS))
    connector = TrytonConnector(erp.system(resources=("maintenance.request", "production")))
    assert Reader(connector).poll().subjects("order")
    assert list(connector.skipped) == ["maintenance.request"]


def test_a_warehouse_that_is_no_plant_is_a_fault_with_its_place(erp: Erp) -> None:
    connector = TrytonConnector(erp.system(resources=("production",), warehouses="LYON=NOWHERE"))
    news = Reader(connector).poll()
    assert news.oddities
    assert "see setting warehouses" in str(news.oddities[0])
    assert all(event.subject.plant != "LYON" for event in news.events)
