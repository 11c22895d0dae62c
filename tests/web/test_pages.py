"""What each page says about a small plant in which the scheduler never heard of a moved due date."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import MINUTE, Plantlet, due

Told = tuple[Flask, Plantlet]


def words(client: FlaskClient, path: str) -> str:
    """The text of a page without its markup, spaces in a row made one."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    main = answer.text.partition("<main")[2] or answer.text
    plain = re.sub(r"<(script|select|svg)\b.*?</\1>", " ", main, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain))


def rows(client: FlaskClient, path: str) -> list[dict[str, str]]:
    """The rows of a page's CSV file."""
    answer = client.get(path)
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_drift_board_says_who_holds_what_and_why(planner: FlaskClient) -> None:
    text = words(planner, "/drift")
    assert "MO-1" in text
    assert "Thu 12 Mar 18:00" in text  # 17:00 UTC in Lyon
    assert "Mon 9 Mar 18:00" in text
    assert "Never told" in text


@pytest.mark.parametrize("query", ["cause=rejected", "attribute=quantity", "follower=nobody", "plant=GRAZ"])
def test_filters_of_the_drift_board_empty_it_in_words(planner: FlaskClient, query: str) -> None:
    assert "No open drift" in words(planner, f"/drift?{query}")


@pytest.mark.parametrize(
    "sort", ["order", "-order", "age", "-age", "worth", "over", "-over", "cause", "nonsense"]
)
def test_every_sort_keeps_every_row(planner: FlaskClient, sort: str) -> None:
    assert {row["order"] for row in rows(planner, f"/drift?as=csv&sort={sort}")} == {"MO-1"}


@pytest.mark.parametrize(
    ("group", "title"),
    [("plant", "Lyon"), ("pair", "ERP → APS"), ("attribute", "Due date"), ("cause", "Never told")],
)
def test_drift_is_grouped_as_asked(planner: FlaskClient, group: str, title: str) -> None:
    assert title in words(planner, f"/drift?group={group}")


def test_the_file_of_drift_holds_what_the_page_shows(planner: FlaskClient) -> None:
    first = rows(planner, "/drift?as=csv")[0]
    assert (first["attribute"], first["owner"], first["cause"]) == ("due_date", "erp", "never-announced")


def test_orders_show_the_owners_word(planner: FlaskClient) -> None:
    text = words(planner, "/orders")
    assert "MO-1" in text
    assert "Thu 12 Mar 18:00" in text
    assert "open drift" in text


def test_orders_go_on_from_the_key_of_the_last_one(planner: FlaskClient, told: Told) -> None:
    for number in range(60):
        subject = f"LYON/order/ZZ-{number:03d}"
        told[1].say("erp", 1, {"due_date": due(9)}, subject=subject, type="order.created")
    told[1].record()
    first = planner.get("/orders").text
    following = re.search(r'href="(/orders\?after=[^"]+)"', first)
    assert following is not None
    seen = re.findall(r'id="o-LYON-([^"]+)"', first) + re.findall(
        r'id="o-LYON-([^"]+)"', planner.get(following.group(1)).text
    )
    assert len(seen) == len(set(seen)) == 61


def test_the_order_page_marks_who_disagrees(planner: FlaskClient) -> None:
    page = planner.get("/orders/LYON/MO-1").text
    assert re.search(r'<td class="disagrees">.*?Mon 9 Mar 18:00', page, re.DOTALL)
    assert "What to do:" in page
    text = words(planner, "/orders/LYON/MO-1")
    assert "Created in ERP" in text
    assert "Completion reaches the ERP" in text  # the gap: the completion never reached the ERP


def test_a_follower_that_followed_in_time_is_told_with_its_lag(planner: FlaskClient, told: Told) -> None:
    plantlet = told[1]
    subject = "LYON/order/MO-7"
    plantlet.say("erp", 1, {"due_date": due(9)}, subject=subject, type="order.created")
    plantlet.say("aps", 1, {"due_date": due(9)}, subject=subject)
    plantlet.clock.move(MINUTE)
    plantlet.say("erp", 2, {"due_date": due(12)}, subject=subject)
    plantlet.clock.move(4 * MINUTE)
    plantlet.say("aps", 2, {"due_date": due(12)}, subject=subject)
    plantlet.record()
    text = words(planner, "/orders/LYON/MO-7")
    assert "It followed 4 min after the change, within its allowance." in text


def test_as_of_shows_what_was_believed_then(planner: FlaskClient) -> None:
    before = planner.get(
        "/orders/LYON/MO-1?at=2026-03-02T07:05"
    ).text  # Lyon's time: before the due date moved
    assert "Thu 12 Mar" not in before.partition('id="lanes-title"')[0]
    assert 'class="disagrees"' not in before
    assert "Back to now" in before
    assert "Nobody had spoken of this order yet" in planner.get("/orders/LYON/MO-1?at=2026-03-01T00:00").text


@pytest.mark.parametrize("at", ["nonsense", "9999-99-99", ""])
def test_an_unreadable_moment_means_now(planner: FlaskClient, at: str) -> None:
    assert "Back to now" not in planner.get(f"/orders/LYON/MO-1?at={at}").text


