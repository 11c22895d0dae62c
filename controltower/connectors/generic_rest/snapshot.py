"""What one list holds now: walked from its beginning, whatever was read of it before."""

import datetime
from collections.abc import Iterator

from controltower.connectors.contract import SnapshotPage, SourceUnavailable
from controltower.connectors.generic_rest.mapping import CompiledResource
from controltower.connectors.generic_rest.poll import ListPoll
from controltower.connectors.http import Source

_NO_OVERLAP = datetime.timedelta()


def snapshot_of(
    source: Source, resource: CompiledResource, since: datetime.datetime | None
) -> Iterator[SnapshotPage]:
    """Its pages. A list without a watermark is always read whole. Raises SourceUnavailable, as when it moves under
    the reader again and again: what it seems to lack then says nothing."""
    covers = frozenset([resource.record.spec.kind])
    still = False
    for page in ListPoll(source, resource, {}, _NO_OVERLAP, since=since).pages():
        still = still or page.still
        if page.records:
            yield SnapshotPage(resource.name, page.records, covers=covers)
    if not still:
        raise SourceUnavailable("page-drift", f"{resource.name}: its rows move between the pages")
    yield SnapshotPage(resource.name, [], covers=covers)
