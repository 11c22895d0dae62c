"""Who was told of which exception, over which channel and when; what waits, and what could not be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, flash, request

from controltower.domain.exception import Case
from controltower.domain.notification import (
    DEAD,
    DIGEST,
    DROPPED,
    ESCALATED,
    OPENED,
    QUIET,
    REOPENED,
    RESOLVED,
    SENT,
    WAITING,
    Channel,
    Notification,
    Subscription,
)
from controltower.pipeline import notify
from controltower.pipeline.answer import NotPossible
from controltower.store import case as cases
from controltower.store import notification as told
from controltower.web import hx
from controltower.web.format import duration
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.scope import link
from controltower.web.security import roles
from controltower.web.tower import close_reading, reading, tower

bp = Blueprint("notifications", __name__)
NAV = NavEntry("Exceptions", "Notifications", "notifications.listing", "notification")
A_PAGE = 100
TONES = {
    WAITING: ("Waiting", "wait"), SENT: ("Sent", "ok"), DEAD: ("Not delivered", "bad"), DROPPED: ("Not needed", "idle"),
}  # fmt: skip
HAPPENINGS = {OPENED: "Opened", ESCALATED: "Escalated", RESOLVED: "Resolved", REOPENED: "Open again"}
HELD = {QUIET: "quiet hours", DIGEST: "digest"}


@dataclass(frozen=True)
class ChannelLine:
    """One channel: where it leads, what it carries, how it does."""

    channel: Channel
    subscriptions: tuple[Subscription, ...]
    last_at: datetime | None
    waiting: int
    dead: int

    @property
    def place(self) -> str:
        return notify.place_of(self.channel)

    @property
    def needs_recipient(self) -> bool:
        return notify.needs_recipient(self.channel)

    @property
    def usual_recipient(self) -> str:
        return notify.usual_recipient(tower().landscape, self.channel)


def channels() -> list[ChannelLine]:
    """The declared channels, in the order of the configuration."""
    land, counts = tower().landscape, told.counts(reading())
    return [
        ChannelLine(
            channel,
            tuple(each for each in land.subscriptions if each.channel == id),
            told.last_sent(reading(), id),
            counts.get((id, WAITING), 0),
            counts.get((id, DEAD), 0),
        )
        for id, channel in land.channels.items()
    ]


def words_of(subscription: Subscription) -> str:
    """What a subscription asks for, in a line."""
    filters: Mapping[str, frozenset[str]] = {
        "severity": subscription.severities, "rule": subscription.rules, "team": subscription.teams,
        "plant": subscription.plants, "system": subscription.systems,
    }  # fmt: skip
    parts = [", ".join(HAPPENINGS[each].lower() for each in HAPPENINGS if each in subscription.when)]
    parts += [f"{name} {', '.join(sorted(held))}" for name, held in filters.items() if held]
    parts += [f"quiet outside of {subscription.calendar}"] if subscription.calendar else []
    parts += [f"gathered for {duration(subscription.digest)}"] if subscription.digest else []
    return "; ".join(parts)


@bp.get("/notifications")
def listing() -> Response:
    """The newest first, after the channels; filters are in the URL."""
    state = request.args.get("state", "")
    found = told.listing(
        reading(), state=state, channel=request.args.get("channel", ""),
        limit=A_PAGE,
    )  # fmt: skip
    known: dict[str, Case] = cases.by_ids(reading(), {each.exception for each in found})
    lines = channels()
    return hx.page(
        "notifications.html",
        notifications=found,
        cases=known,
        channels=lines,
        places={each.channel.id: each.place for each in lines},
        waiting=sum(each.waiting for each in lines),
        dead=sum(each.dead for each in lines),
        last_at=max((each.last_at for each in lines if each.last_at), default=None),
        states=TONES,
        happenings=HAPPENINGS,
        held=HELD,
        words_of=words_of,
        cut=len(found) >= A_PAGE,
        where=where,
    )


def where(each: Notification, places: Mapping[str, str]) -> str:
    """To whom: somebody, or the place to which the channel leads."""
    return each.recipient or places.get(each.channel, each.channel)


@bp.post("/notifications/channels/<channel>/test")
@roles("integration")
def test(channel: str) -> Response:
    """Send a test at once, and say what the channel said."""
    close_reading()
    try:
        words = notify.test(tower(), channel, request.form.get("to", "").strip(), who())
    except LookupError:
        abort(404)
    except notify.NotSent as trouble:
        flash(f"The test over {channel} did not go: {trouble}", "bad")
    else:
        flash(f"The test over {channel} was {words}.", "ok")
    return hx.go_to(link("notifications.listing"))


@bp.post("/notifications/<id>/<action>")
@roles("integration")
def act(id: str, action: str) -> Response:
    """Send one anew that was given up, or let it go."""
    doing = {"resend": notify.resend, "dismiss": notify.dismiss}.get(action)
    if doing is None:
        abort(404)
    close_reading()
    try:
        doing(tower(), id, who())
    except LookupError:
        abort(404)
    except NotPossible as trouble:
        flash(str(trouble), "warn")
    else:
        flash("It is sent again." if action == "resend" else "It is let go.", "ok")
    return hx.go_to(link("notifications.listing", **request.args.to_dict()))
