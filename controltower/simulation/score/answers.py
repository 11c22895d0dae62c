"""What the tower says, asked over HTTP as any machine would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import requests

PAGE = 200


class Said(NamedTuple):
    """One exception as the tower tells it."""

    id: str
    rule: str
    cause: str
    verb: str
    title: str
    why: str
    subject: str
    system: str
    parent: str
    opened_at: datetime
    resolved_at: datetime | None

    @property
    def order(self) -> str:
        """The order that it is about, as `<plant>/order/<number>`; "" where it is about none."""
        return order_of(self.subject)


def order_of(subject: str) -> str:
    """The order of an order's or operation's subject; the subject itself for any other kind."""
    plant, _, rest = subject.partition("/")
    kind, _, key = rest.partition("/")
    if kind == "operation":
        return f"{plant}/order/{key.rpartition('/')[0] or key}"
    return subject


class Answers:
    """The tower's API, with one key."""

    def __init__(self, address: str, key: str) -> None:
        self._base = f"{address}/api/v1"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def exceptions(self, since: datetime | None = None) -> dict[str, Said]:
        """All exceptions, open or resolved, that opened since a moment, by id. Raises requests.RequestException."""
        return {
            said.id: said
            for state in ("open", "resolved")
            for said in self._of_state(state, since)
            if since is None or said.opened_at >= since
        }

    def open_ones(self) -> dict[str, Said]:
        """Those that are open."""
        return {said.id: said for said in self._of_state("open", None)}

    def _of_state(self, state: str, since: datetime | None) -> Iterator[Said]:
        cursor: str | None = ""
        while cursor is not None:
            asked: dict[str, str | int] = {"state": state, "limit": PAGE, "all": "true"}
            answer = self._session.get(
                f"{self._base}/exceptions",
                params={**asked, **({"cursor": cursor} if cursor else {})},
                timeout=60,
            )
            answer.raise_for_status()
            page = answer.json()
            found = [_read(item) for item in page["items"]]
            yield from found
            # Newest first: what follows is older still.
            old = bool(found) and since is not None and found[-1].opened_at < since
            cursor = None if old else page["next"]

    def remedy(self, exception: str, reason: str) -> str:
        """Do what an exception suggests; what the tower answered, or why it would not."""
        url = f"{self._base}/exceptions/{exception}/remedy"
        answer = self._session.post(url, json={"reason": reason}, timeout=60)
        told = answer.json()
        return str(told["words"] if answer.ok else f"refused: {told.get('detail', answer.status_code)}")


def _read(item: dict[str, Any]) -> Said:
    return Said(
        item["id"], item["rule"], item["cause_code"], item["remedy"]["verb"], item["title"], item["why"],
        item["subject"] or "", item["system"], item["parent"] or "", datetime.fromisoformat(item["opened_at"]),
        datetime.fromisoformat(item["resolved_at"]) if item["resolved_at"] else None,
    )  # fmt: skip
