"""The state of connections as exceptions: subscriptions, credentials, certificates, instances, settings, versions."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System
from controltower.domain.remedy import HANDED_OVER, RENEW, Remedy
from controltower.domain.value import read_time, write_time

SUBSCRIPTION, EXPIRY, INSTANCE, SETTINGS, VERSION, SECRET = (
    "subscription-lost",
    "credential-expiring",
    "wrong-instance",
    "settings-changed",
    "version-changed",
    "secret-mismatch",
)
_DAY, _NONE = datetime.timedelta(days=1), datetime.timedelta()
FIGURES: Mapping[str, Mapping[str, Any]] = {
    SUBSCRIPTION: {"ahead": _DAY},
    EXPIRY: {"ahead": 30 * _DAY, "soon": 7 * _DAY, "now": _DAY},
    INSTANCE: {},
    SETTINGS: {},
    VERSION: {"tell_for": _DAY},
    SECRET: {"failures": 3},
}
RULES = tuple(FIGURES)


def subscription_lost(system: System, since: datetime.datetime, alive: datetime.datetime | None) -> Case:
    """No subscription is left by which a system would send its webhooks; `alive`: when one was last seen."""
    seen = f", after {alive:%Y-%m-%d %H:%M} UTC" if alive else ""
    return _case(
        SUBSCRIPTION, system, since, "A", "Subscription lost",
        f"{system.title} has no subscription for the tower any more{seen}: it sends nothing, and nobody gets an error.",
        f"Renew it and fetch what was missed; find out at {system.title} what ended it.",
        _renewal(system, alive or since),
    )  # fmt: skip


def subscription_expiring(system: System, held: Mapping[str, Any], ends: datetime.datetime) -> Case:
    """The last subscription will end soon."""
    return _case(
        SUBSCRIPTION, system, ends, "B", "Subscription about to end",
        f"Subscription {held['id']} of {system.title} ends at {ends:%Y-%m-%d %H:%M} UTC; after that it sends nothing.",
        "Renew it.", _renewal(system, ends), "subscription-expiring",
    )  # fmt: skip


def _renewal(system: System, since: datetime.datetime) -> Remedy:
    return Remedy(RENEW, {"system": system.id, "since": write_time(since)})


def ends_of(subscriptions: list[dict[str, Any]]) -> tuple[Mapping[str, Any], datetime.datetime] | None:
    """The subscription that lasts longest, and its end; None where one lasts for ever."""
    known = [(each, read_time(each["expires_at"])) for each in subscriptions if each.get("expires_at")]
    if not known or len(known) < len(subscriptions):
        return None
    return max(known, key=lambda pair: pair[1])


def expiring(
    system: System, what: str, ends: datetime.datetime, now: datetime.datetime, figure: Mapping[str, Any]
) -> Iterator[Case]:
    """A credential or certificate that ends soon, or has ended. `what`: "credential" or "certificate"."""
    left = ends - now
    if left > figure["ahead"]:
        return
    if left <= _NONE:
        words, severity, code = f"ended at {ends:%Y-%m-%d %H:%M} UTC", "A", f"{what}-expired"
    else:
        severity = "A" if left <= figure["now"] else "B" if left <= figure["soon"] else "C"
        days = "in less than a day" if left < _DAY else f"in {left.days} days"
        words, code = f"ends {days}, at {ends:%Y-%m-%d %H:%M} UTC", f"{what}-expiring"
    stage = f"{what} {ends.isoformat()} {code} {severity}"
    case = _case(
        EXPIRY, system, now, severity, f"{what} {'expired' if left <= _NONE else 'about to expire'}".capitalize(),
        f"The {what} of {system.title} {words}.",
        f"Have {system.title} give a new {what}, with both valid for a while; never switch the check off.",
        HANDED_OVER, code, stage,
    )  # fmt: skip
    # Each stage is told once, whenever it is seen first.
    yield case._replace(id=f"{EXPIRY}-{event_id(system.id, stage)}")


def wrong_instance(system: System, asked: str, told: str, since: datetime.datetime) -> Case:
    """What answers is not the declared installation."""
    return _case(
        INSTANCE, system, since, "A", "Wrong instance",
        f"What answers as {system.title} says that it is {told or 'nobody'}; declared is {asked}.",
        f"Ask who points the address of {system.title} elsewhere, or whether a copy of it runs; trust nothing of it.",
    )  # fmt: skip


def settings_changed(system: System, settings: str, since: datetime.datetime) -> Case:
    """The settings of a system are not those that were agreed."""
    return _case(
        SETTINGS, system, since, "B", "Settings changed",
        f"The settings of {system.title} were changed by {since:%Y-%m-%d %H:%M} UTC without being agreed.",
        f"Find out who changed {system.title} and why; take it back, or agree to it on the system's page.",
        key=settings,
    )  # fmt: skip


def version_changed(system: System, before: str, now: str, since: datetime.datetime) -> Case:
    """A system runs another version: for information."""
    return _case(
        VERSION, system, since, "C", "Version changed",
        f"{system.title} went from version {before} to {now} by {since:%Y-%m-%d %H:%M} UTC.",
        f"Watch what {system.title} sends today; its mapping was made for {before}.", key=now,
    )  # fmt: skip


def secret_mismatch(
    system: System, times: int, since: datetime.datetime, last: datetime.datetime, words: str
) -> Case:
    """Webhooks that claim to be of a system bear no good signature, and none that does has come since."""
    case = _case(
        SECRET, system, since, "A", "Signatures do not fit",
        f"{times} webhooks in the name of {system.title} were refused since its last good one: {words}. "
        "Nothing of them is kept.",
        f"Ask {system.title} whether its secret was changed, and name the new one beside the old one here.",
    )  # fmt: skip
    return case._replace(sightings=times, last_at=last)


def _case(
    rule: str, system: System, since: datetime.datetime, severity: str, cause: str, why: str, action: str,
    remedy: Remedy = HANDED_OVER, code: str = "", key: str = "",
) -> Case:  # fmt: skip
    return Case(
        id=f"{rule}-{event_id(system.id, f'{key} {since.isoformat()}')}",
        rule=rule,
        title=f"{cause}: {system.title}",
        severity=severity,
        opened_at=since,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause=cause,
        why=why,
        action=action,
        last_at=since,
        key=f"{system.id} {key}".strip(),
        code=code or rule,
        remedy=remedy,
    )
