"""What comparing whole systems has found, as exceptions: one for each system, kind of subject and kind of gap."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from controltower.domain.comparison import DIFFERS, MISSING_HERE, MISSING_THERE, OLDER, Difference
from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import BACKFILL, Remedy
from controltower.domain.value import Value, shown, write_time
from controltower.domain.vocabulary import attribute_title, value_kind

RULE = "not-the-same"
_SHOWN = 50
_WORDS = {
    MISSING_HERE: ("Never announced", "{system} holds {many} of which it never told the tower"),
    MISSING_THERE: ("Deleted silently", "{system} no longer holds {many} that it never said were gone"),
    DIFFERS: ("Changed silently", "{system} holds {many} otherwise than it last told"),
    OLDER: (
        "Older than before",
        "{system} holds {many} as of an earlier time than it had told: it was restored",
    ),
}
_ACTION = "Fetch what was missed from {system}, and find out there why it was not told."
_ACTIONS = {
    OLDER: "Ask {system} whether it was restored to an earlier state; then fetch what it holds now.",
}


def cases(found: Iterable[Difference], landscape: Landscape) -> list[Case]:
    """The exceptions of the differences that count."""
    counting = sorted((each for each in found if each.counts), key=_group)
    return [_case(list(held), landscape) for _, held in groupby(counting, _group)]


def _group(each: Difference) -> tuple[str, str, str]:
    return each.system, each.subject.kind, each.kind


def _case(held: Sequence[Difference], landscape: Landscape) -> Case:
    first = min(held, key=lambda each: each.since)
    system, kind, what = landscape.system(first.system), first.subject.kind, first.kind
    title, words = _WORDS[what]
    many = f"{len(held)} {kind}{'' if len(held) == 1 else 's'}"
    names = ", ".join(each.subject.key for each in held[:3]) + (", ..." if len(held) > 3 else "")
    oldest = min(each.stamp for each in held)
    return Case(
        id=f"{RULE}-{event_id(system.id, f'{kind} {what} {first.subject} {first.since.isoformat()}')}",
        rule=RULE,
        title=f"{title}: {many}, {system.title}",
        severity="A" if what in (MISSING_THERE, OLDER) else "B",
        opened_at=first.since,
        subject=first.subject if len(held) == 1 else None,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause=title,
        why=f"{words.format(system=system.title, many=many)}: {names}.",
        action=_ACTIONS.get(what, _ACTION).format(system=system.title),
        evidence=tuple(_evidence(each, landscape) for each in held[:_SHOWN]),
        sightings=len(held),
        last_at=max(each.since for each in held),
        key=f"{system.id} {kind} {what}",
        code=what,
        remedy=Remedy(BACKFILL, {"system": system.id, "since": write_time(oldest)}),
    )


def _evidence(each: Difference, landscape: Landscape) -> Mapping[str, Any]:
    words = "; ".join(_gap_words(each, landscape)) or "it is gone there"
    return {"what": f"{each.subject}: {words}", "message": "", "event": "", "subject": str(each.subject)}


def _gap_words(each: Difference, landscape: Landscape) -> Iterable[str]:
    zone = landscape.zone_of(each.subject.plant)
    for gap in each.gaps[:6]:
        kind = value_kind(each.subject.kind, gap.attribute)
        there = shown(Value(*gap.there), kind, zone)
        here = shown(Value(*gap.here), kind, zone) if gap.here else "nothing"
        yield f"{attribute_title(gap.attribute)} is {there} there, {here} here"
