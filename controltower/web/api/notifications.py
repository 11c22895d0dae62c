"""`/notifications`: who was told of which exception, over which channel and when, and what could not be told."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

from controltower.domain.notification import Notification
from controltower.pipeline import notify
from controltower.pipeline.answer import NotPossible
from controltower.store import notification
from controltower.web import notifications
from controltower.web.api import access, asked, paging
from controltower.web.api.call import call
from controltower.web.problems import ApiError
from controltower.web.tower import close_reading, reading, tower

MAY_ACT = ("integration",)


class NotificationQuery(asked.Paged, kw_only=True):
    """Which: in one state, over one channel, where these are named."""

    state: Literal["waiting", "sent", "dead", "dropped", ""] = ""
    channel: asked.Word = ""


class NotificationShape(msgspec.Struct):
    """One telling of one exception to one recipient. `held`: why it waits until `due_at`, "quiet" or "digest"; `words`:
    the channel's last word; `dead`: given up, a person decides."""

    id: str
    exception: str
    happening: str
    subscription: str
    channel: str
    recipient: str
    severity: str
    detail: str
    created_at: datetime.datetime
    due_at: datetime.datetime
    held: str
    state: str
    attempts: int
    sent_at: datetime.datetime | None
    words: str


class Notifications(msgspec.Struct):
    """Notifications, the newest first."""

    items: list[NotificationShape]
    next: str | None


class ChannelShape(msgspec.Struct):
    """A channel, without its secrets: where it leads and what it carries (names of subscriptions)."""

    id: str
    kind: str
    place: str
    subscriptions: list[str]
    last_sent_at: datetime.datetime | None
    waiting: int
    dead: int


class Channels(msgspec.Struct):
    """Every declared channel; there is one page."""

    items: list[ChannelShape]
    next: str | None = None


class ChannelTest(msgspec.Struct, forbid_unknown_fields=True):
    """To whom; without it, to whom the channel usually leads."""

    to: asked.Word = ""


class Tested(msgspec.Struct):
    """What the channel said."""

    words: str


@call("GET", "/notifications", answer=Notifications, query=NotificationQuery)
def list_notifications(query: NotificationQuery) -> Notifications:
    """Who was told of which exception, what waits and what was given up, the newest first"""
    found = notification.listing(
        reading(), state=query.state, channel=query.channel,
        after=paging.mark_of(query.cursor), limit=query.limit + 1,
    )  # fmt: skip
    shown = found[: query.limit]
    more = paging.write_cursor(shown[-1].created_at, shown[-1].id) if len(found) > query.limit else None
    return Notifications([_shape(each) for each in shown], more)


@call(
    "POST", "/notifications/<id>/resend", answer=NotificationShape, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def resend_notification(id: str) -> NotificationShape:
    """Send one anew that was given up; 409 when it was not"""
    return _act(notify.resend, id)


@call(
    "POST", "/notifications/<id>/dismiss", answer=NotificationShape, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def dismiss_notification(id: str) -> NotificationShape:
    """Let one go that was given up; 409 when it was not"""
    return _act(notify.dismiss, id)


@call("GET", "/channels", answer=Channels)
def list_channels() -> Channels:
    """The channels over which people are told, and how they do"""
    return Channels(
        [
            ChannelShape(
                each.channel.id,
                each.channel.kind,
                each.place,
                [one.name for one in each.subscriptions],
                each.last_at,
                each.waiting,
                each.dead,
            )
            for each in notifications.channels()
        ]
    )


@call(
    "POST", "/channels/<channel>/test", answer=Tested, body=ChannelTest, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def test_channel(given: ChannelTest, channel: str) -> Tested:
    """Send a test over a channel at once; 409 says why it did not go"""
    close_reading()
    try:
        return Tested(notify.test(tower(), channel, given.to, access.caller()))
    except LookupError:
        raise ApiError(404, "Not found", "there is no channel of this id") from None
    except notify.NotSent as trouble:
        raise ApiError(409, "Not possible", str(trouble)) from None


def _act(doing: notify.Deed, id: str) -> NotificationShape:
    unknown = ApiError(404, "Not found", "there is no notification of this id")
    if "\0" in id:
        raise unknown
    close_reading()
    try:
        doing(tower(), id, access.caller())
    except LookupError:
        raise unknown from None
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    found = notification.get(reading(), id)
    if found is None:
        raise unknown
    return _shape(found)


def _shape(each: Notification) -> NotificationShape:
    return NotificationShape(
        each.id, each.exception, each.happening, each.subscription, each.channel, each.recipient, each.severity,
        each.detail, each.created_at, each.due_at, each.held, each.state, each.attempts, each.sent_at, each.words,
    )  # fmt: skip
