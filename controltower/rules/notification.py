"""What could not be told people: a channel that does not take what it should carry."""

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.notification import Notification
from controltower.domain.remedy import RESEND, Remedy

FAILED = "notification-failed"


def failed(channel: str, number: int, first: Notification, last: Notification, landscape: Landscape) -> Case:
    """The exception of a channel over which so many notifications were given up; the first and the last of them."""
    known = landscape.channels.get(channel)
    said = last.words.strip().rstrip(".") or "nothing"
    many = "One notification is" if number == 1 else f"{number} notifications are"
    return Case(
        id=f"{FAILED}-{event_id(channel, first.id)}",
        rule=FAILED,
        title=f"Notifications are not delivered: {channel}",
        severity="B",
        opened_at=first.due_at,
        team=known.team if known else "",
        cause="Notifications not delivered",
        why=f"{many} given up; the last word of the channel: {said[:300]}.",
        action=f"Mend the channel {channel} in notify.toml or what it leads to, test it, then send them again.",
        sightings=number,
        last_at=last.due_at,
        key=channel,
        remedy=Remedy(RESEND, {"channel": channel}),
    )
