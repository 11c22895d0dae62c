"""Suggested actions are done: one file of this folder for each verb, which says `CURE = Cure(...)`."""

import importlib
import pkgutil

from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import Remedy
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower
from controltower.store import audit, case, kinship
from controltower.store.case import REMEDY, Action
from controltower.store.engine import reading, writing


def _found() -> dict[str, Cure]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    cures = [importlib.import_module(f"{__name__}.{name}").CURE for name in names]
    return {cure.verb: cure for cure in cures}


CURES = _found()
# The argument of an action that is done for every child of an exception that stands for many.
EACH = "each"


def title(remedy: Remedy, landscape: Landscape) -> str:
    """What the button of a remedy says."""
    cure = CURES.get(remedy.verb)
    words = cure.title.format_map(_names(remedy, landscape)) if cure else remedy.verb
    return f"{words}, for each" if EACH in remedy.arguments else words


def effect(remedy: Remedy, landscape: Landscape) -> str:
    """What will happen when it is done; "" where the button says all."""
    cure = CURES.get(remedy.verb)
    words = cure.effect.format_map(_names(remedy, landscape)) if cure else ""
    return (
        f"{words} This is done for each of its open children.".strip() if EACH in remedy.arguments else words
    )


def _names(remedy: Remedy, landscape: Landscape) -> "_Bare":
    return _Bare(
        {
            name: landscape.system(held).title if name in ("system", "target") else held
            for name, held in remedy.arguments.items()
        }
    )


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
    words = (
        _for_each(tower, known, who, reason)
        if EACH in known.remedy.arguments
        else cure.do(tower, known, who, reason)
    )
    with writing(tower.engine) as connection:
        detail = f"{cure.verb}: {words}"
        case.act(connection, Action(exception, tower.now(), who, REMEDY, detail))
        audit.write_down(connection, audit.Entry(tower.now(), who, "exception.remedy", exception, detail))
    return cure.verb, words


def _for_each(tower: Tower, parent: Case, who: str, reason: str) -> str:
    """Do the suggested action of every open child of an exception that stands for many."""
    with reading(tower.engine) as connection:
        children = kinship.children(connection, [parent.id], lasting=True)
    done, refused = 0, ""
    for each in children:
        try:
            do(tower, each.id, who, reason)
            done += 1
        except NotPossible as trouble:
            refused = refused or f"; {each.title}: {trouble}"
    if not done:
        raise NotPossible(f"It could be done for none of {len(children)}{refused}")
    return f"done for {done} of {len(children)}{refused}"
