"""Signed webhooks made beforehand, so that making them costs nothing while the tower is measured."""

from __future__ import annotations

import base64
import itertools
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from standardwebhooks import Webhook

BATCH = 1000
# Ticks that are gathered before the systems send: enough to fill whole batches.
BLOCK = 240


class Stream(Protocol):
    """Who tells what happens, tick by tick."""

    def step(self) -> Iterator[dict[str, Any]]: ...


class Delivery(NamedTuple):
    """One webhook: its id, the ids of its events, its headers (names in lower case) and its body."""

    id: str
    system: str
    events: tuple[str, ...]
    headers: dict[str, str]
    body: bytes

    @property
    def request(self) -> bytes:
        """All of it as HTTP/1.1, for a connection that is kept alive."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        size = f"content-length: {len(self.body)}\r\n\r\n"
        return f"POST /hooks/{self.system} HTTP/1.1\r\nhost: tower\r\n{head}{size}".encode() + self.body


def new_secret() -> str:
    """A hook secret for one run."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Sender:
    """Signs what the systems of a network say."""

    def __init__(self, network: Stream, secret: str) -> None:
        self.network = network
        self._signer = Webhook(secret)
        self._run = secrets.token_hex(3)
        self._numbers = itertools.count(1)

    def singles(self, count: int) -> list[Delivery]:
        """One event in each webhook, in the order in which they happened."""
        events = itertools.chain.from_iterable(iter(self.network.step, None))
        return [self._one(event) for event in itertools.islice(events, count)]

    def signed(self, event: dict[str, Any]) -> Delivery:
        """One event of the caller's own, signed now."""
        return self._one(event)

    def block(self, ticks: int = BLOCK, largest: int = BATCH) -> list[Delivery]:
        """Batches of what happened in some ticks, one system after the other."""
        return list(self._batches([event for _ in range(ticks) for event in self.network.step()], largest))

    def full_batches(self, count: int, size: int = BATCH) -> list[Delivery]:
        """`count` webhooks of exactly `size` events, in the order in which the systems filled them."""
        waiting: dict[str, list[dict[str, Any]]] = {}
        found: list[Delivery] = []
        while len(found) < count:
            for event in self.network.step():
                held = waiting.setdefault(event["source"], [])
                held.append(event)
                if len(held) == size:
                    found.append(self._batch(waiting.pop(event["source"])))
        return found[:count]

    def _batches(self, events: Sequence[dict[str, Any]], largest: int) -> Iterator[Delivery]:
        by_system: dict[str, list[dict[str, Any]]] = {}
        for event in events:
            by_system.setdefault(event["source"], []).append(event)
        for held in by_system.values():
            for start in range(0, len(held), largest):
                yield self._batch(held[start : start + largest])

    def _one(self, event: dict[str, Any]) -> Delivery:
        body = msgspec.json.encode(event)
        return self._signed(event["source"], (event["id"],), body, "application/cloudevents+json")

    def _batch(self, events: Sequence[dict[str, Any]]) -> Delivery:
        ids = tuple(event["id"] for event in events)
        kind = "application/cloudevents-batch+json"
        return self._signed(events[0]["source"], ids, msgspec.json.encode(events), kind)

    def _signed(self, system: str, events: tuple[str, ...], body: bytes, kind: str) -> Delivery:
        id, now = f"{self._run}-{next(self._numbers)}", datetime.now(UTC)
        headers = {
            "content-type": kind,
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(id, now, body.decode()),
        }
        return Delivery(id, system, events, headers, body)
