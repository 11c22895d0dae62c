"""One simulated system: its database, its HTTP API, its agenda, and how it tells the tower and its neighbours."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, request

from controltower.domain.trace import carried
from controltower.simulation.database import Body, Job, SystemDatabase
from controltower.simulation.dialects import cloudevents
from controltower.simulation.faults.contract import Call
from controltower.simulation.landscape import PLANTS, SystemSpec, dice
from controltower.simulation.letters import Letter, LinkMessage
from controltower.simulation.self_report import SelfReport
from controltower.simulation.servers import wait_for_hang_up
from controltower.simulation.tower_end import HOOKS, TowerEnd, from_tower
from controltower.simulation.world import World

BATCH_SECONDS = 30.0
LINK_SECONDS = (20.0, 50.0)
LONGEST_SILENCE = 60.0  # real seconds for which a lost answer is kept
# What goes by the plants' clock however quick the machines are.
BY_THE_CLOCK = ("new-order", "break", "repair")
# The trace of the message that is being answered right now, "" for what a system does of its own accord.
_answered: ContextVar[str] = ContextVar("answered", default="")
_TRACE = "trace"  # where a job on the agenda remembers it


class PlantSystem:
    """A subclass adds `jobs` (agenda kinds it can do) and routes, and says how its first day begins."""

    def __init__(self, spec: SystemSpec, world: World, path: Path) -> None:
        self.spec = spec
        self.id = spec.id
        self.world = world
        self.db = SystemDatabase(path)
        self.jobs: dict[str, Callable[[Body], None]] = {"seal-batch": self._seal_batch}
        self.app = Flask(f"simulation.{spec.id}")
        self.app.json.sort_keys = False  # type: ignore[attr-defined]
        self.app.before_request(self._guard)
        self.app.after_request(self._lose)
        self.tower_end = TowerEnd(self)
        self.report = SelfReport(self)
        if not self.db.get("system", "started"):
            with self.db.transaction():
                self.db.put("system", "started", {"at": world.moment}, world.moment, live=False)
                self.first_day()

    def first_day(self) -> None:
        """What stands on the agenda and in the books when the system starts for the first time."""

    @property
    def now(self) -> float:
        """Virtual unix seconds."""
        return self.world.moment

    @property
    def stamp(self) -> float:
        """What this system's own clock shows: `now`, unless the clock is wrong."""
        return self.world.moment + self.world.board.clock_offset(self.id)

    def later(self, kind: str, low: float, high: float, body: Body) -> None:
        """Put a job on the agenda between `low` and `high` virtual seconds from now, by the network's pace."""
        length = 1.0 if kind in BY_THE_CLOCK else self.world.pace.length
        due = self.now + length * self.chance(kind, body).uniform(low, high)
        trace = {_TRACE: _answered.get()} if _answered.get() and kind != "link" else {}
        self.db.plan_job(due, kind, {**body, **trace})

    def chance(self, *parts: Any) -> Any:
        """Seeded chance for this system, this purpose and this moment."""
        text = json.dumps(parts, sort_keys=True)
        return dice(self.world.seed, self.id, text, round(self.now - self.world.birth, 3))

    def do(self, job: Job) -> None:
        """Do one job and take it off the agenda, both or neither."""
        body = dict(job.body)
        answered = _answered.set(body.pop(_TRACE, ""))
        try:
            with self.db.transaction():
                if not self.world.board.skips(self.id, job.kind, body):
                    self.jobs[job.kind](body)
                self.db.job_done(job)
        finally:
            _answered.reset(answered)

    def correct(self, kind: str, key: str, changes: Body) -> None:
        """Set a record right by hand and tell it as any change. Raises ValueError for what nobody can set here."""
        raise ValueError(f"nobody can set a {kind} of {self.id} by hand")

    # ---- neighbours -------------------------------------------------------------------------------------

    def tell(self, link: str, target: str, path: str, about: str, body: Any, method: str = "POST") -> None:
        """Send a message over a named link; it goes out 20 to 50 virtual seconds later. The tower may carry it."""
        if link in self.world.carried:
            return
        message = LinkMessage(link, self.id, target, method, path, about, body)
        self.later("link", *LINK_SECONDS, message.as_body())

    def accept(self, path: str, handle: Callable[[Any], None], method: str = "POST") -> None:
        """Serve a link's receiving end: the JSON body goes to `handle` inside a transaction, answer 202."""

        def view() -> tuple[Response, int]:
            with self.db.transaction():
                handle(request.get_json())
            return jsonify({"accepted": True}), 202

        self.app.add_url_rule(path, f"{method} {path}", view, methods=[method])

    def _guard(self) -> tuple[Response, int] | None:
        _answered.set(carried(request.headers.get("traceparent", ""))[0])
        if from_tower():
            trouble = self.world.board.trouble(Call(self.id, request.method, _text()))
            if trouble and trouble.refuses:
                return _told(trouble.status, trouble.words, trouble.retry_after, trouble.answer)
            time.sleep(trouble.slow if trouble else 0.0)
            g.lost = bool(trouble and trouble.lost)
        # A webhook proves by its signature whose it is.
        if request.path != HOOKS and not self.world.credentials.admits(self.id, request.headers.get):
            return _told(401, "Authentication credentials were not provided.", 0)
        told = self.world.told_answer(self.id) if request.method == "GET" else None
        return _told(told[0], f"told to answer {told[0]}", told[1]) if told else None

    def _lose(self, answer: Response) -> Response:
        """Keep an answer that is to be lost until the caller has given up."""
        if g.get("lost") and answer.status_code < 300:
            wait_for_hang_up(request.environ.get("werkzeug.socket"), LONGEST_SILENCE)
        return answer

    # ---- the tower --------------------------------------------------------------------------------------

    def local_time(self, plant: str) -> str:
        """What the system's clock shows, in the zone of a plant."""
        return cloudevents.local_iso(self.stamp, PLANTS[plant].zone)

    def announce(self, subject: str, kind: str, attributes: Body, refs: Body) -> None:
        """Tell the tower a fact as a CloudEvent; `subject` is `<plant>/<kind>/<key>`."""
        zone = PLANTS[subject.split("/")[0]].zone
        time = cloudevents.local_iso(self.stamp, zone)
        sequence = self.db.next_number(subject)
        self.report.hold(subject, attributes, refs)
        content = cloudevents.event(self.id, sequence, kind, subject, time, attributes, refs, _answered.get())
        self.post_letter(Letter(self.id, subject, kind, content))

    def send_back(self, canary: str) -> None:
        """Let one of the tower's canaries go, by the way that all letters take."""
        time = cloudevents.local_iso(self.stamp, PLANTS[self.spec.plants[0]].zone)
        self.post_letter(Letter(self.id, "", "canary", cloudevents.returned(self.id, canary, time)))

    def post_letter(self, letter: Letter) -> None:
        """Put a letter in the outbox, or what the active faults make of it."""
        several = self.world.board.letters(letter)
        if not several:  # it was written, and is lost on its way
            self._put_letter(letter.subject, self.spec.mode, [letter.content], letter, sent=False)
        for made in several:
            if self.spec.mode == "batch" and not (made.waits or made.not_before):
                self._queue(made)
            else:
                self.put_letter(made)

    def put_letter(self, letter: Letter) -> None:
        """Put a letter in the outbox by itself, in a batch of one where the system sends batches."""
        self._put_letter(letter.subject, self.spec.mode, [letter.content], letter)

    def _queue(self, letter: Letter) -> None:
        if not self.db.run("SELECT 1 FROM queued_event LIMIT 1"):
            self.db.plan_job(self.now + BATCH_SECONDS, "seal-batch", {})
        self.db.run("INSERT INTO queued_event (body) VALUES (?)", (json.dumps(letter.content),))

    def _seal_batch(self, _: Body) -> None:
        """Close the batch: what is in it can no longer change, so that a retry is the same message."""
        contents = [json.loads(row[0]) for row in self.db.run("SELECT body FROM queued_event ORDER BY id")]
        self.db.run("DELETE FROM queued_event")
        if contents:
            self._put_letter(
                "\n".join(content.get("subject", "") for content in contents), "batch", contents, None
            )

    def _put_letter(
        self, subject: str, mode: str, contents: list[Body], letter: Letter | None, sent: bool = True
    ) -> None:
        headers, body = cloudevents.enclose(mode, contents)
        if letter and letter.broken is not None:
            body = letter.broken.encode()
        number = self.db.next_number("letter")
        webhook_id = (letter and letter.webhook_id) or f"msg_{int(self.world.birth):x}_{self.id}_{number}"
        self.report.note(webhook_id, json.dumps(headers), body)
        if not sent or not self.report.subscribed:
            return
        self.db.run(
            "INSERT INTO letter (webhook_id, subject, headers, body, not_before, waits, state) "
            "VALUES (?, ?, ?, ?, ?, ?, 'pending')",
            (
                webhook_id,
                subject,
                json.dumps(headers),
                body,
                letter.not_before if letter else 0.0,
                int(letter.waits) if letter else 0,
            ),
        )


def _text() -> str:
    """Path and body of the request at hand, in which a fault looks for an order."""
    return f"{request.full_path}\n{request.get_data(as_text=True)}"


def _told(status: int, words: str, retry_after: int, body: Body | None = None) -> tuple[Response, int]:
    answer = jsonify({"detail": words} if body is None else body)
    if retry_after:
        answer.headers["Retry-After"] = str(retry_after)
    return answer, status
