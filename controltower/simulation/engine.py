"""Moves virtual time: does every system's jobs in the order they are due and carries their link messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import requests

from controltower.simulation.database import Body, Job, SystemDatabase
from controltower.simulation.letters import LinkMessage
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.tower_end import LINK_HEADER
from controltower.simulation.world import World

log = logging.getLogger(__name__)
TRY_AGAIN_SECONDS = 30.0


class Engine:
    """One step at a time, so that the same seed gives the same life; `chores` are the network's own jobs."""

    def __init__(
        self,
        world: World,
        systems: dict[str, PlantSystem],
        database: SystemDatabase,
        chores: dict[str, Callable[[Body], None]],
        strict: bool,
    ) -> None:
        self._world = world
        self._systems = systems
        self._db = database
        self._chores = chores
        self._strict = strict
        self._session = requests.Session()
        self._silent: set[str] = set()  # targets that did not answer when last told something

    def close(self) -> None:
        """Give up the kept connections."""
        self._session.close()

    def run_until(self, target: float, stopped: threading.Event | None = None) -> None:
        """Do all that is due at or before `target` (virtual unix seconds), then let it be `target`."""
        while not (stopped and stopped.is_set()):
            with self._world.lock:
                if not self._step(target):
                    self._world.moment = max(self._world.moment, target)
                    return

    def _step(self, target: float) -> bool:
        sources: list[PlantSystem | None] = [None, *self._systems.values()]
        found: list[tuple[Job, PlantSystem | None]] = []
        for source in sources:
            job = (source.db if source else self._db).next_job(target)
            if job:
                found.append((job, source))
        if not found:
            return False
        job, source = min(found, key=lambda pair: pair[0].due)
        self._world.moment = max(self._world.moment, job.due)
        self._guarded(source, job)
        return True

    def _guarded(self, source: PlantSystem | None, job: Job) -> None:
        """A job that fails is told and taken off the agenda, so that it stops only itself."""
        try:
            self._do(source, job)
        except Exception:
            if self._strict:
                raise
            log.exception("job %s of %s failed", job.kind, source.id if source else "the network")
            (source.db if source else self._db).job_done(job)

    def _do(self, source: PlantSystem | None, job: Job) -> None:
        if source is None:
            self._db.job_done(job)
            self._chores[job.kind](job.body)
        elif job.kind == "link":
            self._carry(source, job)
        else:
            source.do(job)

    def _carry(self, source: PlantSystem, job: Job) -> None:
        message = LinkMessage(**job.body)
        arrives = message.target in self._world.addresses and self._world.board.carries(message)
        if arrives and not self._delivered(message):
            source.db.plan_job(self._world.moment + TRY_AGAIN_SECONDS, "link", job.body)
        source.db.job_done(job)

    def _delivered(self, message: LinkMessage) -> bool:
        """Post it; a 4xx is the target's last word, anything worse is tried again."""
        url = self._world.addresses[message.target] + message.path
        headers = {**self._world.credentials.api[message.target], LINK_HEADER: message.link}
        try:
            answer = self._session.request(message.method, url, json=message.body, headers=headers, timeout=5)
        except requests.RequestException as error:
            if message.target not in self._silent:
                log.warning("%s: no answer, trying on: %s", message.link, type(error).__name__)
            self._silent.add(message.target)
            return False
        self._silent.discard(message.target)
        if 400 <= answer.status_code < 500:
            log.warning("%s refused %s: %s", message.target, message.link, answer.text[:200])
        return answer.status_code < 500
