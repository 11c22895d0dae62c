"""Webhooks, signed by Standard Webhooks; the `text` in them is what chat tools show."""

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from standardwebhooks import Webhook

from controltower.connectors.http import retry_after
from controltower.connectors.letter import Letter, NotSent

TIMES = (5.0, 15.0)  # seconds to connect, and to wait for the answer
_TOO_MANY, _TIMEOUT, _TROUBLE = 429, 408, 500


def place(settings: Mapping[str, Any]) -> str:
    """Where it leads: the host alone, for the path of a chat tool's address is its password."""
    return urlsplit(settings["url"]).hostname or ""


def open_way(settings: Mapping[str, Any], _folder: Path) -> Callable[[Letter], str]:
    """How letters are posted to an address."""

    def send(letter: Letter) -> str:
        body = msgspec.json.encode(
            {"type": letter.kind, "timestamp": letter.at, "text": letter.brief, "data": letter.content}
        )
        now = datetime.datetime.now(datetime.UTC)  # real time: what is too old is refused there
        signature = Webhook(settings["secret"]).sign(letter.id, now, body.decode())
        headers = {
            "Content-Type": "application/json", "webhook-id": letter.id, "webhook-signature": signature,
            "webhook-timestamp": str(int(now.timestamp())),
        }  # fmt: skip
        return _posted(settings, body, headers)

    return send


def _posted(settings: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> str:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": settings["proxy"], "https": settings["proxy"]} if settings["proxy"] else {}
    try:
        with (
            session,
            session.post(
                settings["url"], data=body, headers=headers, timeout=TIMES, allow_redirects=False, stream=True
            ) as response,
        ):
            status, asked = response.status_code, retry_after(response.headers.get("Retry-After"))
    except (requests.RequestException, ValueError) as error:
        raise NotSent(f"{place(settings)} cannot be reached: {type(error).__name__}") from error
    if 200 <= status < 300:
        return f"taken by {place(settings)}: {status}"
    permanent = status < _TROUBLE and status not in (_TOO_MANY, _TIMEOUT)
    raise NotSent(f"{place(settings)} answered {status}", permanent=permanent, retry_after=asked)
