"""What a system holds now, as a list of canonical snapshot events that it gives when asked."""

import datetime
from collections.abc import Iterator
from typing import Any

import msgspec

from controltower.connectors.contract import PolledRecord, SnapshotPage, SourceUnavailable
from controltower.connectors.http import Source, read_answer
from controltower.connectors.raw import raw_records
from controltower.domain.value import write_time

_MOST_PAGES = 10_000
_HEADERS = {"content-type": "application/cloudevents-batch+json"}


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    kinds: list[str] = []
    next: Any = None


class _Name(msgspec.Struct):
    subject: str


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_name = msgspec.json.Decoder(_Name).decode


def pages(source: Source, path: str, since: datetime.datetime | None) -> Iterator[SnapshotPage]:
    """The pages of its list: `{"items": [event, ...], "kinds": [...], "next": cursor or null}`, changed since a moment
    where one is asked for. Raises SourceUnavailable."""
    asked = {"since": write_time(since)} if since else {}
    for _ in range(_MOST_PAGES):
        answer = source.get(path, asked)
        page = read_answer(_decode_page, answer)
        raws = read_answer(lambda body: raw_records(body, ("items",)), answer)
        yield SnapshotPage("", [_record(path, raw) for raw in raws], _HEADERS, frozenset(page.kinds))
        if not page.next:
            return
        asked = {**asked, "cursor": str(page.next)}
    raise SourceUnavailable("contract", f"{path}: the pages never end")


def _record(path: str, raw: bytes) -> PolledRecord:
    try:
        subject = _decode_name(raw).subject
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise SourceUnavailable("contract", f"{path}: an item is no event with a subject") from None
    return PolledRecord(subject, raw, subject)
