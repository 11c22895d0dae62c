"""`/systems/<system>/...`: what it says of itself, its comparisons, and fetching again what was missed."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from controltower.domain.comparison import Difference
from controltower.pipeline import reconcile
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.backfill import backfill
from controltower.pipeline.renew import renew
from controltower.store import comparison
from controltower.store import connection as reports
from controltower.web.api import access, asked
from controltower.web.api.call import call
from controltower.web.api.deliveries import MAY_ACT, Why
from controltower.web.problems import ApiError
from controltower.web.tower import close_reading, reading, tower

MOST = 500


class ConnectionShape(msgspec.Struct):
    """What a system last said of itself; "" and null for what it does not say. `settings_agreed`: whether its settings
    are those that were agreed."""

    system: str
    probed_at: datetime.datetime
    error: str
    version: str
    version_before: str
    version_at: datetime.datetime | None
    environment: str
    instance: str
    credential_expires_at: datetime.datetime | None
    certificate_expires_at: datetime.datetime | None
    settings_agreed: bool
    subscriptions: list[dict[str, Any]] | None
    unsubscribed_at: datetime.datetime | None


class RunShape(msgspec.Struct):
    """One comparison. `state`: asked, running, done or failed; `read`: records so far; `counts`: by kind how many there
    are there and here and whether their key hashes agree, and under `differences` how many of which kind."""

    id: int
    system: str
    who: str
    state: str
    asked_at: datetime.datetime
    began_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    read: int
    counts: dict[str, Any]
    words: str


class GapShape(msgspec.Struct):
    """One attribute that is held otherwise there; `here` is null where it was never told."""

    attribute: str
    there: str
    here: str | None


class DifferenceShape(msgspec.Struct):
    """One subject that is not the same on both sides. `kind`: missing-here, missing-there, differs, restored-older."""

    subject: str
    kind: str
    gaps: list[GapShape]
    since: datetime.datetime


class Comparisons(msgspec.Struct):
    """The latest comparisons of a system and the differences that are open, at most 500; there is one page."""

    items: list[RunShape]
    differences: list[DifferenceShape]
    next: str | None = None


class Span(msgspec.Struct, forbid_unknown_fields=True):
    """A time range, and why it is fetched again."""

    since: asked.Moment
    until: asked.Moment
    reason: asked.Words


class Fetched(msgspec.Struct):
    """What came of it, in words."""

    words: str


@call("GET", "/systems/<system>/connection", answer=ConnectionShape, refusals=(404,))
def get_connection(system: str) -> ConnectionShape:
    """What a system last said of itself: version, instance, credentials, subscriptions"""
    _known(system)
    found = reports.get(reading(), system)
    if found is None:
        raise ApiError(404, "Not found", "this system has never been asked")
    return ConnectionShape(
        found.system, found.probed_at, found.error, found.version, found.version_before, found.version_at,
        found.environment, found.instance, found.credential_expires_at, found.certificate_expires_at,
        found.settings == found.settings_agreed, found.subscriptions, found.unsubscribed_at,
    )  # fmt: skip


@call("GET", "/systems/<system>/comparisons", answer=Comparisons, refusals=(404,))
def list_comparisons(system: str) -> Comparisons:
    """The latest comparisons with what a system holds, and what differs"""
    _known(system)
    found = [each for each in comparison.differences(reading(), system) if each.counts]
    runs = comparison.latest(reading(), system, 50)
    return Comparisons([_run(each) for each in runs], [_difference(each) for each in found[:MOST]])


@call("POST", "/systems/<system>/reconcile", answer=RunShape, body=Why, roles=MAY_ACT, refusals=(404, 409))
def compare_system(given: Why, system: str) -> RunShape:
    """Compare all that a system holds with what is believed of it, as soon as a worker is free"""
    _known(system)
    close_reading()
    try:
        id = reconcile.ask(tower(), system, access.caller(), given.reason)
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    found = comparison.get(reading(), id)
    assert found is not None  # it was asked for a moment ago
    return _run(found)


@call("POST", "/systems/<system>/backfill", answer=Fetched, body=Span, roles=MAY_ACT, refusals=(404, 409))
def backfill_system(given: Span, system: str) -> Fetched:
    """Fetch what a system sent in a time range, and what it holds otherwise than believed

    What was taken before counts once."""
    _known(system)
    close_reading()
    try:
        words = backfill(tower(), system, given.since, given.until, access.caller(), given.reason)
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return Fetched(words)


@call("POST", "/systems/<system>/renew", answer=Fetched, body=Why, roles=MAY_ACT, refusals=(404, 409))
def renew_system(given: Why, system: str) -> Fetched:
    """Have a system send its webhooks again, and fetch what it did not send meanwhile"""
    _known(system)
    close_reading()
    try:
        return Fetched(renew(tower(), system, None, access.caller(), given.reason))
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None


def _known(system: str) -> None:
    if system not in tower().landscape.systems:
        raise ApiError(404, "Not found", "no system of this id is declared")


def _run(each: comparison.Run) -> RunShape:
    return RunShape(*each[:8], dict(each.counts), each.words)


def _difference(each: Difference) -> DifferenceShape:
    gaps = [
        GapShape(gap.attribute, " ".join(gap.there).strip(), " ".join(gap.here).strip() if gap.here else None)
        for gap in each.gaps
    ]
    return DifferenceShape(str(each.subject), each.kind, gaps, each.since)
