"""A reader of one polled connector, as the tower reads it: cursors kept, unchanged records dropped, losses noticed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from controltower.connectors.contract import Connector, Envelope, Page, PolledRecord
from controltower.connectors.raw import joined
from controltower.domain.event import Event


class News(NamedTuple):
    """What one poll brought: events, subjects that are gone, and everything odd."""

    events: list[Event]
    gone: list[str]
    oddities: list[object]

    def about(self, subject: str) -> list[Event]:
        """The events about one subject."""
        return [event for event in self.events if str(event.subject) == subject]

    def subjects(self, kind: str) -> list[str]:
        """The subjects of one kind, in the order told."""
        return [str(event.subject) for event in self.events if event.subject.kind == kind]


class Reader:
    """Polls a connector and remembers what the tower would remember."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.cursors: dict[str, Mapping[str, Any]] = {}
        self.known: dict[tuple[str, str], PolledRecord] = {}

    def poll(self) -> News:
        """One whole poll."""
        news = News([], [], [])
        for page in self.connector.poll(self.cursors):
            self._take(page, news)
            self.cursors[page.resource] = page.cursor
        return news

    def _take(self, page: Page, news: News) -> None:
        changed = [record for record in page.records if self._is_new(page.resource, record)]
        self.known.update({(page.resource, record.native_id): record for record in changed})
        envelope = Envelope(
            "poll",
            page.resource,
            {},
            joined(record.body for record in changed),
            dt.datetime.now(dt.UTC),
        )
        translation = self.connector.translate(envelope)
        news.events.extend(translation.events)
        news.oddities.extend((*translation.faults, *translation.notices))
        if page.everything is not None:
            lost = [key for key in self.known if key[0] == page.resource and key[1] not in page.everything]
            news.gone.extend(self.known.pop(key).subject for key in lost)

    def _is_new(self, resource: str, record: PolledRecord) -> bool:
        held = self.known.get((resource, record.native_id))
        return held is None or _compared(held) != _compared(record)


def _compared(record: PolledRecord) -> bytes:
    return record.fingerprint or record.body
