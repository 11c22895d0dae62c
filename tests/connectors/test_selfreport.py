"""What a system tells beyond its news: all that it holds, how it is, its subscriptions, and its webhooks again."""

import datetime
import json
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from controltower.connectors import connect
from controltower.connectors.certificate import expiry
from controltower.connectors.contract import (
    Envelope,
    Probed,
    Replayer,
    Snapshotter,
    SourceUnavailable,
    Subscriber,
)
from controltower.connectors.selfreport import digest_of
from controltower.domain.landscape import System
from controltower.simulation.certificates import secured
from controltower.simulation.servers import SystemServer
from tests.connectors.served import Asked, Reply, serve

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
EVENT = {
    "specversion": "1.0",
    "id": "mes:LYON/order/MO-1:held:1",
    "source": "mes",
    "type": "order.snapshot",
    "subject": "LYON/order/MO-1",
    "time": "2026-03-02T11:00:00Z",
    "data": {"attributes": {"status": "running"}, "refs": {}},
}
PATHS = {
    "health": "/health",
    "subscriptions": "/subscriptions",
    "replay": "/events",
    "holdings": "/holdings",
    "interface_token": "secret token",
}


def mes(url: str) -> System:
    settings = {"interface": url, **PATHS}
    return System("mes", "MES", "mes", ("LYON",), "cloudevents", ZoneInfo("UTC"), settings=settings)


def paged(name: str, pages: list[list[object]]) -> Callable[[Asked], Reply]:
    """A list of pages by cursor."""

    def answer(asked: Asked) -> Reply:
        at = int(asked.query.get("cursor", 0))
        following = str(at + 1) if at + 1 < len(pages) else None
        return Reply({name: pages[at], "kinds": ["order"], "next": following})

    return answer


def test_all_that_is_held_is_read_page_by_page_and_translated_like_a_batch() -> None:
    other = {**EVENT, "id": "2", "subject": "LYON/order/MO-2"}
    with serve(paged("items", [[EVENT], [other]])) as served:
        connector = connect(mes(served.url))
        assert isinstance(connector, Snapshotter)
        pages = list(connector.snapshot(NOON - HOUR))
    assert [asked.query.get("since") for asked in served.asked] == ["2026-03-02T11:00:00Z"] * 2
    assert served.asked[0].headers["authorization"] == "Bearer secret token"
    assert [page.covers for page in pages] == [frozenset(["order"])] * 2
    body = b"[" + pages[0].records[0].body + b"]"
    told = connector.translate(Envelope("poll", pages[0].resource, pages[0].headers, body, NOON))
    assert [(str(event.subject), event.attributes["status"].text) for event in told.events] == [
        ("LYON/order/MO-1", "running")
    ]


def test_webhooks_are_given_again_with_their_own_ids() -> None:
    sent = {"headers": {"Webhook-Id": "msg_1", "content-type": "application/json"}, "body": "{}"}
    with serve(paged("items", [[sent], [sent]])) as served:
        connector = connect(mes(served.url))
        assert isinstance(connector, Replayer)
        found = list(connector.replay(NOON - HOUR, NOON))
    assert [(each.headers["webhook-id"], each.body) for each in found] == [("msg_1", b"{}")] * 2
    assert served.asked[0].query["until"] == "2026-03-02T12:00:00Z"


def test_a_subscription_is_renewed_by_a_post() -> None:
    def answer(asked: Asked) -> Reply:
        made = {"id": "sub-2", "url": json.loads(asked.body)["url"]} if asked.method == "POST" else {}
        return Reply(made or {"items": [{"id": "sub-1", "active": False}]}, 201 if made else 200)

    with serve(answer) as served:
        connector = connect(mes(served.url))
        assert isinstance(connector, Subscriber)
        [known] = connector.subscriptions()
        made = connector.renew()
    assert (known.active, made.id, made.active) == (False, "sub-2", True)


