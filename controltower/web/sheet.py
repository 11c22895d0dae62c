"""A list as a CSV file: exactly the rows that the page shows, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import Response, request

from controltower.web.tower import now

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def wanted() -> bool:
    """Whether the URL asks for the file instead of the page."""
    return request.args.get("as") == "csv"


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """The rows as `<name>-<date>.csv`, times in UTC (RFC 3339)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([cell(held) for held in row] for row in rows)
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{now():%Y%m%d-%H%M}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def cell(held: Any) -> str:
    """Text of one cell; text that a spreadsheet would run as a formula gets a quote in front."""
    if held is None:
        return ""
    if isinstance(held, datetime):
        return held.isoformat(timespec="seconds")
    text = str(held)
    return f"'{text}" if isinstance(held, str) and text.startswith(FORMULA_STARTS) else text
