"""Which verb of the pipeline runs when, and who may run it; the only file that knows the scheduler."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from controltower.leases import Leases
from controltower.pipeline.canaries import fly
from controltower.pipeline.deliver import Deliverer
from controltower.pipeline.detect import Mark, detect, rejudge
from controltower.pipeline.escalate import escalate
from controltower.pipeline.gauge import Gauge
from controltower.pipeline.notices import note
from controltower.pipeline.notify import send_due
from controltower.pipeline.poll import poll
from controltower.pipeline.probe import probe_due
from controltower.pipeline.reconcile import Comparing
from controltower.pipeline.record import record_waiting
from controltower.pipeline.refusals import note_refusals
from controltower.pipeline.runs import advance_runs
from controltower.pipeline.tower import Tower
from controltower.pipeline.undeclared import let_go
from controltower.pipeline.watching import watch
from controltower.store.lease import DETECT, RECORD, poll_of

log = structlog.get_logger(__name__)

RECORD_SECONDS, DETECT_SECONDS, REJUDGE_SECONDS, LEASE_SECONDS = 0.2, 1.0, 5.0, 1.0
PROBE_SECONDS, LET_GO_SECONDS, NOTE_SECONDS, CANARIES_SECONDS = 2.0, 60.0, 2.0, 5.0
# How long one run of sending may last before it looks whether it is to stop; runs follow one another at once.
DELIVER_SECONDS, DRAIN_SECONDS, RUNS_SECONDS = 0.2, 2.0, 0.5
STANDBY_SECONDS = 1.0
# Few enough for a webhook not to wait long for the write lock, enough for bulk writes to pay.
RECORD_AT_ONCE = 100
LONGEST_REST = 30.0
MOST_POLLS_AT_ONCE = 16


@dataclass
class Trouble:
    """How often a job has failed in a row, and until when (monotonic seconds) it rests."""

    failures: int = 0
    until: float = 0.0


class Chore(NamedTuple):
    """What is done again and again besides reading and sending. `lease`: by one worker alone, "" by each."""

    name: str
    seconds: float
    work: Callable[[], object]
    lease: str = DETECT


def chores(tower: Tower, since: datetime) -> Iterator[Chore]:
    """All of them, in the order in which one look at the ledger builds on another. `since`: when the tower began to
    listen."""
    yield Chore("detect", DETECT_SECONDS, lambda: detect(tower, since))
    yield Chore("rejudge", REJUDGE_SECONDS, Rejudging(tower).go_on)
    yield Chore("gauge", DETECT_SECONDS, Gauge(tower).look)
    yield Chore("refusals", REJUDGE_SECONDS, lambda: note_refusals(tower))
    yield Chore("probe", PROBE_SECONDS, lambda: probe_due(tower))
    yield Chore("compare", REJUDGE_SECONDS, Comparing(tower, since).go_on)
    yield Chore("watch", REJUDGE_SECONDS, lambda: watch(tower))
    yield Chore("escalate", REJUDGE_SECONDS, lambda: escalate(tower))
    yield Chore("note", NOTE_SECONDS, lambda: note(tower))
    if tower.folder is not None:
        yield Chore("notify", NOTE_SECONDS, lambda: send_due(tower))
    yield Chore("let go", LET_GO_SECONDS, lambda: let_go(tower))
    if tower.senders:
        yield Chore("canaries", CANARIES_SECONDS, lambda: fly(tower))
        yield Chore("resubmissions", RUNS_SECONDS, lambda: advance_runs(tower), lease="")


class Rejudging:
    """Asks again for the causes of some of the open drifts at each turn, so that all of them have theirs."""

    def __init__(self, tower: Tower) -> None:
        self._tower = tower
        self._until: Mark | None = None

    def go_on(self) -> None:
        self._until = rejudge(self._tower, self._until)


class Worker:
    """One process's share of the work. Any number may run: each thing is done by the one that holds its lease."""

    def __init__(self, tower: Tower, lease_seconds: float = 15.0) -> None:
        self.tower = tower
        self.polled = [system.id for system in tower.landscape.systems.values() if system.polling]
        names = [RECORD, DETECT, *map(poll_of, self.polled)]
        self.leases = Leases(tower.engine, names, seconds=lease_seconds)
        self._since = tower.now()
        self.deliverer = Deliverer(tower, self.leases.holder)
        self._stopping = threading.Event()
        self._busy: set[str] = set()
        self._trouble: dict[str, Trouble] = {}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(4),
                "sending": ThreadPoolExecutor(1),
                "polls": ThreadPoolExecutor(min(MOST_POLLS_AT_ONCE, max(1, len(self.polled)))),
            },
            # One run at a time, however late; runs that were missed count as one.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin; returns at once."""
        self._every(LEASE_SECONDS, "leases", self.leases.keep)
        self._every(RECORD_SECONDS, "record", self._record, RECORD)
        for chore in chores(self.tower, self._since):
            self._every(chore.seconds, chore.name, chore.work, chore.lease)
        if self.tower.senders:
            self._every(DELIVER_SECONDS, "deliver", self._deliver, executor="sending")
        for system in self.polled:
            self._plan_poll(system)
        self._scheduler.start()
        log.info("worker started", holder=self.leases.holder, polled=self.polled)

    def stop(self, patience: float = 8.0) -> bool:
        """Let the running jobs finish, then give the leases up. False when one still ran after `patience` seconds.

        The leases of a job that does not end are left to lapse: nobody must begin the same thing beside it."""
        self._stopping.set()
        self._scheduler.pause()
        deadline = time.monotonic() + patience
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.02)
        still = sorted(self._busy)
        self._scheduler.shutdown(wait=not still)
        if not self.deliverer.close(max(0.0, deadline - time.monotonic())):
            log.warning("a target has not answered yet; its deliveries will be taken up as unknown")
        if still:
            log.warning("worker stopped in the middle of a job", jobs=still)
            return False
        self.leases.release()
        log.info("worker stopped", holder=self.leases.holder)
        return True

    def _every(
        self,
        seconds: float,
        name: str,
        work: Callable[[], object],
        lease: str = "",
        executor: str = "default",
    ) -> None:
        self._scheduler.add_job(
            self._run,
            "interval",
            [name, work, lease],
            seconds=seconds,
            id=name,
            executor=executor,
            next_run_time=datetime.now(UTC),
        )

    def _plan_poll(self, system: str) -> None:
        polling = self.tower.landscape.systems[system].polling
        if polling is None:
            return
        first = datetime.now(UTC) + timedelta(
            seconds=random.uniform(0.0, 1.0)
        )  # not all sources in one moment
        self._scheduler.add_job(
            self._run, "interval", [poll_of(system), lambda: self._poll(system), ""], id=poll_of(system),
            seconds=max(polling.every, STANDBY_SECONDS), next_run_time=first, executor="polls",
        )  # fmt: skip

    def _run(self, name: str, work: Callable[[], object], lease: str) -> None:
        """Do one job if it is ours to do; a job that fails rests, longer each time, and stops no other."""
        trouble = self._trouble.setdefault(name, Trouble())
        resting = time.monotonic() < trouble.until
        if resting or self._stopping.is_set() or (lease and not self.leases.held(lease)):
            return
        self._busy.add(name)
        try:
            work()
        except Exception:  # whatever it was, the other jobs go on and this one is tried again
            trouble.failures += 1
            rest = min(LONGEST_REST, 0.5 * 2**trouble.failures)
            trouble.until = time.monotonic() + rest
            log.exception("job failed", job=name, failures=trouble.failures, again_in=rest)
        else:
            if trouble.failures:
                log.info("job works again", job=name, failures=trouble.failures)
                self._trouble[name] = Trouble()
        finally:
            self._busy.discard(name)

    def _record(self) -> None:
        """Record what waits, up to the last few messages: those are left for the next turn, since many together cost
        less. In a stream of small messages we rest as long as we wrote: the door's commits wait for ours."""
        many = True
        while many and self.leases.held(RECORD) and not self._stopping.is_set():
            began = time.monotonic()
            handled = record_waiting(self.tower, RECORD_AT_ONCE)
            spent = time.monotonic() - began
            many = handled == RECORD_AT_ONCE or spent > RECORD_SECONDS
            if handled == RECORD_AT_ONCE:
                self._stopping.wait(spent)

    def _deliver(self) -> None:
        """Send while there is something to send. No lease: workers share the outbox, claim by claim."""
        while self.deliverer.drain(DRAIN_SECONDS) and not self._stopping.is_set():
            continue

    def _poll(self, system: str) -> None:
        """Poll one source, and come again when the verb says: it knows of Retry-After and of back-off."""
        again = STANDBY_SECONDS
        if self.leases.held(poll_of(system)):
            with structlog.contextvars.bound_contextvars(system=system):
                again = poll(self.tower, system) + random.uniform(0.0, self._jitter(system))
        if not self._stopping.is_set():
            at = datetime.now(UTC) + timedelta(seconds=max(again, 0.05))
            self._scheduler.modify_job(poll_of(system), next_run_time=at)

    def _jitter(self, system: str) -> float:
        polling = self.tower.landscape.systems[system].polling
        return polling.jitter if polling else 0.0
