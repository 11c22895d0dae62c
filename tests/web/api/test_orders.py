"""Orders over the API: beliefs now and as of a moment, owners, drift, flow, operations, timeline."""

from tests.factories import MINUTE, MORNING, Plantlet, due
from tests.web.asking import Caller, tell_story


def beliefs(caller: Caller, attribute: str, **query: str) -> dict[str, str]:
    answer = caller.get("/orders/LYON/MO-1", **query)
    assert answer.status_code == 200, answer.text
    return {system: held["value"] for system, held in answer.json["beliefs"].get(attribute, {}).items()}


def test_an_order_shows_what_each_system_believes(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    order = caller.get("/orders/LYON/MO-1").json
    held = order["beliefs"]["due_date"]
    assert {system: each["value"] for system, each in held.items()} == {
        "erp": due(12),
        "aps": due(9),
        "mes": due(9),
    }
    assert order["owners"]["due_date"] == "erp"
    assert order["owners"]["item"] is None
    assert held["erp"]["since"] == held["erp"]["learnt_at"] == "2026-03-02T06:10:00Z"
    event = held["erp"]["event"]
    message = caller.get(f"/messages/{held['erp']['message']}").json
    assert [each["id"] for each in message["events"]] == [event]


def test_a_quantity_keeps_its_unit(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    good = caller.get("/orders/LYON/MO-1").json["beliefs"]["quantity_good"]["mes"]
    assert (good["value"], good["unit"]) == ("120", "EA")


def test_operations_and_flow_are_part_of_an_order(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    order = caller.get("/orders/LYON/MO-1").json
    assert [each["operation"] for each in order["operations"]] == ["10"]
    assert order["operations"][0]["beliefs"]["resource"]["mes"]["value"] == "CUT-1"
    steps = {each["name"]: each["at"] for each in order["flows"][0]["milestones"]}
    assert steps == {"created": "2026-03-02T06:00:00Z", "planned": "2026-03-02T06:01:00Z", "started": None}


def test_drift_says_why_and_what_to_do(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    order = caller.get("/orders/LYON/MO-1").json
    apart = {each["follower"]: each for each in order["drift"]}
    assert set(apart) == {"aps", "mes"}
    assert apart["aps"]["state"] == "open"
    assert apart["aps"]["cause"] == "never-announced"
    assert apart["aps"]["owner_value"]["value"] == due(12)


def test_as_of_tells_what_was_believed_then(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    assert beliefs(caller, "due_date", as_of="2026-03-02T06:05:00Z")["erp"] == due(9)
    assert beliefs(caller, "due_date", as_of="2026-03-02T06:10:00Z")["erp"] == due(12)
    assert beliefs(caller, "due_date", as_of="2026-03-02T05:59:59Z") == {}
    then = caller.get("/orders/LYON/MO-1", as_of="2026-03-02T06:05:00Z").json
    assert (then["as_of"], then["drift"]) == ("2026-03-02T06:05:00Z", [])


def test_a_late_message_counts_where_it_belongs_and_known_by_leaves_it_out(
    caller: Caller, plantlet: Plantlet
) -> None:
    plantlet.say("erp", 2, {"due_date": due(12)}, at=MORNING)
    plantlet.clock.move(30 * MINUTE)
    plantlet.say("erp", 1, {"due_date": due(9)}, at=MORNING - 20 * MINUTE)
    plantlet.record()
    assert beliefs(caller, "due_date", as_of="2026-03-02T05:50:00Z") == {"erp": due(9)}
    assert beliefs(caller, "due_date") == {"erp": due(12)}
    assert beliefs(caller, "due_date", as_of="2026-03-02T05:50:00Z", known_by="2026-03-02T06:10:00Z") == {}


def test_the_timeline_is_in_order_and_shows_what_did_not_come(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    whole = caller.items("/orders/LYON/MO-1/timeline")
    told = [(each["kind"], each["at"]) for each in whole]
    assert told == sorted(told, key=lambda each: each[1])
    missing = [each for each in whole if each["kind"] == "expected"]
    assert [(each["expectation"]["rule"], each["overdue"]) for each in missing] == [
        ("completion-posted", True)
    ]
    assert missing[0]["title"] == "Completion reaches the ERP"
    happened = [each for each in whole if each["kind"] == "event"]
    assert {each["message_state"] for each in happened} == {"recorded"}
    assert [each["event"]["type"] for each in happened][:2] == ["order.created", "order.scheduled"]


def test_a_timeline_is_the_same_page_by_page(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    whole = caller.items("/orders/LYON/MO-1/timeline")
    assert caller.items("/orders/LYON/MO-1/timeline", limit=2) == whole
    part = caller.items(
        "/orders/LYON/MO-1/timeline", **{"from": "2026-03-02T06:01:00Z", "to": "2026-03-02T06:10:00Z"}
    )
    assert part == [each for each in whole if "T06:01" <= each["at"][10:16] < "T06:10"]


def test_orders_are_listed_page_by_page(caller: Caller, plantlet: Plantlet) -> None:
    for number in range(7):
        plantlet.say("erp", 1, {"status": "firm"}, subject=f"LYON/order/MO-{number}")
    plantlet.say("erp", 1, {"status": "firm"}, subject="LYON/order/XX-1")
    plantlet.record()
    every = caller.items("/orders", limit=3)
    assert [each["order"] for each in every] == [*(f"MO-{number}" for number in range(7)), "XX-1"]
    assert every[0]["attributes"]["status"]["value"] == "firm"
    assert [each["order"] for each in caller.items("/orders", q="XX")] == ["XX-1"]
    assert caller.items("/orders", plant="GRAZ") == []


def test_an_order_line_counts_its_drift(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    line = caller.items("/orders", plant="LYON")[0]
    assert (line["drift"], line["settling"]) == (2, 0)
    assert line["attributes"]["due_date"]["value"] == due(12)


def test_an_order_number_may_hold_a_slash(caller: Caller, plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"status": "firm"}, subject="LYON/order/2026/17")
    plantlet.record()
    assert caller.get("/orders/LYON/2026/17").json["order"] == "2026/17"
    assert len(caller.get("/orders/LYON/2026/17/timeline").json["items"]) == 1


def test_an_order_nobody_spoke_of_is_not_found(caller: Caller) -> None:
    for path in (
        "/orders/LYON/MO-9",
        "/orders/LYON/MO-9/timeline",
        "/orders/NOWHERE/MO-1",
        "/orders/LYON/%00",
    ):
        answer = caller.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
