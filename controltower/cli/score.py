"""`score`: break a simulated network on purpose, and mark what a tower says about it."""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from controltower.cli.speech import Refused, say, table
from controltower.simulation.faults.registry import REGISTRY
from controltower.simulation.score import report
from controltower.simulation.score.answers import Answers
from controltower.simulation.score.exam import Examiner
from controltower.simulation.score.marking import Mark
from controltower.simulation.world import Pace
from controltower.stepped import stepped

log = structlog.get_logger(__name__)

WARMING = 90  # virtual minutes of healthy life before anything is broken
USUAL = "demo"
MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this file's verb."""
    parser = verbs.add_parser(
        "score", help="inject faults into a simulated network and mark the tower's answers"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=2000, help="orders of the quiet run")
    parser.add_argument("--hours", type=float, default=24.0, help="how long the quiet run lasts")
    parser.add_argument("--faults", default="all", help="all, none, or names with commas between")
    parser.add_argument("--rounds", type=int, default=1, help="how often each fault is injected")
    parser.add_argument("--quick", action="store_true", help="one round and no quiet run")
    parser.add_argument("--quiet", action="store_true", help="the quiet run alone")
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes side by side"
    )
    parser.add_argument("--json", metavar="FILE", default="", help="write the marks there")
    parser.add_argument("--page", metavar="FILE", default="", help="write the page there, as Markdown")
    parser.add_argument(
        "--seeds", default="", help="several seeds with commas between; the page then tells of each"
    )
    parser.set_defaults(do=score)


@dataclass(frozen=True)
class Share:
    """What one process does: some faults beside one configuration, or the quiet run."""

    place: str  # a folder for what it keeps meanwhile
    seed: int
    faults: tuple[str, ...] = ()
    configuration: str = USUAL
    rounds: int = 1
    orders: int = 0
    hours: float = 0.0


def score(asked: argparse.Namespace) -> int:
    """Examine with each seed, and tell what it earned. 0 when every fault was found and the quiet run was quiet."""
    names = _names(asked)
    seeds = [int(seed) for seed in asked.seeds.split(",") if seed] or [asked.seed]
    earned = {seed: _examined_with(seed, asked, names) for seed in seeds}
    if asked.json:
        told = earned[seeds[0]] if len(seeds) == 1 else {str(seed): each for seed, each in earned.items()}
        Path(asked.json).write_text(f"{json.dumps(told, indent=1)}\n", encoding="utf-8")
    if asked.page:
        Path(asked.page).write_text(f"{report.page(earned)}\n", encoding="utf-8")
    return int(not all(report.is_perfect(each) for each in earned.values()))


def _examined_with(seed: int, asked: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    marks: list[Mark] = []
    quiet: dict[str, Any] | None = None
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="score-") as place,
        ProcessPoolExecutor(max(1, asked.jobs), mp_context=context) as pool,
    ):
        shares = _shares(place, seed, asked, names)
        for done in as_completed([pool.submit(_do, share) for share in shares]):
            earned, silence = done.result()
            marks += earned
            quiet = silence or quiet
            for mark in earned:
                _tell(mark)
    told = report.totals(marks, quiet)
    _show(told)
    return told


def _names(asked: argparse.Namespace) -> list[str]:
    if asked.quiet or asked.faults == "none":
        return []
    names = sorted(REGISTRY) if asked.faults == "all" else [name for name in asked.faults.split(",") if name]
    strange = [name for name in names if name not in REGISTRY]
    if strange:
        raise Refused(f"There is no fault {', '.join(strange)}. There are: {', '.join(sorted(REGISTRY))}")
    return names


def _shares(place: str, seed: int, asked: argparse.Namespace, names: Sequence[str]) -> Iterator[Share]:
    if asked.quiet or not asked.quick:
        yield Share(place, seed, orders=asked.orders, hours=asked.hours)
    rounds = 1 if asked.quick else asked.rounds
    for name in names:
        yield Share(place, seed, (name,), REGISTRY[name].landscape or USUAL, rounds)


def _do(share: Share) -> tuple[list[Mark], dict[str, Any] | None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    return ([], _quiet(share)) if share.orders else (list(_examined(share)), None)


def _examined(share: Share) -> Iterator[Mark]:
    for number in range(share.rounds):
        seed = share.seed * 1000 + number
        for name in share.faults:
            try:
                with _copied(share, seed) as examiner:
                    yield examiner.examine(name, seed)
            except Exception as error:  # one examination that breaks off is told, and stops no other one
                log.exception("examination broke off", fault=name)
                yield Mark(name, notes=[f"the examination broke off: {error!r}"[:400]])


def _quiet(share: Share) -> dict[str, Any]:
    """A day without faults: whatever the tower says is a false alarm."""
    minutes = share.hours * 60
    between = minutes / share.orders
    # Machines, picks and links are as much quicker as there are more orders than a plant of this size can make.
    pace = Pace((0.7 * between, 1.3 * between), 10_000, changes=0.3, length=min(1.0, between / 7.0))
    with (
        tempfile.TemporaryDirectory(dir=share.place) as folder,
        _world(Path(folder), share.seed, USUAL, pace) as examiner,
    ):
        examiner.live(round(minutes))
        said = examiner.everything()
        return {
            "hours": share.hours,
            "orders": examiner.orders(),
            "false_alarms": len(said),
            "said": [f"{each.rule} {each.title}: {each.why}"[:300] for each in said[:50]],
        }


@cache
def _healthy(place: str, seed: int, configuration: str) -> Path:
    """The state of a world that has lived healthily for a while: each fault begins with a copy of it."""
    folder = Path(tempfile.mkdtemp(dir=place))
    with _world(folder, seed, configuration, Pace()) as examiner:
        examiner.live(WARMING)
    return folder


@contextmanager
def _copied(share: Share, seed: int) -> Iterator[Examiner]:
    """A world of its own that begins as the healthy one stands."""
    with tempfile.TemporaryDirectory(dir=share.place) as top:
        folder = Path(top) / "world"
        shutil.copytree(_healthy(share.place, seed, share.configuration), folder)
        with _world(folder, seed, share.configuration, Pace()) as examiner:
            yield examiner


@contextmanager
def _world(folder: Path, seed: int, configuration: str, pace: Pace) -> Iterator[Examiner]:
    """An examiner of a network and a tower, new or as a folder holds them."""
    database = f"sqlite:///{folder}/tower.db"
    with stepped(folder, database, configuration, seed=seed, pace=pace, begin_at=MORNING) as (network, tower):
        yield Examiner(network, tower, Answers(tower.address, tower.key), seed)


def _tell(mark: Mark) -> None:
    words = {
        "not injected": not mark.injected,
        "found": mark.found,
        "cause": mark.cause_right,
        "action": mark.action_right,
        "mended": mark.mended,
        f"{mark.false} false": mark.false,
    }
    say(f"{mark.fault}: {', '.join(word for word, holds in words.items() if holds) or 'nothing'}")
    for note in mark.notes:
        say(f"    {note}")


def _show(told: dict[str, Any]) -> None:
    if told["faults"]:
        table(tuple(column.upper() for column in report.COLUMNS), report.table(told))
        say(
            ", ".join(f"{name.replace('_', ' ')} {share:.3f}" for name, share in report.overall(told).items())
        )
    if "quiet" in told:
        quiet = told["quiet"]
        say(f"quiet: {quiet['orders']} orders in {quiet['hours']:g} h, {quiet['false_alarms']} false alarms")
        for line in quiet["said"]:
            say(f"    {line}")
