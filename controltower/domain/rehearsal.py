"""Whether sending a message again would help, harm, or be needless: facts in, verdict out."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from controltower.domain.belief import Belief
from controltower.domain.delivery import (
    APPLIED,
    CANCELLED,
    DEAD,
    DELIVERED,
    PENDING,
    RESUBMITTED,
    RETRYING,
    SENDING,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
    Delivery,
)
from controltower.domain.expectation import Sign
from controltower.domain.value import UTC, Value, differ, shown
from controltower.domain.vocabulary import attribute_title, value_kind

__all__ = (
    "BLOCKED", "DELIVERED", "RESUBMITTABLE", "SAFE", "SUPERSEDED", "VERDICTS", "Circumstances", "Fact", "Selection",
    "Verdict", "verdict", "why_not",
)  # fmt: skip

# What sending it (again) would mean. In the order in which they are told: what is delivered needs no sending, what is
# superseded should not be sent, what is blocked cannot be sent now. Two of the words are those of a delivery's states.
SAFE, BLOCKED = "safe", "blocked"
VERDICTS = (SAFE, SUPERSEDED, BLOCKED, DELIVERED)
# What a person may send again. The first three replace the automatic sending; the last two bring back what was put
# aside.
RESUBMITTABLE = frozenset({WAITING, PENDING, RETRYING, DEAD, CANCELLED, SUPERSEDED})
# The target was told these, or may have been.
_TOLD = frozenset({DELIVERED, APPLIED, SENDING, UNKNOWN})

Fact = Mapping[str, str | int]


class Verdict(NamedTuple):
    """`facts`: what it rests on, each `what` in words, with the `delivery`, `message` or `event` that shows it."""

    kind: str
    why: str
    facts: tuple[Fact, ...] = ()
    is_barred: bool = False  # only because nothing reaches its target now
    is_overtaken: bool = False  # the target has since been told something newer of all that it carries

    @property
    def is_stale(self) -> bool:
        """Whether sending it would tell old news, or the same once more: a person must say so twice."""
        return self.kind in (SUPERSEDED, DELIVERED)


@dataclass(frozen=True)
class Selection:
    """Which deliveries are meant: those named, or else all that fit. An empty word wants nothing in particular.

    `states` does not narrow what is named; `plants` narrows everything."""

    ids: tuple[int, ...] = ()
    group: str = ""
    target: str = ""
    route: str = ""
    states: tuple[str, ...] = (DEAD,)
    plants: tuple[str, ...] = ()

    @cached_property
    def _named(self) -> frozenset[int]:
        return frozenset(self.ids)

    def holds(self, each: Delivery) -> bool:
        """Whether a delivery is one of them."""
        if self.plants and each.subject.plant not in self.plants:
            return False
        if self.ids:
            return each.id in self._named
        wanted = ((self.group, each.group), (self.target, each.target), (self.route, each.route))
        return each.state in self.states and all(word in ("", held) for word, held in wanted)


@dataclass(frozen=True)
class Circumstances:
    """All that the ledger knows about one delivery.

    `present`: what the owner of each carried attribute holds now. `held`: what the target itself holds. `mates`: the
    other deliveries of its lane that count (told, dead, or copies of this one). `first`: what was to be told before
    anybody edited it. `fixed`: attributes whose value the route sets. `every`: each message of its route counts, so
    that a newer value does not make an older message needless. `applied`: the sign by which the target shows that it
    has followed. `tolerances`: by how much it may differ. `barred`: why nothing reaches the target now. `behind`: an
    earlier dead one that stays where it is, and holds it up.
    """

    delivery: Delivery
    present: Mapping[str, Belief] = field(default_factory=dict)
    held: Mapping[str, Belief] = field(default_factory=dict)
    mates: Sequence[Delivery] = ()
    first: Mapping[str, Value] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    every: bool = False
    applied: Sign | None = None
    tolerances: Mapping[str, str] = field(default_factory=dict)
    barred: str = ""
    behind: Delivery | None = None
    zone: datetime.tzinfo = UTC

    @cached_property
    def carried(self) -> Mapping[str, Value]:
        """What it tells of the subject, without what the route adds."""
        told = self.delivery.attributes
        return {name: told[name] for name in told if name not in self.fixed} if self.fixed else told


def verdict(known: Circumstances) -> Verdict:
    """What sending it now would mean."""
    for judged in (_delivered, _superseded, _blocked):
        found = judged(known)
        if found is not None:
            return found
    return Verdict(SAFE, f"{known.delivery.target} has been told nothing newer, and holds nothing newer.")


# ---- delivered --------------------------------------------------------------------------------------------------


def _delivered(known: Circumstances) -> Verdict | None:
    mine = known.delivery
    if mine.state in (DELIVERED, APPLIED):
        return Verdict(DELIVERED, f"{mine.target} took it.", ({"what": "this one", "delivery": mine.id},))
    for other in known.mates:
        if other.ordinal == mine.ordinal and other.id != mine.id and other.state in (DELIVERED, APPLIED):
            fact: Fact = {"what": f"a later copy that {mine.target} took", "delivery": other.id}
            return Verdict(DELIVERED, f"{mine.target} took a later copy of it.", (fact,))
    return _said_since(known) or _held_already(known)


def _said_since(known: Circumstances) -> Verdict | None:
    """The newest words to the target say the same of everything, and it has taken them."""
    newest = _newest(known)
    if not known.carried or any(
        name not in newest
        or newest[name].state not in (DELIVERED, APPLIED)
        or _differs(known, name, newest[name].attributes[name])
        for name in known.carried
    ):
        return None
    ids = sorted({each.id for each in newest.values()})
    facts: tuple[Fact, ...] = tuple(
        {"what": "a newer delivery that said the same", "delivery": id} for id in ids
    )
    return Verdict(DELIVERED, f"{known.delivery.target} has been told the same since.", facts)


def _held_already(known: Circumstances) -> Verdict | None:
    if not known.carried or any(
        name not in known.held or not _follows(known, name, known.held[name]) for name in known.carried
    ):
        return None
    facts: tuple[Fact, ...] = tuple(
        {"what": _held_words(known, held), "message": held.position.message}
        for name in known.carried
        for held in [known.held[name]]
    )
    return Verdict(DELIVERED, f"{known.delivery.target} already holds all that it carries.", facts)


def _follows(known: Circumstances, name: str, held: Belief) -> bool:
    """Whether the target's own value is the carried one, or what it becomes of it in the course of things."""
    sign = known.applied
    if sign is not None and sign.becomes and sign.shown_by_move(sign.role, name, held.value):
        return True
    return not _differs(known, name, held.value, known.tolerances.get(name, ""))