def test_the_story_can_be_searched(planner: FlaskClient) -> None:
    assert (
        "Operation started" in words(planner, "/orders/LYON/MO-1?q=CUT-1").partition("The same as a list")[2]
    )
    assert "Nothing in the story says that" in words(planner, "/orders/LYON/MO-1?q=xyzzy")


def test_a_message_shows_its_envelope_and_its_events(planner: FlaskClient) -> None:
    number = re.search(r'href="/messages/(\d+)"', planner.get("/messages?period=all").text)
    assert number is not None
    text = words(planner, f"/messages/{number.group(1)}")
    assert "Envelope" in text
    assert "Order completed" in text


def test_messages_are_found_by_the_order_they_are_about(planner: FlaskClient) -> None:
    assert len(re.findall(r'id="m-\d+"', planner.get("/messages?order=MO-1").text)) == 6
    assert "No messages match" in words(planner, "/messages?order=MO-404")


def test_a_parked_message_says_where_and_can_be_read_again(
    as_role: Callable[[str], FlaskClient], told: Told
) -> None:
    client = as_role("integration")
    told[1].say("mes", 3, {"quantity": {"value": "twelve", "unit": "EA"}})
    told[1].record()
    assert "1" in words(client, "/systems").partition("messages parked")[0][-8:]
    parked = client.get("/messages?state=faulty&period=all").text
    number = re.search(r'href="/messages/(\d+)"', parked)
    assert number is not None
    page = client.get(f"/messages/{number.group(1)}").text
    assert 'class="fault-line"' in page
    assert client.post(f"/messages/{number.group(1)}/reprocess").status_code == 303
    told[1].record()
    assert "parked" in words(client, f"/messages/{number.group(1)}")


def test_bytes_are_downloaded_as_they_came(as_role: Callable[[str], FlaskClient], told: Told) -> None:
    client = as_role("integration")
    number = re.search(r'href="/messages/(\d+)"', client.get("/messages?period=all").text)
    assert number is not None
    raw = client.get(f"/messages/{number.group(1)}/raw")
    assert b"order.completed" in raw.data
    assert "attachment" in raw.headers["Content-Disposition"]


def test_systems_are_never_green_by_default(planner: FlaskClient, told: Told) -> None:
    shown = words(planner, "/systems/erp")
    assert "heard" in shown
    assert "events in an hour" in shown
    told[1].clock.move(60 * 48 * MINUTE)
    later = told[1].clock.now().timestamp()
    object.__setattr__(told[0].extensions["tower"].clock, "_anchor", (0.0, later, 1.0))
    assert "silent" in words(planner, "/systems")


def test_an_exception_is_acknowledged_assigned_and_resolved(planner: FlaskClient) -> None:
    found = rows(planner, "/exceptions?as=csv")
    drift = next(row for row in found if row["rule"] == "drift")
    address = f"/exceptions/{drift['id']}"
    assert "What to do:" in words(planner, address)
    assert planner.post(f"{address}/acknowledge").status_code == 303
    assert "acknowledged it" in words(planner, address)
    planner.post(f"{address}/assign", data={"detail": "planner"})
    assert drift["id"] in {row["id"] for row in rows(planner, "/exceptions?as=csv&mine=1")}
    planner.post(f"{address}/resolve", data={"detail": ""})
    assert "Say why" in words(planner, address)
    planner.post(f"{address}/resolve", data={"detail": "told the scheduler by telephone"})
    assert "by telephone" in words(planner, address)
    assert drift["id"] in {row["id"] for row in rows(planner, "/exceptions?as=csv&state=resolved")}


def test_ticked_exceptions_are_acknowledged_together(planner: FlaskClient) -> None:
    ids = [row["id"] for row in rows(planner, "/exceptions?as=csv")]
    planner.post("/exceptions/acknowledge", data={"id": ids})
    assert {row["acknowledged_by"] for row in rows(planner, "/exceptions?as=csv")} == {"planner"}


def test_an_unknown_act_or_exception_is_refused_in_words(planner: FlaskClient) -> None:
    assert planner.post("/exceptions/none/acknowledge").status_code == 404
    id = rows(planner, "/exceptions?as=csv")[0]["id"]
    planner.post(f"/exceptions/{id}/explode")
    assert "is none of" in words(planner, f"/exceptions/{id}")


@pytest.mark.parametrize("number", ["MO-1", "mo-1", "1"])
def test_search_goes_straight_to_the_order(planner: FlaskClient, number: str) -> None:
    answer = planner.get(f"/search?q={number}")
    assert (answer.status_code, answer.location) == (303, "/orders/LYON/MO-1")


def test_search_finds_a_delivery_and_says_when_there_is_nothing(planner: FlaskClient) -> None:
    assert re.fullmatch(r"/messages/\d+", planner.get("/search?q=delivery-1").location)
    assert "Nothing has this number" in words(planner, "/search?q=xyzzy")


@pytest.mark.parametrize("path", ["/drift", "/orders", "/messages", "/systems", "/exceptions"])
def test_an_empty_tower_explains_itself(page_app: Flask, planner: FlaskClient, path: str) -> None:
    assert (
        'class="empty"' in planner.get(f"{path}?plant=GRAZ&q=none&system=none&rule=none").text
        or path == "/systems"
    )


def test_a_pushing_system_cannot_be_polled(as_role: Callable[[str], FlaskClient]) -> None:
    assert as_role("integration").post("/systems/erp/poll").status_code == 404
