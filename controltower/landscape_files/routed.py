"""Whether the routes fit: attributes that exist, systems at both ends, targets that the tower can send to."""

from controltower import connectors
from controltower.connectors.contract import Sender
from controltower.domain.landscape import Landscape
from controltower.domain.value import read_decimal, read_time
from controltower.domain.vocabulary import (
    ATTRIBUTES,
    FLAG,
    INTEGER,
    MONEY,
    QUANTITY,
    STATUS,
    STATUSES,
    TIME,
)
from controltower.landscape_files.declared import Declared, RouteTables, SystemTables
from controltower.landscape_files.fit import check_sign, known, of_role
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings

MAPPING = "mapping"


def check_routes(declared: Declared, findings: Findings) -> None:
    """Tell what is wrong with each route; mappings must have been read into their systems' settings."""
    for system in declared.systems.values():
        _check_sending(system, findings)
    for name, route in declared.routes.items():
        known(route.place / "tier", "tier", route.row["tier"], declared.tiers, findings)
        known(route.place / "team", "team", route.row["team"], declared.teams, findings)
        _check_signs(route, findings)
        _check_content(route, findings)
        _check_ends(route, declared, findings)
        _check_told_once(name, route, declared, findings)


def _check_sending(system: SystemTables, findings: Findings) -> None:
    """A product without a sending half cannot be sent to, whatever is declared."""
    if system.send is None or system.row["connector"] is None:
        return
    manifest = connectors.manifest(system.row["connector"])
    if not manifest.sends:
        able = [name for name in connectors.names() if connectors.manifest(name).sends]
        findings.error(
            system.place / "send", f"is not for the connector {manifest.name}, which cannot send",
            f"Take it out; what can send: {', '.join(able)}." if able else "Take it out.",
        )  # fmt: skip


def _check_signs(route: RouteTables, findings: Findings) -> None:
    place, row, when, applied = route
    if row["when"] is not None and not row["when"]:
        findings.error(
            place / "when", "names no sign", 'Say what begins it: when = [{ attribute = "status" }]'
        )
    for sign in when:
        check_sign(sign, row["kind"], findings)
    if applied is None:
        return
    check_sign(applied, row["kind"], findings)
    if row["apply_within"] is None:
        findings.warning(
            applied.place, "is never looked at, for there is no apply_within",
            'Add apply_within = "15 min", or take it out.',
        )  # fmt: skip


def _check_content(route: RouteTables, findings: Findings) -> None:
    """What is carried must exist; what is needed or locked must be carried."""
    place, row = route.place, route.row
    attributes = ATTRIBUTES[row["kind"]]
    taken = row["take"] or ()
    if row["take"] is not None and not taken:
        findings.error(place / "take", "carries nothing", "Name the attributes that the target must get.")
    for number, attribute in enumerate(taken):
        known(place / "take" / number, f"attribute of {row['kind']}", attribute, attributes, findings)
        if attribute in taken[:number]:
            findings.error(place / "take" / number, f"is there twice: {attribute!r}", "Keep one of the two.")
    for name in ("needs", "locked"):
        for number, attribute in enumerate(row[name]):
            if attribute not in taken:
                findings.error(
                    place / name / number, f"names {attribute!r}, which is not carried",
                    "Add it to take, or leave it out.",
                )  # fmt: skip
    for attribute, given in row["fixed"].items():
        _check_fixed(route, attribute, given, findings)


def _check_fixed(route: RouteTables, attribute: str, given: object, findings: Findings) -> None:
    place, kind = route.place / "fixed" / attribute, route.row["kind"]
    if attribute not in ATTRIBUTES[kind]:
        findings.unknown(place, f"attribute of {kind}", attribute, ATTRIBUTES[kind])
    elif not isinstance(given, str) or not given:
        findings.error(place, "must be a text", 'Write it in quotes: "..."')
    elif attribute in (route.row["take"] or ()):
        findings.error(place, "is carried as well", "Keep it in take or in fixed, not in both.")
    elif ATTRIBUTES[kind][attribute] == STATUS:
        known(place, f"status of {kind}", given, STATUSES[kind], findings)
    elif not _readable(ATTRIBUTES[kind][attribute], given):
        findings.error(
            place, f"is no {ATTRIBUTES[kind][attribute]}", "Write it as the other systems' values are."
        )


def _readable(what: str, text: str) -> bool:
    try:
        if what == TIME:
            read_time(text)
        elif what in (QUANTITY, MONEY):
            read_decimal(text)
        elif what == INTEGER:
            int(text)
    except ValueError:
        return False
    return what != FLAG or text in ("true", "false")


