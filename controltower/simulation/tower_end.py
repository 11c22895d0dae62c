"""The end of one simulated system at which the tower writes: keys, signatures, and a record of all that is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Response, jsonify, request
from standardwebhooks import Webhook, WebhookVerificationError

from controltower.simulation.database import Body
from controltower.simulation.dialects.cloudevents import opened
from controltower.simulation.inbox import Inbox, Kept, Refused, bare, fingerprint
from controltower.simulation.timekeeper import unix

Answer = Response | tuple[Response, int]
# On what the systems tell each other past the tower; all else comes from it.
LINK_HEADER = "X-Link"
HOOKS = "/"
# Nothing is made of it: it only has to come back.
CANARY = "canary"


class Done(NamedTuple):
    """What became of a message: what it was about, what it was, and the answer to it."""

    subject: str
    what: str
    answer: Any
    status: int = 200


def from_tower() -> bool:
    """Whether the request at hand is no message of a link between the systems."""
    return LINK_HEADER not in request.headers


class TowerEnd:
    """Serves ends of a system on which its `handle`s do what the tower asks, each inside a transaction."""

    def __init__(self, system: Any) -> None:
        self._system = system
        self.inbox = Inbox(system.db)

    def rest(self, path: str, method: str, handle: Callable[..., Done], keyed: bool) -> None:
        """A REST end. `keyed`: it knows an Idempotency-Key again, as the draft standard says; else it books twice."""

        def view(**names: str) -> Answer:
            body = request.get_json(silent=True)
            if body is None:
                return jsonify({"error": "send JSON"}), 400
            key = bare(request.headers.get("Idempotency-Key", ""))
            if not keyed or not key:
                return self._do(key, lambda: handle(body, **names))
            return self._once(key, lambda: handle(body, **names))

        self._system.app.add_url_rule(path, f"tower {method} {path}", view, methods=[method])

    def hooks(self, handle: Callable[[Body], str]) -> None:
        """A webhook end at the system's address: signed CloudEvents; `handle` takes one and says what it was about."""
        self._system.app.add_url_rule(HOOKS, "tower hooks", lambda: self._hook(handle), methods=["POST"])

    def _once(self, key: str, do: Callable[[], Done]) -> Answer:
        with self.inbox.alone(key) as first:
            if not first:
                return jsonify({"error": "a request with this key is being worked on"}), 409
            known = self.inbox.known(key)
            if known is None:
                return self._do(key, do)
            if known.fingerprint != _mark():
                return jsonify({"error": "this key came with another request before"}), 422
            self._note(key, Done(*known[1:3], known.answer, known.status), repeated=True)
            return jsonify(known.answer), known.status

    def _do(self, key: str, do: Callable[[], Done]) -> Answer:
        try:
            with self._system.db.transaction():
                done = do()
                if from_tower() and done.status < 300:
                    self._note(key, done)
        except Refused as refused:
            return jsonify({"error": str(refused)}), refused.status
        return jsonify(done.answer), done.status

    def _note(self, key: str, done: Done, repeated: bool = False) -> None:
        kept = Kept(_mark(), done.subject, done.what, done.status, done.answer)
        self.inbox.note(key, kept, request.get_data(), self._system.now, repeated=repeated)

    def _hook(self, handle: Callable[[Body], str]) -> Answer:
        headers = {name.lower(): value for name, value in request.headers.items()}
        secret = self._system.world.credentials.inbox_secrets[self._system.id]
        try:
            Webhook(secret).verify(request.get_data(), headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            return jsonify({"error": "the signature does not fit"}), 401
        try:
            events = opened(headers, request.get_data())
        except (KeyError, TypeError, ValueError) as error:
            return jsonify({"error": f"no CloudEvent: {error}"}), 400
        return self._take_events(headers["webhook-id"], events, handle)

    def _take_events(self, key: str, events: list[Body], handle: Callable[[Body], str]) -> Answer:
        with self.inbox.alone(key) as first:
            if not first:
                return jsonify({"error": "this message is being worked on"}), 409
            known = self.inbox.known(key)
            if known is not None:
                self._note(key, Done(known.subject, known.what, {}, 202), repeated=True)
                return jsonify({"accepted": 0, "duplicates": len(events)}), 202
            try:
                with self._system.db.transaction():
                    for event in events:
                        if event["type"] == CANARY:
                            self._system.send_back(event["id"])
                            continue
                        self._note(key, Done(handle(event), event["type"], {}, 202))
            except Refused as refused:
                return jsonify({"error": str(refused)}), refused.status
        return jsonify({"accepted": len(events), "duplicates": 0}), 202


def _mark() -> str:
    """The fingerprint of the request at hand."""
    return fingerprint(request.method, request.path, request.get_data())


def attributes_of(event: Body) -> Body:
    """The attributes of a canonical event as they are told. Raises Refused."""
    data = event.get("data")
    held = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(held, dict):
        raise Refused(422, f"data without attributes: {json.dumps(data)[:80]}")
    return held


def moment_in(held: Body, name: str) -> float:
    """A time among the attributes as unix seconds. Raises Refused."""
    try:
        return unix(str(held[name]))
    except (KeyError, ValueError) as error:
        raise Refused(422, f"{name} is missing or no time: {error}") from None


def pieces_in(held: Body, name: str, default: int | None = None) -> int:
    """A quantity among what was sent, in whole pieces. Raises Refused when it is none, or lacks without a default."""
    given: Any = held.get(name, default)
    try:
        return round(float(given["value"] if isinstance(given, dict) else given))
    except (KeyError, TypeError, ValueError):
        raise Refused(422, f"{name} is missing or no quantity: {given!r}") from None
