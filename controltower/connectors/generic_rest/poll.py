"""Polls one list from its watermark: nothing lost or doubled when rows move between pages."""

import datetime
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from controltower.connectors.contract import Page, PolledRecord, SourceUnavailable
from controltower.connectors.generic_rest.mapping import CompiledResource
from controltower.connectors.generic_rest.walk import Leaf, leaves
from controltower.connectors.http import Source
from controltower.domain.value import read_time, write_time

# How often a list that moved while it was read is read again before the rest is left to the next poll.
MOST_WALKS = 3
# The coarsest stamps we know of are whole minutes: a row may be younger than its stamp by that much.
_STAMP_STEP = datetime.timedelta(minutes=1)


class ListPoll:
    """One poll of one list. `overlap` is re-read before the watermark, for records committed late."""

    def __init__(
        self,
        source: Source,
        resource: CompiledResource,
        cursor: Mapping[str, Any],
        overlap: datetime.timedelta,
        since: datetime.datetime | None = None,
    ) -> None:
        """`since`: ask for what has changed since then, wherever the cursor stands."""
        self._source = source
        self._resource = resource
        self._cursor = cursor
        self._newest = _stamp_in(cursor) if resource.spec.watermark else None
        self._since = since or (self._newest - overlap if self._newest else None)
        self._seen: dict[str, bytes] = {}
        self._asked = self._query()

    def pages(self) -> Iterator[Page]:
        """The pages; only the last one moves the cursor. Raises SourceUnavailable."""
        for _ in range(MOST_WALKS):
            whole = yield from self._walk()
            if whole is not None:
                everything = whole if self._resource.spec.complete else None
                yield Page(self._resource.name, [], self._moved(), everything, still=True)
                return
        # What was read is good, but something may have slipped through: the next poll starts where this one did.
        words = f"{self._resource.name}: its rows moved between the pages, {MOST_WALKS} times in a row"
        yield Page(self._resource.name, [], self._cursor, doubt=("page-drift", words))

    def _walk(self) -> Generator[Page, None, frozenset[str] | None]:
        """One walk; returns the ids it met, or None when the list moved under it."""
        ids: set[str] = set()
        totals: set[int | None] = set()
        turns = 0
        for leaf in leaves(self._source, self._resource, self._asked):
            records = self._records(leaf, ids)
            totals.add(leaf.total)
            turns += 1
            if records:
                yield Page(self._resource.name, records, self._cursor)
        return frozenset(ids) if turns < 2 or _held_still(ids, totals, self._resource.spec.complete) else None

    def _query(self) -> dict[str, str]:
        watermark = self._resource.spec.watermark
        if watermark is None or self._since is None:
            return {}
        return {watermark.parameter: self._resource.write_since(self._since)}

    def _records(self, leaf: Leaf, ids: set[str]) -> Sequence[PolledRecord]:
        found = []
        for raw, row in zip(leaf.raws, leaf.rows, strict=True):
            native_id = self._native_id(row)
            self._watch_stamp(row)
            ids.add(native_id)
            if self._seen.get(native_id) != raw:
                self._seen[native_id] = raw
                found.append(PolledRecord(native_id, raw, self._subject(row)))
        return found

    def _native_id(self, row: Any) -> str:
        try:
            native_id = self._resource.native_id.text_of(row)
        except ValueError as error:
            raise self._fault(str(error)) from None
        if not native_id:
            raise self._fault(f"a row has no native id at {self._resource.native_id.text!r}")
        return native_id

    def _subject(self, row: Any) -> str:
        try:
            return str(self._resource.record.subject_of(row))
        except ValueError:
            return ""  # the translation tells what is wrong with this record, with its place

    def _watch_stamp(self, row: Any) -> None:
        watermark = self._resource.spec.watermark
        if watermark is None:
            return
        stamp = self._stamp(row)
        if stamp is None:
            return
        asked = self._asked.get(watermark.parameter, "")
        if self._since and stamp + _STAMP_STEP < self._since and self._resource.write_since(stamp) < asked:
            message = f"asked for {watermark.parameter}={asked}, but a row of {write_time(stamp)} came"
            raise SourceUnavailable(
                "filter-ignored", f"{self._resource.name}: {message}: the source does not know this filter"
            )
        self._newest = max(stamp, self._newest or stamp)

    def _stamp(self, row: Any) -> datetime.datetime | None:
        try:
            text = self._resource.stamp.text_of(row)
            return self._resource.read_stamp(text) if text else None
        except ValueError:
            return None  # a row without a usable stamp is faulty, and told by the translation

    def _moved(self) -> Mapping[str, Any]:
        return {"stamp": write_time(self._newest)} if self._newest else self._cursor

    def _fault(self, message: str) -> SourceUnavailable:
        return SourceUnavailable("contract", f"{self._resource.name}: {message}")


def _stamp_in(cursor: Mapping[str, Any]) -> datetime.datetime | None:
    return read_time(cursor["stamp"]) if cursor.get("stamp") else None


def _held_still(ids: set[str], totals: set[int | None], complete: bool) -> bool:
    """Whether a walk over several pages met all rows: one that leaves makes a later one slip between pages."""
    if totals == {None}:
        return True
    last = max(total for total in totals if total is not None)
    return len(totals) == 1 and len(ids) == last if complete else len(ids) >= last
