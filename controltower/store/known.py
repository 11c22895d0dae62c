"""Which facts of a source were told before, whatever they said."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from controltower.store.message import event_key

_AT_ONCE = 500


def known_events(connection: Connection, system: str, source_ids: Sequence[str]) -> set[str]:
    """Those of some source ids that some message owns already."""
    found: set[str] = set()
    for start in range(0, len(source_ids), _AT_ONCE):
        some = event_key.c.source_id.in_(source_ids[start : start + _AT_ONCE])
        chosen = select(event_key.c.source_id).where(event_key.c.system == system, some)
        found.update(connection.execute(chosen).scalars())
    return found
