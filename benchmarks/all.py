"""Every benchmark, one after the other: a table on the terminal, and RESULTS.md with the machine's facts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    detection,
    faults,
    growth,
    ingest,
    kill,
    machine,
    memory,
    pipeline,
    resubmission,
    sending,
)
from benchmarks.figures import Figure, parser, show, workplace
from benchmarks.results import FILE, keep

MACHINE = "Machine"
Part = tuple[str, Callable[[argparse.Namespace], list[Figure]]]
PARTS: dict[str, Part] = {
    "ingest": ("Ingest: one signed event in each webhook, 64 connections", ingest.run),
    "pipeline": ("Pipeline: 1,000 events in each webhook, from socket to beliefs", pipeline.run),
    "sending": ("Sending: a backlog of ten changes for each order, to a healthy target", sending.run),
    "growth": ("Growth: cost of an event and of the pages", growth.run),
    "faults": ("Faults: what a troubled event costs on a million events and on none", faults.run),
    "detection": ("Detection: from the evidence to the exception, by the clock", detection.run),
    "memory": ("Memory: after the start, after load, after the same load again", memory.run),
    "resubmission": (
        "Resubmission: thousands of dead letters of one group, killed in the middle",
        resubmission.run,
    ),
    "kill": ("kill -9 under load", kill.run),
}


def main() -> int:
    made = kill.add_times(growth.add_sizes(parser(__doc__)))
    made.add_argument("--only", default=",".join(PARTS), help=f"some of: {', '.join(PARTS)}")
    made.add_argument("--patience", type=float, default=0.0, help="seconds to wait for a quiet machine")
    asked = made.parse_args()
    return int(not _all(asked))


def _all(asked: argparse.Namespace) -> bool:
    titles = [MACHINE, *(title for title, _ in PARTS.values())]
    machine.quiet(patience=asked.patience)
    with workplace(asked) as place:
        facts = [Figure(*fact) for fact in machine.facts(place)]
    show(MACHINE, facts)
    keep(MACHINE, facts, titles, asked.quick)
    missed = 0
    for name in asked.only.split(","):
        title, run = PARTS[name]
        found = run(asked)
        show(title, found)
        keep(title, found, titles, asked.quick)
        missed += sum(each.reached is False for each in found)
    print(f"\n{missed} aims missed; written to {FILE.name}")
    return not missed


if __name__ == "__main__":
    sys.exit(main())