def _check_ends(route: RouteTables, declared: Declared, findings: Findings) -> None:
    """Somebody must be there to speak and to be told, and the tower must be able to tell them."""
    place, source, target = route.place, route.row["from"], route.row["to"]
    if source is None or target is None:
        return
    if source == target:
        findings.error(place / "to", f"leads from {source} to itself", "Name the role that is told.")
        return
    for end, role in (("from", source), ("to", target)):
        if not _systems(role, declared):
            findings.error(
                place / end, f"leads nowhere: no system has the role {role}",
                "Declare one in systems.toml, or take the route out.",
            )  # fmt: skip
    for plant in declared.plants:
        if (
            of_role(declared, plant, source)
            and not of_role(declared, plant, target)
            and _systems(target, declared)
        ):
            findings.warning(
                place / "to", f"leads nowhere at {plant}: no system of role {target} serves it",
                "Declare such a system, if there is one.",
            )  # fmt: skip
    _check_targets(route, _systems(target, declared), findings)


def _systems(role: str, declared: Declared) -> dict[str, SystemTables]:
    return {name: each for name, each in declared.systems.items() if each.row["role"] == role}


def _check_targets(route: RouteTables, targets: dict[str, SystemTables], findings: Findings) -> None:
    sent = {name: each for name, each in targets.items() if each.send is not None}
    place = route.place / "to"
    for name in targets.keys() - sent.keys():
        # One that is meant to be told by others may be left out, all of them not.
        tell = findings.warning if sent else findings.error
        tell(
            place,
            f"is not told to {name}, which has no [{name}.send] table",
            f"Add [{name}.send] in systems.toml.",
        )
    for name, system in sent.items():
        _check_written(place, name, system, route.row["kind"], findings)
        _check_shown(route, name, system, findings)


def _check_written(place: Place, name: str, system: SystemTables, kind: str, findings: Findings) -> None:
    """A mapped system takes the kinds that its mapping writes."""
    mapping = (system.row["settings"] or {}).get(MAPPING)
    if not isinstance(mapping, dict) or not mapping:
        return
    written = mapping.get("send")
    if not isinstance(written, dict) or kind not in written:
        findings.error(
            place, f"cannot be written for {name}: its mapping has no [send.{kind}]",
            f"Add [send.{kind}] to the mapping; docs/connectors.md tells what it holds.",
        )  # fmt: skip


def check_kinds(landscape: Landscape, declared: Declared, findings: Findings) -> None:
    """Let each connector say which kinds of subjects it can write; it is made, and speaks to nobody."""
    for route in landscape.routes.values():
        for system in landscape.systems.values():
            if system.role != route.target or system.sending is None:
                continue
            sender = connectors.connect(system)
            if not isinstance(sender, Sender) or not sender.can_take(route.kind):
                findings.error(
                    declared.routes[route.name].place / "kind",
                    f"cannot be written for {system.id}: the connector {system.connector} takes no {route.kind}",
                    f"Take the route out, or send nothing to {system.id} (no [{system.id}.send]).",
                )  # fmt: skip


def _check_shown(route: RouteTables, name: str, system: SystemTables, findings: Findings) -> None:
    """A target that is only polled cannot show anything sooner than it is asked."""
    within = route.row["apply_within"]
    if within is None:
        return
    if system.poll is None and system.hooks is None:
        findings.warning(
            route.place / "apply_within", f"can never be kept: {name} is neither polled nor sends webhooks",
            f"Let {name} be heard, or leave apply_within out.",
        )  # fmt: skip
    elif system.poll is not None and system.hooks is None and within < 2 * system.poll["every"]:
        findings.warning(
            route.place / "apply_within",
            f"allows {within.total_seconds():g} s, less than twice the time between two polls of {name}"
            f" ({system.poll['every'].total_seconds():g} s)",
            "Allow more, or poll more often, or alarms will come though all is well.",
        )  # fmt: skip


def _check_told_once(name: str, route: RouteTables, declared: Declared, findings: Findings) -> None:
    """What an interface carries already would be told twice; a way for resyncs only stands beside it."""
    if route.row["on_demand"]:
        return
    roles, kind = (route.row["from"], route.row["to"]), route.row["kind"]
    for place, row in declared.interfaces:
        ends = [declared.systems.get(row[end]) for end in ("from", "to")]
        if tuple(end.row["role"] if end else "" for end in ends) == roles and kind in (row["carries"] or ()):
            findings.warning(
                place, f"carries what the route {name} carries: {row['to']} is told twice about each {kind}",
                "Take one of the two out, or say off = true in it.",
            )  # fmt: skip
