"""What a simulated system tells of itself when asked: its health, its webhook subscriptions, the webhooks that it has
sent, and all that it holds."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.dialects import cloudevents
from controltower.simulation.landscape import PLANTS
from controltower.simulation.timekeeper import iso, unix

Answer = Response | tuple[Response, int]
DAY = 86400.0
CREDENTIAL_DAYS = 90.0
KEPT = 2 * DAY  # so long a webhook stays in the journal
PAGE = 500
VERSIONS = {"erp": "7.52", "aps": "9.3.0", "mes": "4.11.2", "shopfloor": "2.8", "wms": "0.17.4"}


class SelfReport:
    """The pages of one system, behind its usual credentials."""

    def __init__(self, system: Any) -> None:
        self._system = system
        app: Flask = system.app
        app.add_url_rule("/health", "health", self._health)
        if system.spec.hooks:
            app.add_url_rule("/subscriptions", "subscriptions", self._subscriptions)
            app.add_url_rule("/subscriptions", "subscribe", self._subscribe, methods=["POST"])
            app.add_url_rule("/subscriptions/<id>", "unsubscribe", self._unsubscribe, methods=["DELETE"])
            app.add_url_rule("/events", "events", self._events)
            app.add_url_rule("/holdings", "holdings", self._holdings)

    # ---- health -----------------------------------------------------------------------------------------

    def _health(self) -> Answer:
        system, world = self._system, self._system.world
        told = {
            "status": "ok",
            "version": VERSIONS.get(system.spec.role, "1.0"),
            "environment": "production",
            "instance": system.id,
            "time": iso(system.stamp),
            "credential_expires_at": iso(world.birth + CREDENTIAL_DAYS * DAY),
            "settings": {"plants": list(system.spec.plants), "rounding": 3, "tolerance_percent": 5},
        }
        return jsonify(world.board.shown(system.id, "health", told))

    # ---- subscriptions ----------------------------------------------------------------------------------

    @property
    def subscribed(self) -> bool:
        """Whether anybody wants the webhooks. Before the first word about it somebody does."""
        return any(each["active"] for each in self.subscriptions())

    def subscriptions(self) -> list[Body]:
        """Those there are."""
        held = self._system.db.get("subscription", "all")
        if held is None:
            return [{"id": "sub-1", "url": f"/hooks/{self._system.id}", "active": True}]
        return list(held["items"])

    def keep_subscriptions(self, items: list[Body]) -> None:
        """Let these be the subscriptions."""
        system = self._system
        system.db.put("subscription", "all", {"items": items}, system.now, live=False)

    def _subscriptions(self) -> Answer:
        return jsonify({"items": self.subscriptions()})

    def _subscribe(self) -> Answer:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            return jsonify({"error": "send a JSON object"}), 400
        system = self._system
        with system.db.transaction():
            number = system.db.next_number("subscription", 2)
            url = body.get("url") or f"/hooks/{system.id}"
            made = {"id": f"sub-{number}", "url": str(url), "active": True}
            self.keep_subscriptions([each for each in self.subscriptions() if each["active"]] + [made])
        return jsonify(made), 201

    def _unsubscribe(self, id: str) -> Answer:
        with self._system.db.transaction():
            self.keep_subscriptions([each for each in self.subscriptions() if each["id"] != id])
        return jsonify({}), 200

    # ---- the journal ------------------------------------------------------------------------------------

    def note(self, webhook_id: str, headers: str, body: bytes) -> None:
        """Write a webhook down, whether it reaches anybody or not."""
        system = self._system
        number = system.db.run(
            "INSERT INTO journal (webhook_id, headers, body, at) VALUES (?, ?, ?, ?) RETURNING id",
            (webhook_id, headers, body, system.now),
        )[0][0]
        if number % PAGE == 0:
            system.db.run("DELETE FROM journal WHERE at < ?", (system.now - KEPT,))

    def _events(self) -> Answer:
        try:
            since, until = (unix(request.args[name]) for name in ("since", "until"))
            after = int(request.args.get("cursor", 0))
        except (KeyError, ValueError) as error:
            return jsonify({"error": f"give since and until: {error}"}), 400
        rows = self._system.db.run(
            "SELECT id, webhook_id, headers, body FROM journal WHERE at >= ? AND at <= ? AND id > ? "
            "ORDER BY id LIMIT ?",
            (since, until, after, PAGE),
        )
        items = [_replayed(*row[1:]) for row in rows]
        return jsonify({"items": items, "next": str(rows[-1][0]) if len(rows) == PAGE else None})

    # ---- holdings ---------------------------------------------------------------------------------------

    def hold(self, subject: str, attributes: Body, refs: Body) -> None:
        """Remember what was last known of a subject; what is not told again stays as it was."""
        system = self._system
        found = system.db.run("SELECT attributes, refs FROM held WHERE subject = ?", (subject,))
        before = [json.loads(text) for text in found[0]] if found else [{}, {}]
        now = [{**before[0], **attributes}, {**before[1], **refs}]
        system.db.run(
            "INSERT INTO held (subject, attributes, refs, changed) VALUES (?, ?, ?, ?) ON CONFLICT (subject) "
            "DO UPDATE SET attributes = excluded.attributes, refs = excluded.refs, changed = excluded.changed",
            (subject, json.dumps(now[0]), json.dumps(now[1]), system.stamp),
        )

    def forget(self, subject: str) -> None:
        """Hold a subject no more."""
        self._system.db.run("DELETE FROM held WHERE subject = ?", (subject,))

    def _holdings(self) -> Answer:
        try:
            since = unix(request.args["since"]) if request.args.get("since") else 0.0
            after = int(request.args.get("cursor", 0))
        except ValueError as error:
            return jsonify({"error": str(error)}), 400
        rows = self._system.db.run(
            "SELECT subject, attributes, refs, changed FROM held WHERE changed >= ? ORDER BY subject LIMIT ? OFFSET ?",
            (since, PAGE, after),
        )
        kinds = self._system.db.run("SELECT DISTINCT subject FROM held LIMIT 5000")
        return jsonify(
            {
                "items": [self._held(*row) for row in rows],
                "kinds": sorted({row[0].split("/")[1] for row in kinds}),
                "next": str(after + PAGE) if len(rows) == PAGE else None,
            }
        )

    def _held(self, subject: str, attributes: str, refs: str, changed: float) -> Body:
        plant, kind, _ = subject.split("/", 2)
        time = cloudevents.local_iso(changed, PLANTS[plant].zone)
        return {
            "specversion": "1.0",
            "id": f"{self._system.id}:{subject}:held:{changed:.3f}",
            "source": self._system.id,
            "type": f"{kind}.snapshot",
            "subject": subject,
            "time": time,
            "datacontenttype": "application/json",
            "data": {"attributes": json.loads(attributes), "refs": json.loads(refs)},
        }


def _replayed(webhook_id: str, headers: str, body: bytes) -> Body:
    named = {**json.loads(headers), "webhook-id": webhook_id}
    return {"headers": named, "body": body.decode("utf-8", "replace")}
