"""Finds every fault: one file of this folder each, known by its name."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from controltower.simulation.faults.contract import Fault


def _found() -> dict[str, type[Fault]]:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name not in ("contract", "board", "registry", "left_out"):
            importlib.import_module(f"controltower.simulation.faults.{module.name}")
    return {kind.name: kind for kind in Fault.__subclasses__()}


REGISTRY: dict[str, type[Fault]] = _found()
