"""How figures are shown: one table on the terminal and in RESULTS.md, and a directory for each run."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Figure(NamedTuple):
    """One measured figure; `aim` is "" where none is set, `reached` tells whether it was met (None: no aim)."""

    what: str
    value: str
    aim: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "yes", False: "NO", None: ""}[self.reached]


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print a table."""
    print(f"\n{title}")
    width = max((len(each.what) for each in figures), default=0)
    for each in figures:
        aim = f"  aim {each.aim}: {each.verdict}" if each.aim else ""
        print(f"  {each.what.ljust(width)}  {each.value}{aim}")


def markdown(title: str, figures: Sequence[Figure]) -> str:
    """The same table for a document."""
    rows = [f"| {each.what} | {each.value} | {each.aim} | {each.verdict} |" for each in figures]
    return "\n".join(
        [f"## {title}", "", "| what | figure | aim | met |", "| --- | --- | --- | --- |", *rows, ""]
    )


@contextmanager
def workplace(asked: argparse.Namespace) -> Iterator[Path]:
    """A directory for one run, on the disk where a tower's state would be; gone afterwards."""
    top = Path(asked.directory or ROOT / "var" / "benchmarks")
    top.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="run-", dir=top))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def parser(words: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    made = argparse.ArgumentParser(description=words)
    made.add_argument("--quick", action="store_true", help="small sizes, for a first look")
    made.add_argument("--directory", default="", help="where the databases are (var/benchmarks)")
    made.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    return made


def databases(asked: argparse.Namespace) -> tuple[str, ...]:
    return ("sqlite", "postgresql") if asked.database == "both" else (asked.database,)
