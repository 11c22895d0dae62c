"""What an answer to a write means: its status in our classes of failure, and the target's own words about it."""

import html
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from controltower.connectors.contract import FAILED, TAKEN, UNSURE, Outcome
from controltower.connectors.http import LOGIN, retry_after
from controltower.domain import failure

MOST_WORDS = 300
_ERRORS = {
    401: failure.CREDENTIALS,
    403: failure.FORBIDDEN,
    404: failure.GONE,
    407: failure.CREDENTIALS,
    408: failure.TROUBLE,
    409: failure.CONFLICT,
    410: failure.REMOVED,
    412: failure.CONFLICT,
    423: failure.LOCKED,
    425: failure.TROUBLE,
    429: failure.BUSY,
}
# A gateway gave up waiting for the system behind it, which may have done the work all the same.
_NOBODY_KNOWS = frozenset({502, 504})
# Where interfaces put the reason, best first.
_REASONS = ("detail", "message", "error_description", "reason", "title", "error", "errors", "value")
_DEEPEST = 4
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,2000}>")


def outcome_of(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """What a whole answer says; header names in lower case."""
    if 200 <= status < 300:
        return Outcome(TAKEN, status=status)
    wait = retry_after(headers.get("retry-after"))
    if status in _NOBODY_KNOWS:
        return Outcome(UNSURE, failure.TIMEOUT, _told(status, body), status, wait)
    if 300 <= status < 400:
        return _redirected(status, headers.get("location", ""))
    if not 400 <= status < 600:
        return Outcome(UNSURE, failure.TIMEOUT, f"answered with the strange status {status}", status)
    error = _ERRORS.get(status) or (failure.TROUBLE if status >= 500 else failure.REFUSED)
    return Outcome(FAILED, error, _told(status, body), status, wait)


def _redirected(status: int, target: str) -> Outcome:
    """A redirect is never followed: to a login page it means a spent credential, else a wrong address."""
    error = failure.CREDENTIALS if LOGIN.search(target) else failure.REFUSED
    return Outcome(FAILED, error, f"redirects to {clean(target, 120)!r} instead of taking it", status)


def _told(status: int, body: bytes) -> str:
    return words_of(body) or f"answered {status} {_phrase(status)}".strip()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def words_of(body: bytes) -> str:
    """A target's own words in an answer's body: the reason in a JSON document, else the text; "" without any."""
    try:
        told = " · ".join(dict.fromkeys(_reasons(msgspec.json.decode(body[:65536]), _DEEPEST)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = _plain(body[:65536].decode("utf-8", "replace"))
    return clean(told)


def clean(text: str, most: int = MOST_WORDS) -> str:
    """One line of printable words."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:most]


def _reasons(value: Any, depth: int) -> Iterator[str]:
    """Every text found below the members that hold reasons."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for each in value[:5]:
            yield from _reasons(each, depth - 1)
    elif isinstance(value, dict) and depth:
        known = [value[name] for name in _REASONS if value.get(name)]
        # Field by field, as form validators answer: {"quantity": ["must be positive"]}.
        fields = [] if known else [{"reason": [f"{name}:", each]} for name, each in list(value.items())[:5]]
        for each in known:
            yield from _reasons(each, depth - 1)
        for field in fields:
            yield " ".join(_reasons(field["reason"], depth - 1))


def _plain(text: str) -> str:
    """A page's title and a document's text without its tags."""
    if "<" not in text:
        return text
    title = _TITLE.search(text)
    return html.unescape(title[1] if title else _TAG.sub(" ", _HIDDEN.sub(" ", text)))
