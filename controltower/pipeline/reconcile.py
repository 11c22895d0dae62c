"""Whole systems are compared with what is believed of them: by night, every so often, or when somebody asks."""

import datetime
from collections import Counter
from collections.abc import Iterable

import structlog

from controltower.connectors.contract import SourceUnavailable
from controltower.domain.comparison import Difference, looked_at_again
from controltower.domain.landscape import System
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.holdings import Sides, beliefs_of, can_tell, terms_of, walk
from controltower.pipeline.tower import Tower
from controltower.store import audit, belief, comparison
from controltower.store.comparison import DONE, FAILED, Run
from controltower.store.engine import again_when_deadlocked, one_at_a_time, reading, writing

log = structlog.get_logger(__name__)

BY_ITSELF = "control tower"
# Records between two notes of how far a comparison has come.
_NOTED_EACH = 1000


def ask(tower: Tower, system: str, who: str, reason: str = "") -> int:
    """Have a system compared as soon as a worker is free; the run's number. Raises LookupError, NotPossible."""
    if system not in tower.landscape.systems:
        raise LookupError(system)
    if not can_tell(tower, system):
        raise NotPossible(f"{tower.landscape.system(system).title} cannot be asked for all that it holds.")
    with writing(tower.engine) as connection:
        run = comparison.ask(connection, system, who, tower.now())
        entry = audit.Entry(tower.now(), who, "system.reconcile", system, reason or f"run {run}")
        audit.write_down(connection, entry)
    return run


class Comparing:
    """What a worker does about comparisons again and again; `since`: when it began to listen."""

    def __init__(self, tower: Tower, since: datetime.datetime) -> None:
        self._tower, self._since = tower, since

    def go_on(self) -> int:
        """Look again at what was on its way, then compare one system that is due. Returns how many were compared."""
        look_again(self._tower)
        run = self._next()
        if run is None:
            return 0
        reconcile(self._tower, run)
        return 1

    def _next(self) -> Run | None:
        now = self._tower.now()
        with reading(self._tower.engine) as connection:
            wanted = comparison.asked(connection)
            last = comparison.last_began(connection)
        known = [run for run in wanted if run.system in self._tower.landscape.systems]
        if known:
            return known[0]
        for system in self._tower.landscape.systems.values():
            if is_due(system, last.get(system.id), self._since, now) and can_tell(self._tower, system.id):
                with writing(self._tower.engine) as connection:
                    id = comparison.ask(connection, system.id, BY_ITSELF, now)
                    return comparison.get(connection, id)
        return None


def is_due(
    system: System, last: datetime.datetime | None, since: datetime.datetime, now: datetime.datetime
) -> bool:
    """Whether a system's next comparison has come, by its time of day or its interval."""
    terms = system.reconciling
    if terms is None:
        return False
    before = max(last, since) if last else since
    if terms.every is not None and now >= before + terms.every:
        return True
    if terms.at is None:
        return False
    local = now.astimezone(system.zone)
    turn = datetime.datetime.combine(local.date(), terms.at, system.zone)
    return before < turn <= now


def reconcile(tower: Tower, run: Run) -> Run:
    """Compare one system now; what was found is stored, and its exceptions follow from that."""
    system = tower.landscape.systems[run.system]
    began = tower.now()
    with writing(tower.engine) as connection:
        comparison.begin(connection, run.id, system.id, began)
    run = run._replace(began_at=began)
    try:
        sides = _walked(tower, system, run, began - terms_of(system).window)
    except SourceUnavailable as trouble:
        log.warning("not compared", system=system.id, kind=trouble.kind, reason=str(trouble))
        return _ended(tower, run._replace(state=FAILED, words=str(trouble)[:500]))
    found = sides.found()
    tally = Counter(each.kind for each in found if each.counts)
    waiting = sum(not each.counts for each in found)
    counts = {**sides.counts(), "differences": {**tally, "on their way": waiting} if waiting else dict(tally)}
    _keep(tower, system.id, found)
    log.info("compared", system=system.id, records=sides.read, differences=len(found))
    return _ended(tower, run._replace(state=DONE, read=sides.read, counts=counts))


def _walked(tower: Tower, system: System, run: Run, since: datetime.datetime) -> Sides:
    noted = 0

    def note(read: int) -> None:
        nonlocal noted
        if read - noted >= _NOTED_EACH:
            noted = read
            with writing(tower.engine) as connection:
                comparison.go_on(connection, run.id, read)

    return walk(tower, system, since, progress=note)


@again_when_deadlocked
def _keep(tower: Tower, system: str, found: Iterable[Difference]) -> None:
    """Let these be the differences of a system; those that were known keep since when."""
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        known = {each.subject: each for each in comparison.differences(connection, system)}
        now = {each.subject: _as_known(each, known.get(each.subject)) for each in found}
        comparison.drop(connection, [each for subject, each in known.items() if subject not in now])
        comparison.put(connection, list(now.values()))


def _as_known(found: Difference, known: Difference | None) -> Difference:
    if known is None or known.kind != found.kind:
        return found
    lasting = known.counts and known.gaps == found.gaps
    return found._replace(since=known.since, due_at=None if lasting else found.due_at)


def _ended(tower: Tower, run: Run) -> Run:
    ended = run._replace(ended_at=tower.now())
    with writing(tower.engine) as connection:
        comparison.end(connection, ended)
    return ended


def look_again(tower: Tower) -> int:
    """Look at the open differences by what was learnt since. Returns how many changed; cheap while there are none."""
    now = tower.now()
    with reading(tower.engine) as connection:
        known = comparison.differences(connection)
        if not known:
            return 0
        changed: list[Difference] = []
        gone: list[Difference] = []
        for system in {each.system for each in known}:
            mine = [each for each in known if each.system == system]
            subjects = [each.subject for each in mine]
            held = beliefs_of(connection, system, subjects)
            hearings = belief.hearings_of(connection, subjects)
            heard = {subject: each for subject, each in hearings if each.system == system}
            for each in mine:
                left = looked_at_again(each, heard.get(each.subject), held.get(each.subject, {}), now)
                if left is None:
                    gone.append(each)
                elif left != each:
                    changed.append(left)
    if changed or gone:
        with writing(tower.engine) as connection:
            one_at_a_time(connection)
            comparison.drop(connection, gone)
            comparison.put(connection, changed)
    return len(changed) + len(gone)
