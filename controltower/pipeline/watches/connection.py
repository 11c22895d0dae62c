"""How the systems are connected, by what they last said of themselves and by what was refused at the door."""

import datetime
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import System
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import connection as rule
from controltower.store import channel
from controltower.store import connection as reports
from controltower.store.channel import HOOK, SIGNATURE, Channel
from controltower.store.connection import Report


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    systems = tower.landscape.systems
    for name, report in reports.every(connection).items():
        system = systems.get(name)
        if system is not None and system.probing is not None:
            yield from _told(system, report, tower, now)
    for (name, way), each in channel.every(connection).items():
        if way == HOOK and name in systems and each.error_kind == SIGNATURE:
            yield from _refused(systems[name], each, tower)


def _told(system: System, report: Report, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    yield from _subscribed(system, report, tower, now)
    figures = {name: _figure(tower, rule.EXPIRY, name) for name in rule.FIGURES[rule.EXPIRY]}
    ends = {"credential": report.credential_expires_at, "certificate": report.certificate_expires_at}
    for what, at in ends.items():
        if at is not None:
            yield from rule.expiring(system, what, at, now, figures)
    yield from _identity(system, report)
    if report.settings != report.settings_agreed and report.settings_at is not None:
        yield rule.settings_changed(system, report.settings, report.settings_at)
    fresh = report.version_at is not None and now - report.version_at < _figure(
        tower, rule.VERSION, "tell_for"
    )
    if fresh and report.version_at is not None:
        yield rule.version_changed(system, report.version_before, report.version, report.version_at)


def _subscribed(system: System, report: Report, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    if report.subscriptions is None:
        return
    if report.unsubscribed_at is not None:
        yield rule.subscription_lost(system, report.unsubscribed_at, report.subscribed_at)
        return
    last = rule.ends_of(report.subscriptions)
    if last is not None and last[1] - now < _figure(tower, rule.SUBSCRIPTION, "ahead"):
        yield rule.subscription_expiring(system, *last)


def _identity(system: System, report: Report) -> Iterator[Case]:
    terms = system.probing
    if terms is None or report.instance_at is None:
        return
    asked = [text for text in (terms.instance, terms.environment) if text]
    told = [
        said
        for said, wanted in ((report.instance, terms.instance), (report.environment, terms.environment))
        if wanted
    ]
    if asked != told:
        yield rule.wrong_instance(system, ", ".join(asked), ", ".join(filter(None, told)), report.instance_at)


def _refused(system: System, each: Channel, tower: Tower) -> Iterator[Case]:
    since = each.last_success_at or each.last_attempt_at
    least = tower.landscape.limits.of(rule.SECRET, "failures", rule.FIGURES[rule.SECRET]["failures"])
    if each.bad_signatures >= least and since and each.last_attempt_at:
        yield rule.secret_mismatch(system, each.bad_signatures, since, each.last_attempt_at, each.last_error)


def _figure(tower: Tower, name: str, figure: str) -> datetime.timedelta:
    found: datetime.timedelta = tower.landscape.limits.of(name, figure, rule.FIGURES[name][figure])
    return found


WATCH = Watch(rule.RULES, _present, "It is so no longer.")
