"""What fails again and again on the way out is told while it lasts, by its cause: not only once it is dead or late."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection

from controltower.domain import failure
from controltower.domain.delivery import Delivery
from controltower.domain.exception import Case
from controltower.domain.gate import Gate
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import trouble
from controltower.rules.sending import BLOCKED
from controltower.rules.trouble import Group
from controltower.rules.watched import WATCHED
from controltower.store import arrears, gate

_FIGURES = WATCHED[trouble.DELIVERY]
# Failures that may be one lane's own, or the whole target's.
_VAGUE = (failure.TROUBLE, failure.TIMEOUT)


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    after = tower.landscape.limits.of(trouble.DELIVERY, "after", _FIGURES["after"])
    lasting = arrears.failing(connection, tower.senders, now - after)
    if not lasting:
        return
    targets = {each.target for each in lasting}
    taken = {target: arrears.last_taken(connection, target) for target in targets}
    for group in groups(lasting, gate.every(connection), taken):
        waiting = arrears.behind(connection, group.first.lane) if group.is_lane else 0
        case = trouble.failing(group._replace(behind=waiting), tower.landscape)
        yield case._replace(opened_at=case.opened_at + after)


def groups(
    lasting: Sequence[Delivery], gates: Mapping[str, Gate], taken: Mapping[str, datetime.datetime | None]
) -> Iterator[Group]:
    """What fails for one reason at one target, and lanes that fail although the target takes others. What a pause or
    an open circuit holds up is told by these. `taken`: when each target took a message last."""
    told = [(each, _code(each, gates.get(each.target), taken.get(each.target))) for each in lasting]
    kept = [(each, code) for each, code in told if code]
    yield from (Group(code, [each], is_lane=True) for each, code in kept if code == BLOCKED)
    rest = sorted(((each, code) for each, code in kept if code != BLOCKED), key=_target_and_code)
    for (_, code), members in groupby(rest, key=_target_and_code):
        oldest_first = sorted((each for each, _ in members), key=lambda each: (each.first_failed_at, each.id))
        yield Group(code, oldest_first)


def _target_and_code(told: tuple[Delivery, str]) -> tuple[str, str]:
    return told[0].target, told[1]


def _code(each: Delivery, held: Gate | None, taken_at: datetime.datetime | None) -> str:
    """Its cause; "" where the gate's own exception tells it."""
    code = trouble.code_of(each)
    if code == trouble.UNKNOWN_OUTCOME or held is None:
        return code
    if held.paused_at is not None or held.opened_at is not None:
        return ""
    return BLOCKED if each.error in _VAGUE and takes_others(each, held, taken_at) else code


def takes_others(each: Delivery, held: Gate, taken_at: datetime.datetime | None) -> bool:
    """Whether the target has taken other messages since this one began to fail, and takes most of them."""
    since = each.first_failed_at or each.created_at
    mostly = 2 * sum(held.recent) <= len(held.recent)
    return each.attempts > 1 and mostly and taken_at is not None and taken_at > since


WATCH = Watch(
    (trouble.DELIVERY,), _present, "Nothing fails there any more: it was taken, or a person must decide."
)
