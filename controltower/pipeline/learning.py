"""How often each source speaks is learnt as its messages are recorded: no history is ever read for it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from controltower.domain.landscape import Landscape
from controltower.domain.pace import Finished, Pace, begun, heard, hour_of_week, learnt
from controltower.pipeline.translation import Translated
from controltower.rules.pace import at_work
from controltower.store import canary, heartbeat, pace
from controltower.store.pace import Hour

Channel = tuple[str, str]


def learn(connection: Connection, landscape: Landscape, translated: Sequence[Translated]) -> None:
    """Count what messages brought. What was counted before (a ledger that is told anew) is passed over."""
    _signs_of_life(connection, translated)
    fresh = [
        each for each in translated if not each.repeat and (each.events or not (each.beats or each.canaries))
    ]
    if not fresh:
        return
    known = pace.of(connection, {(each.message.system, each.message.channel) for each in fresh})
    over: list[tuple[Channel, Finished]] = []
    moved: dict[Channel, Pace] = {}
    for each in fresh:
        message, at = each.message, (each.message.system, each.message.channel)
        before = moved.get(at) or known.get(at) or begun(*at, message.received_at)
        if message.id <= before.last_message:
            continue
        moved[at], finished = heard(before, message.received_at, len(each.events), message.id)
        over += [(at, hour) for hour in finished]
    pace.put(connection, list(moved.values()))
    if over:
        _keep_hours(connection, landscape, over)


def _keep_hours(
    connection: Connection, landscape: Landscape, over: Iterable[tuple[Channel, Finished]]
) -> None:
    """Add hours that are over to what is known of the same hour of other weeks. An hour in which a source never
    speaks is not kept: nobody expects anything of it. Nor is one in which its plants are shut."""
    hours: list[tuple[Hour, int]] = []
    for (system, channel), finished in over:
        zone = landscape.system(system).zone
        if at_work(landscape, system, finished.began_at):
            hours.append(((system, channel, hour_of_week(finished.began_at, zone)), finished.events))
    known = dict(pace.usual(connection, [hour for hour, _ in hours]))
    changed: dict[Hour, Sequence[int]] = {}
    for hour, events in hours:
        if events or hour in known:
            changed[hour] = known[hour] = learnt(known.get(hour, ()), events)
    pace.learn(connection, list(changed.items()))


def _signs_of_life(connection: Connection, translated: Sequence[Translated]) -> None:
    for each in translated:
        if each.beats and not each.repeat:
            heartbeat.keep(connection, each.message.system, each.message.received_at, each.beats)
        if each.canaries:
            canary.back(connection, each.canaries, each.message.system, each.message.received_at)
