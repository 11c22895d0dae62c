"""CloudEvents 1.0 as the MES, floor, quality and workforce systems send them: structured, binary or batch."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

Event = dict[str, Any]
_CONTENT_TYPES = {
    "structured": "application/cloudevents+json",
    "batch": "application/cloudevents-batch+json",
    "binary": "application/json",
    "native": "application/json",
}


def local_iso(moment: float, zone: str) -> str:
    """Virtual unix seconds as RFC 3339 with the zone's own offset, whole seconds."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat(timespec="seconds")


def event(
    source: str,
    sequence: int,
    kind: str,
    subject: str,
    time: str,
    attributes: dict[str, Any],
    refs: dict[str, Any],
    trace: str = "",
) -> Event:
    """One event about `subject`; its id follows from source, subject and sequence. `trace`: of the message that it
    answers; else each order has one of its own."""
    identity = f"{source}:{subject}:{sequence}"
    order = str(refs.get("order", ""))
    made: Event = {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "sequence": str(sequence),
        "traceparent": _traceparent(trace or _hashed(order or subject), identity),
        "data": {"attributes": attributes, "refs": refs},
    }
    return {**made, "correlationid": order} if order else made


def heartbeat(source: str, number: int, time: str) -> Event:
    """The event that says that its source is alive; it is about no subject."""
    identity = f"{source}:beat:{number}"
    return {"specversion": "1.0", "id": identity, "source": source, "type": "heartbeat", "time": time}


def returned(source: str, canary: str, time: str) -> Event:
    """A canary on its way back: about no subject, known by what it came as."""
    told = {
        "specversion": "1.0",
        "id": f"{source}:{canary}",
        "source": source,
        "type": "canary",
        "time": time,
    }
    return {**told, "correlationid": canary}


def enclose(mode: str, contents: list[Event]) -> tuple[dict[str, str], bytes]:
    """Headers and body of one HTTP message in the given mode; all but batch carry exactly one content."""
    headers = {"content-type": _CONTENT_TYPES[mode]}
    if mode == "batch":
        return headers, json.dumps(contents).encode()
    [content] = contents
    if mode != "binary":
        return headers, json.dumps(content).encode()
    for name, value in content.items():
        if name not in ("data", "datacontenttype"):
            headers[f"ce-{name}"] = str(value)
    return headers, json.dumps(content.get("data")).encode()


def opened(headers: dict[str, str], body: bytes) -> list[Event]:
    """The events of one HTTP message in any mode; header names in lower case.

    Raises ValueError for no JSON, KeyError for an event without its type or subject."""
    content_type = headers.get("content-type", "")
    held = json.loads(body)
    if content_type.startswith("application/cloudevents-batch"):
        events = list(held)
    elif content_type.startswith("application/cloudevents"):
        events = [held]
    else:
        given = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
        events = [{**given, "data": held}]
    for event in events:
        _ = event["id"], event["type"], event["subject"]
    return events


def _traceparent(trace: str, span: str) -> str:
    return f"00-{trace}-{_hashed(span)[:16]}-01"


def _hashed(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
