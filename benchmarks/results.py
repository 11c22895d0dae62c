"""RESULTS.md: a section for each benchmark, kept until that one is run again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, markdown

FILE = Path(__file__).parent / "RESULTS.md"
_HEAD = (
    "# Last figures\n\nWritten by `python -m benchmarks.all`; what they mean is in [README.md](README.md). A machine "
    "that others keep busy gives lower figures: its load average stands at each part.\n\n"
)


def keep(title: str, found: Sequence[Figure], order: Sequence[str], quick: bool) -> None:
    """Put one part's figures in the place of its last ones; `order` is that of all titles."""
    parts = _parts()
    parts[title] = _dated(markdown(title, found), quick)
    places = {each: place for place, each in enumerate(order)}
    ordered = sorted(parts, key=lambda each: places.get(each, len(places)))
    FILE.write_text(_HEAD + "\n".join(parts[each] for each in ordered), encoding="utf-8")


def _parts() -> dict[str, str]:
    held = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    texts = [f"## {part.strip()}\n" for part in held.split("\n## ")[1:]]
    return {text.splitlines()[0].removeprefix("## "): text for text in texts}


def _dated(text: str, quick: bool) -> str:
    """Say under the title when it was measured, at which load and with which sizes."""
    title, _, rest = text.partition("\n")
    sizes = "small sizes" if quick else "full sizes"
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load average {os.getloadavg()[1]:.1f}, {sizes}."
    return f"{title}\n\n{when}\n{rest}"
