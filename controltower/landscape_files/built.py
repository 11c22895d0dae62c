"""Builds the landscape out of tables that are whole and fit each other."""

import datetime
from zoneinfo import ZoneInfo

from controltower.domain.expectation import ExpectationRule, Sign
from controltower.domain.landscape import (
    Follower,
    Hooks,
    Interface,
    Landscape,
    Limits,
    Ownership,
    Plant,
    Polling,
    Probing,
    Reconciling,
    System,
    Team,
    Tier,
)  # fmt: skip
from controltower.domain.retry import RetryPolicy, Sending, Window
from controltower.domain.route import Route
from controltower.landscape_files.declared import (
    Declared,
    ExpectationTables,
    OwnershipTables,
    RouteTables,
    SystemTables,
)
from controltower.landscape_files.environment import FromEnvironment
from controltower.landscape_files.fit import plants_of
from controltower.landscape_files.flowing import flows_of
from controltower.landscape_files.noticing import calendars_of, channels_of, subscriptions_of
from controltower.landscape_files.promised import slos_of
from controltower.landscape_files.reading import Row


def build(declared: Declared) -> Landscape:
    """The landscape of a configuration without errors; expectations that are switched off are left out."""
    limits = _limits(declared)
    wanted = [each for each in declared.expectations if each.row["name"] not in limits.off]
    return Landscape(
        plants={
            name: Plant(name, row["name"], row["time_zone"], row["calendar"])
            for name, (_, row) in declared.plants.items()
        },
        systems={name: _system(name, system, declared) for name, system in declared.systems.items()},
        ownerships=tuple(map(_ownership, declared.ownerships)),
        expectations=tuple(map(_expectation, wanted)),
        flows=tuple(flows_of(declared)),
        interfaces=tuple(
            Interface(row["from"], row["to"], row["carries"], row["team"]) for _, row in declared.interfaces
        ),
        routes={name: _route(name, tables) for name, tables in declared.routes.items()},
        teams={name: Team(name, **row) for name, (_, row) in declared.teams.items()},
        tiers={name: _tier(name, row) for name, (_, row) in declared.tiers.items()},
        limits=limits,
        calendars=calendars_of(declared),
        channels=channels_of(declared),
        subscriptions=subscriptions_of(declared),
        slos=slos_of(declared),
    )


def _system(name: str, system: SystemTables, declared: Declared) -> System:
    row, plants = system.row, plants_of(system, declared)
    hooks, poll = system.hooks, system.poll
    return System(
        name,
        row["title"],
        row["role"],
        plants,
        row["connector"],
        row["time_zone"] or _zone(plants, declared),
        row["team"],
        row["tier"],
        row["silent_after"],
        None if hooks is None else Hooks(**{**hooks, "secrets": tuple(map(str, hooks["secrets"]))}),
        None if poll is None else _polling(poll),
        None if system.send is None else _sending(system.send, row["maintenance"]),
        maintenance=row["maintenance"],
        settings={name: _plain(each) for name, each in row["settings"].items()},
        heartbeat=row["heartbeat"],
        reconciling=None if system.reconcile is None else _reconciling(system.reconcile),
        probing=None if system.probe is None else Probing(**system.probe),
        canary=row["canary"],
    )


def _zone(plants: tuple[str, ...], declared: Declared) -> ZoneInfo:
    """The zone of the one plant that a system serves, where it names none."""
    zone: ZoneInfo = declared.plants[plants[0]].row["time_zone"]
    return zone


def _polling(poll: Row) -> Polling:
    every: datetime.timedelta = poll["every"]
    jitter: datetime.timedelta = poll["jitter"]
    return Polling(every.total_seconds(), jitter.total_seconds(), poll["overlap"], poll["resources"])


def _reconciling(row: Row) -> Reconciling:
    return Reconciling(**{**row, "rest": row["rest"].total_seconds()})


def _sending(send: Row, away: tuple[Window, ...]) -> Sending:
    row = {name: held for name, held in send.items() if name != "maintenance"}
    seconds = {name: row[name].total_seconds() for name in ("timeout", "rest")}
    return Sending(**{**row, **seconds}, windows=(*send["maintenance"], *away))


def _plain(held: object) -> object:
    """A text of the environment as an ordinary one, for connectors that show what they hold."""
    return str(held) if isinstance(held, FromEnvironment) else held


def _ownership(ownership: OwnershipTables) -> Ownership:
    followers = tuple(
        Follower(role, terms.row["within"], terms.row["tolerance"])
        for role, terms in ownership.followers.items()
    )
    return Ownership(ownership.kind, ownership.attribute, ownership.row["owner"], followers)


def _expectation(tables: ExpectationTables) -> ExpectationRule:
    row = {**tables.row, "when": _sign(tables.when.row), "then": _sign(tables.then.row)}
    return ExpectationRule(**{**row, "unless": tuple(_sign(each.row) for each in tables.unless)})


def _sign(row: Row, role: str = "") -> Sign:
    """A sign; `role` for one that has none of its own."""
    return Sign(role or row["role"], row["type"], row["attribute"], frozenset(row["becomes"]))


def _route(name: str, tables: RouteTables) -> Route:
    row = dict(tables.row)
    del row["off"]
    source, target = row.pop("from"), row.pop("to")
    signs = {
        "when": tuple(_sign(each.row, source) for each in tables.when),
        "applied": None if tables.applied is None else _sign(tables.applied.row, target),
    }
    fixed = {attribute: str(text) for attribute, text in row["fixed"].items()}
    return Route(name, source=source, target=target, **{**row, **signs, "fixed": fixed})


def _tier(name: str, row: Row) -> Tier:
    """A service level; without a schedule of retries it has the usual one."""
    delays, rest = row["retry"], {name: held for name, held in row.items() if name != "retry"}
    if delays is None:
        return Tier(name, **rest)
    return Tier(name, **rest, retry=RetryPolicy(tuple(delay.total_seconds() for delay in delays)))


def _limits(declared: Declared) -> Limits:
    rules = {
        name: {figure: held for figure, held in each.row.items() if held is not None}
        for name, each in declared.rules.items()
    }
    if declared.limits is None:
        return Limits(rules=rules)
    row = declared.limits.row
    return Limits(**{**row, "off": frozenset(row["off"])}, rules=rules)