def test_health_is_read_with_a_hash_of_the_settings() -> None:
    told = {"version": 4, "instance": "mes-1", "time": "2026-03-02T12:00:00Z", "settings": {"b": 1, "a": 2}}
    with serve(lambda _: Reply(told)) as served:
        connector = connect(mes(served.url))
        assert isinstance(connector, Probed)
        health = connector.probe()
    assert (health.version, health.instance, health.clock) == ("4", "mes-1", NOON)
    assert health.settings == digest_of({"a": 2, "b": 1}) != digest_of({"a": 2, "b": 3})


@pytest.mark.parametrize("held", [{"time": "noon"}, [1], {"credential_expires_at": 7}])
def test_what_cannot_be_read_is_told_as_that(held: object) -> None:
    with serve(lambda _: Reply(held)) as served:
        connector = connect(mes(served.url))
        assert isinstance(connector, Probed)
        with pytest.raises(SourceUnavailable) as failed:
            connector.probe()
    assert failed.value.kind == "contract"


def test_without_a_path_nothing_is_asked() -> None:
    system = System("mes", "MES", "mes", ("LYON",), "cloudevents", ZoneInfo("UTC"))
    connector = connect(system)
    assert isinstance(connector, Snapshotter)
    assert isinstance(connector, Replayer)
    assert isinstance(connector, Subscriber)
    assert isinstance(connector, Probed)
    able = connector.can_snapshot(), connector.can_replay(), connector.can_subscribe(), connector.can_probe()
    assert able == (False, False, False, False)


def wms(url: str, **resource: object) -> System:
    record = {
        "kind": "stock",
        "type": "stock.snapshot",
        "plant": "site",
        "key": "sku",
        "occurred_at": {"from": "changed"},
        "attributes": {"on_hand": {"from": "qty", "unit": "EA"}},
    }
    listed = {"path": "/list", "record": "row", "native_id": "sku", **resource}
    mapping = {"records": {"row": record}, "resources": {"list": listed}}
    settings = {"mapping": mapping, "url": url}
    return System("wms", "WMS", "wms", ("LYON",), "generic_rest", ZoneInfo("UTC"), settings=settings)


ROW = {"sku": "BOLT", "site": "LYON", "qty": 5, "changed": "2026-03-02T11:30:00Z"}


def test_mapped_lists_are_walked_whole_whatever_was_read_before() -> None:
    watermark = {"parameter": "since", "stamp": {"from": "changed"}}
    with serve(lambda _: Reply([ROW])) as served:
        connector = connect(wms(served.url, watermark=watermark))
        assert isinstance(connector, Snapshotter)
        whole = list(connector.snapshot())
        lately = list(connector.snapshot(NOON - HOUR))
    assert [asked.query for asked in served.asked] == [{}, {"since": "2026-03-02T11:00:00Z"}]
    assert [[record.native_id for record in page.records] for page in whole] == [["BOLT"], []]
    assert lately[-1].covers == frozenset(["stock"])


def test_a_list_that_never_holds_still_lacks_nothing() -> None:
    paging = {"style": "page", "parameter": "page", "total": "total"}
    drifting = serve(lambda _: Reply({"total": 3, "rows": [ROW]}))
    with drifting as served:
        connector = connect(wms(served.url, records="rows", paging=paging))
        assert isinstance(connector, Snapshotter)
        with pytest.raises(SourceUnavailable) as failed:
            list(connector.snapshot())
    assert failed.value.kind == "page-drift"


def test_the_end_of_a_certificate_is_read_even_when_it_has_passed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    ends = datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    server = SystemServer(Flask("secured"), 0, tls=secured(tmp_path_factory.mktemp("tls"), ends))
    server.start()
    try:
        assert expiry("127.0.0.1", int(server.address.rpartition(":")[2])) == ends
    finally:
        server.stop()


def test_a_host_that_is_not_there_shows_no_certificate() -> None:
    with pytest.raises(SourceUnavailable):
        expiry("127.0.0.1", 1)
