"""The network's own control panel over HTTP: faults, truth, clock, and a few hands-on actions."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from controltower.simulation.timekeeper import iso

if TYPE_CHECKING:
    from controltower.simulation.network import Network

Answer = Response | tuple[Response, int]
LISTS_TOLD = (0, 401, 429, 500, 502, 503)


def control_app(network: Network, token: str) -> Flask:
    """The control server's app; every call needs `Authorization: Bearer <token>`, and an empty token admits nobody."""
    app = Flask("simulation.control")
    panel = _Panel(network)

    @app.before_request
    def guard() -> Answer | None:
        given = request.headers.get("Authorization", "")
        if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return None
        return jsonify({"error": "wrong or missing token"}), 401

    @app.errorhandler(ValueError)
    @app.errorhandler(TypeError)
    def refused(error: Exception) -> Answer:
        return jsonify({"error": str(error)}), 400

    for rule, method, view in panel.routes():
        app.add_url_rule(f"/control/{rule}", f"{method} {rule}", view, methods=[method])
    return app


class _Panel:
    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> list[tuple[str, str, Any]]:
        return [
            ("", "GET", self.overview),
            ("faults", "GET", self.faults),
            ("faults", "POST", self.switch),
            ("truth", "GET", self.truth),
            ("clock", "GET", self.clock),
            ("clock", "POST", self.set_clock),
            ("orders", "GET", self.orders),
            ("due-date", "POST", self.due_date),
            ("answers", "POST", self.answers),
            ("taken", "GET", self.taken),
        ]

    def overview(self) -> Answer:
        faults = [fault["name"] for fault in self._network.world.board.described() if fault["active"]]
        systems = [self._system(system) for system in self._network.systems.values()]
        live = len(self._network.scene.live_orders())
        return jsonify({**self._clock(), "systems": systems, "live_orders": live, "active_faults": faults})

    def _system(self, system: Any) -> dict[str, Any]:
        count = "SELECT count(*) FROM letter WHERE state = ?"
        return {
            "id": system.id,
            "url": self._network.world.addresses.get(system.id),
            "letters_waiting": system.db.run(count, ("pending",))[0][0],
            "letters_refused": system.db.run(count, ("refused",))[0][0],
        }

    def faults(self) -> Answer:
        return jsonify({"items": self._network.faults()})

    def switch(self) -> Answer:
        asked = _body()
        name = str(asked.get("name", ""))
        if name not in {fault["name"] for fault in self._network.world.board.described()}:
            return jsonify({"error": f"there is no fault called {name!r}"}), 404
        if asked.get("on", True):
            self._network.fault_on(name, dict(asked.get("params") or {}))
        else:
            self._network.fault_off(name)
        return self.faults()

    def truth(self) -> Answer:
        lines = self._network.truth.read()
        wanted = request.args.get("fault")
        return jsonify({"items": [line for line in lines if wanted in (None, line["fault"])]})

    def clock(self) -> Answer:
        return jsonify(self._clock())

    def set_clock(self) -> Answer:
        self._network.set_speed(float(_body().get("speed", "no speed")))
        return jsonify(self._clock())

    def _clock(self) -> dict[str, Any]:
        return {"now": iso(self._network.world.moment), "speed": self._network.timekeeper.speed}

    def orders(self) -> Answer:
        return jsonify({"items": [_shown(order) for order in self._network.scene.live_orders()]})

    def due_date(self) -> Answer:
        """Move the due date of the asked order, or of the youngest that can still be moved."""
        asked, erp = _body(), self._network.scene.erp
        if erp is None:
            return jsonify({"error": "there is no simulated ERP here"}), 409
        numbers = [str(asked["order"])] if asked.get("order") else []
        numbers = numbers or [order["order"] for order in reversed(erp.live_orders())]
        hours = float(asked.get("hours", 24))
        with self._network.world.lock:
            for number in numbers:
                changed = erp.change_due_date(number, hours)
                if changed:
                    return jsonify(_shown(changed))
        return jsonify({"error": "no such order, or it can no longer be changed"}), 409

    def taken(self) -> Answer:
        """What a system has taken from the tower."""
        system = request.args.get("system", "")
        if system not in self._network.systems:
            raise ValueError("give a system of the network")
        found = self._network.taken(system, request.args.get("subject", ""))
        return jsonify({"items": [{**each, "at": iso(each["at"])} for each in found]})

    def answers(self) -> Answer:
        """Tell a system how to answer its next list calls."""
        asked = _body()
        system, status = str(asked.get("system", "")), int(asked.get("status", 0))
        if system not in self._network.systems or status not in LISTS_TOLD:
            raise ValueError(f"give a system of the network and a status among {LISTS_TOLD}")
        times = int(asked.get("times", 1)) if status else 0
        told = (status, times, int(asked.get("retry_after", 0)))
        self._network.world.told_answers[system] = told
        return jsonify({"system": system, "status": status, "times": times})


def _shown(order: dict[str, Any]) -> dict[str, Any]:
    shown = {name: order[name] for name in ("order", "plant", "item", "status", "quantity")}
    return {**shown, "due_date": iso(order["due"], milliseconds=False)}


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ValueError("send a JSON object")
    return body
