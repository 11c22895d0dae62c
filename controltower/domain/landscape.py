"""The declared landscape: plants, systems, who owns what, who follows, what is expected, how urgent it is."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from controltower.domain.calendar import ALWAYS, Calendar
from controltower.domain.expectation import ExpectationRule
from controltower.domain.flow import Flow
from controltower.domain.notification import Channel, Subscription
from controltower.domain.retry import RetryPolicy, Sending, Window
from controltower.domain.route import Route
from controltower.domain.slo import Slo

ANY_PLANT = "*"
OF_PLANT = "plant"  # names the calendar of the plant concerned


@dataclass(frozen=True)
class Plant:
    id: str
    name: str
    zone: ZoneInfo
    calendar: str = ""


@dataclass(frozen=True)
class Hooks:
    """How a system's webhooks come in. `scheme` names the signature; `secrets` are all accepted (rotation)."""

    scheme: str = "standard-webhooks"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    rate: int = 0  # requests a minute, 0 = unlimited
    largest: int = 16 * 2**20  # bytes


@dataclass(frozen=True)
class Polling:
    """How a system is polled: `every` and `jitter` in seconds, `overlap` re-reads that much before the watermark."""

    every: float = 60.0
    jitter: float = 0.0
    overlap: datetime.timedelta = datetime.timedelta(minutes=15)
    resources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reconciling:
    """When all that a system holds is compared with what is believed of it: each day `at` a time of its own zone, or
    `every` so often.

    `window`: what has not changed for so long is passed over. `lag`: what is younger is on its way, and looked at a
    second time before it counts. `rest`: real seconds between two pages. `kinds`: of these alone, () for all."""

    at: datetime.time | None = None
    every: datetime.timedelta | None = None
    window: datetime.timedelta = datetime.timedelta(days=7)
    lag: datetime.timedelta = datetime.timedelta(minutes=5)
    rest: float = 1.0
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probing:
    """How often a system is asked how it is, and what it must say then: "" for whatever it says."""

    every: datetime.timedelta = datetime.timedelta(minutes=5)
    environment: str = ""
    instance: str = ""


