"""Who is told of an exception, over which channel, and when: what the operator subscribed, and each telling of it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from controltower.domain.calendar import Calendar
from controltower.domain.event import content_id
from controltower.domain.exception import Case
from controltower.domain.retry import HOUR, MINUTE, RetryPolicy

OPENED, ESCALATED, RESOLVED, REOPENED = WHENS = ("opened", "escalated", "resolved", "reopened")
# Waits for its time; on its way; taken by the channel; given up; needless, since it was over before it was due.
WAITING, SENT, DEAD, DROPPED = STATES = ("waiting", "sent", "dead", "dropped")
TEAM = "team"  # as a recipient: the contact of the team that is asked to act
MOST_SEVERE = "A"  # is never held back
RETRIES = RetryPolicy((5.0, 30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR))


@dataclass(frozen=True)
class Channel:
    """A way to reach people: its kind (smtp, webhook, file) and that kind's own settings."""

    id: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    retry: RetryPolicy = RETRIES
    team: str = ""


@dataclass(frozen=True)
class Subscription:
    """Who hears of what: an empty filter lets everything pass. Outside of `calendar` only severity A
    is told at once. `digest`: so long is gathered before one message goes."""

    name: str
    channel: str
    to: tuple[str, ...] = (TEAM,)
    when: frozenset[str] = frozenset({OPENED, ESCALATED})
    teams: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    plants: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    calendar: str = ""
    digest: datetime.timedelta | None = None

    def wants(self, happening: str, case: Case, team: str) -> bool:
        """Whether it asks for this; `team` is the one that it concerns now."""
        plant = case.subject.plant if case.subject else ""
        asked = (
            (self.teams, team), (self.rules, case.rule), (self.severities, case.severity), (self.plants, plant),
            (self.systems, case.system),
        )  # fmt: skip
        return happening in self.when and all(not wanted or held in wanted for wanted, held in asked)


class Notification(NamedTuple):
    """One telling of one exception to one recipient.

    `due_at` is the plants' time, `retry_at` real: a channel's patience does not run on a demo's fast clock. `batch` is
    what is sent in one message; `number` counts the lives and escalations of an exception."""

    id: str
    exception: str
    happening: str
    number: int
    subscription: str
    channel: str
    recipient: str
    severity: str
    detail: str
    created_at: datetime.datetime
    due_at: datetime.datetime
    held: str = ""  # why it waits: "quiet", "digest" or ""
    state: str = WAITING
    attempts: int = 0
    retry_at: datetime.datetime | None = None
    sent_at: datetime.datetime | None = None
    words: str = ""
    batch: str = ""


def identity(exception: str, happening: str, number: int, channel: str, recipient: str) -> str:
    """The key by which nothing is told twice."""
    return content_id("\n".join((exception, happening, str(number), channel, recipient)).encode())


QUIET, DIGEST = "quiet", "digest"


def due(
    now: datetime.datetime,
    severity: str,
    calendars: tuple[Calendar, ...],
    digest: datetime.timedelta | None,
) -> tuple[datetime.datetime, str]:
    """When something may be told that is to be told now, and why not at once: after quiet hours, with the digest.

    Digests end at full stretches of their length, so that what belongs together goes together."""
    if severity == MOST_SEVERE:
        return now, ""
    at, held = now, ""
    if digest:
        at, held = _next_full(now, digest), DIGEST
    for _ in range(len(calendars) + 1):  # each may push it into the other's quiet
        opened = at
        for calendar in calendars:
            opened = calendar.opens_at(opened)
        if opened == at:
            break
        at, held = opened, QUIET
    return at, held


def _next_full(now: datetime.datetime, stretch: datetime.timedelta) -> datetime.datetime:
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return epoch + ((now - epoch) // stretch + 1) * stretch
