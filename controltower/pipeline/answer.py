"""People act on exceptions: acknowledge, assign, comment, resolve, reopen; each act is kept and audited."""

from controltower.domain import exception as exceptions
from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.store import audit, case
from controltower.store.case import ACKNOWLEDGE, ASSIGN, COMMENT, REOPEN, RESOLVE, Action
from controltower.store.engine import one_at_a_time, writing

__all__ = ["ACKNOWLEDGE", "ACTIONS", "ASSIGN", "COMMENT", "REOPEN", "RESOLVE", "NotPossible", "act"]
ACTIONS = (ACKNOWLEDGE, ASSIGN, COMMENT, RESOLVE, REOPEN)
# Without a word about why, nobody can learn from these later.
_NEED_WORDS = (ASSIGN, COMMENT, RESOLVE, REOPEN)


class NotPossible(Exception):
    """The act does not fit the exception as it is; the text says why."""


def act(tower: Tower, exception_id: str, who: str, action: str, detail: str = "") -> Case:
    """Do one act on one exception. Raises LookupError for an unknown one, NotPossible for an act that does not fit."""
    detail = detail.strip()
    if action not in ACTIONS:
        raise NotPossible(f"{action} is none of {', '.join(ACTIONS)}")
    if action in _NEED_WORDS and not detail:
        raise NotPossible("Say to whom." if action == ASSIGN else "Say why, in a few words.")
    now = tower.now()
    with writing(tower.engine) as connection:
        one_at_a_time(connection)  # or what the recorder resolves meanwhile would be open again
        known = case.get(connection, exception_id)
        if known is None:
            raise LookupError(exception_id)
        changed = _changed(known, action, detail, who, tower)
        if changed is not known:
            case.put(connection, [changed])
        case.act(connection, Action(exception_id, now, who, action, detail))
        audit.write_down(connection, audit.Entry(now, who, f"exception.{action}", exception_id, detail))
    return changed


def _changed(known: Case, action: str, detail: str, who: str, tower: Tower) -> Case:
    if action == RESOLVE:
        if known.resolved_at is not None:
            raise NotPossible("It is resolved already.")
        return exceptions.resolved(known, tower.now(), f"{who}: {detail}")
    if action == REOPEN:
        if known.resolved_at is None:
            raise NotPossible("It is still open.")
        return known._replace(resolved_at=None, resolution="")
    if action == ACKNOWLEDGE and known.resolved_at is not None:
        raise NotPossible("It is resolved already.")
    return known
