"""A trace from the first message to the last effect: found by key, told as spans, shown as a waterfall."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.clock import Clock
from controltower.domain.expectation import Sign
from controltower.domain.route import Route
from controltower.domain.subject import order_subject
from controltower.domain.trace import carried, delivery_span, message_of, traceparent
from controltower.domain.waterfall import Span, spans
from controltower.pipeline.deliver import deliver
from controltower.store.engine import connect, reading
from controltower.web import trails
from controltower.web.login import limiter
from controltower.web.waterfall import WIDTH, Scale, after_text, time_text
from tests.factories import MINUTE, MORNING, ORDERS, Plantlet, ScriptedTarget, aim, carrying, cloud_event, due
from tests.web.asking import BASE, make_key, opened_app
from tests.web.conftest import PASSWORD, add_people

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER = "1bf92f3577b34da6a3ce929d0e0e4737"
PLANS = Route(
    "plans-to-mes",
    "Plans to the MES",
    "aps",
    "mes",
    "order",
    (Sign("aps", attribute="planned_start"),),
    ("due_date", "planned_start"),
)
TROUBLE = Outcome(FAILED, failure.TROUBLE, "internal error", 500)


def tell(plantlet: Plantlet) -> list[ScriptedTarget]:
    """The ERP moves a due date; the scheduler is in trouble first, takes it then, and shows it with a plan of its own,
    which goes to the MES."""
    targets = aim(plantlet, "aps", "mes")
    targets[0].answers = [TROUBLE]
    plantlet.say("erp", 1, {"due_date": due(9)}, traceparent=traceparent(TRACE))
    plantlet.record()
    deliver(plantlet.tower, "worker-1", 1.0)
    plantlet.clock.move(30 * MINUTE)
    deliver(plantlet.tower, "worker-1", 1.0)
    plantlet.clock.move(MINUTE)
    plantlet.say("aps", 1, {"due_date": due(9), "planned_start": due(4)}, traceparent=traceparent(OTHER))
    plantlet.record()
    plantlet.clock.move(MINUTE)
    deliver(plantlet.tower, "worker-1", 1.0)
    plantlet.clock.move(MINUTE)
    plantlet.say("mes", 1, {"due_date": due(9), "planned_start": due(4)})
    plantlet.record()
    return targets


def gathered(plantlet: Plantlet, trace: str) -> list[Span]:
    with reading(plantlet.tower.engine) as connection:
        found = trails.gather(connection, trace)
    return spans(found.trail) if found else []


def shape(found: list[Span]) -> list[tuple[int, str, str, str]]:
    return [(each.depth, each.kind, each.system, each.state) for each in found]


def test_from_the_first_message_to_the_last_effect(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(ORDERS, PLANS))
    tell(plantlet)
    found = gathered(plantlet, TRACE)
    assert shape(found) == [
        (0, "receive", "erp", "ok"),
        (1, "record", "erp", "ok"),
        (1, "deliver", "aps", "ok"),
        (2, "send", "aps", "bad"),
        (2, "wait", "aps", "wait"),
        (2, "send", "aps", "ok"),
        (2, "apply", "aps", "ok"),
        (2, "receive", "aps", "ok"),
        (3, "record", "aps", "ok"),
        (3, "deliver", "mes", "ok"),
        (4, "wait", "mes", "wait"),
        (4, "send", "mes", "ok"),
        (4, "apply", "mes", "ok"),
        (4, "receive", "mes", "ok"),
        (5, "record", "mes", "ok"),
    ]
    assert (found[4].start, found[4].end) == (MORNING, MORNING + 30 * MINUTE)
    assert found[3].words == "500 internal error"
    assert {each.trace for each in found if each.system == "aps" and each.kind == "deliver"} == {TRACE}


def test_every_sending_carries_the_trace_and_the_same_span(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(ORDERS, PLANS))
    aps, mes = tell(plantlet)
    sent = [carried(each.traceparent) for each in aps.attempts]
    assert len(sent) == 2
    assert set(sent) == {(TRACE, delivery_span(next(iter(deliveries(plantlet)))))}
    assert [carried(each.traceparent)[0] for each in mes.attempts] == [OTHER]


def deliveries(plantlet: Plantlet) -> list[int]:
    return [each.delivery for each in gathered(plantlet, TRACE) if each.kind == "deliver" and each.delivery]


def test_a_trace_that_answers_another_one_names_it(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(ORDERS, PLANS))
    tell(plantlet)
    with reading(engine) as connection:
        first, later = (trails.gather(connection, trace) for trace in (TRACE, OTHER))
    assert first is not None
    assert later is not None
    assert list(first.causes) == []
    assert [(each.trace, each.target) for each in later.causes] == [(TRACE, "aps")]


def test_what_is_still_under_way_has_no_end(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    aps.answers = [TROUBLE]
    receipt = plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    assert [each.kind for each in gathered(plantlet, receipt.trace)] == [
        "receive",
        "record",
        "deliver",
        "wait",
    ]
    deliver(plantlet.tower, "worker-1", 1.0)
    found = gathered(plantlet, receipt.trace)
    assert [(each.kind, each.end is None) for each in found] == [
        ("receive", False),
        ("record", False),
        ("deliver", True),
        ("send", False),
        ("wait", True),
    ]


def test_a_message_without_deliveries_is_found_by_the_trace_that_began_with_it(engine: Engine) -> None:
    plantlet = Plantlet(engine)
    receipt = plantlet.say("erp", 1, {"item": "PUMP-7"})
    assert message_of(receipt.trace) == receipt.message
    assert shape(gathered(plantlet, receipt.trace)) == [(0, "receive", "erp", "wait")]
    plantlet.record()
    assert shape(gathered(plantlet, receipt.trace)) == [
        (0, "receive", "erp", "ok"),
        (1, "record", "erp", "ok"),
    ]
    assert gathered(plantlet, OTHER) == []


def test_a_batch_about_many_orders_is_told_of_one_where_one_is_named(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    aim(plantlet, "aps")
    receipt = plantlet.deliver(
        "erp",
        [
            cloud_event("erp", 1, {"due_date": due(9)}, MORNING, subject=f"LYON/order/MO-{number}")
            for number in range(20)
        ],
    )
    plantlet.record()
    with reading(engine) as connection:
        whole = trails.gather(connection, receipt.trace)
        one = trails.gather(connection, receipt.trace, about=order_subject("LYON", "MO-15"))
    assert whole is not None
    assert one is not None
    assert (len(whole.subjects), whole.told, len(whole.trail.deliveries)) == (20, 8, 8)
    assert [each.subject.key for each in one.trail.deliveries] == ["MO-15"]


def test_nothing_is_looked_for_by_scanning(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(ORDERS, PLANS))
    tell(plantlet)
    asked: list[tuple[str, object]] = []
    event.listen(
        engine, "before_cursor_execute", lambda _c, _cursor, text, held, _x, _m: asked.append((text, held))
    )
    gathered(plantlet, TRACE)
    if engine.dialect.name != "sqlite":
        assert len(asked) < 12
        return
    selects = [(text, held) for text, held in asked if text.startswith("SELECT")]
    assert 5 <= len(selects) < 12
    with reading(engine) as connection:
        for text, held in selects:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", held)  # type: ignore[arg-type]
            assert not [row for row in plan if str(row[3]).startswith("SCAN")], text


# ---- on the page --------------------------------------------------------------------------------------------


@pytest.fixture
def shown(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    engine = connect(sqlite_url)
    with opened_app(engine, tmp_path / "state", carrying(ORDERS, PLANS)) as (app, plantlet):
        tell(plantlet)
        still = Clock(0.0, plantlet.clock.now().timestamp(), 1.0, time=lambda: 0.0)
        app.extensions["tower"] = replace(plantlet.tower, clock=still)
        app.config["WTF_CSRF_ENABLED"] = False
        add_people(plantlet)
        limiter.reset()
        yield app, plantlet
    engine.dispose()


def test_the_page_shows_each_step_with_its_bar(shown: tuple[Flask, Plantlet]) -> None:
    client = shown[0].test_client()
    client.post("/login", data={"name": "integration", "password": PASSWORD})
    page = client.get(f"/traces/{TRACE}").text
    for words in (
        "Message from ERP",
        "To APS: Order changed MO-1",
        "Attempt 2",
        "Waits to try again",
        "MES shows it",
    ):
        assert words in page, words
    assert page.count("<svg viewBox=") == 15
    assert client.get(f"/traces/{TRACE}?subject=LYON/order/MO-1").status_code == 200
    assert "It follows from what APS had been told" in client.get(f"/traces/{OTHER}").text
    assert "It follows" not in page
    for wrong in ("00", "0" * 32, "f" * 32, f"{TRACE}?subject=nonsense"):
        assert client.get(f"/traces/{wrong}").status_code == 404


def test_the_pages_of_message_delivery_and_order_lead_to_it(shown: tuple[Flask, Plantlet]) -> None:
    app, plantlet = shown
    client = app.test_client()
    client.post("/login", data={"name": "integration", "password": PASSWORD})
    spans_of = gathered(plantlet, TRACE)
    message = next(each.message for each in spans_of if each.kind == "receive")
    delivery = next(each.delivery for each in spans_of if each.kind == "deliver")
    for page in (f"/messages/{message}", f"/deliveries/{delivery}"):
        assert client.get(page).text.count("<svg viewBox=") == 15, page
    order = client.get("/orders/LYON/MO-1").text
    assert f'hx-get="/traces/{TRACE}?subject=LYON/order/MO-1"' in order
    assert f'hx-get="/traces/{OTHER}?subject=LYON/order/MO-1"' in order
    fold = client.get(f"/traces/{TRACE}?subject=LYON/order/MO-1", headers={"HX-Request": "true"}).text
    assert fold.count("<svg viewBox=") == 15
    assert "<html" not in fold


def test_the_search_box_takes_a_trace(shown: tuple[Flask, Plantlet]) -> None:
    client = shown[0].test_client()
    client.post("/login", data={"name": "planner", "password": PASSWORD})
    assert client.get(f"/search?q={TRACE}").headers["Location"] == f"/traces/{TRACE}"
    assert client.get(f"/search?q={'f' * 32}").status_code == 200


def test_the_api_tells_the_same(shown: tuple[Flask, Plantlet]) -> None:
    app, plantlet = shown
    headers = {"Authorization": f"Bearer {make_key(plantlet, 'planner')}"}
    answer = app.test_client().get(f"{BASE}/traces/{TRACE}", headers=headers)
    assert answer.status_code == 200
    told = answer.json
    assert told is not None
    assert [each["kind"] for each in told["spans"]][:4] == ["receive", "record", "deliver", "send"]
    assert told["subjects"] == ["LYON/order/MO-1"]
    assert app.test_client().get(f"{BASE}/traces/{OTHER[::-1]}", headers=headers).status_code == 404


def test_a_scale_is_even_but_for_long_silences() -> None:
    at = [MORNING + minute * MINUTE for minute in (0, 1, 2, 600, 601)]
    even = Scale([(at[0], at[2])])
    assert [even.place(each) for each in at[:3]] == pytest.approx([0, WIDTH / 2, WIDTH])
    assert even.gaps == []
    cut = Scale([(at[0], at[2]), (at[3], at[4])])
    assert cut.place(at[0]) == 0
    assert cut.place(at[4]) == pytest.approx(WIDTH)
    assert cut.place(at[3]) - cut.place(at[2]) == pytest.approx(0.04 * WIDTH)
    assert [words for _, words in cut.gaps] == ["9 h 58 min without anything"]
    assert Scale([(at[0], at[0])]).place(at[0]) == 0


def test_lengths_read_well() -> None:
    lengths = [MINUTE / 5000, MINUTE / 40, MINUTE / 2, 12 * MINUTE]
    assert [time_text(each) for each in lengths] == ["12 ms", "1.5 s", "30 s", "12 min"]
    assert [after_text(each) for each in (MINUTE / 2, 6.05 * MINUTE, 68.25 * MINUTE)] == [
        "30 s",
        "6:03",
        "1:08:15",
    ]
