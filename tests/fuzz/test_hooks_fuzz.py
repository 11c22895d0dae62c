"""Junk at the door for webhooks: never a fault of ours, and what was accepted is kept to the byte."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controltower.store import message
from controltower.store.engine import reading
from tests.factories import MORNING, Plantlet, cloud_event, signed

pytestmark = pytest.mark.slow

KINDS = (
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json",
    "text/plain",
    "",
    "application/cloudevents+json; charset=utf-8",
)
FITS = settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=15,
)
header_text = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
)


@st.composite
def bent_events(draw: st.DrawFn) -> Any:
    """A good event with some of its fields dropped or replaced, or whatever JSON there is."""
    event = cloud_event("erp", draw(st.integers(1, 9)), {"quantity": {"value": "1", "unit": "EA"}}, MORNING)
    for name in draw(st.lists(st.sampled_from(sorted(event)), max_size=3, unique=True)):
        event[name] = draw(json_values)
    return draw(st.sampled_from([event, [event], [event, event], draw(json_values)]))


def post(app: Flask, body: bytes, headers: dict[str, str]) -> Any:
    answer = app.test_client().post("/hooks/erp", data=body, headers=headers)
    assert answer.status_code < 500, (body, headers, answer.text)
    expected = "application/json" if answer.status_code == 202 else "application/problem+json"
    assert answer.mimetype == expected
    return answer


def check_kept(plantlet: Plantlet, answer: Any, body: bytes) -> None:
    """What was answered 202 is in the inbox byte for byte, or is the repeat of one that is."""
    with reading(plantlet.tower.engine) as connection:
        row, payload = message.get(connection, int(answer.json["message"])) or pytest.fail("not kept")
        if row.original is not None and not payload.body:
            _, payload = message.get(connection, row.original) or pytest.fail("original not kept")
    assert payload.body == body


@FITS
@given(held=bent_events(), kind=st.sampled_from(KINDS), delivery=st.uuids())
def test_signed_junk_is_kept_or_refused(
    opened: tuple[Flask, Plantlet], held: Any, kind: str, delivery: Any
) -> None:
    app, plantlet = opened
    text = json.dumps(held)
    answer = post(app, text.encode(), signed(text, str(delivery)) | {"content-type": kind})
    assert answer.status_code in (202, 400, 415)
    if answer.status_code == 202:
        check_kept(plantlet, answer, text.encode())


@FITS
@given(body=st.binary(max_size=300), headers=st.dictionaries(
    st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "traceparent", "content-type", "ce-id",
                     "ce-source", "ce-specversion", "ce-time", "authorization", "x-forwarded-for"]),
    header_text, max_size=8,
))  # fmt: skip
def test_unsigned_junk_is_refused(
    opened: tuple[Flask, Plantlet], body: bytes, headers: dict[str, str]
) -> None:
    assert 400 <= post(opened[0], body, headers).status_code < 500


@FITS
@given(names=st.dictionaries(
    st.sampled_from(["id", "source", "specversion", "type", "subject", "time", "sequence", "correlationid"]),
    header_text, max_size=8,
), body=json_values, delivery=st.uuids())  # fmt: skip
def test_signed_binary_junk_is_kept_or_refused(
    opened: tuple[Flask, Plantlet], names: dict[str, str], body: Any, delivery: Any
) -> None:
    app, plantlet = opened
    text = json.dumps(body)
    headers = {f"ce-{name}": held for name, held in names.items()}
    answer = post(
        app, text.encode(), signed(text, str(delivery)) | {"content-type": "application/json"} | headers
    )
    if answer.status_code == 202:
        check_kept(plantlet, answer, text.encode())


def test_the_recorder_survives_all_that_was_kept(opened: tuple[Flask, Plantlet]) -> None:
    """Runs last: whatever the others stored is recorded or parked, and nothing keeps waiting."""
    _, plantlet = opened
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        assert message.listing(connection, state=message.RECEIVED) == []
        assert message.backlog(connection)[0] == 0
