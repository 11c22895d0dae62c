"""Whether the tables fit each other: names that exist, roles that somebody plays, times that can be kept."""

from collections.abc import Collection, Iterable

from controltower.domain.landscape import ANY_PLANT
from controltower.domain.vocabulary import ATTRIBUTES, HAPPENINGS, KINDS, STATUS, STATUSES
from controltower.landscape_files.declared import (
    Declaration,
    Declared,
    OwnershipTables,
    SystemTables,
)
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings, suggestion
from controltower.landscape_files.reading import Row
from controltower.rules import flow, gathering, sending, signal
from controltower.rules.checks import CHECKS
from controltower.rules.watched import RULES as WATCH_RULES


def plants_of(system: SystemTables, declared: Declared) -> tuple[str, ...]:
    """The plants that a system serves, `*` standing for all."""
    named = system.row["plants"] or ()
    return tuple(declared.plants) if ANY_PLANT in named else named


def of_role(declared: Declared, plant: str, role: str) -> list[str]:
    """The ids of the systems of a role at a plant."""
    return [
        name
        for name, system in declared.systems.items()
        if system.row["role"] == role and plant in plants_of(system, declared)
    ]


def check_fit(declared: Declared, findings: Findings) -> None:
    """Tell everything that does not fit."""
    _check_names(declared, findings)
    for ownership in declared.ownerships:
        _check_ownership(ownership, declared, findings)
    for expectation in declared.expectations:
        kind = expectation.row["kind"]
        for sign in (expectation.when, expectation.then, *expectation.unless):
            check_sign(sign, kind, findings)
        _check_answerable(expectation.place / "then", expectation.when, expectation.then, declared, findings)
    for interface in declared.interfaces:
        _check_interface(interface, declared, findings)
    if declared.limits is not None:
        for rule in declared.limits.row["off"]:
            known(declared.limits.place / "off", "rule", rule, rule_names(declared), findings)


def rule_names(declared: Declared) -> set[str]:
    """Every rule there is: the built-in ones and the declared expectations."""
    built_in = {*signal.RULES, *sending.RULES, *flow.RULES, *CHECKS, *WATCH_RULES, *gathering.GATHERED}
    return {*built_in, *(each.row["name"] for each in declared.expectations)} - {None}


def _check_names(declared: Declared, findings: Findings) -> None:
    """Plants, teams and tiers that somebody names but nobody declares."""
    for system in declared.systems.values():
        if system.row["plants"] is not None and not plants_of(system, declared):
            findings.error(system.place / "plants", "names no plant", "Name the plants that it serves.")
        for plant in system.row["plants"] or ():
            if plant != ANY_PLANT:
                known(system.place / "plants", "plant", plant, declared.plants, findings)
        known(system.place / "team", "team", system.row["team"], declared.teams, findings)
        known(system.place / "tier", "tier", system.row["tier"], declared.tiers, findings)
    teams = [(each.place, each.row) for each in declared.expectations]
    for place, row in [*teams, *declared.interfaces]:
        known(place / "team", "team", row["team"], declared.teams, findings)
    for place, row in declared.tiers.values():
        _check_tier(place, row, declared, findings)


def _check_tier(place: Place, row: Row, declared: Declared, findings: Findings) -> None:
    for team in row["escalate_to"]:
        known(place / "escalate_to", "team", team, declared.teams, findings)
    first, last = row["acknowledge_within"], row["resolve_within"]
    if first and last and first > last:
        findings.error(
            place,
            "is resolved sooner than it is acknowledged",
            "Let acknowledge_within be the shorter one.",
        )


def known(place: Place, noun: str, word: str | None, words: Collection[str], findings: Findings) -> None:
    """Tell a word that is none of a closed list; a missing one is somebody else's business."""
    if word and word not in words:
        findings.unknown(place, noun, word, words)


def _check_ownership(ownership: OwnershipTables, declared: Declared, findings: Findings) -> None:
    owner, name = ownership.row["owner"], f"{ownership.kind}.{ownership.attribute}"
    if owner in ownership.followers:
        findings.error(
            ownership.place / "follow" / owner,
            f"lets {owner} follow itself",
            "Take it out: the owner is always right.",
        )
    if owner is None:
        return
    for plant in declared.plants:
        followed = [role for role in ownership.followers if of_role(declared, plant, role)]
        owners = of_role(declared, plant, owner)
        if followed and not owners:
            findings.error(
                ownership.place / "owner",
                f"needs a system of role {owner} at {plant}, where {', '.join(followed)} must follow {name}",
                f"Declare such a system in systems.toml, or add {plant} to the plants of one.",
            )
        if followed and len(owners) > 1:
            findings.warning(
                ownership.place / "owner",
                f"has {len(owners)} systems of role {owner} at {plant}; only {owners[0]} is believed",
                "Let one of them serve the plant, or put the one that counts first in systems.toml.",
            )
    for role, terms in ownership.followers.items():
        _check_allowance(role, terms, declared, findings)


