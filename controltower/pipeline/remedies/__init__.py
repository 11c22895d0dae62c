"""Suggested actions are done: one file of this folder for each verb, which says `CURE = Cure(...)`."""

import importlib
import pkgutil

from controltower.domain.landscape import Landscape
from controltower.domain.remedy import Remedy
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower
from controltower.store import audit, case
from controltower.store.case import REMEDY, Action
from controltower.store.engine import reading, writing


def _found() -> dict[str, Cure]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    cures = [importlib.import_module(f"{__name__}.{name}").CURE for name in names]
    return {cure.verb: cure for cure in cures}


CURES = _found()


def title(remedy: Remedy, landscape: Landscape) -> str:
    """What the button of a remedy says."""
    cure = CURES.get(remedy.verb)
    names = {
        name: landscape.system(held).title if name in ("system", "target") else held
        for name, held in remedy.arguments.items()
    }
    return cure.title.format_map(_Bare(names)) if cure else remedy.verb


class _Bare(dict[str, str]):
    """Names that an argument lacks read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def do(tower: Tower, exception: str, who: str, reason: str) -> tuple[str, str]:
    """Do what an exception suggests. Returns the verb, and what it did in words.

    Raises LookupError for an unknown exception, NotPossible when it is over or the action cannot be done now."""
    with reading(tower.engine) as connection:
        known = case.get(connection, exception)
    if known is None:
        raise LookupError(exception)
    cure = CURES.get(known.remedy.verb)
    if cure is None or known.resolved_at is not None:
        raise NotPossible("It is resolved already." if cure else f"Nobody can {known.remedy.verb} here.")
    words = cure.do(tower, known, who, reason)
    with writing(tower.engine) as connection:
        detail = f"{cure.verb}: {words}"
        case.act(connection, Action(exception, tower.now(), who, REMEDY, detail))
        audit.write_down(connection, audit.Entry(tower.now(), who, "exception.remedy", exception, detail))
    return cure.verb, words
