"""Walks the stock: of each item that moved, what each warehouse touched holds now."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from controltower.connectors.contract import Page, PolledRecord
from controltower.connectors.raw import raw_records
from controltower.connectors.tryton.dialect import encode_moment
from controltower.connectors.tryton.keyset import Mark, Window, changed, ids_of, newest, read_mark, rows_of
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.session import Session
from controltower.connectors.tryton.translate import subject_of

STOCK, MOVE = "stock", "stock.move"
MODELS = frozenset({"product.product", MOVE, "stock.location"})
_FIELDS = ["code", "quantity", "default_uom.symbol"]
_ENDS = ("from_location.", "to_location.")


class _Count(msgspec.Struct, gc=False):
    id: int
    quantity: float = 0.0


def walk(session: Session, places: Places, cursor: Mapping[str, Any], window: Window) -> Iterator[Page]:
    """At first every position that is not empty; later the positions whose moves changed. Positions never end."""
    mark = read_mark(cursor, MOVE)
    warehouses = _warehouses(session, places)
    if mark is None:
        yield from _everything(session, places, warehouses, window)
        return
    touched, mark = _touched(session, mark, window)
    records = [
        record
        for id, warehouse in warehouses.items()
        for chunk in _chunks(touched.get(id, ()), window.size)
        for _, record, _ in _positions(session, places, warehouse, chunk, mark)
    ]
    yield Page(STOCK, records, {MOVE: mark.text()})


def _touched(session: Session, mark: Mark, window: Window) -> tuple[dict[int, set[int]], Mark]:
    """Warehouse -> items whose moves changed since the mark, and the mark after them."""
    touched: dict[int, set[int]] = {}
    fields = ["product", *(f"{end}warehouse" for end in _ENDS)]
    for rows, after in changed(session, MOVE, [], fields, mark, window):
        mark = after
        for row in rows:
            for end in _ENDS:
                touched.setdefault((row[end] or {}).get("warehouse") or 0, set()).add(row["product"])
    return touched, mark


def _everything(
    session: Session, places: Places, warehouses: Mapping[int, dict[str, Any]], window: Window
) -> Iterator[Page]:
    mark = newest(session, MOVE, [])
    if mark is None:
        yield Page(STOCK, [], {})
        return
    products = ids_of(session, "product.product", [["type", "=", "goods"], ["code", "!=", None]])
    # What the next poll will read again by its overlap is told now already, empty or not.
    touched, mark = _touched(session, mark, window)
    for id, warehouse in warehouses.items():
        moved = touched.get(id, set())
        for chunk in _chunks(products, window.size):
            found = _positions(session, places, warehouse, chunk, mark)
            # Unmarked until the last page is stored: a first load that breaks off is begun again.
            held = [record for product, record, empty in found if not empty or product in moved]
            yield Page(STOCK, held, {})
    yield Page(STOCK, [], {MOVE: mark.text()})


def _warehouses(session: Session, places: Places) -> dict[int, dict[str, Any]]:
    rows = rows_of(session, "stock.location", [["type", "=", "warehouse"]], ["code", "storage_location.code"])
    return {row["id"]: row for row in rows if row["code"] and places.plant(row["code"])}


def _chunks(products: Iterable[int], size: int) -> Iterator[list[int]]:
    ordered = sorted(products)
    return (ordered[at : at + size] for at in range(0, len(ordered), size))


def _positions(
    session: Session, places: Places, warehouse: dict[str, Any], products: list[int], mark: Mark
) -> list[tuple[int, PolledRecord, bool]]:
    """Of some items in one warehouse: the item's id, its position, and whether that is empty."""
    here = {"locations": [warehouse["id"]]}
    on_hand = _counted(session, products, _FIELDS, here)
    free = _counted(session, products, ["quantity"], {**here, "stock_assign": True})
    place = msgspec.json.encode(warehouse)
    as_of = msgspec.json.encode(encode_moment(mark.at))
    found = []
    for product, (raw, count) in on_hand.items():
        available, still = free.get(product, (raw, count))
        # `as_of` is not compared: the position is the same for as long as its figures are.
        figures = b'"warehouse":%s,"product":%s,"free":%s}' % (place, raw, available)
        body = b'{"as_of":%s,%s' % (as_of, figures)
        subject, code, _ = subject_of(places, STOCK, body)
        record = PolledRecord(f"{code}/{product}", body, subject, figures)
        found.append((product, record, count.quantity == 0 and still.quantity == 0))
    return found


def _counted(
    session: Session, products: list[int], fields: list[str], context: dict[str, Any]
) -> dict[int, tuple[bytes, _Count]]:
    domain = [["id", "in", products], ["code", "!=", None]]
    raw = session.call(
        "model.product.product.search_read", domain, 0, None, [["id", "ASC"]], fields, context=context
    )
    rows = [(row, msgspec.json.decode(row, type=_Count)) for row in raw_records(raw)]
    return {count.id: (row, count) for row, count in rows}
