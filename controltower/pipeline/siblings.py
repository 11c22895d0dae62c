"""Where else an item lies of which a place holds less than nothing: read only when that happens."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.event import Recorded
from controltower.domain.subject import Subject
from controltower.domain.view import View
from controltower.store import belief

_STOCK, _ON_HAND, _MOST = "stock", "on_hand", 20


def fill(connection: Connection, views: Mapping[Subject, View], fresh: Sequence[Recorded]) -> None:
    """Let the view of a stock that falls below zero hold its item's stocks at other places."""
    for each in fresh:
        told, view = each.event.attributes.get(_ON_HAND), views.get(each.event.subject)
        if view is None or told is None or view.root.kind != _STOCK or not told.text.startswith("-"):
            continue
        item = view.root.key.partition("/")[0]
        found = belief.of_beginning(connection, view.root.plant, f"{_STOCK}/{item}/", _ON_HAND, _MOST)
        for subject, held in found:
            if subject != view.root:
                view.take(subject, held)
