"""Out-going webhooks: one canonical event in structured mode, signed as Standard Webhooks asks."""

import datetime
import urllib.parse
from collections.abc import Mapping
from typing import Any

import msgspec
from requests.auth import AuthBase
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from controltower.connectors.contract import (
    ABSENT,
    FAILED,
    TAKEN,
    THERE,
    UNCLEAR,
    Outcome,
    Outgoing,
    ReadBack,
)
from controltower.connectors.http import HeaderAuth
from controltower.connectors.target import Target
from controltower.domain import failure, vocabulary
from controltower.domain.landscape import System
from controltower.domain.subject import order_of
from controltower.domain.value import UTC, Value, write_time

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
# Who speaks; the system whose word it is stands in the extension `origin`.
SOURCE = "control-tower"
_PLACES = ("key", "plant", "kind", "subject")
_LISTED = "{key}, {plant}, {kind} and {subject}"


class OutgoingHook:
    """Where one system takes webhooks. A receiver of Standard Webhooks knows a `webhook-id` that it had before."""

    def __init__(self, system: System) -> None:
        """Raises ValueError that names the setting which is wrong or missing."""
        settings = system.settings
        secrets = _secrets(settings)
        self._webhooks = [_webhook(secret) for secret in secrets]
        token = settings.get("token")
        if not self._webhooks and not token:
            raise ValueError("setting secrets is missing: what is sent must be signed, or carry a token")
        auth = HeaderAuth("Authorization", f"Bearer {token}") if token else None
        self._target = Target(system, str(settings.get("url") or ""), auth, secrets)
        self._status = _status_page(system, str(settings.get("status_url") or ""), auth)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Post the event once; a new time and signature at each attempt, the same id."""
        try:
            body = written(outgoing)
            signed = self._signed(outgoing.key, body)
        except ValueError as error:
            return Outcome(FAILED, failure.UNSENDABLE, f"cannot be written: {error}")
        headers = {"Content-Type": CONTENT_TYPE, "webhook-id": outgoing.key, **_traced(outgoing)}
        return self._target.exchange("POST", "", body, headers, signed).outcome

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """By the status page, where the settings name one: it answers 200 for an id that it had, 404 for others."""
        if self._status is None:
            return ReadBack(UNCLEAR, "its settings name no status_url to ask")
        target, template = self._status
        path = _filled(template, outgoing)
        outcome = target.get(path, _traced(outgoing)).outcome
        if outcome.kind == TAKEN:
            return ReadBack(THERE, "the status page knows it", outcome.request, outcome.response)
        if outcome.error in (failure.GONE, failure.REMOVED):
            return ReadBack(ABSENT, "the status page does not know it", outcome.request, outcome.response)
        return ReadBack(UNCLEAR, outcome.words, outcome.request, outcome.response)

    def _signed(self, key: str, body: bytes) -> dict[str, str]:
        """The signature of each secret, so that a receiver may change its own in peace."""
        now = datetime.datetime.now(UTC)
        stamp = {"webhook-timestamp": str(int(now.timestamp()))}
        if not self._webhooks:
            return stamp
        text = body.decode()
        return {**stamp, "webhook-signature": " ".join(each.sign(key, now, text) for each in self._webhooks)}


def written(outgoing: Outgoing) -> bytes:
    """The event as JSON, in the form in which the tower's own hooks take it. Raises ValueError."""
    kind = outgoing.subject.kind
    event = {
        "specversion": "1.0",
        "id": outgoing.key,
        "source": SOURCE,
        "type": outgoing.type,
        "subject": str(outgoing.subject),
        "time": write_time(outgoing.occurred_at),
        "datacontenttype": "application/json",
        "sequence": str(outgoing.ordinal),
        "correlationid": order_of(outgoing.subject) or outgoing.refs.get("order") or outgoing.subject.key,
        "origin": outgoing.source,
        **_traced(outgoing),
        "data": {
            "attributes": {
                name: _attribute(kind, name, value) for name, value in outgoing.attributes.items()
            },
            "refs": dict(outgoing.refs),
        },
    }
    return msgspec.json.encode(event)


def _attribute(kind: str, name: str, value: Value) -> Any:
    value_kind = vocabulary.value_kind(kind, name)
    if value_kind == vocabulary.MONEY:
        return {"value": value.text, "currency": value.unit}
    if value_kind == vocabulary.QUANTITY or value.unit:
        return {"value": value.text, "unit": value.unit}
    if value_kind == vocabulary.FLAG:
        return value.text == "true"
    if value_kind == vocabulary.INTEGER and value.text.lstrip("-").isdigit():
        return int(value.text)
    return value.text


def _traced(outgoing: Outgoing) -> dict[str, str]:
    return {"traceparent": outgoing.traceparent} if outgoing.traceparent else {}


def _secrets(settings: Mapping[str, Any]) -> list[str]:
    given = settings.get("secrets") or []
    return [str(each) for each in ([given] if isinstance(given, str) else given)]


def _webhook(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except (EmptyWebhookSecretError, ValueError):
        raise ValueError("setting secrets holds one that is no whsec_ secret in base64") from None


def _status_page(system: System, url: str, auth: AuthBase | None) -> tuple[Target, str] | None:
    """Where to ask whether an id arrived, and the path with its places to fill."""
    if not url:
        return None
    parts = urllib.parse.urlsplit(url)
    template = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        template.format(**dict.fromkeys(_PLACES, "x"))
    except (KeyError, IndexError, ValueError, AttributeError):
        raise ValueError(f"setting status_url may hold {_LISTED}") from None
    return Target(system, f"{parts.scheme}://{parts.netloc}", auth), template


def _filled(template: str, outgoing: Outgoing) -> str:
    subject = outgoing.subject
    held = dict(zip(_PLACES, (outgoing.key, subject.plant, subject.kind, str(subject)), strict=True))
    return template.format(**{name: urllib.parse.quote(text, safe="") for name, text in held.items()})
