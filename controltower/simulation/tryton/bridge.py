"""The middleware between a real Tryton and the simulated systems: it looks for changes and carries them, both ways."""

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

from controltower.simulation.database import Body
from controltower.simulation.landscape import PLANTS, SystemSpec, system_for
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.timekeeper import iso
from controltower.simulation.tryton import executed
from controltower.simulation.tryton.company import read_company
from controltower.simulation.tryton.orders import order_row
from controltower.simulation.tryton.planned import NotPossible, Planned, change, read_orders
from controltower.simulation.tryton.rpc import TrytonClient, TrytonRefusal
from controltower.simulation.tryton.seed import BRIDGE_LOGIN
from controltower.simulation.world import World

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
AGAIN_SECONDS, PATIENCE_SECONDS = 15.0, 10.0
MOST_TRIES = 5  # of a booking that Tryton refuses; while it does not answer it is tried for ever
# Tryton's states in the words of the simulated ERP, whose place this takes.
STATUSES = {"draft": "FIRM", "waiting": "REL", "assigned": "REL", "running": "PCNF", "done": "CLSD"}
CANCELLED, DONE = "DLFL", ("CLSD", "DLFL")
# A production order of Tryton has no priority, and frePPLe wants one.
PRIORITY = 3


@dataclass(frozen=True, slots=True)
class RealErp:
    """Where the real Tryton answers, the password of the bridge's user in it, and how often it looks (seconds)."""

    url: str
    password: str = field(repr=False)
    look_each: float = 5.0


class Bridge(PlantSystem):
    """Plays `erp-hq` towards the network; it holds of each order what it has last seen and passed on."""

    def __init__(self, spec: SystemSpec, world: World, path: Path, erp: RealErp) -> None:
        self._erp = erp
        self._known: TrytonClient | None = None
        super().__init__(spec, world, path)
        self.jobs |= {"look": self._look, "begin": self._begin, "post": self._post, "ship": self._ship}
        self.accept("/starts", lambda sent: self._plan("begin", sent["order"]))
        self.accept("/confirmations", self._take_confirmation)
        self.accept("/usage-decisions", self._take_decision)
        self.accept("/stock-movements", lambda _: None)
        self.accept("/received", self._take_receipt)
        self.accept("/shipped", lambda _: None)

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
        order = {**held, **seen, "version": held["version"] + 1}
        self._keep(order)
        if any(held[name] != order[name] for name in ("quantity", "due")) or _planning(held) != _planning(
            order
        ):
            self.tell_aps(order)
            if held["version"]:
                self._tell_mes(order)
        if order["status"] == "CLSD" and order["good"]:
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

    # ---- from the simulated systems ----------------------------------------------------------------------

    def _take_confirmation(self, posted: Body) -> None:
        """Tryton books an order's yield as a whole: a partial confirmation waits for the final one."""
        order = self.db.get("order", posted["order"])
        if order is None or order["final"] or not posted["final"]:
            return
        self._keep({**order, "good": posted["good"], "final": True})
        self._plan("post", order["order"])

    def _take_decision(self, decided: Body) -> None:
        order = self.db.get("order", decided["order"])
        if order and decided["accepted"] and not order["accepted"]:
            self._keep({**order, "accepted": True})
            if order["final"] and not order["posted"]:
                self._plan("post", order["order"])

    def _begin(self, about: Body) -> None:
        order = self._order(about)
        self._book("begin", about, lambda client: executed.start(client, order["native"]))

    def _post(self, about: Body) -> None:
        order = self._order(about)
        if order["posted"]:
            return
        good, accepted = float(order["good"]), order["accepted"]
        if self._book("post", about, lambda client: executed.finish(client, order["native"], good, accepted)):
            self._keep({**order, "posted": True})

    def _book(self, kind: str, about: Body, booking: Callable[[TrytonClient], bool]) -> bool:
        """Book in Tryton, or plan to try it again; whether it is booked."""
        tries = about.get("tries", 0)
        try:
            booked = self._asked(booking)
        except TrytonRefusal as refusal:
            log.warning("Tryton refused %s of %s: %s", kind, about["order"], refusal)
            booked, tries = None, tries + 1
        if booked is None and tries < MOST_TRIES:
            self.db.plan_job(self.now + AGAIN_SECONDS, kind, {**about, "tries": tries})
        return bool(booked)

    def _take_receipt(self, received: Body) -> None:
        """Tryton keeps its own stock; only the arrival of a finished order is of interest, for it is shipped then."""
        self.later("ship", 600, 1200, {"order": received["order"]})

    def _ship(self, about: Body) -> None:
        self._tell_wms("shipments-to-wms", "/shipments", self._order(about))

    # ---- telling ----------------------------------------------------------------------------------------

    def tell_aps(self, order: Body) -> None:
        """Upsert an order in the scheduler, in the scheduler's own dialect."""
        upsert = {
            "reference": order["order"],
            "operation": f"Make {order['item']}",
            "status": _planning(order),
            "quantity": order["quantity"],
            "due": iso(order["due"]),
            "item": order["item"],
            "location": order["plant"],
            "priority": PRIORITY,
            "erp_version": order["version"],
            "source": self.id,
        }
        self.tell("orders-to-aps", "aps-hq", "/api/input/manufacturingorder/", order["order"], upsert)

    def _tell_mes(self, order: Body) -> None:
        header = {
            "order": order["order"],
            "order_version": order["version"],
            "quantity": order["quantity"],
            "due_date": order["due"],
            "priority": PRIORITY,
        }
        body = {"order": order["order"], "close": True} if order["status"] in DONE else header
        self.tell("changes-to-mes", system_for("mes", order["plant"]), "/order-changes", order["order"], body)

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

    def _plan(self, kind: str, order: str) -> None:
        self.db.plan_job(self.now, kind, {"order": order})

    def _order(self, about: Body) -> Body:
        order = self.db.get("order", about["order"])
        if order is None:
            raise LookupError(f"the bridge holds no order {about['order']}")
        return order

    def _keep(self, order: Body) -> None:
        self.db.put("order", order["order"], order, self.now, live=order["status"] not in DONE)


def _planning(order: Body) -> str:
    """The order's status in the scheduler's words; "" for one that was never passed on."""
    words = {"": "", "FIRM": "approved", "CLSD": "closed", CANCELLED: "closed"}
    return words.get(order["status"], "confirmed")


def _blank(planned: Planned) -> Body:
    """An order that was never passed on: anything that Tryton says of it is news."""
    return {
        "order": planned.number,
        "native": planned.id,
        "plant": planned.plant,
        "item": planned.item,
        "status": "",
        "quantity": 0,
        "due": 0.0,
        "good": 0,
        "final": False,
        "accepted": False,
        "posted": False,
        "version": 0,
    }
