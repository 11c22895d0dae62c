"""One polled source is read: what changed goes to the inbox, and the cursor moves in the same transaction."""

import datetime
import time
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from controltower.connectors.contract import Connector, Page, SourceUnavailable
from controltower.domain.landscape import System
from controltower.pipeline import measure
from controltower.pipeline.look import Look, Overtaken
from controltower.pipeline.tower import Tower
from controltower.store import channel
from controltower.store.channel import POLL, Channel, Outage
from controltower.store.engine import reading, writing

log = structlog.get_logger(__name__)

_LONGEST_WAIT_SECONDS = 600.0


def poll(tower: Tower, system_id: str) -> float:
    """Read all that is new at one source. Returns the real seconds until its next turn.

    A source that does not answer is not an error of ours: it is written down, shown, and asked again later.
    """
    system = tower.landscape.systems[system_id]
    every = system.polling.every if system.polling else 60.0
    with reading(tower.engine) as connection:
        look = Look(tower, system, channel.marks(connection, system_id))
    answers: list[float] = []
    try:
        for page in _timed(_pages(tower.connectors[system_id], look.cursors()), answers):
            look.keep(page)
        if look.doubts:
            raise SourceUnavailable(look.doubts[0][0], "; ".join(words for _, words in look.doubts))
    except SourceUnavailable as trouble:
        return _failed(tower, system, trouble, every, answers)
    except Overtaken as overtaken:
        log.info("read by another process meanwhile", system=system_id, resource=str(overtaken))
        return every
    _succeeded(tower, system, answers)
    return every


def _timed(pages: Iterator[Page], answers: list[float]) -> Iterator[Page]:
    """The pages, each answer's seconds added to a list: how long the source took, without what we do with it."""
    while True:
        began = time.monotonic()
        try:
            page = next(pages, None)
        finally:
            answers.append(time.monotonic() - began)
        if page is None:
            answers.pop()  # the end of the list is no answer
            return
        yield page


def _pages(connector: Connector, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
    """A source's pages; a connector's own mistake is told like an answer that nobody can read."""
    try:
        yield from connector.poll(cursors)
    except SourceUnavailable:
        raise
    except Exception as error:  # shown as trouble of this source, not only in the log
        log.exception("polling failed")
        raise SourceUnavailable("contract", f"the connector failed: {error!r}"[:300]) from error


def _succeeded(tower: Tower, system: System, answers: list[float]) -> None:
    now = tower.now()
    with writing(tower.engine) as connection:
        known = channel.to_change(connection, system.id, POLL)
        if known.failures:
            log.info("source is back", system=system.id, failures=known.failures)
            channel.end_outage(connection, system.id, POLL, now)
        channel.put(
            connection,
            known._replace(
                last_attempt_at=now,
                last_success_at=now,
                failures=0,
                last_error="",
                error_kind="",
                next_at=None,
            ),
        )
        measure.polled(connection, tower, system, answers)


def _failed(
    tower: Tower, system: System, trouble: SourceUnavailable, every: float, answers: list[float]
) -> float:
    now = tower.now()
    with writing(tower.engine) as connection:
        known = channel.to_change(connection, system.id, POLL)
        wait = _wait(known, trouble, every)
        if not known.failures:
            log.warning("source does not answer", system=system.id, kind=trouble.kind, reason=str(trouble))
            began = known.last_success_at or now
            channel.begin_outage(
                connection, Outage(system.id, POLL, trouble.kind, str(trouble)[:500], began, None)
            )
        channel.put(
            connection,
            known._replace(
                last_attempt_at=now, failures=known.failures + 1, last_error=str(trouble)[:500],
                error_kind=trouble.kind, next_at=now + datetime.timedelta(seconds=wait),
            ),
        )  # fmt: skip
        measure.polled(connection, tower, system, answers, (trouble.kind, trouble.status, str(trouble)))
    return wait


def _wait(known: Channel, trouble: SourceUnavailable, every: float) -> float:
    """Twice as long at each failure, up to a limit; what the source itself asks for wins."""
    if trouble.retry_after is not None:
        return max(trouble.retry_after, every)
    return min(every * 2.0 ** min(known.failures, 16), max(_LONGEST_WAIT_SECONDS, every))
