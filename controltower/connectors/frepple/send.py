"""Orders and the progress of operations, written to frePPLe over its REST interface and read back from it."""

import urllib.parse
from collections.abc import Mapping
from typing import Any

import msgspec
from requests.auth import HTTPBasicAuth

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
from controltower.connectors.frepple.translate import OPERATIONS, ORDERS, Site
from controltower.connectors.frepple.written import Unwritable, differences, operation_row, order_row
from controltower.connectors.target import Target
from controltower.domain import failure

_LISTS = {"order": ORDERS, "operation": OPERATIONS}
_decode_rows = msgspec.json.Decoder(list[dict[str, Any]]).decode


class Desk:
    """The writing half of one frePPLe. Usable from several threads."""

    def __init__(self, site: Site, url: str, auth: HTTPBasicAuth, operation: str) -> None:
        """`operation`: how an order's operation is named there, such as `Make {item}`. Raises ValueError."""
        self._site, self._operation = site, operation
        self._target = Target(site.system, url, auth)
        try:
            operation.format(item="", location="")
        except (LookupError, ValueError):
            raise ValueError(
                f"setting operation of {site.system.id} may name {{item}} and {{location}} only"
            ) from None

    def can_take(self, kind: str) -> bool:
        """Orders and operations: frePPLe has no other record that the tower could own a part of."""
        return kind in _LISTS

    def send(self, outgoing: Outgoing) -> Outcome:
        """Orders are POSTed, which makes or changes the record; of an operation only its progress is PATCHed."""
        try:
            row = msgspec.json.encode(self._row(outgoing))
        except (Unwritable, UnicodeEncodeError) as error:
            return Outcome(FAILED, failure.UNSENDABLE, str(error))
        headers = _headers(outgoing)
        if outgoing.subject.kind == "order":
            return self._target.post(f"/api/input/{ORDERS}/", row, headers)
        # A collection's PATCH takes a list in which each element carries its key.
        return self._target.patch(f"/api/input/{OPERATIONS}/", b"[" + row + b"]", headers)

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether the record shows every field that was sent."""
        try:
            row = self._row(outgoing)
            query = urllib.parse.urlencode({"format": "json", "reference": row["reference"]})
        except (Unwritable, UnicodeEncodeError) as error:
            return ReadBack(ABSENT, str(error))
        exchange = self._target.get(f"/api/input/{_LISTS[outgoing.subject.kind]}/?{query}")
        asked = exchange.outcome
        if asked.kind != TAKEN:
            return ReadBack(UNCLEAR, asked.words, asked.request, asked.response)
        kind, words = self._compared(row, exchange.body)
        return ReadBack(kind, words, asked.request, asked.response)

    def _compared(self, row: Mapping[str, Any], body: bytes) -> tuple[str, str]:
        try:
            rows = _decode_rows(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            return UNCLEAR, f"the answer cannot be read: {error}"
        # An unknown filter is ignored there, and then the whole list comes.
        held = next((each for each in rows if each.get("reference") == row["reference"]), None)
        if held is None:
            return ABSENT, f"frePPLe has no {row['reference']}"
        found = differences(row, held, self._site.zone)
        return (
            (ABSENT, f"{row['reference']}: {'; '.join(found)}")
            if found
            else (THERE, "all fields are as sent")
        )

    def _row(self, outgoing: Outgoing) -> dict[str, Any]:
        if outgoing.subject.kind == "order":
            return order_row(self._site, self._operation, outgoing)
        if outgoing.subject.kind == "operation":
            return operation_row(self._site, outgoing)
        raise Unwritable(f"frePPLe takes orders and operations, no {outgoing.subject.kind}")


def _headers(outgoing: Outgoing) -> dict[str, str]:
    trace = {"traceparent": outgoing.traceparent} if outgoing.traceparent else {}
    return {"Content-Type": "application/json", **trace}
