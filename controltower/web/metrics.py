"""`/metrics`: what the tower counts, in Prometheus' text form, read from the database so that all processes agree."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import Connection

from controltower.domain.drift import OPEN, SETTLING
from controltower.domain.gate import Gate
from controltower.store import (
    case,
    channel,
    drift,
    flow_figure,
    gate,
    lease,
    message,
    notification,
    outbox,
    user,
)
from controltower.web.health import OK, components
from controltower.web.problems import ApiError
from controltower.web.tower import now, reading, tower

bp = Blueprint("metrics", __name__)
MAY_READ = frozenset({"integration", "admin"})


@bp.get("/metrics")
def metrics() -> Response:
    """All figures, for who brings a key with the role integration or admin."""
    require_key()
    registry = CollectorRegistry()
    registry.register(_Figures())
    response = Response(generate_latest(registry))
    response.headers["Content-Type"] = CONTENT_TYPE_LATEST
    response.headers["Cache-Control"] = "no-store"
    return response


def require_key() -> None:
    """Raises ApiError 401 without a usable key, 403 when the key's roles do not include this."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    found = user.key_for(reading(), given.strip(), now()) if scheme.lower() == "bearer" else None
    if found is None:
        challenge = 'Bearer realm="control tower"'
        raise ApiError(401, "Key needed", "send Authorization: Bearer <key>", WWW_Authenticate=challenge)
    if not MAY_READ.intersection(found.roles):
        raise ApiError(403, "Not permitted", "this key's roles do not include the metrics")


class _Figures:
    """Asked by the registry once a scrape."""

    def collect(self) -> Iterator[Metric]:
        connection = reading()
        yield from _channels(connection)
        yield from _backlog(connection)
        yield from _ledger(connection)
        yield from _outbox(connection)
        yield from _flows(connection)
        yield _notifications(connection)
        yield from _parts(connection)


def _channels(connection: Connection) -> Iterator[Metric]:
    labels = ["system", "channel"]
    taken = CounterMetricFamily("tower_messages", "Messages by outcome", labels=[*labels, "outcome"])
    repeats = CounterMetricFamily("tower_duplicates", "Events that had been told before", labels=labels)
    failing = GaugeMetricFamily("tower_channel_failures", "Failed attempts in a row", labels=labels)
    silent = GaugeMetricFamily(
        "tower_channel_silent_seconds", "Since the channel was last heard", labels=labels
    )
    moment = now()
    for (system, name), each in sorted(channel.every(connection).items()):
        taken.add_metric([system, name, "accepted"], each.messages)
        taken.add_metric([system, name, "refused"], each.refused)
        repeats.add_metric([system, name], each.duplicates)
        failing.add_metric([system, name], each.failures)
        heard = max((at for at in (each.last_success_at, each.last_message_at) if at), default=None)
        if heard is not None:
            silent.add_metric([system, name], (moment - heard).total_seconds())
    yield from (taken, repeats, failing, silent)


def _backlog(connection: Connection) -> Iterator[Metric]:
    waiting, oldest = message.backlog(connection)
    seconds = (now() - oldest).total_seconds() / (tower().clock.speed or 1.0) if oldest else 0.0
    yield GaugeMetricFamily("tower_backlog_messages", "Messages that wait to be recorded", value=waiting)
    yield GaugeMetricFamily(
        "tower_backlog_oldest_seconds", "Real seconds the oldest has waited", value=seconds
    )


def _ledger(connection: Connection) -> Iterator[Metric]:
    drifts = GaugeMetricFamily("tower_drift", "Disagreements that last, by state", labels=["state"])
    counted = drift.counts(connection)
    for state in (OPEN, SETTLING):
        drifts.add_metric([state], counted.get(state, 0))
    cases = GaugeMetricFamily("tower_exceptions_open", "Open exceptions by rule", labels=["rule"])
    for rule, count in sorted(case.counts(connection).items()):
        cases.add_metric([rule], count)
    yield from (drifts, cases)


def _outbox(connection: Connection) -> Iterator[Metric]:
    held = GaugeMetricFamily(
        "tower_deliveries", "Deliveries not yet taken, by target and state", labels=["target", "state"]
    )
    oldest = GaugeMetricFamily(
        "tower_delivery_oldest_seconds", "Since the oldest of them was written", labels=["target", "state"]
    )
    numbers: dict[tuple[str, str], int] = {}
    since: dict[tuple[str, str], datetime.datetime] = {}
    for each in outbox.backlogs(connection):
        key = each.target, each.state
        numbers[key] = numbers.get(key, 0) + each.number
        since[key] = min(since.get(key, each.oldest_at), each.oldest_at)
    for (target, state), number in sorted(numbers.items()):
        held.add_metric([target, state], number)
        oldest.add_metric([target, state], (now() - since[target, state]).total_seconds())
    yield from (held, oldest, _gates(connection))


def _flows(connection: Connection) -> Iterator[Metric]:
    labels = ["flow", "step"]
    waiting = GaugeMetricFamily("tower_flow_waiting", "Subjects that wait at a step of a flow", labels=labels)
    late = GaugeMetricFamily("tower_flow_late", "Of these, those beyond their time", labels=labels)
    wrong = GaugeMetricFamily("tower_flow_wrong", "Of these, those that go wrong or are dead", labels=labels)
    for each in tower().landscape.flows:
        for step, stop in sorted(flow_figure.stops(connection, each.name, now()).items()):
            waiting.add_metric([each.name, step], stop.waiting)
            late.add_metric([each.name, step], stop.late)
            wrong.add_metric([each.name, step], stop.wrong)
    yield from (waiting, late, wrong)


def _gates(connection: Connection) -> Metric:
    """1 while a target may be sent to; 0 while it is paused or its circuit is open."""
    passable = GaugeMetricFamily(
        "tower_interface_open", "1 when it is neither paused nor its circuit open", labels=["target"]
    )
    known = gate.every(connection)
    for target in sorted(each.id for each in tower().landscape.systems.values() if each.sending):
        held = known.get(target, Gate(target))
        passable.add_metric([target], float(held.paused_at is None and held.opened_at is None))
    return passable


def _notifications(connection: Connection) -> Metric:
    held = GaugeMetricFamily(
        "tower_notifications", "What people have not been told yet, by channel", labels=["channel", "state"]
    )
    for (name, state), number in sorted(notification.counts(connection).items()):
        held.add_metric([name, state], number)
    return held


def _parts(connection: Connection) -> Iterator[Metric]:
    ready = GaugeMetricFamily("tower_component_ready", "1 when a component is ready", labels=["component"])
    for name, part in components().items():
        ready.add_metric([name], float(part.state == OK))
    working = lease.holder_of(connection, lease.RECORD) is not None
    yield from (
        ready,
        GaugeMetricFamily("tower_worker_alive", "1 while a worker records", value=float(working)),
    )
