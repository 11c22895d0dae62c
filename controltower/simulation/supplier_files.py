"""Suppliers answer purchase orders by files: one for each answer, numbered, put into a folder that somebody watches."""

from __future__ import annotations

import csv
import io

from controltower.simulation.database import Body
from controltower.simulation.timekeeper import iso
from controltower.simulation.world import World

SENDER = "suppliers"
NAMES = ("po", "line", "site", "supplier", "sku", "qty", "uom", "promised", "state", "stamp")


def answer(world: World, number: int, line: Body) -> None:
    """Drop the answer to a purchase line, or what the active faults make of it."""
    for name, text in world.board.dropped(SENDER, f"ORDRSP_{number:06}.csv", written(line)):
        drop(world, name, text)


def written(line: Body) -> str:
    """A confirmed purchase line as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(NAMES)
    promised, stamp = (iso(line[name], milliseconds=False) for name in ("promised", "changed"))
    owned = (line["po"], line["line"], line["plant"], line["supplier"], line["item"], line["quantity"])
    writer.writerow((*owned, "EA", promised, line["state"], stamp))
    return file.getvalue()


def drop(world: World, name: str, text: str) -> None:
    """Put a file there in one step, as who knows how to does; without text take it away."""
    if world.drop is None:
        raise ValueError("nobody watches a folder here")
    path = world.drop / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not text:
        path.unlink(missing_ok=True)
        return
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
