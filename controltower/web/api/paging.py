"""Opaque cursors: the sort key of the last item, so that a page costs the same however far one has read."""

from __future__ import annotations

import base64
import binascii
import datetime
from typing import Any, TypeVar

import msgspec

from controltower.web.api.asked import bad_parameter

T = TypeVar("T")
# A sort key that many lists share: a moment, and an id for those of the same moment.
Mark = tuple[datetime.datetime, str]


def write_cursor(*key: Any) -> str:
    """The cursor behind an item with this sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, kind: type[T], parameter: str = "cursor") -> T | None:
    """The sort key in a cursor, None at the first page; raises 400 for one that we did not write."""
    if not cursor:
        return None
    try:
        held = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(held, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise bad_parameter(parameter, "is none that the tower gave out") from None


def mark_of(cursor: str) -> Mark | None:
    """The moment and id in a cursor; the moment aware."""
    mark: Mark | None = read_cursor(cursor, Mark)  # type: ignore[arg-type]
    if mark is not None and (mark[0].tzinfo is None or "\0" in mark[1]):
        raise bad_parameter("cursor", "is none that the tower gave out")
    return mark
