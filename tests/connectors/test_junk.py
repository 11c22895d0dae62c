"""Whatever a system sends, a connector answers with events, faults or an invalid message, and with nothing else."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controltower.connectors.contract import Envelope, InvalidMessage
from tests.connectors.recorded import Recorded, all_recorded

# Of a long message: each kind of field stands in several of its elements.
MOST_PLACES = 80
Answer = TypeVar("Answer")
RECORDED = all_recorded()
JUNK = [
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'"text"',
    b"{}",
    b"[]",
    b"[[]]",
    b"[null]",
    b"[1]",
    b"[{}]",
    b"{",
    b"[{",
    b'{"id": NaN}',
    b"\xff\xfe\x00",
    b'{"id": "\xff"}',
    b'[{"id": "\\ud800"}]',
    b'{"id": "\\u0000"}',
    b"[" * 100_000,
    b"[" * 3_000 + b"]" * 3_000,
    b'{"data": ' * 3_000 + b"1" + b"}" * 3_000,
    b'{"id": 1' + b"0" * 10_000 + b"}",
    b"\xef\xbb\xbf{}",
    b"<xml/>",
]
# What a field may turn into: other types, absurd sizes, other countries' way of writing.
WRONG_VALUES = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5e300,
    "",
    "x" * 100_000,
    "1.234,50",
    "1,234.50",
    "1e999999999",
    "NaN",
    "02.03.2026",
    "03/02/2026 8:15 PM",
    "9999-12-31T23:59:59-12:00",
    "2026-02-30",
    "\x00",
    "\u202e",
    "LYON/order/",
    "٣",
    [],
    {},
    ["a"],
    {"a": {"b": 1}},
]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk[:20]))
def test_junk_is_refused_or_empty(junk: bytes) -> None:
    for recorded in RECORDED:
        assert _copes(recorded, junk)


@pytest.mark.parametrize("recorded", RECORDED, ids=repr)
def test_truncated_messages_are_refused(recorded: Recorded) -> None:
    body = recorded.envelope.body
    for end in range(1, len(body), max(1, len(body) // 50)):
        assert _copes(recorded, body[:end])


@pytest.mark.parametrize("recorded", RECORDED, ids=repr)
def test_each_field_may_be_missing_or_wrong(recorded: Recorded) -> None:
    whole = json.loads(recorded.envelope.body or b"null")
    changed = 0
    for body in _spoilt(whole):
        assert _copes(recorded, body)
        changed += 1
    assert changed or not whole


@pytest.mark.parametrize("recorded", RECORDED, ids=repr)
def test_headers_may_be_missing_or_wrong(recorded: Recorded) -> None:
    for name in recorded.envelope.headers:
        for value in (None, "", "%", "%ff", "%00", '"', "\xff", "x" * 5_000):
            headers = {**recorded.envelope.headers, name: value}
            headers = {name: text for name, text in headers.items() if text is not None}
            assert _copes(recorded, recorded.envelope.body, headers)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_json_is_coped_with(value: Any) -> None:
    body = json.dumps(value).encode()
    for recorded in RECORDED:
        assert _copes(recorded, body)


def _copes(recorded: Recorded, body: bytes, headers: dict[str, str] | None = None) -> bool:
    """Whether a message is refused or read without anything unusable in it; any other exception comes through."""
    envelope = recorded.envelope._replace(body=body)
    if headers is not None:
        envelope = envelope._replace(headers=headers)
    translated = _or_refused(recorded.connected.translate, envelope)
    events = translated.events if translated is not None else ()
    serves = recorded.connected.system.serves
    sound = all(each.source_id and serves(each.subject.plant) and "\x00" not in repr(each) for each in events)
    if envelope.channel != "hook":
        return sound
    identities = _or_refused(recorded.connected.identify, envelope)
    return sound and all(identity.source_id for identity in identities or ())


def _or_refused(read: Callable[[Envelope], Answer], envelope: Envelope) -> Answer | None:
    """What a connector makes of a message, None when it refuses it and says why; any other exception comes through."""
    refused: InvalidMessage | None = None
    try:
        return read(envelope)
    except InvalidMessage as invalid:
        refused = invalid
    assert refused.faults
    assert all(len(fault.message) < 1_000 for fault in refused.faults)
    return None


def _spoilt(whole: Any) -> Iterator[bytes]:
    """The message with each of its fields in turn removed, and given wrong values."""
    # The same choice each time, so that a failure can be looked into.
    dice = random.Random(7)
    places = list(_places(whole))
    for path in dice.sample(places, min(len(places), MOST_PLACES)):
        yield json.dumps(_without(whole, path)).encode()
        for value in dice.sample(WRONG_VALUES, 5):
            yield json.dumps(_with(whole, path, value)).encode()


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from _places(inner, (*path, step))


def _without(whole: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(whole)
    del _at(changed, path[:-1])[path[-1]]
    return changed


def _with(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(whole)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _at(whole: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        whole = whole[step]
    return whole
