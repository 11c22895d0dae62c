"""People send a stuck message again, as it is or edited, or discard it; old news only when they say so twice."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain import edit
from controltower.domain.delivery import CANCELLED, DEAD, PENDING, RESUBMITTED, RETRYING, WAITING, Delivery
from controltower.domain.event import content_id
from controltower.domain.failure import UNCLEAR
from controltower.domain.rehearsal import DELIVERED, Verdict, why_not
from controltower.domain.value import Value
from controltower.pipeline import lanes
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.publish import new_id
from controltower.pipeline.rehearse import judge
from controltower.pipeline.tower import Tower
from controltower.store import audit, delivery
from controltower.store.engine import again_when_deadlocked, one_at_a_time, writing

__all__ = ["InvalidContent", "NotPossible", "Stale", "discard", "reason_of", "resubmit"]

_DISCARDABLE = frozenset({DEAD, WAITING, PENDING, RETRYING})
_AT_ONCE = 200


class Stale(Exception):
    """It would tell old news, or the same once more; `verdict` says why. To be confirmed."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.why)
        self.verdict = verdict


class InvalidContent(Exception):
    """An edit that breaks the contract or touches a locked field; `places`: JSON pointers and what is wrong there."""

    def __init__(self, places: Sequence[edit.Fault]) -> None:
        super().__init__("; ".join(f"{pointer}: {text}" for pointer, text in places))
        self.places = list(places)


@again_when_deadlocked
def resubmit(
    tower: Tower,
    id: int,
    who: str,
    reason: str,
    attributes: Mapping[str, Value] | None = None,
    confirm_stale: bool = False,
) -> Delivery:
    """Send a delivery again, by a new one that takes its place and points at it. Returns the new one.

    As it is it keeps its idempotency key. `attributes` replace some of its values (the others stay), under a new key.
    Raises LookupError, NotPossible, InvalidContent, and Stale when it would tell old news and that is not confirmed."""
    reason = reason_of(reason)
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        original = _found(connection, id)
        refusal = why_not(original) or _unreachable(tower, original)
        if refusal:
            raise NotPossible(refusal)
        wanted = _edited(tower, original, attributes or {})
        verdict = _stale(connection, tower, wanted)
        if verdict is not None and not confirm_stale:
            raise Stale(verdict)
        copy = copied(tower, wanted, who, reason, changed=wanted != original, forced=verdict is not None)
        (stored,) = send_again(connection, tower, [(original, copy)])
        why = f" (although: {verdict.why})" if verdict else ""
        audit.write_down(connection, entry_of(tower, stored, f"{reason}{why}"))
    return stored


def discard(tower: Tower, ids: Iterable[int], who: str, reason: str) -> int:
    """Give deliveries up, so that what waits behind them may go. Returns how many could be: what is on its way, or
    has come to an end, is left alone. Raises NotPossible without a reason."""
    reason, left, dropped = reason_of(reason), sorted(set(ids)), 0
    while left:
        portion, left = left[:_AT_ONCE], left[_AT_ONCE:]
        dropped += _discard(tower, portion, who, reason)
    return dropped


@again_when_deadlocked
def _discard(tower: Tower, ids: Sequence[int], who: str, reason: str) -> int:
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        found = [each for each in locked(connection, ids).values() if each.state in _DISCARDABLE]
        gone = [each._replace(state=CANCELLED, next_at=None) for each in found]
        delivery.put(connection, gone)
        lanes.settled(connection, tower, gone)
        audit.write_down_all(
            connection,
            [audit.Entry(tower.now(), who, "delivery.discard", str(each.id), reason) for each in gone],
        )
    return len(gone)


def reason_of(words: str) -> str:
    """The reason for what a person does. Raises NotPossible where there is none."""
    if not words.strip():
        raise NotPossible("Say why, in a few words.")
    return words.strip()


def copied(
    tower: Tower,
    wanted: Delivery,
    who: str,
    reason: str,
    *,
    changed: bool = False,
    forced: bool = False,
    run: int | None = None,
) -> Delivery:
    """A new delivery of what is wanted, in the original's place of its lane. The caller holds the ledger's turn."""
    id, now = new_id(), tower.now()
    within = wanted.deadline - wanted.created_at if wanted.deadline else None
    return wanted._replace(
        id=id, created_at=now, key=content_id(wanted.key, str(id)) if changed else wanted.key,
        deadline=now + within if within else None, state=PENDING, attempts=0, next_at=now, claimed_by="",
        claimed_until=0.0, error=wanted.error if _may_have_arrived(wanted) else "", words="", group="",
        first_failed_at=None, last_failed_at=None, delivered_at=None, applied_by=None, applied_at=None,
        original=wanted.id, replaced_by=None, author=who, reason=reason, edited=wanted.edited or changed,
        forced=forced, run=run,
    )  # fmt: skip


def send_again(
    connection: Connection, tower: Tower, pairs: Sequence[tuple[Delivery, Delivery]]
) -> list[Delivery]:
    """Let copies take the places of their originals, which are kept. Returns the copies as stored."""
    delivery.put(
        connection,
        [original._replace(state=RESUBMITTED, replaced_by=copy.id, next_at=None) for original, copy in pairs],
    )
    return lanes.insert(connection, tower, [copy for _, copy in pairs])


def locked(connection: Connection, ids: Sequence[int]) -> dict[int, Delivery]:
    """Deliveries by id, their lanes locked in the order in which publishing and sending lock them."""
    subjects = {each.subject for each in delivery.by_ids(connection, ids).values()}
    delivery.live_of(connection, subjects)
    return delivery.by_ids(connection, ids)


def entry_of(tower: Tower, stored: Delivery, words: str) -> audit.Entry:
    """What is written down of one that was sent again."""
    how = "force" if stored.forced else "resubmit"
    edited = ", edited" if stored.edited else ""
    detail = f"as {stored.id}{edited}: {words}"
    return audit.Entry(tower.now(), stored.author, f"delivery.{how}", str(stored.original), detail)


def _found(connection: Connection, id: int) -> Delivery:
    found = locked(connection, [id]).get(id)
    if found is None:
        raise LookupError(id)
    return found


def _unreachable(tower: Tower, original: Delivery) -> str:
    return "" if original.target in tower.senders else f"The tower sends nothing to {original.target}."


def _edited(tower: Tower, original: Delivery, attributes: Mapping[str, Value]) -> Delivery:
    """The original with its values changed as wished; itself where that changes nothing."""
    route = tower.landscape.routes.get(original.route)
    zone = tower.landscape.zone_of(original.subject.plant)
    made, faults = edit.edited(original, route, attributes, zone)
    if faults:
        raise InvalidContent(faults)
    if not edit.changes(original.attributes, made):
        return original
    return original._replace(attributes=made, edited=True)


def _stale(connection: Connection, tower: Tower, wanted: Delivery) -> Verdict | None:
    verdict = judge(connection, tower, [wanted])[wanted.id]
    if verdict.is_stale:
        return verdict
    if wanted.edited and _may_have_arrived(wanted):
        words = (
            f"Nobody knows whether {wanted.target} took the original: the edited one may come on top of it."
        )
        return Verdict(
            DELIVERED, words, ({"what": wanted.words or "outcome unknown", "delivery": wanted.id},)
        )
    return None


def _may_have_arrived(each: Delivery) -> bool:
    """Whether its outcome was never told: such a one is read back before it is sent again."""
    return each.error == UNCLEAR
