"""Out-going webhooks: the form in which our own hooks take them, signed with every secret, one id at each attempt."""

import base64
import dataclasses
import datetime as dt
import json
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.cloudevents.connector import CloudEventsConnector, connect
from controltower.connectors.cloudevents.send import written
from controltower.connectors.contract import FAILED, UNCLEAR, Envelope
from controltower.connectors.signature import BadSignature, verify
from controltower.domain import failure
from controltower.domain.landscape import Hooks, System
from controltower.domain.subject import Subject
from tests.connectors.served import Reply, serve
from tests.connectors.targets.cloudevents import OLD_SECRET, SECRET
from tests.connectors.targets.order import ORDER

RECEIVER = System("control-tower", "Receiver", "mes", ("LYON",), "cloudevents", ZoneInfo("UTC"))
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 24 bytes").decode()


def _connected(**settings: Any) -> CloudEventsConnector:
    return connect(dataclasses.replace(RECEIVER, id="mes-lyon", settings=settings))


def test_a_receiver_reads_every_value_as_it_was() -> None:
    body = written(ORDER)
    envelope = Envelope(
        "hook", "", {"content-type": "application/cloudevents+json"}, body, dt.datetime.now(dt.UTC)
    )
    translation = CloudEventsConnector(RECEIVER).translate(envelope)
    assert list(translation.faults) + list(translation.notices) == []
    (event,) = translation.events
    assert (event.subject, event.type, event.occurred_at) == (ORDER.subject, ORDER.type, ORDER.occurred_at)
    assert {name: (held.text, held.unit) for name, held in event.attributes.items()} == {
        name: (held.text, held.unit) for name, held in ORDER.attributes.items()
    }
    assert event.refs == ORDER.refs
    assert (event.source_id, event.sequence, event.correlation) == (ORDER.key, ORDER.ordinal, "MO-1001")


def test_the_envelope_says_whose_word_it_is() -> None:
    event = json.loads(written(ORDER))
    assert (event["source"], event["origin"], event["specversion"]) == ("control-tower", "erp-hq", "1.0")
    assert event["traceparent"] == ORDER.traceparent
    assert event["subject"] == "LYON/order/MO-1001"
    assert event["data"]["attributes"]["quantity"] == {"value": "120.5", "unit": "EA"}
    assert event["data"]["attributes"]["value"] == {"value": "990.25", "currency": "EUR"}
    stock = ORDER._replace(subject=Subject("LYON", "stock/PUMP-7/WH1"), refs={}, traceparent="")
    assert json.loads(written(stock))["correlationid"] == "PUMP-7/WH1"
    assert "traceparent" not in json.loads(written(stock))


def test_each_secret_signs_and_each_attempt_has_its_own_time_and_the_same_id() -> None:
    with serve(lambda _: Reply({}, 202)) as served:
        connector = _connected(url=f"{served.url}/hook?tenant=1", secrets=[SECRET, OLD_SECRET])
        for _ in range(2):
            connector.send(ORDER)
        first, second = served.asked
    for secret in (SECRET, OLD_SECRET):
        for asked in (first, second):
            hooks = Hooks(secrets=(secret,))
            assert verify(asked.headers, asked.body, hooks, time.time()) == ORDER.key
    with pytest.raises(BadSignature):
        verify(first.headers, first.body, Hooks(secrets=(OTHER_SECRET,)), time.time())
    assert (first.body, first.path, first.query) == (second.body, "/hook", {"tenant": "1"})
    assert first.headers["content-type"].startswith("application/cloudevents+json")
    assert first.headers["traceparent"] == ORDER.traceparent


def test_one_secret_may_stand_alone_or_a_token_instead_of_it() -> None:
    with serve(lambda _: Reply({}, 202)) as served:
        _connected(url=served.url, secrets=SECRET).send(ORDER)
        _connected(url=served.url, token="a-token").send(ORDER)
        signed, with_token = served.asked
    assert len(signed.headers["webhook-signature"].split()) == 1
    assert "authorization" not in signed.headers
    assert with_token.headers["authorization"] == "Bearer a-token"
    assert "webhook-signature" not in with_token.headers
    assert with_token.headers["webhook-id"] == ORDER.key


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, "secrets"),
        ({"secrets": ["whsec_"]}, "secrets"),
        ({"secrets": ["whsec_ä"]}, "secrets"),
        ({"secrets": SECRET, "status_url": "http://x.example/{id}"}, "status_url"),
        ({"secrets": SECRET, "status_url": "http://x.example/{"}, "status_url"),
        ({"secrets": SECRET, "status_url": "x.example/{key}"}, "http"),
        ({"secrets": SECRET, "url": "mes.example"}, "http"),
    ],
)
def test_settings_that_cannot_work_are_told_at_the_start(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word) as told:
        _connected(**{"url": "http://mes.example", **settings})
    assert SECRET not in str(told.value)


def test_a_system_without_an_address_is_only_heard() -> None:
    connector = _connected()
    assert not connector.can_take("order")
    outcome = connector.send(ORDER)
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNSENDABLE)
    assert connector.read_back(ORDER).kind == UNCLEAR


def test_without_a_status_page_nothing_can_be_told() -> None:
    with serve(lambda _: Reply({})) as served:
        assert _connected(url=served.url, secrets=SECRET).read_back(ORDER).kind == UNCLEAR
        assert served.asked == []


def test_the_status_page_is_asked_for_the_very_id() -> None:
    with serve(lambda _: Reply({})) as served:
        page = f"{served.url}/in/{{plant}}/{{key}}?subject={{subject}}"
        _connected(url=served.url, secrets=SECRET, status_url=page).read_back(ORDER._replace(key="a/b"))
        (asked,) = served.asked
    assert (asked.path, asked.query) == ("/in/LYON/a%2Fb", {"subject": "LYON/order/MO-1001"})
