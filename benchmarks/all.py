"""Every benchmark, one after the other: a table on the terminal, and RESULTS.md with the machine's facts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import growth, ingest, kill, machine, memory, pipeline
from benchmarks.figures import Figure, markdown, parser, show, workplace

RESULTS = Path(__file__).parent / "RESULTS.md"
Part = tuple[str, Callable[[argparse.Namespace], list[Figure]]]
PARTS: dict[str, Part] = {
    "ingest": ("Ingest: one signed event in each webhook, 64 connections", ingest.run),
    "pipeline": ("Pipeline: 1,000 events in each webhook, from socket to beliefs", pipeline.run),
    "growth": ("Growth: cost of an event and of the pages", growth.run),
    "memory": ("Memory: after the start, after load, after the same load again", memory.run),
    "kill": ("kill -9 under load", kill.run),
}


def main() -> int:
    made = kill.add_times(growth.add_sizes(parser(__doc__)))
    made.add_argument("--only", default=",".join(PARTS), help=f"some of: {', '.join(PARTS)}")
    made.add_argument("--patience", type=float, default=0.0, help="seconds to wait for a quiet machine")
    asked = made.parse_args()
    return int(not _all(asked))


def _all(asked: argparse.Namespace) -> bool:
    with workplace(asked) as place:
        facts = [Figure(*fact) for fact in machine.facts(place)]
    quiet = machine.quiet(patience=asked.patience)
    facts.append(
        Figure("others at work on the machine", "no" if quiet else "yes: the figures are lower bounds")
    )
    facts.append(Figure("sizes", "quick: small" if asked.quick else "full"))
    show("Machine", facts)
    written, missed = [_head(), markdown("Machine", facts)], 0
    for name in asked.only.split(","):
        title, run = PARTS[name]
        found = run(asked)
        show(title, found)
        written.append(markdown(title, found))
        missed += sum(each.reached is False for each in found)
        RESULTS.write_text("\n".join(written), encoding="utf-8")
    print(f"\n{missed} aims missed; written to {RESULTS.name}")
    return not missed


def _head() -> str:
    return (
        "# Last figures\n\n"
        f"Measured on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `python -m benchmarks.all`; "
        "what they mean is in [README.md](README.md).\n"
    )


if __name__ == "__main__":
    sys.exit(main())
