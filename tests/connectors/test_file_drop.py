"""Files that a partner drops: read when whole, once, in order; half-written, repeated and missing ones are told."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors import connect
from controltower.connectors.contract import Envelope, Page, SourceUnavailable
from controltower.connectors.raw import joined
from controltower.domain.landscape import Polling, System
from tests.connectors.recorded import ROOT
from tests.factories import MORNING

HEADER = "po,line,site,supplier,sku,qty,uom,promised,state,stamp\n"
ROW = "PO-71,1,LYON,S-ALU,CAST-10,1200,EA,2026-03-02T09:00:00Z,CONFIRMED,2026-03-02T06:10:00Z\n"


class Desk:
    """A folder, the connector that watches it, and how far that has read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mapping = tomllib.loads((ROOT / "config/files/mappings/suppliers.toml").read_text(encoding="utf-8"))
        settings = {"mapping": mapping, "folder": str(folder)}
        self.connector = connect(
            System(
                "suppliers", "suppliers", "supplier", ("LYON",), "generic_rest", ZoneInfo("UTC"),
                polling=Polling(resources=("responses",)), settings=settings,
            )
        )  # fmt: skip
        self.cursor: Mapping[str, Any] = {}

    def drop(self, number: int, text: str = HEADER + ROW) -> Path:
        path = self.folder / f"ORDRSP_{number:06}.csv"
        path.write_text(text, encoding="utf-8")
        return path

    def look(self) -> list[Page]:
        pages = list(self.connector.poll({"responses": self.cursor}))
        self.cursor = pages[-1].cursor
        return pages

    def looks(self) -> tuple[int, str]:
        """Two looks, since a file must lie still: how many records came, and what is doubtful."""
        pages = self.look() + self.look()
        return sum(len(page.records) for page in pages), (pages[-1].doubt or ("", ""))[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_file_is_read_once_when_it_lies_still(desk: Desk) -> None:
    desk.drop(1)
    first = desk.look()
    assert [len(page.records) for page in first] == [0]
    [page, last] = desk.look()
    envelope = Envelope("poll", "responses", {}, joined(each.body for each in page.records), MORNING)
    [event] = desk.connector.translate(envelope).events
    assert (str(event.subject), event.type) == ("LYON/purchase/PO-71/1", "purchase.confirmed")
    assert event.attributes["promised_date"].text == "2026-03-02T09:00:00Z"
    assert last.doubt is None
    assert desk.looks() == (0, "")


def test_a_half_written_file_waits_and_is_told_until_it_is_whole(desk: Desk) -> None:
    desk.drop(1, HEADER + ROW[:30])
    assert desk.looks() == (0, "file-half-written")
    desk.drop(1)
    assert desk.looks() == (1, "")


def test_a_file_that_still_grows_is_not_even_opened(desk: Desk) -> None:
    for length in range(20, 80, 20):
        desk.drop(1, (HEADER + ROW)[:length])
        assert desk.look()[-1].doubt is None


def test_a_name_that_comes_again_with_other_content_is_not_read(desk: Desk) -> None:
    path = desk.drop(1)
    assert desk.looks() == (1, "")
    os.utime(path, ns=(1, 1))
    assert desk.looks() == (0, "")  # touched, and the same
    desk.drop(1, HEADER + ROW + ROW)
    assert desk.looks() == (0, "file-repeated")


def test_a_number_that_is_skipped_is_missed_until_it_comes(desk: Desk) -> None:
    desk.drop(1)
    desk.drop(3)
    assert desk.looks() == (2, "file-missing")
    desk.drop(2)
    assert desk.looks() == (1, "")


def test_what_lies_in_the_error_folder_is_told(desk: Desk) -> None:
    (desk.folder / "error").mkdir()
    (desk.folder / "error" / "ORDRSP_000001.csv").write_text(HEADER, encoding="utf-8")
    assert desk.looks() == (0, "file-in-error")


def test_a_folder_that_is_gone_is_a_source_that_is_down(desk: Desk) -> None:
    desk.folder = desk.folder / "gone"
    gone = Desk(desk.folder)
    with pytest.raises(SourceUnavailable) as caught:
        gone.look()
    assert caught.value.kind == "down"


def test_lists_of_json_and_semicolons_are_read_too(tmp_path: Path) -> None:
    from controltower.connectors.generic_rest.files import rows_of

    assert rows_of("a.csv", b"\xef\xbb\xbfpo;qty\nPO-1;1,5\n", ()) == [b'{"po":"PO-1","qty":"1,5"}']
    assert rows_of("a.json", b'{"data": [{"po": "PO-1"}]}', ("data",)) == [b'{"po": "PO-1"}']
