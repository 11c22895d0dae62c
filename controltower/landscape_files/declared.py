"""What the files declare, table by table, before anybody asks whether the tables fit each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from controltower.domain.vocabulary import ATTRIBUTES, KINDS
from controltower.landscape_files import contact_key, figures, key, value
from controltower.landscape_files.files import IDENTITY, Entry, Files
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings
from controltower.landscape_files.reading import Row, read_table, rows_of, taken


class Declaration(NamedTuple):
    """One table: where it stands and its values."""

    place: Place
    row: Row


class SystemTables(NamedTuple):
    """A system's tables; `directory` is where the files that its settings name are looked for."""

    place: Place
    row: Row
    hooks: Row | None
    poll: Row | None
    send: Row | None
    directory: Path
    reconcile: Row | None = None
    probe: Row | None = None


class OwnershipTables(NamedTuple):
    """One attribute's owner, and each follower's terms by role."""

    place: Place
    kind: str
    attribute: str
    row: Row
    followers: dict[str, Declaration]


class ExpectationTables(NamedTuple):
    """An expectation and its signs."""

    place: Place
    row: Row
    when: Declaration
    then: Declaration
    unless: list[Declaration]


class StepTables(NamedTuple):
    """A step of a flow and its signs; `signs` are those of its going wrong."""

    place: Place
    row: Row
    shown: list[Declaration]
    when: list[Declaration]
    wrong: Declaration | None
    signs: list[Declaration]


class FlowTables(NamedTuple):
    """A flow, its signs and its steps."""

    place: Place
    row: Row
    begins: list[Declaration]
    cancelled: list[Declaration]
    steps: list[StepTables]


class RouteTables(NamedTuple):
    """A route and its signs, which have no role of their own."""

    place: Place
    row: Row
    when: list[Declaration]
    applied: Declaration | None


@dataclass
class Declared:
    """Everything, by name where it has one."""

    plants: dict[str, Declaration] = field(default_factory=dict)
    systems: dict[str, SystemTables] = field(default_factory=dict)
    ownerships: list[OwnershipTables] = field(default_factory=list)
    expectations: list[ExpectationTables] = field(default_factory=list)
    flows: list[FlowTables] = field(default_factory=list)
    interfaces: list[Declaration] = field(default_factory=list)
    routes: dict[str, RouteTables] = field(default_factory=dict)
    teams: dict[str, Declaration] = field(default_factory=dict)
    tiers: dict[str, Declaration] = field(default_factory=dict)
    limits: Declaration | None = None
    rules: dict[str, Declaration] = field(default_factory=dict)
    calendars: dict[str, Declaration] = field(default_factory=dict)
    channels: dict[str, Declaration] = field(default_factory=dict)
    subscriptions: list[Declaration] = field(default_factory=list)
    slos: list[Declaration] = field(default_factory=list)


def declare(files: Files, findings: Findings) -> Declared:
    """Read every table by its keys."""
    declared = Declared()
    for name, entry in files.tables["plants"].items():
        declared.plants[name] = _declaration(entry, key.PLANT, findings)
    for name, entry in files.tables["systems"].items():
        declared.systems[name] = _system(entry, findings)
    for kind, entry in files.tables["ownership"].items():
        declared.ownerships += _ownerships(kind, entry, findings)
    declared.expectations = [_expectation(entry, findings) for entry in files.lists["expectation"].values()]
    declared.flows = [_flow(entry, findings) for entry in files.lists["flow"].values()]
    declared.interfaces = [
        _declaration(entry, key.INTERFACE, findings)
        for entry in files.lists["interface"].values()
        if wanted(entry, findings)
    ]
    for name, entry in files.tables["routes"].items():
        if wanted(entry, findings):
            declared.routes[name] = _route(entry, findings)
    only(files, "expectations", ("expectation",), findings)
    only(files, "flows", ("flow",), findings)
    only(files, "interfaces", ("interface",), findings)
    _limits(files, declared, findings)
    _service(files, declared, findings)
    return declared


def wanted(entry: Entry, findings: Findings) -> bool:
    """False for a table that says `off = true`; the one of an extended configuration goes with it."""
    held = entry.held if isinstance(entry.held, dict) else {}
    if held.get("off") is not True:
        return True
    if not entry.replaces:
        findings.warning(
            entry.place, "is switched off, but there is none like it to switch off",
            "Take it out, or name one of the configuration that this one extends.",
        )  # fmt: skip
    return False


def _declaration(entry: Entry, keys: tuple[key.Key, ...], findings: Findings) -> Declaration:
    return Declaration(entry.place, read_table(entry.place, entry.held, keys, findings))


def _system(entry: Entry, findings: Findings) -> SystemTables:
    row = read_table(entry.place, entry.held, key.SYSTEM, findings)
    parts = {
        name: None if row[name] is None else read_table(entry.place / name, row[name], keys, findings)
        for name, keys in _PARTS.items()
    }
    return SystemTables(entry.place, row, directory=entry.directory, **parts)


_PARTS = {
    "hooks": key.HOOKS,
    "poll": key.POLL,
    "send": key.SEND,
    "reconcile": contact_key.RECONCILE,
    "probe": contact_key.PROBE,
}