# ---- superseded -------------------------------------------------------------------------------------------------


def _superseded(known: Circumstances) -> Verdict | None:
    told, held, moved = list(_told_newer(known)), list(_holds_newer(known)), list(_moved_on(known))
    target = known.delivery.target
    for facts, why in (
        (told, f"{target} has since been told something newer."),
        (held, f"{target} itself holds something newer."),
        (moved, "Its owner has moved on: this is no longer what it says."),
    ):
        if facts:
            overtaken = bool(told) and known.carried.keys() <= _newest(known).keys()
            return Verdict(SUPERSEDED, why, (*told, *held, *moved), is_overtaken=overtaken)
    return None


def _told_newer(known: Circumstances) -> Iterator[Fact]:
    differing: dict[int, list[str]] = {}
    newest = _newest(known)
    for name, other in newest.items():
        if _differs(known, name, other.attributes[name]):
            differing.setdefault(other.id, []).append(name)
    by_id = {each.id: each for each in newest.values()}
    for id, names in differing.items():
        other = by_id[id]
        said = ", ".join(_says(known, name, other.attributes[name]) for name in names)
        how = "told" if other.state in (DELIVERED, APPLIED) else "which may have arrived, told"
        yield {"what": f"a newer delivery {how} {other.target}: {said}", "delivery": id, "event": other.event}


