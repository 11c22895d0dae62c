"""What systems tell of themselves in plain JSON: their health, the subscriptions by which they send their webhooks,
and the webhooks they have sent."""

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from controltower.connectors.certificate import expiry
from controltower.connectors.contract import Field, Health, Replayed, SourceUnavailable, Subscription
from controltower.connectors.http import Source, read_answer
from controltower.domain.landscape import System
from controltower.domain.value import read_time, write_time

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_MOST_PAGES = 10_000

FIELDS = (
    Field("health", "Path of the page on which it says how it is, such as /health"),
    Field("subscriptions", "Path of its webhook subscriptions, such as /subscriptions"),
    Field("replay", "Path of the webhooks that it has sent, by since and until, such as /events"),
    Field("hook_url", "Address to which it shall send its webhooks, when they are renewed"),
    Field("certificate_of", "Address whose TLS certificate is watched; its own where that is https"),
)


class SelfReport:
    """The pages of one system; a setting says where each is, and without it there is none."""

    def __init__(self, system: System, source: Source | None) -> None:
        self._system = system
        self._source = source
        named = system.settings
        self._health, self._list, self._journal = (
            str(named.get(name) or "") for name in ("health", "subscriptions", "replay")
        )
        self._hook_url = str(named.get("hook_url") or "")
        self._certificate = str(named.get("certificate_of") or (source.url if source else ""))

    @property
    def has_health(self) -> bool:
        return bool(self._source and self._health)

    @property
    def has_subscriptions(self) -> bool:
        return bool(self._source and self._list)

    @property
    def has_journal(self) -> bool:
        return bool(self._source and self._journal)

    def probe(self) -> Health:
        """How it is. Raises SourceUnavailable."""
        held = self._asked(self._health)
        return Health(
            version=_text(held, "version"),
            environment=_text(held, "environment"),
            instance=_text(held, "instance"),
            clock=_moment(held, "time"),
            credential_expires_at=_moment(held, "credential_expires_at"),
            certificate_expires_at=self._certificate_expiry(),
            settings=digest_of(held.get("settings")),
        )

    def subscriptions(self) -> Sequence[Subscription]:
        """Those it has. Raises SourceUnavailable."""
        return [_subscription(each) for each in _items(self._asked(self._list))]

    def renew(self) -> Subscription:
        """A new subscription. Raises SourceUnavailable."""
        body = json.dumps({"url": self._hook_url}).encode()
        return _subscription(read_answer(_decode, self._reached().post(self._list, body)))

    def replay(self, since: datetime.datetime, until: datetime.datetime) -> Iterator[Replayed]:
        """What it has sent, oldest first, page by page. Raises SourceUnavailable."""
        asked = {"since": write_time(since), "until": write_time(until)}
        for _ in range(_MOST_PAGES):
            page = read_answer(_decode, self._reached().get(self._journal, asked))
            for each in _items(page):
                headers = each.get("headers")
                if not isinstance(headers, dict) or not isinstance(each.get("body"), str):
                    raise SourceUnavailable("contract", f"{self._journal}: an item lacks its headers or body")
                yield Replayed(
                    {str(name).lower(): str(text) for name, text in headers.items()}, each["body"].encode()
                )
            if not page.get("next"):
                return
            asked = {**asked, "cursor": str(page["next"])}
        raise SourceUnavailable("contract", f"{self._journal}: the pages never end")

    def _asked(self, path: str) -> dict[str, Any]:
        return read_answer(_decode, self._reached().get(path))

    def _reached(self) -> Source:
        if self._source is None:
            raise SourceUnavailable("contract", f"the settings of {self._system.id} name no address")
        return self._source

    def _certificate_expiry(self) -> datetime.datetime | None:
        parts = urlsplit(self._certificate)
        if parts.scheme != "https" or not parts.hostname:
            return None
        return expiry(parts.hostname, parts.port or 443)


class SelfReported:
    """Mixed into connectors whose systems tell of themselves so; `report` is made by the connector."""

    report: SelfReport

    def can_probe(self) -> bool:
        """Whether the settings name its health page."""
        return self.report.has_health

    def probe(self) -> Health:
        """How it is. Raises SourceUnavailable."""
        return self.report.probe()

    def can_subscribe(self) -> bool:
        """Whether the settings name its subscriptions."""
        return self.report.has_subscriptions

    def subscriptions(self) -> Sequence[Subscription]:
        """Those it has for us. Raises SourceUnavailable."""
        return self.report.subscriptions()

    def renew(self) -> Subscription:
        """Ask for its webhooks anew. Raises SourceUnavailable."""
        return self.report.renew()

    def can_replay(self) -> bool:
        """Whether the settings name the journal of its webhooks."""
        return self.report.has_journal

    def replay(self, since: datetime.datetime, until: datetime.datetime) -> Iterator[Replayed]:
        """What it has sent in a time range. Raises SourceUnavailable."""
        return self.report.replay(since, until)


def digest_of(settings: Any) -> str:
    """A short hash over settings, however their keys are ordered; "" where none are told."""
    if settings is None:
        return ""
    return hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=8).hexdigest()


def _items(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = page.get("items")
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise SourceUnavailable("contract", "the answer has no list of items")
    return items


def _subscription(held: Mapping[str, Any]) -> Subscription:
    return Subscription(
        _text(held, "id"), _text(held, "url"), held.get("active") is not False, _moment(held, "expires_at"),
        _text(held, "last_error"),
    )  # fmt: skip


def _text(held: Mapping[str, Any], name: str) -> str:
    found = held.get(name)
    return str(found)[:200] if found is not None else ""


def _moment(held: Mapping[str, Any], name: str) -> datetime.datetime | None:
    try:
        return read_time(held[name]) if held.get(name) else None
    except (TypeError, ValueError):
        raise SourceUnavailable("contract", f"{name} is no time: {str(held[name])[:60]!r}") from None
