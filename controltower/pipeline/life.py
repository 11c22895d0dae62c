"""The life of an exception beside its condition: what it costs, what it is a consequence of, what explains it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower

# What a rule that finds its exception again knows nothing of.
KEPT = ("impact", "parent", "suppressed_until", "suppressed_by", "released_at", "remark", "returns")


def carried(each: Case, known: Case | None) -> Case:
    """A case as its rule tells it, with the life that it has had so far."""
    if known is None:
        return each
    return each._replace(**{name: getattr(known, name) for name in KEPT})


def begin(
    connection: Connection, tower: Tower, cases: Sequence[Case], known: Mapping[str, Case]
) -> Sequence[Case]:
    """What exceptions that are about to be written begin their life with."""
    return cases
