"""Odd things seen at an interface: what each is called, how bad it is and what to do about it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import BACKFILL, HAND_OVER, REPROCESS, RESYNC, Remedy
from controltower.domain.signal import Signal
from controltower.domain.value import write_time
from controltower.rules.sightings import SIGHTINGS

DUPLICATE, CONFLICT, PARKED, SCHEMA, STATUS, VANISHED, DST_HOUR, FOREIGN_SENDER = (
    "duplicate-delivery",
    "identity-conflict",
    "parked-message",
    "schema-drift",
    "unknown-status",
    "field-vanished",
    "dst-hour",
    "foreign-sender",
)


class Kind(NamedTuple):
    """The words of one kind of signal; `quiet` when it is over once it has not been seen for a while."""

    title: str
    severity: str
    action: str
    quiet: bool = True
    verb: str = HAND_OVER


KINDS: Mapping[str, Kind] = {
    **{
        each.rule: Kind(each.title, each.severity, each.action, each.quiet, each.verb)
        for each in SIGHTINGS.values()
    },
    DUPLICATE: Kind(
        "Duplicate deliveries", "C", "Nothing was counted twice. Ask {system} why it sends again (time-outs?)."
    ),
    CONFLICT: Kind(
        "Same id, different content", "A", "Find out at {system} which of the two is right; ids must never be reused.",
        quiet=False,
    ),
    PARKED: Kind(
        "Unreadable message", "B", "Mend the mapping or the sender, then reprocess the parked messages.", quiet=False,
        verb=REPROCESS,
    ),
    FOREIGN_SENDER: Kind(
        "Another installation speaks for it", "A",
        "Stop the copy that sends in the name of {system} (a test system, a restored one) and change the secret; "
        "nothing of what it said is believed.",
    ),
    DST_HOUR: Kind(
        "Hour of a clock change", "B",
        "Agree the time with {system} by hand: it was read as if the clocks had not changed yet. Have it name zones.",
    ),
    SCHEMA: Kind(
        "Fields changed", "B", "Compare with {system}'s last release and map the new name, then reprocess."
    ),
    VANISHED: Kind(
        "Field vanished", "B",
        "Ask {system} whether the field has another name since its last release: map it, read the time since again.",
    ),
    STATUS: Kind(
        "Unknown status", "B",
        "Ask {system} what the new status means and add it to the mapping; until then it counts as unknown.",
    ),
}  # fmt: skip

RULES = tuple(KINDS)
# Rule -> its figures with their usual values. An attribute has vanished that was there at least so many times in turn,
# and was then missing so many times in turn.
FIGURES: Mapping[str, Mapping[str, Any]] = {VANISHED: {"least": 40, "streak": 12}}
# What a connector notices -> the rule that tells it, where that is not a change of the interface.
NOTICED: Mapping[str, str] = {"dst-hour": DST_HOUR, "unknown-status": STATUS}


def case_of(signal: Signal, landscape: Landscape) -> Case:
    """The exception that a first sighting opens."""
    kind, system = KINDS[signal.rule], landscape.system(signal.system)
    # One that is gathered by its subject is about that; else it is about the interface.
    about = signal.subject if signal.subject and str(signal.subject) == signal.key else None
    identity = event_id(
        signal.system, f"{signal.rule}\n{signal.key}\n{signal.position.message}.{signal.position.n}"
    )
    return Case(
        id=f"{signal.rule}-{identity}",
        rule=signal.rule,
        title=f"{kind.title}: {f'{about.kind} {about.key}' if about else system.title}",
        severity=kind.severity,
        opened_at=signal.at,
        subject=about,
        system=signal.system,
        team=system.team,
        tier=system.tier,
        cause=kind.title,
        why=words(signal, landscape),
        action=kind.action.format(system=system.title),
        evidence=(evidence_of(signal),),
        last_at=signal.at,
        key=signal.key,
        code=signal.code or signal.rule,
        remedy=remedy_of(kind, signal),
    )


def remedy_of(kind: Kind, signal: Signal) -> Remedy:
    """What mends it, with the arguments of its verb."""
    if kind.verb == RESYNC and signal.subject is not None:
        return Remedy(RESYNC, {"subject": str(signal.subject), "target": signal.system})
    if kind.verb == BACKFILL:
        return Remedy(BACKFILL, {"system": signal.system, "since": write_time(signal.at)})
    if kind.verb == HAND_OVER:
        return Remedy(HAND_OVER)
    return Remedy(kind.verb, {"system": signal.system})


def fault_key(system: str, pointer: str, message: str) -> str:
    """What faults of one kind have in common: place and text without what differs from message to message."""
    letters = "".join("#" if letter.isdigit() else letter for letter in f"{_field(pointer)} {message}")
    unquoted = letters.partition("'")[0]
    return f"{system} {unquoted[:120]}"


def notice_key(system: str, kind: str, pointer: str) -> str:
    """What oddities of one field have in common."""
    return f"{system} {kind} {_field(pointer)}"


def _field(pointer: str) -> str:
    """A pointer without the number of the element."""
    return "/".join(part for part in pointer.split("/") if not part.isdigit())


def words(signal: Signal, landscape: Landscape) -> str:
    """The sentence that says what was seen."""
    return f"{landscape.system(signal.system).title}: {signal.words}."


def evidence_of(signal: Signal) -> Mapping[str, Any]:
    """The message that showed it."""
    subject = str(signal.subject) if signal.subject else ""
    return {"what": signal.words, "message": str(signal.position.message), "event": "", "subject": subject}