def _check_allowance(role: str, terms: Declaration, declared: Declared, findings: Findings) -> None:
    """A follower whose news comes by poll alone cannot be heard sooner than it is asked."""
    within = terms.row["within"]
    systems = {name: each for name, each in declared.systems.items() if each.row["role"] == role}
    if not systems:
        findings.warning(
            terms.place,
            f"is followed by nobody: no system has the role {role}",
            "Declare one, or take it out.",
        )
    for name, system in systems.items():
        if within is None or system.poll is None or system.hooks is not None:
            continue
        every = system.poll["every"]
        if within < 2 * every:
            findings.warning(
                terms.place,
                f"allows {within.total_seconds():g} s, less than twice the time between two polls of {name}"
                f" ({every.total_seconds():g} s)",
                "Allow more, or poll more often, or alarms will come though all is well.",
            )


def check_sign(sign: Declaration, kind: str | None, findings: Findings, *, parts: bool = False) -> None:
    """Tell what is wrong with a sign; that of a route has no role of its own. With `parts`, what happens to an order's
    operations is a sign about the order."""
    row = sign.row
    if not row["type"] and not row["attribute"] and row.get("role", "route"):
        findings.error(
            sign.place, "shows nothing", 'Give it type = "order.released" or attribute = "status".'
        )
    if kind is None:
        return
    if row["type"]:
        part = parts and kind == "order" and row["type"].startswith("operation.")
        _check_type(sign.place / "type", row["type"], "operation" if part else kind, findings)
    if row["attribute"] and row["attribute"] not in ATTRIBUTES[kind]:
        findings.unknown(sign.place / "attribute", f"attribute of {kind}", row["attribute"], ATTRIBUTES[kind])
    elif row["becomes"]:
        _check_becomes(sign, kind, findings)


def _check_type(place: Place, event_type: str, kind: str, findings: Findings) -> None:
    about, _, happening = event_type.partition(".")
    if about not in KINDS or happening not in HAPPENINGS:
        types = (f"{each}.{what}" for each in KINDS for what in HAPPENINGS)
        cure = suggestion(event_type, types)
        cure = cure if cure.startswith("Did") else "Write <kind>.<happening>, such as order.released."
        findings.error(place, f"names the unknown event type {event_type!r}", cure)
    elif about != kind:
        findings.error(
            place, f"is about {about}, but this is about {kind}", f"Use a type that begins with {kind}."
        )


def _check_becomes(sign: Declaration, kind: str, findings: Findings) -> None:
    place, attribute = sign.place / "becomes", sign.row["attribute"]
    if not attribute:
        findings.error(place, "needs an attribute", 'Add attribute = "status" beside it.')
    elif ATTRIBUTES[kind][attribute] == STATUS:
        for status in sign.row["becomes"]:
            known(place, f"status of {kind}", status, STATUSES[kind], findings)


def _check_answerable(
    place: Place, when: Declaration, then: Declaration, declared: Declared, findings: Findings
) -> None:
    """Where somebody can begin the waiting, somebody must be there to end it."""
    asks, answers = when.row["role"], then.row["role"]
    if asks is None or answers is None:
        return
    deaf = [p for p in declared.plants if of_role(declared, p, asks) and not of_role(declared, p, answers)]
    if deaf:
        findings.warning(
            place, f"is never expected at {', '.join(deaf)}: no system of role {answers} serves it",
            "Declare such a system, if there is one.",
        )  # fmt: skip


def _check_interface(interface: Declaration, declared: Declared, findings: Findings) -> None:
    place, row = interface
    ends = [row["from"], row["to"]]
    for name, end in zip(("from", "to"), ends, strict=True):
        known(place / name, "system", end, declared.systems, findings)
    if not all(end in declared.systems for end in ends):
        return
    if ends[0] == ends[1]:
        findings.error(place / "to", f"leads from {ends[0]} to itself", "Name the system that is told.")
    one, other = (_plants(declared.systems[end], declared) for end in ends)
    if one and other and not one & other:
        findings.warning(
            place, f"joins {ends[0]} and {ends[1]}, which share no plant", "Mend the plants, or take it out."
        )


def _plants(system: SystemTables, declared: Declared) -> set[str]:
    known: Iterable[str] = plants_of(system, declared)
    return set(known)