@dataclass(frozen=True)
class System:
    """One installation outside the tower. `settings` are its connector's own fields."""

    id: str
    title: str
    role: str
    plants: tuple[str, ...]
    connector: str
    zone: ZoneInfo
    team: str = ""
    tier: str = ""
    silent_after: datetime.timedelta = datetime.timedelta(hours=1)
    hooks: Hooks | None = None
    polling: Polling | None = None
    sending: Sending | None = None
    # Weekly windows in which it is away by plan, in its own time zone.
    maintenance: tuple[Window, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # How often it says that it is alive when it has nothing else to say; None where it says no such thing.
    heartbeat: datetime.timedelta | None = None
    # How often the tower sends it a canary, which it sends back; None where it takes no part.
    canary: datetime.timedelta | None = None

    reconciling: Reconciling | None = None
    probing: Probing | None = None

    def serves(self, plant: str) -> bool:
        return plant in self.plants


@dataclass(frozen=True)
class Follower:
    """A role that must agree with the owner within a time; `tolerance` in seconds or in the attribute's unit."""

    role: str
    within: datetime.timedelta
    tolerance: str = ""


@dataclass(frozen=True)
class Ownership:
    """Which role's word counts for one attribute, and who follows it."""

    kind: str
    attribute: str
    owner: str
    followers: tuple[Follower, ...]


@dataclass(frozen=True)
class Interface:
    """A declared way by which one system's facts reach another in the plant."""

    source: str
    target: str
    carries: tuple[str, ...]  # subject kinds
    team: str = ""


@dataclass(frozen=True)
class Team:
    """`calendar`: outside of it the team is not disturbed by what is not of severity A."""

    id: str
    name: str
    contact: str = ""
    calendar: str = ""


@dataclass(frozen=True)
class Tier:
    """A service level: how soon an exception must be acknowledged and resolved (in the working time of `calendar`), who
    hears of it next, one team after the other, how what goes out under it is retried, and how severe it is (A, B or C)
    when that fails."""

    id: str
    acknowledge_within: datetime.timedelta
    resolve_within: datetime.timedelta
    escalate_to: tuple[str, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    severity: str = "B"
    calendar: str = ""


@dataclass(frozen=True)
class Limits:
    """The figures at which the built-in rules speak up; `off` names rules that a site does not want."""

    clock_ahead: datetime.timedelta = datetime.timedelta(minutes=2)
    late_after: datetime.timedelta = datetime.timedelta(hours=1)
    gap_after: datetime.timedelta = datetime.timedelta(minutes=10)
    quiet_after: datetime.timedelta = datetime.timedelta(minutes=30)
    announce_within: datetime.timedelta = datetime.timedelta(minutes=10)
    interrupted_after: datetime.timedelta = datetime.timedelta(minutes=10)
    off: frozenset[str] = frozenset()
    # Rule -> its own figures, as declared; what is not declared has the rule's default.
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, rule: str, name: str, default: Any) -> Any:
        """A figure of one rule: as declared, else its default."""
        return self.rules.get(rule, {}).get(name, default)


@dataclass(frozen=True)
class Landscape:
    """All that the operator declared, indexed for the questions that each event asks."""

    plants: Mapping[str, Plant] = field(default_factory=dict)
    systems: Mapping[str, System] = field(default_factory=dict)
    ownerships: tuple[Ownership, ...] = ()
    expectations: tuple[ExpectationRule, ...] = ()
    flows: tuple[Flow, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    routes: Mapping[str, Route] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    limits: Limits = Limits()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()
    slos: tuple[Slo, ...] = ()

    @cached_property
    def _owned(self) -> dict[tuple[str, str], Ownership]:
        return {(ownership.kind, ownership.attribute): ownership for ownership in self.ownerships}

    @cached_property
    def _by_role(self) -> dict[tuple[str, str], tuple[System, ...]]:
        found: dict[tuple[str, str], tuple[System, ...]] = {}
        for system in self.systems.values():
            for plant in system.plants:
                found[plant, system.role] = (*found.get((plant, system.role), ()), system)
        return found

    @cached_property
    def _expected(self) -> dict[str, tuple[ExpectationRule, ...]]:
        kinds = {rule.kind for rule in self.expectations}
        return {kind: tuple(rule for rule in self.expectations if rule.kind == kind) for kind in kinds}

    @cached_property
    def _routed(self) -> dict[str, tuple[Route, ...]]:
        kinds = {route.kind for route in self.routes.values()}
        return {kind: tuple(each for each in self.routes.values() if each.kind == kind) for kind in kinds}

    def expected_of(self, kind: str) -> tuple[ExpectationRule, ...]:
        """The expectations declared about a kind of subject."""
        return self._expected.get(kind, ())

    def ownership(self, kind: str, attribute: str) -> Ownership | None:
        """Who owns an attribute, or None where nobody was declared to."""
        return self._owned.get((kind, attribute))

    def system(self, id: str) -> System:
        """A system of this name; for one that is no longer declared its bare name, since the ledger remembers it."""
        known = self.systems.get(id)
        return known or System(id, id, "", (), "", ZoneInfo("UTC"))

    @cached_property
    def _flowing(self) -> dict[str, tuple[Flow, ...]]:
        kinds = {flow.kind for flow in self.flows}
        return {kind: tuple(flow for flow in self.flows if flow.kind == kind) for kind in kinds}

    def of_role(self, plant: str, role: str) -> tuple[System, ...]:
        """The systems of a role that serve a plant, in the order of the configuration."""
        return self._by_role.get((plant, role), ())

    def calendar(self, name: str, plant: str = "") -> Calendar:
        """A calendar by its name, that of the plant by "plant"; round the clock where none is meant."""
        if name == OF_PLANT:
            known = self.plants.get(plant)
            name = known.calendar if known else ""
        return self.calendars.get(name, ALWAYS) if name else ALWAYS

    def zone_of(self, plant: str) -> datetime.tzinfo:
        """The time zone in which a plant's people read times."""
        known = self.plants.get(plant)
        return known.zone if known else datetime.UTC

    def owner_system(self, plant: str, ownership: Ownership) -> System | None:
        """The one system whose word counts at a plant."""
        systems = self.of_role(plant, ownership.owner)
        return systems[0] if systems else None

    def compares(self, plant: str, kind: str, attribute: str, owner: str, follower: str) -> bool:
        """Whether one system's word about an attribute is declared to count for the other one at a plant."""
        ownership = self.ownership(kind, attribute)
        owning = self.owner_system(plant, ownership) if ownership else None
        if ownership is None or owning is None or owning.id != owner:
            return False
        roles = {terms.role for terms in ownership.followers}
        return any(each.id == follower for role in roles for each in self.of_role(plant, role))

    def carried(self, source: str, target: str, kind: str) -> bool:
        """Whether some declared interface or route takes facts of a kind from one system to the other."""
        declared = any(
            interface.source == source and interface.target == target and kind in interface.carries
            for interface in self.interfaces
        )
        roles = self.system(source).role, self.system(target).role
        return declared or any((each.source, each.target) == roles for each in self.routes_of(kind))

    def flows_of(self, kind: str) -> tuple[Flow, ...]:
        """The flows through which a kind of subject goes."""
        return self._flowing.get(kind, ())

    @cached_property
    def roles(self) -> dict[str, str]:
        """System id -> role."""
        return {system.id: system.role for system in self.systems.values()}

    def routes_of(self, kind: str) -> tuple[Route, ...]:
        """The routes that carry facts about a kind of subject."""
        return self._routed.get(kind, ())

    def routed_to(self, role: str) -> bool:
        """Whether the tower itself carries anything to the systems of a role."""
        return any(route.target == role for route in self.routes.values())
