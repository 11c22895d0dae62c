"""Reads what a partner drops into a folder: whole files alone, each once, in the order of their numbers."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from controltower.connectors.contract import Page, PolledRecord, SourceUnavailable
from controltower.connectors.generic_rest.mapping import CompiledResource
from controltower.connectors.raw import raw_records

HALF_WRITTEN, REPEATED, MISSING, IN_ERROR = (
    "file-half-written",
    "file-repeated",
    "file-missing",
    "file-in-error",
)
# So many names are remembered, to know a file again that stays in the folder or comes a second time.
_REMEMBERED = 1000
_MOST_MISSING = 100
_NUMBER = re.compile(r"(\d+)(?=\D*$)")


class Incomplete(Exception):
    """A file that ends before its content does."""


class _Dropped(NamedTuple):
    """A file as it lies there: its name, its size in bytes, when it was written, the number in its name."""

    path: Path
    size: int
    written: int
    number: int | None

    @property
    def name(self) -> str:
        return self.path.name


class FileDrop:
    """One look into a folder. `path` of the resource: the pattern of names; `records`: where the rows of JSON are."""

    def __init__(
        self, folder: Path, resource: CompiledResource, cursor: Mapping[str, Any], error_folder: str = "error"
    ) -> None:
        self._folder, self._resource = folder, resource
        self._errors = folder / error_folder
        self._sizes: dict[str, int] = dict(cursor.get("sizes", {}))
        self._read: dict[str, list[Any]] = dict(cursor.get("read", {}))
        self._last: int | None = cursor.get("last")
        self._missing: list[int] = list(cursor.get("missing", ()))
        self._doubts: list[tuple[str, str]] = []

    def pages(self) -> Iterator[Page]:
        """A page for each whole file that was not read yet; the last one says what is wrong in the folder, if anything.

        Raises SourceUnavailable."""
        for dropped in self._there():
            rows = self._rows(dropped)
            if rows is not None:
                yield Page(self._resource.name, self._records(dropped, rows), self._cursor())
        self._look_for_trouble()
        yield Page(self._resource.name, [], self._cursor(), doubt=next(iter(self._doubts), None))

    def _there(self) -> list[_Dropped]:
        pattern = self._resource.spec.path.lstrip("/")
        try:
            if not self._folder.is_dir():
                raise SourceUnavailable("down", f"there is no folder {self._folder}")
            found = [_dropped(path) for path in self._folder.glob(pattern) if path.is_file()]
        except OSError as error:
            raise SourceUnavailable("down", f"the folder cannot be read: {error}") from None
        return sorted(found, key=lambda each: (each.number is not None, each.number or 0, each.name))

    def _rows(self, dropped: _Dropped) -> list[bytes] | None:
        """The rows of a file that is whole and new; None for any other."""
        known = self._read.get(dropped.name)
        if known is not None and known[:2] == [dropped.size, dropped.written]:
            return None
        if self._sizes.get(dropped.name) != dropped.size:
            self._sizes[dropped.name] = dropped.size  # perhaps it still grows: the next look will tell
            return None
        try:
            data = dropped.path.read_bytes()
            return self._new_rows(dropped, data, known)
        except FileNotFoundError:
            return None  # taken away meanwhile
        except OSError as error:
            raise SourceUnavailable("down", f"{dropped.name} cannot be read: {error}") from None

    def _new_rows(self, dropped: _Dropped, data: bytes, known: list[Any] | None) -> list[bytes] | None:
        checksum = hashlib.blake2b(data, digest_size=12).hexdigest()
        if known is not None and known[2] != checksum:
            self._doubts.append((REPEATED, f"{dropped.name} was read before, and has other content now"))
            return None
        rows = None
        if known is None:
            try:
                rows = rows_of(dropped.name, data, self._resource.records_path)
            except Incomplete as error:
                self._doubts.append((HALF_WRITTEN, f"{dropped.name} is not whole: {error}"))
                return None
            self._count(dropped)
        self._read[dropped.name] = [dropped.size, dropped.written, checksum]
        self._sizes.pop(dropped.name, None)
        return rows

    def _count(self, dropped: _Dropped) -> None:
        """Numbers that are skipped must still come."""
        number = dropped.number
        if number is None:
            return
        if self._last is not None and number > self._last:
            self._missing += list(range(self._last + 1, number))[:_MOST_MISSING]
        self._missing = [each for each in self._missing if each != number][-_MOST_MISSING:]
        self._last = max(number, self._last or number)

    def _look_for_trouble(self) -> None:
        if self._missing:
            listed = ", ".join(map(str, self._missing[:5]))
            self._doubts.append((MISSING, f"file number {listed} never came, later ones did"))
        failed = sorted(path.name for path in self._errors.glob("*")) if self._errors.is_dir() else []
        if failed:
            self._doubts.append(
                (IN_ERROR, f"{len(failed)} in the folder {self._errors.name}: {', '.join(failed[:3])}")
            )

    def _records(self, dropped: _Dropped, rows: Sequence[bytes]) -> list[PolledRecord]:
        return [PolledRecord(f"{dropped.name}#{number}", row) for number, row in enumerate(rows, start=1)]

    def _cursor(self) -> Mapping[str, Any]:
        read = dict(list(self._read.items())[-_REMEMBERED:])
        sizes = dict(list(self._sizes.items())[-_REMEMBERED:])
        return {"read": read, "sizes": sizes, "last": self._last, "missing": self._missing}


def rows_of(name: str, data: bytes, path: Sequence[str]) -> list[bytes]:
    """The rows of a file as JSON objects: of CSV with a line of names first (comma or semicolon), else of JSON.

    Raises Incomplete for a file that ends too early."""
    if name.lower().endswith(".csv"):
        return _csv_rows(data)
    try:
        return raw_records(data, path)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Incomplete(str(error)[:200]) from None


def _csv_rows(data: bytes) -> list[bytes]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Incomplete(f"it is no UTF-8 at byte {error.start}") from None
    if not text.endswith("\n"):
        raise Incomplete("its last line has no end")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    names, rows = lines[0], [line for line in lines[1:] if line]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise Incomplete(f"line {number} has {len(row)} fields of {len(names)}")
    return [msgspec.json.encode(dict(zip(names, row, strict=True))) for row in rows]


def _dropped(path: Path) -> _Dropped:
    state = path.stat()
    number = _NUMBER.search(path.stem)
    return _Dropped(path, state.st_size, state.st_mtime_ns, int(number[1]) if number else None)
