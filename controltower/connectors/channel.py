"""The contract of the ways to reach people, and the way of each kind."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from controltower.connectors import channel_folder, channel_mail, channel_webhook
from controltower.connectors.letter import Letter, NotSent
from controltower.domain.notification import Channel

__all__ = ["KINDS", "Letter", "NotSent", "Way", "way"]


# Takes one letter and says where it went. Raises NotSent.
Way = Callable[[Letter], str]


class Kind(NamedTuple):
    """`open`: a channel's settings and the folder of the tower's files -> its way; `needs_recipient`: it writes to
    somebody; `place`: where it leads, in words without a secret."""

    open: Callable[[Mapping[str, Any], Path], Way]
    needs_recipient: bool
    place: Callable[[Mapping[str, Any]], str]


KINDS: Mapping[str, Kind] = {
    "smtp": Kind(channel_mail.open_way, True, channel_mail.place),
    "webhook": Kind(channel_webhook.open_way, False, channel_webhook.place),
    "file": Kind(channel_folder.open_way, True, channel_folder.place),
}


def way(channel: Channel, folder: Path) -> Way:
    """How letters go over a channel; `folder` holds the tower's files."""
    return KINDS[channel.kind].open(channel.settings, folder)
