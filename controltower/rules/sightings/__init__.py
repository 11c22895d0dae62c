"""Finds every sighting: one file of this folder each, which says `SIGHTING = Sighting(...)`."""

import importlib
import pkgutil
from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting


def _found() -> dict[str, Sighting]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    found = [importlib.import_module(f"{__name__}.{name}").SIGHTING for name in sorted(names)]
    return {sighting.rule: sighting for sighting in found}


SIGHTINGS = _found()


def seen(moment: Moment) -> Iterator[Signal]:
    """The signals of one event."""
    for sighting in SIGHTINGS.values():
        yield from sighting.seen(moment)
