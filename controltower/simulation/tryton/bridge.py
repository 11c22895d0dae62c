"""A real Tryton's place in the network: its door, through which the tower reaches it, and what its people do by hand.

No order passes here: the tower carries them. What is left of the network's own talk are goods: finished ones that are
received in the warehouse and shipped.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import requests
from flask import Response, g, request

from controltower.simulation.database import Body
from controltower.simulation.landscape import PLANTS, SystemSpec, system_for
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.tryton.company import read_company
from controltower.simulation.tryton.gateway import Gateway, told
from controltower.simulation.tryton.orders import order_row
from controltower.simulation.tryton.planned import NotPossible, Planned, change, read_orders
from controltower.simulation.tryton.rpc import TrytonClient, TrytonRefusal
from controltower.simulation.tryton.seed import BRIDGE_LOGIN
from controltower.simulation.world import World

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
PATIENCE_SECONDS = 10.0
RPC = "/rpc/"
# Tryton's states in the words of the simulated ERP, whose place this takes.
STATUSES = {"draft": "FIRM", "waiting": "REL", "assigned": "REL", "running": "PCNF", "done": "CLSD"}
CANCELLED, DONE = "DLFL", ("CLSD", "DLFL")


@dataclass(frozen=True, slots=True)
class RealErp:
    """Where the real Tryton answers, the password of the bridge's user in it, and how often it looks (seconds)."""

    url: str
    password: str = field(repr=False)
    look_each: float = 5.0


class Bridge(PlantSystem):
    """Plays `erp-hq` towards the network; it holds of each order what it has last seen."""

    def __init__(self, spec: SystemSpec, world: World, path: Path, erp: RealErp) -> None:
        self._erp = erp
        self._known: TrytonClient | None = None
        self._gateway = Gateway(erp.url, spec.id)
        super().__init__(spec, world, path)
        self.jobs |= {"look": self._look, "ship": self._ship}
        self.accept("/received", lambda put_away: self.later("ship", 600, 1200, {"order": put_away["order"]}))
        self.accept("/shipped", lambda _: None)
        self.app.add_url_rule("/", "tryton's own", lambda: self._gateway.forward(), methods=["POST"])
        self.app.add_url_rule(
            "/<path:_>", "tryton", lambda _: self._gateway.forward(), methods=["GET", "POST"]
        )

    def _guard(self) -> tuple[Response, int] | None:
        """Tryton's own calls pass with Tryton's own credentials, as long as the door is not in trouble."""
        if not request.path.endswith(RPC):
            return super()._guard()
        trouble = self.world.board.trouble(self._gateway.call())
        g.lost = bool(trouble and trouble.lost)
        return (told(trouble), trouble.status) if trouble and not trouble.lost else None

    def first_day(self) -> None:
        """Look at once, and from then on every few seconds."""
        self.db.plan_job(self.now, "look", {})

    # ---- from Tryton ------------------------------------------------------------------------------------

    def _look(self, body: Body) -> None:
        self.db.plan_job(self.now + self._erp.look_each, "look", {})
        with_ids = [order["native"] for order in self.db.live("order")]
        found = self._tried("a list", "all orders", lambda client: read_orders(client, with_ids))
        for planned in found or ():
            self._compare(planned)

    def _compare(self, planned: Planned) -> None:
        held = self.db.get("order", planned.number) or _blank(planned)
        seen = {
            "status": STATUSES.get(planned.state, CANCELLED),
            "quantity": int(planned.quantity) if planned.quantity.is_integer() else planned.quantity,
            "due": planned.due,
        }
        if all(held[name] == value for name, value in seen.items()):
            return
        order = {**held, **seen, "good": planned.good}
        self._keep(order)
        if order["status"] == "CLSD" and planned.good and held["status"]:
            self._tell_wms("receipts-to-wms", "/receipts", order)

    def live_orders(self, plant: str = "") -> list[Body]:
        """Numbered orders that wait or run in Tryton as last seen, oldest first."""
        return [order for order in self.db.live("order") if plant in ("", order["plant"])]

    # ---- planners, at the wish of a fault or a visitor ---------------------------------------------------

    def change_due_date(self, number: str, hours: float) -> Body | None:
        """Move an order's due date in Tryton, in whole days, away from now; None when Tryton does not."""
        held = self.db.get("order", number)
        if held is None or held["status"] in DONE:
            return None
        days = math.copysign(math.ceil(abs(hours) / 24), hours)
        due = dt.datetime.fromtimestamp(held["due"], ZoneInfo(PLANTS[held["plant"]].zone)) + dt.timedelta(
            days=days
        )
        said = self._tried("a new due date", number, lambda client: change(client, number, due.date(), None))
        return {**held, "due": due.timestamp()} if said else None

    def rush_order(self, plant: str) -> None:
        """Create an order in Tryton and release it."""
        today = dt.datetime.now(dt.UTC).date()
        item = self.chance("rush", plant).choice(PLANTS[plant].items)

        def make(client: TrytonClient) -> None:
            finish = today + dt.timedelta(days=1)
            row = order_row(read_company(client), plant, item, 20.0, today, finish, "RUSH")
            client.press("production", "wait", client.create("production", [row]))

        self._tried("a rush order", plant, make)

    # ---- telling ----------------------------------------------------------------------------------------

    def tell_aps(self, order: Body) -> None:
        """Nothing: the tower carries the orders to the scheduler."""

    def _ship(self, about: Body) -> None:
        if order := self.db.get("order", about["order"]):
            self._tell_wms("shipments-to-wms", "/shipments", order)

    def _tell_wms(self, link: str, path: str, order: Body) -> None:
        body = {key: order[key] for key in ("order", "plant", "item")} | {"quantity": order["good"]}
        self.tell(link, system_for("wms", order["plant"]), path, order["order"], body)

    # ---- asking Tryton ----------------------------------------------------------------------------------

    def _asked(self, wish: Callable[[TrytonClient], Answer]) -> Answer | None:
        """What Tryton answered; None, told in the log, when it does not answer. Raises TrytonRefusal."""
        try:
            self._known = self._known or TrytonClient(
                self._erp.url, BRIDGE_LOGIN, self._erp.password, PATIENCE_SECONDS
            )
            return wish(self._known)
        except requests.RequestException as error:
            log.warning("the bridge cannot reach Tryton: %s", error)
            self._hang_up()
        return None

    def _tried(self, what: str, about: str, wish: Callable[[TrytonClient], Answer]) -> Answer | None:
        """As `_asked`; a refusal is told in the log too."""
        try:
            return self._asked(wish)
        except (TrytonRefusal, NotPossible) as refusal:
            log.warning("Tryton refused %s for %s: %s", what, about, refusal)
        return None

    def _hang_up(self) -> None:
        if self._known:
            self._known.close()
        self._known = None

    def _keep(self, order: Body) -> None:
        self.db.put("order", order["order"], order, self.now, live=order["status"] not in DONE)


def _blank(planned: Planned) -> Body:
    """An order that was never seen: anything that Tryton says of it is news."""
    return {
        "order": planned.number,
        "native": planned.id,
        "plant": planned.plant,
        "item": planned.item,
        "status": "",
        "quantity": 0,
        "due": 0.0,
        "good": 0.0,
    }
