"""Says whether a webhook comes from who it claims to come from, by the signature scheme its system uses."""

import base64
import datetime
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from controltower.domain.event import content_id
from controltower.domain.landscape import Hooks

# How far a sender's clock may be from ours, either way; the same as in the Standard Webhooks libraries.
TOLERANCE_SECONDS = 300
LONGEST_ID = 200


class BadSignature(Exception):
    """A webhook that must not be believed.

    `reason`: "missing", "wrong", "stale", "unreadable" (the body is no text, which this scheme signs), or
    "unconfigured" (no secret or an unknown scheme here: the operator's fault, not the sender's).
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def verify(headers: Mapping[str, str], body: bytes, hooks: Hooks, now_unix: float) -> str:
    """Check a delivery (header names in lower case) and return its delivery id; raises BadSignature.

    Any of the secrets will do, so that a secret can be rotated. A scheme without a delivery id yields a hash
    of the body. `now_unix` is real time in seconds, whatever clock the plant lives by.
    """
    check = SCHEMES.get(hooks.scheme)
    if check is None:
        raise BadSignature("unconfigured", f"signature scheme {hooks.scheme!r} is not known")
    if not hooks.secrets:
        raise BadSignature("unconfigured", "no secret is configured for this system")
    return check(headers, body, hooks.secrets, now_unix)


def _standard_webhooks(
    headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], now_unix: float
) -> str:
    delivery = _header(headers, "webhook-id")
    stamp = _header(headers, "webhook-timestamp")
    given = _header(headers, "webhook-signature")
    sent_at = _sent_at(stamp, now_unix)
    text = _text(body)
    # Entries of other versions (v1a) and broken ones are passed over: one good v1 entry is enough.
    candidates = [entry[3:].encode() for entry in given.split(" ") if entry.startswith("v1,")]
    if not candidates:
        raise BadSignature("wrong", "webhook-signature holds no v1 signature")
    for secret in secrets:
        expected = _webhook(secret).sign(delivery, sent_at, text)[3:].encode()
        if any(hmac.compare_digest(expected, candidate) for candidate in candidates):
            return _usable_id(delivery)
    raise BadSignature("wrong", "webhook-signature does not match the body under any of the secrets")


def _sent_at(stamp: str, now_unix: float) -> datetime.datetime:
    # Plain digits only: the library would also take "1e9" or " 7.5" and then sign a rounded number.
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11) or str(int(stamp)) != stamp:
        raise BadSignature("wrong", "webhook-timestamp must be whole unix seconds")
    apart = now_unix - int(stamp)
    if abs(apart) > TOLERANCE_SECONDS:
        side = "old" if apart > 0 else "far ahead"
        raise BadSignature("stale", f"webhook-timestamp is {abs(apart):.0f} s too {side}")
    return datetime.datetime.fromtimestamp(int(stamp), datetime.UTC)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadSignature("unreadable", f"the body is not UTF-8 (byte {error.start})") from None


@lru_cache(maxsize=1024)
def _webhook(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except (EmptyWebhookSecretError, ValueError) as error:
        raise BadSignature("unconfigured", f"a secret of this system is unusable: {error}") from None


def _github(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], now_unix: float) -> str:
    given = _header(headers, "x-hub-signature-256").encode()
    for secret in secrets:
        expected = b"sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex().encode()
        if hmac.compare_digest(expected, given):
            delivery = headers.get("x-github-delivery", "")
            return _usable_id(delivery) if delivery else content_id(body)
    raise BadSignature("wrong", "x-hub-signature-256 does not match the body under any of the secrets")


def _frappe(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], now_unix: float) -> str:
    given = _header(headers, "x-frappe-webhook-signature").encode()
    for secret in secrets:
        expected = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
        if hmac.compare_digest(expected, given):
            return content_id(body)
    raise BadSignature("wrong", "x-frappe-webhook-signature does not match the body under any of the secrets")


def _bearer(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], now_unix: float) -> str:
    scheme, _, token = _header(headers, "authorization").partition(" ")
    if scheme.lower() != "bearer":
        raise BadSignature("missing", "authorization must read: Bearer <token>")
    given = token.strip().encode()
    if any(hmac.compare_digest(secret.encode(), given) for secret in secrets):
        return content_id(body)
    raise BadSignature("wrong", "the bearer token is none of this system's")


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise BadSignature("missing", f"header {name} is missing")
    return value


def _usable_id(delivery: str) -> str:
    if len(delivery) > LONGEST_ID or not delivery.isprintable():
        raise BadSignature(
            "wrong", f"the delivery id must be printable and at most {LONGEST_ID} characters long"
        )
    return delivery


# Schemes without a timestamp are never stale: their replays are told by delivery id or by content.
SCHEMES: dict[str, Callable[[Mapping[str, str], bytes, tuple[str, ...], float], str]] = {
    "standard-webhooks": _standard_webhooks,
    "github": _github,
    "frappe": _frappe,
    "bearer": _bearer,
}