def _ownerships(kind: str, entry: Entry, findings: Findings) -> Iterator[OwnershipTables]:
    if kind not in KINDS:
        findings.unknown(entry.place, "subject kind", kind, KINDS)
        return
    for attribute, given in (taken(entry.place, entry.held, value.table, findings) or {}).items():
        place = entry.place / attribute
        if attribute not in ATTRIBUTES[kind]:
            findings.unknown(place, f"attribute of {kind}", attribute, ATTRIBUTES[kind])
        row = read_table(place, given, key.OWNERSHIP, findings)
        followers = {
            role: _follower(place / "follow" / role, terms, findings)
            for role, terms in (row["follow"] or {}).items()
        }
        yield OwnershipTables(place, kind, attribute, row, followers)


def _follower(place: Place, given: Any, findings: Findings) -> Declaration:
    """`"15 min"` is short for `{ within = "15 min" }`."""
    taken(place, place.path[-1], key.ROLE, findings)
    if isinstance(given, str):
        return Declaration(place, {"within": taken(place, given, value.duration, findings), "tolerance": ""})
    return Declaration(place, read_table(place, given, key.FOLLOWER, findings))


def _expectation(entry: Entry, findings: Findings) -> ExpectationTables:
    place, row = _declaration(entry, key.EXPECTATION, findings)
    when, then = (
        Declaration(
            place / name, read_table(place / name, row[name] or {}, key.SIGN, _quiet(findings, row[name]))
        )
        for name in ("when", "then")
    )
    unless = [
        Declaration(at, each)
        for at, each in rows_of(place / "unless", list(row["unless"]), key.SIGN, findings)
    ]
    return ExpectationTables(place, row, when, then, unless)


def _quiet(findings: Findings, given: Any) -> Findings:
    """A table that is missing has been told; its keys need not be told too."""
    return findings if given is not None else Findings()


def _flow(entry: Entry, findings: Findings) -> FlowTables:
    place, row = _declaration(entry, key.FLOW, findings)
    begins, cancelled = (_signs(place / name, row[name], findings) for name in ("begins", "cancelled"))
    given = rows_of(place / "steps", list(row["steps"] or ()), key.STEP, findings)
    return FlowTables(place, row, begins, cancelled, [_step(at, each, findings) for at, each in given])


def _step(place: Place, row: Row, findings: Findings) -> StepTables:
    shown, when = (_signs(place / name, row[name], findings) for name in ("shown", "when"))
    if row["wrong"] is None:
        return StepTables(place, row, shown, when, None, [])
    at = place / "wrong"
    wrong = Declaration(at, read_table(at, row["wrong"], key.WRONG, findings))
    return StepTables(place, row, shown, when, wrong, _signs(at / "signs", wrong.row["signs"], findings))


def _signs(place: Place, given: Any, findings: Findings) -> list[Declaration]:
    return [Declaration(at, each) for at, each in rows_of(place, list(given or ()), key.SIGN, findings)]


def _route(entry: Entry, findings: Findings) -> RouteTables:
    place, row = _declaration(entry, key.ROUTE, findings)
    signs = rows_of(place / "when", list(row["when"] or ()), key.MARK, findings)
    at, applied = place / "applied", row["applied"]
    return RouteTables(
        place,
        row,
        [Declaration(where, each) for where, each in signs],
        None if applied is None else Declaration(at, read_table(at, applied, key.MARK, findings)),
    )


def _limits(files: Files, declared: Declared, findings: Findings) -> None:
    only(files, "rules", ("limits", "rule"), findings)
    entry = files.tables["rules"].get("limits")
    if entry is not None:
        declared.limits = _declaration(entry, key.LIMITS, findings)
    entry = files.tables["rules"].get("rule")
    if entry is not None:
        for name, given in (taken(entry.place, entry.held, value.table, findings) or {}).items():
            keys = figures.keys_of(name)
            if keys is None:
                findings.unknown(entry.place, "rule", name, figures.RULES)
            else:
                place = entry.place / name
                declared.rules[name] = Declaration(place, read_table(place, given, keys, findings))


def _service(files: Files, declared: Declared, findings: Findings) -> None:
    only(files, "service", ("teams", "tiers"), findings)
    for name, keys, held in (("teams", key.TEAM, declared.teams), ("tiers", key.TIER, declared.tiers)):
        entry = files.tables["service"].get(name)
        if entry is None:
            continue
        for each, given in (taken(entry.place, entry.held, value.table, findings) or {}).items():
            held[each] = Declaration(
                entry.place / each, read_table(entry.place / each, given, keys, findings)
            )


def only(files: Files, file: str, known: tuple[str, ...], findings: Findings) -> None:
    """Tell each table of a file that is none of its known ones, or is written [x] where [[x]] is meant."""
    for name, entry in files.tables[file].items():
        if name in IDENTITY:
            findings.error(entry.place, "must be a list of tables", f"Write [[{name}]] with two brackets.")
        elif name not in known:
            findings.unknown(entry.place, "table", name, known)
