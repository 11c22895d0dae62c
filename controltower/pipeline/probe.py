"""Connected systems are asked how they are: version, instance, settings, credentials, certificate, subscriptions."""

import datetime

import msgspec
import structlog

from controltower.connectors.contract import (
    Connector,
    Health,
    Probed,
    SourceUnavailable,
    Subscriber,
    Subscription,
)
from controltower.pipeline.tower import Tower
from controltower.store import connection as reports
from controltower.store.connection import Report
from controltower.store.engine import reading, writing

log = structlog.get_logger(__name__)

# Asked in one turn, so that slow ones do not keep the other chores waiting.
_AT_ONCE = 4


def probe_due(tower: Tower) -> int:
    """Ask the systems whose turn has come. Returns how many."""
    now = tower.now()
    with reading(tower.engine) as connection:
        known = reports.every(connection)
    due = [
        system.id
        for system in tower.landscape.systems.values()
        if system.probing is not None
        and (system.id not in known or known[system.id].probed_at + system.probing.every <= now)
        and can_be_asked(tower, system.id)
    ]
    for id in due[:_AT_ONCE]:
        probe(tower, id, known.get(id))
    return len(due[:_AT_ONCE])


def can_be_asked(tower: Tower, system: str) -> bool:
    """Whether a system tells anything of itself."""
    connector = tower.connectors.get(system)
    return _probed(connector) is not None or _subscriber(connector) is not None


def probe(tower: Tower, system: str, known: Report | None) -> Report:
    """Ask one system and keep what it says."""
    report, now = known or Report(system, tower.now()), tower.now()
    connector = tower.connectors[system]
    prober, subscriber = _probed(connector), _subscriber(connector)
    try:
        if prober is not None:
            report = _told(report, prober.probe(), now)
        if subscriber is not None:
            report = _subscribed(report, [each for each in subscriber.subscriptions() if each.active], now)
        report = report._replace(answered_at=now, error="")
    except SourceUnavailable as trouble:
        report = report._replace(error=str(trouble)[:300])
    except Exception as error:  # a connector's own mistake is shown as trouble of this system
        log.exception("probing failed", system=system)
        report = report._replace(error=f"the connector failed: {error!r}"[:300])
    report = report._replace(probed_at=now)
    with writing(tower.engine) as connection:
        reports.put(connection, report)
    return report


def _told(before: Report, health: Health, now: datetime.datetime) -> Report:
    """What a system says now, with since when it is so."""
    report = before._replace(
        credential_expires_at=health.credential_expires_at,
        certificate_expires_at=health.certificate_expires_at,
    )
    if health.version and health.version != before.version:
        since = now if before.version else None
        report = report._replace(version=health.version, version_before=before.version, version_at=since)
    if (health.environment, health.instance) != (before.environment, before.instance):
        report = report._replace(environment=health.environment, instance=health.instance, instance_at=now)
    if health.settings and health.settings != before.settings:
        agreed = before.settings_agreed or health.settings
        report = report._replace(settings=health.settings, settings_agreed=agreed, settings_at=now)
    return report


def _subscribed(before: Report, alive: list[Subscription], now: datetime.datetime) -> Report:
    held = [msgspec.to_builtins(each._asdict()) for each in alive]
    if alive:
        return before._replace(subscriptions=held, subscribed_at=now, unsubscribed_at=None)
    return before._replace(subscriptions=held, unsubscribed_at=before.unsubscribed_at or now)


def _probed(connector: Connector | None) -> Probed | None:
    return connector if isinstance(connector, Probed) and connector.can_probe() else None


def _subscriber(connector: Connector | None) -> Subscriber | None:
    return connector if isinstance(connector, Subscriber) and connector.can_subscribe() else None


def agree(tower: Tower, system: str) -> None:
    """Take the settings that a system has now for those that it shall have."""
    with writing(tower.engine) as connection:
        report = reports.get(connection, system)
        if report is not None:
            reports.put(connection, report._replace(settings_agreed=report.settings))