def _holds_newer(known: Circumstances) -> Iterator[Fact]:
    mine = known.delivery
    for name in known.carried:
        held = known.held.get(name)
        # By the inbox and by its own clock: a clock alone may run ahead, and late news is not new.
        if held is None or held.since <= mine.occurred_at or held.position <= mine.position:
            continue
        if not _follows(known, name, held):
            yield {"what": _held_words(known, held), "message": held.position.message}


def _moved_on(known: Circumstances) -> Iterator[Fact]:
    if known.every:
        return
    for name, value in known.carried.items():
        owner = known.present.get(name)
        if owner is None or owner.system == known.delivery.target:
            continue
        # What somebody edited differs from its owner on purpose: it counts what was to be told before.
        edited = name in known.first and known.first[name] != value
        same = edited and not differ(_kind(known, name), known.first[name], owner.value)
        if not same and _differs(known, name, owner.value):
            yield {"what": _held_words(known, owner), "message": owner.position.message}


def _newest(known: Circumstances) -> dict[str, Delivery]:
    """Of each carried attribute the newest delivery that told the target something of it, if newer than this one."""
    found: dict[str, Delivery] = {}
    mine = known.delivery
    for other in sorted(known.mates, key=lambda each: (each.ordinal, each.id)):
        if other.ordinal > mine.ordinal and other.state in _TOLD:
            found |= {name: other for name in known.carried if name in other.attributes}
    return found


# ---- blocked ----------------------------------------------------------------------------------------------------


def _blocked(known: Circumstances) -> Verdict | None:
    mine = known.delivery
    if refusal := why_not(mine):
        return Verdict(BLOCKED, refusal, ({"what": f"it is {mine.state}", "delivery": mine.id},))
    if known.barred:
        return Verdict(BLOCKED, known.barred, is_barred=True)
    if known.behind is not None:
        fact: Fact = {"what": "an earlier one that is dead", "delivery": known.behind.id}
        return Verdict(BLOCKED, "It waits behind an earlier one that is dead and stays so.", (fact,))
    return None


def why_not(each: Delivery) -> str:
    """Why a delivery cannot be sent again by hand as it is, in words; "" where it can."""
    if each.state in (SENDING, UNKNOWN):
        return "It is on its way: its outcome is being read back before anything else happens to it."
    if each.state in (DELIVERED, APPLIED):
        return f"{each.target} took it. To tell it the present values, resync it."
    if each.state == RESUBMITTED:
        return f"Another delivery has taken its place already: {each.replaced_by}."
    return ""


# ---- words ------------------------------------------------------------------------------------------------------


def _differs(known: Circumstances, name: str, other: Value, tolerance: str = "") -> bool:
    mine = known.delivery.attributes[name]
    if mine.text == other.text and mine.unit == other.unit:
        return False
    return differ(_kind(known, name), mine, other, tolerance)


def _kind(known: Circumstances, name: str) -> str:
    return value_kind(known.delivery.subject.kind, name)


def _says(known: Circumstances, name: str, value: Value) -> str:
    return f"{attribute_title(name)} {shown(value, _kind(known, name), known.zone) or 'empty'}"


def _held_words(known: Circumstances, held: Belief) -> str:
    since = f"{held.since.astimezone(known.zone):%-d %b %Y %H:%M}"
    mine = _says(known, held.attribute, known.delivery.attributes[held.attribute])
    same = not _differs(known, held.attribute, held.value)
    here = "as this one says" if same else f"this one says {mine}"
    return f"{held.system} has held {_says(known, held.attribute, held.value)} since {since}; {here}"
