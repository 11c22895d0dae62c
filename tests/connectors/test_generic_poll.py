"""Mapped lists are polled so that nothing is lost, doubled or taken for deleted, whatever moves meanwhile."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.contract import Page, SourceUnavailable
from controltower.connectors.generic_rest.connector import connect
from controltower.domain.landscape import Polling, System
from tests.connectors.served import Asked, Reply, serve

RECORD = {
    "kind": "stock",
    "type": "stock.snapshot",
    "plant": "site",
    "key": "sku",
    "occurred_at": {"from": "changed"},
    "attributes": {"on_hand": {"from": "qty", "unit": "EA"}},
}
PAGED = {"style": "page", "parameter": "page", "size_parameter": "size", "size": 2, "total": "total"}
WATERMARK = {"parameter": "since", "stamp": {"from": "changed"}}


def _row(number: int, minute: int = 0, qty: int = 1) -> dict[str, Any]:
    return {"sku": f"S{number}", "site": "LYON", "qty": qty, "changed": f"2026-03-02T08:{minute:02}:00Z"}


def _poll(
    answer: Callable[[Asked], Reply], resource: Mapping[str, Any], cursor: Mapping[str, Any] | None = None
) -> tuple[list[Page], list[Asked]]:
    mapping = {
        "records": {"row": RECORD},
        "resources": {"list": {"path": "/list", "record": "row", **resource}},
    }
    with serve(answer) as served:
        settings = {"mapping": mapping, "url": served.url}
        polling = Polling(overlap=datetime.timedelta(minutes=15))
        system = System(
            "wms",
            "WMS",
            "wms",
            ("LYON",),
            "generic_rest",
            ZoneInfo("UTC"),
            polling=polling,
            settings=settings,
        )
        return list(connect(system).poll({"list": cursor or {}})), served.asked


def _ids(pages: list[Page]) -> list[str]:
    return [record.native_id for page in pages for record in page.records]


def _numbered(rows: list[dict[str, Any]]) -> Callable[[Asked], Reply]:
    """A list by page number, filtered by `since`."""

    def answer(asked: Asked) -> Reply:
        wanted = [row for row in rows if row["changed"] >= asked.query.get("since", "")]
        size, page = int(asked.query["size"]), int(asked.query["page"])
        return Reply({"total": len(wanted), "rows": wanted[(page - 1) * size : page * size]})

    return answer


def test_all_pages_are_followed_and_only_the_last_moves_the_cursor() -> None:
    rows = [_row(number, number) for number in range(5)]
    pages, _ = _poll(_numbered(rows), {"records": "rows", "paging": PAGED, "watermark": WATERMARK})
    assert _ids(pages) == ["S0", "S1", "S2", "S3", "S4"]
    assert [page.cursor for page in pages[:-1]] == [{}] * (len(pages) - 1)
    assert pages[-1].cursor == {"stamp": "2026-03-02T08:04:00Z"}
    assert pages[0].records[0].subject == "LYON/stock/S0"


def test_records_are_kept_byte_for_byte() -> None:
    body = b'{"total": 1, "rows": [ {"sku":"S1", "site":"LYON","qty":1.500,  "changed":"2026-03-02T08:00:00Z"} ]}'
    pages, _ = _poll(lambda _: Reply(body=body), {"records": "rows"})
    assert pages[0].records[0].body == body[23:-3]


def test_a_record_committed_late_with_an_older_stamp_is_found_in_the_overlap() -> None:
    rows = [_row(1, 20), _row(2, 30)]
    resource = {"records": "rows", "paging": PAGED, "watermark": WATERMARK}
    first, _ = _poll(_numbered(rows), resource)
    late = [_row(3, 16), *rows]
    second, asked = _poll(_numbered(late), resource, first[-1].cursor)
    assert asked[0].query["since"] == "2026-03-02T08:15:00Z"
    assert "S3" in _ids(second)
    assert second[-1].cursor == first[-1].cursor


def test_polling_again_brings_the_same_bytes_so_that_nothing_counts_twice() -> None:
    rows = [_row(1, 20), _row(2, 30)]
    resource = {"records": "rows", "paging": PAGED, "watermark": WATERMARK}
    first, _ = _poll(_numbered(rows), resource)
    again, _ = _poll(_numbered(rows), resource, first[-1].cursor)
    assert [record for page in again for record in page.records] == [
        record for page in first for record in page.records
    ]


def test_a_record_that_moves_between_pages_is_neither_lost_nor_doubled() -> None:
    rows = [_row(number, number) for number in range(4)]
    asked_before: list[Asked] = []

    def answer(asked: Asked) -> Reply:
        asked_before.append(asked)
        if len(asked_before) == 2:  # S0 changes while page 1 has been read: all others move up by one place
            rows.append({**rows.pop(0), "changed": "2026-03-02T08:50:00Z", "qty": 7})
        return _numbered(rows)(asked)

    pages, _ = _poll(answer, {"records": "rows", "paging": PAGED, "watermark": WATERMARK})
    found = _ids(pages)
    assert set(found) == {"S0", "S1", "S2", "S3"}
    assert sorted(found) == ["S0", "S0", "S1", "S2", "S3"]  # S0 as it was, and as it became
    assert pages[-1].cursor == {"stamp": "2026-03-02T08:50:00Z"}


def test_a_deletion_while_a_complete_list_is_read_hides_no_other_record() -> None:
    rows = [_row(number) for number in range(5)]
    asked_before: list[Asked] = []

    def answer(asked: Asked) -> Reply:
        asked_before.append(asked)
        if len(asked_before) == 2:
            del rows[0]
        return _numbered(rows)(asked)

    pages, _ = _poll(answer, {"records": "rows", "paging": PAGED, "complete": True})
    assert pages[-1].everything == {"S1", "S2", "S3", "S4"}
    assert sorted(_ids(pages)) == ["S0", "S1", "S2", "S3", "S4"]


def test_a_list_that_never_holds_still_claims_nothing() -> None:
    turns: list[int] = []

    def answer(asked: Asked) -> Reply:
        turns.append(1)
        rows = [_row(number) for number in range(3)]
        start = (int(asked.query["page"]) - 1) * 2
        return Reply({"total": 10 + len(turns), "rows": rows[start : start + 2]})

    pages, asked = _poll(answer, {"records": "rows", "paging": PAGED, "complete": True}, {"stamp": "x"})
    assert pages[-1].everything is None
    assert pages[-1].cursor == {"stamp": "x"}
    assert len(asked) < 15


def test_offset_pages_and_deletions() -> None:
    rows = [_row(number) for number in range(5)]

    def answer(asked: Asked) -> Reply:
        start = int(asked.query["offset"])
        return Reply({"count": len(rows), "results": rows[start : start + int(asked.query["limit"])]})

    paging = {
        "style": "offset",
        "parameter": "offset",
        "size_parameter": "limit",
        "size": 2,
        "total": "count",
    }
    resource = {"records": "results", "paging": paging, "complete": True}
    before, asked = _poll(answer, resource)
    assert [each.query["offset"] for each in asked] == ["0", "2", "4"]
    del rows[2]
    after, _ = _poll(answer, resource)
    assert (before[-1].everything or set()) - (after[-1].everything or set()) == {"S2"}


def test_cursor_pages() -> None:
    chain = {"": ("a", [_row(1)]), "a": ("b", [_row(2)]), "b": (None, [_row(3)])}

    def answer(asked: Asked) -> Reply:
        following, rows = chain[asked.query.get("cursor", "")]
        return Reply({"data": rows, "next_cursor": following})

    paging = {"style": "cursor", "parameter": "cursor", "next": "next_cursor"}
    pages, _ = _poll(answer, {"records": "data", "paging": paging})
    assert _ids(pages) == ["S1", "S2", "S3"]


def test_next_links_keep_to_the_configured_host() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.query.get("skip") == "1":
            return Reply({"value": [_row(2)]})
        return Reply({"value": [_row(1)], "next": "http://inside.invalid:4104/list?skip=1"})

    pages, asked = _poll(answer, {"records": "value", "paging": {"style": "next-link", "next": "next"}})
    assert _ids(pages) == ["S1", "S2"]
    assert [each.path for each in asked] == ["/list", "/list"]


def test_pages_that_go_in_a_circle_are_a_broken_contract() -> None:
    paging = {"style": "cursor", "parameter": "cursor", "next": "next"}
    with pytest.raises(SourceUnavailable, match="circle") as failed:
        _poll(lambda _: Reply({"data": [_row(1)], "next": "again"}), {"records": "data", "paging": paging})
    assert failed.value.kind == "contract"


def test_a_server_that_ignores_the_filter_is_found_out() -> None:
    rows = [_row(1, 0), _row(2, 50)]
    with pytest.raises(SourceUnavailable, match="does not know this filter"):
        _poll(lambda _: Reply(rows), {"watermark": WATERMARK}, {"stamp": "2026-03-02T08:50:00Z"})


def test_a_filter_by_whole_days_may_bring_older_rows_of_that_day() -> None:
    watermark = {**WATERMARK, "format": "%Y-%m-%d"}
    pages, asked = _poll(
        lambda _: Reply([_row(1, 0)]), {"watermark": watermark}, {"stamp": "2026-03-02T08:50:00Z"}
    )
    assert asked[0].query == {"since": "2026-03-02"}
    assert _ids(pages) == ["S1"]


def test_changes_within_the_grain_of_a_stamp_are_told_again_to_be_known_by_content() -> None:
    watermark = {**WATERMARK, "format": "%Y-%m-%d"}
    cursor = {"stamp": "2026-03-02T08:01:00Z"}
    first, _ = _poll(lambda _: Reply([_row(1, 1)]), {"watermark": watermark}, cursor)
    changed = {**_row(1, 1), "qty": 99}
    second, _ = _poll(lambda _: Reply([changed]), {"watermark": watermark}, cursor)
    assert _ids(first) == _ids(second) == ["S1"]
    assert first[0].records[0].body != second[0].records[0].body


def test_an_empty_page_is_fine() -> None:
    pages, _ = _poll(
        lambda _: Reply([]), {"watermark": WATERMARK, "records": "@"}, {"stamp": "2026-03-02T08:50:00Z"}
    )
    assert [(len(page.records), page.cursor) for page in pages] == [(0, {"stamp": "2026-03-02T08:50:00Z"})]


def test_throttling_hands_the_asked_wait_on() -> None:
    with pytest.raises(SourceUnavailable) as failed:
        _poll(lambda _: Reply({}, 429, {"Retry-After": "42"}), {})
    assert (failed.value.kind, failed.value.retry_after) == ("throttled", 42)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>"),
        Reply(body=b""),
        Reply({"rows": 7}),
        Reply({"items": []}),
        Reply([]),
        Reply({"rows": [{"sku": None}]}),
        Reply({"rows": [7]}),
        Reply({"rows": [{"sku": ["a"]}]}),
        Reply(body=b"[" * 100_000),
        Reply(body=b'{"rows": [{"sku": "\xff"}]}'),
    ],
    ids=repr,
)
def test_an_answer_that_cannot_be_read_is_a_broken_contract(reply: Reply) -> None:
    with pytest.raises(SourceUnavailable) as failed:
        _poll(lambda _: reply, {"records": "rows"})
    assert failed.value.kind == "contract"
    assert len(str(failed.value)) < 500
