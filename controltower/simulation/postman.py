"""Carries each system's letters to the tower: signed, in order, again and again until they are taken."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime

import requests
from standardwebhooks import Webhook

from controltower.simulation.plant_system import PlantSystem

log = logging.getLogger(__name__)
NEVER_TAKEN = (400, 413, 415, 422)
LONGEST_PAUSE = 10.0
BATCH = 50


class Postman:
    """One round trip through all outboxes at a time; a system whose letters are refused pauses alone."""

    def __init__(self, systems: Iterable[PlantSystem], tower_url: str) -> None:
        self._systems = [system for system in systems if system.spec.hooks]
        self._tower_url = tower_url.rstrip("/")
        self._session = requests.Session()
        self._pause: dict[str, tuple[float, float]] = {}

    def close(self) -> None:
        """Give up the kept connections."""
        self._session.close()

    def round(self, respect_pauses: bool = True) -> int:
        """Send what is ready and return how many letters the tower took."""
        taken = 0
        for system in self._systems:
            until, _ = self._pause.get(system.id, (0.0, 0.0))
            if not respect_pauses or time.monotonic() >= until:
                taken += self._empty(system)
        return taken

    def _empty(self, system: PlantSystem) -> int:
        taken = 0
        for letter_id, webhook_id, subject, headers, body in _ready(system):
            answer = self._send(system, webhook_id, json.loads(headers), body)
            if answer is None or (answer.status_code >= 300 and answer.status_code not in NEVER_TAKEN):
                self._back_off(system, answer)
                return taken
            if self._pause.pop(system.id, None):
                log.info("the tower takes letters of %s again", system.id)
            _settle(system, letter_id, subject, answer.status_code)
            taken += answer.status_code < 300
        return taken

    def _send(
        self, system: PlantSystem, webhook_id: str, headers: dict[str, str], body: bytes
    ) -> requests.Response | None:
        secret = system.world.board.secret(system.id) or system.world.credentials.hook_secrets[system.id]
        moment = datetime.now(UTC)
        signed = {
            **headers,
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(webhook_id, moment, body.decode()),
        }
        url = f"{self._tower_url}/hooks/{system.id}"
        try:
            return self._session.post(url, data=body, headers=signed, timeout=(2, 10), allow_redirects=False)
        except requests.RequestException:
            return None

    def _back_off(self, system: PlantSystem, answer: requests.Response | None) -> None:
        _, last = self._pause.get(system.id, (0.0, 0.0))
        if not last:
            what = answer.status_code if answer is not None else "no answer"
            log.warning("the tower does not take letters of %s (%s), trying on", system.id, what)
        wanted = answer.headers.get("Retry-After", "") if answer is not None else ""
        pause = float(wanted) if wanted.isdigit() else min(max(0.25, last * 2), LONGEST_PAUSE)
        self._pause[system.id] = (time.monotonic() + pause, pause)


def _ready(system: PlantSystem) -> list[tuple[int, str, str, str, bytes]]:
    """The next letters in order; held ones are passed by, not waited for."""
    rows = system.db.run(
        "SELECT id, webhook_id, subject, headers, body FROM letter "
        "WHERE state = 'pending' AND not_before <= ? ORDER BY id LIMIT ?",
        (system.now, BATCH),
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _settle(system: PlantSystem, letter_id: int, subject: str, status: int) -> None:
    with system.db.transaction():
        if status < 300:
            system.db.run("DELETE FROM letter WHERE id = ?", (letter_id,))
        else:
            log.warning("the tower refused a letter of %s for good: %s", system.id, status)
            system.db.run("UPDATE letter SET state = 'refused' WHERE id = ?", (letter_id,))
        for passed in subject.split("\n"):
            system.db.run(
                "UPDATE letter SET not_before = 0, waits = 0 WHERE waits = 1 AND subject = ? AND id < ?",
                (passed, letter_id),
            )
