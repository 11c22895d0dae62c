"""Decides who is to be told of which exception, and when; an outbox keeps it until it is sent."""

import datetime
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from controltower.domain.calendar import Calendar
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.notification import (
    ESCALATED,
    OPENED,
    REOPENED,
    RESOLVED,
    SENT,
    TEAM,
    Notification,
    Subscription,
    due,
    identity,
)
from controltower.pipeline.tower import Tower
from controltower.rules.notification import FAILED
from controltower.store import notification
from controltower.store.engine import one_at_a_time, reading, writing
from controltower.store.notification import News

AT_ONCE = 200
TOO_LATE = "It was over before it was due."


def note(tower: Tower, at_once: int = AT_ONCE) -> int:
    """Look at what began and what ended since the last look, and write down who is to be told. Returns how many
    exceptions that were.

    Each is looked at once, in the transaction that writes what is to be told: nothing is lost and nothing told twice.
    What began and ended between two looks is told nobody."""
    with reading(tower.engine) as connection:
        if not (notification.begun(connection, 1) or notification.ended(connection, 1)):
            return 0
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        begun, ended = notification.begun(connection, at_once), notification.ended(connection, at_once)
        _note_begun(connection, tower, begun)
        for news in ended:
            _note_ended(connection, tower, news)
        notification.noted(connection, ended, over=True)
    return len(begun) + len(ended)


def _note_begun(connection: Connection, tower: Tower, begun: list[News]) -> None:
    told: list[Notification] = []
    for case, lives in begun:
        happening = OPENED if lives == 1 else REOPENED
        told += tellings(tower.landscape, case, happening, lives, case.team, "", tower.now())
    notification.put(connection, told)
    notification.noted(connection, begun, over=False)


def _note_ended(connection: Connection, tower: Tower, news: News) -> None:
    """What was not told yet is taken back, and who never heard of it hears nothing of its end either."""
    case, lives = news
    dropped = {_whom(each) for each in notification.drop(connection, case.id, TOO_LATE)}
    heard = {_whom(each) for each in notification.of_exception(connection, case.id) if each.state == SENT}
    told = tellings(tower.landscape, case, RESOLVED, lives, case.team, case.resolution, tower.now())
    notification.put(connection, [each for each in told if _whom(each) not in dropped - heard])


def _whom(each: Notification) -> tuple[str, str]:
    return each.channel, each.recipient


def note_escalation(
    connection: Connection, tower: Tower, case: Case, number: int, team: str, detail: str
) -> None:
    """Write down who is to be told that an exception was escalated to a team, for the `number`th time."""
    told = tellings(tower.landscape, case, ESCALATED, number, team, detail, tower.now())
    notification.put(connection, told)


def tellings(
    landscape: Landscape,
    case: Case,
    happening: str,
    number: int,
    team: str,
    detail: str,
    now: datetime.datetime,
) -> list[Notification]:
    """One for each recipient of each channel that asks for it; who asked twice is told once, at the earlier time."""
    found: dict[str, Notification] = {}
    for subscription in landscape.subscriptions:
        own = case.rule == FAILED and case.key == subscription.channel
        if own or not subscription.wants(happening, case, team):
            continue  # that a channel fails is not told over that channel
        for recipient, calendars in _recipients(subscription, team, landscape):
            id = identity(case.id, happening, number, subscription.channel, recipient)
            at, held = due(now, case.severity, calendars, subscription.digest)
            if id not in found or at < found[id].due_at:
                found[id] = Notification(
                    id, case.id, happening, number, subscription.name, subscription.channel, recipient,
                    case.severity, detail, now, at, held,
                )  # fmt: skip
    return list(found.values())


def _recipients(
    subscription: Subscription, team: str, landscape: Landscape
) -> Iterator[tuple[str, tuple[Calendar, ...]]]:
    """Each recipient with the calendars outside of which it is not disturbed; for what has no team, the channel's."""
    asked, channel = landscape.calendar(subscription.calendar), landscape.channels.get(subscription.channel)
    known = landscape.teams.get(team) or landscape.teams.get(channel.team if channel else "")
    for to in _named(subscription, landscape):
        if to != TEAM:
            yield to, (asked,)
        elif known is None:
            yield "", (asked,)  # nobody: the channel says so, and that becomes an exception
        else:
            yield known.contact or known.name, (asked, landscape.calendar(known.calendar))


def _named(subscription: Subscription, landscape: Landscape) -> Iterable[str]:
    """To whom: nobody in particular where the channel leads to one place."""
    channel = landscape.channels.get(subscription.channel)
    return ("",) if channel is not None and channel.kind == "webhook" else subscription.to
