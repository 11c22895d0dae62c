"""What the faults may see and do in the network."""

from __future__ import annotations

from typing import Any, cast

from controltower.simulation.database import Body, SystemDatabase
from controltower.simulation.faults.contract import Fault
from controltower.simulation.landscape import system_for
from controltower.simulation.letters import Letter, LinkMessage
from controltower.simulation.order_book import OrderBook
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.supplier_files import drop
from controltower.simulation.systems.mes import Mes
from controltower.simulation.systems.procurement import Procurement
from controltower.simulation.systems.wms import Wms
from controltower.simulation.systems.workforce import Workforce
from controltower.simulation.truth import Hit
from controltower.simulation.world import World

MINUTE = 60.0


class NetworkScene:
    """The faults' view of the running systems; without a simulated ERP it has no orders to offer."""

    def __init__(self, world: World, systems: dict[str, PlantSystem], database: SystemDatabase) -> None:
        self._world = world
        self._systems = systems
        self._db = database

    @property
    def erp(self) -> OrderBook | None:
        """The simulated ERP, or the bridge to a real one; None where neither is there."""
        return cast("OrderBook | None", self._systems.get("erp-hq"))

    def now(self) -> float:
        """Virtual unix seconds."""
        return self._world.moment

    def live_orders(self, plant: str = "") -> list[Body]:
        """The ERP's live orders, oldest first."""
        return self.erp.live_orders(plant) if self.erp else []

    def rush_order(self, plant: str) -> None:
        """Have the ERP create and release an order at once."""
        if self.erp:
            self.erp.rush_order(plant)

    def change_due_date(self, order: str, hours: float) -> None:
        """Have a planner move an order's due date in the ERP."""
        if self.erp:
            self.erp.change_due_date(order, hours)

    def job(self, order: str, plant: str) -> Body | None:
        """What the plant's MES holds of an order."""
        return self._mes(plant).job(order)

    def system(self, system: str) -> Any:
        """A system itself, for what somebody does in it by hand. Raises KeyError where it does not run."""
        return self._systems[system]

    def resend(self, message: LinkMessage) -> None:
        """Put a message that never went out back on its link."""
        system = self._systems[message.sender]
        with system.db.transaction():
            body = message.body
            system.tell(message.link, message.target, message.path, message.about, body, message.method)

    def resend_order(self, order: str) -> None:
        """Have the ERP tell the APS all it knows of an order."""
        held = self.erp.db.get("order", order) if self.erp else None
        if self.erp and held:
            with self.erp.db.transaction():
                self.erp.tell_aps(held)

    def acknowledge(self, order: str, plant: str) -> None:
        """Have the plant's MES confirm the routing it withheld."""
        self._mes(plant).confirm_routing(order)

    def count_stock(self, system: str, quantity: int | None) -> Body:
        """Have a warehouse count its first component: the plant and item. Raises ValueError for no warehouse."""
        warehouse = self._systems.get(system)
        if not isinstance(warehouse, Wms):
            raise ValueError(f"{system} is no warehouse")
        return warehouse.count(quantity)

    def inject(self, letter: Letter) -> None:
        """Put a letter in a system's outbox, past all faults."""
        system = self._systems[letter.system]
        with system.db.transaction():
            system.put_letter(letter)

    def records(self, system: str, kind: str) -> list[Body]:
        """The records of a kind that a system keeps, oldest first."""
        return self._systems[system].db.listed(kind)

    def correct(self, system: str, kind: str, key: str, changes: Body) -> None:
        """Set a record of a system right by hand. Raises ValueError where nobody can."""
        found = self._systems[system]
        with found.db.transaction():
            found.correct(kind, key, changes)

    def do_later(self, system: str, kind: str, body: Body) -> None:
        """Put a job on a system's agenda, due at once."""
        self._systems[system].db.plan_job(self.now(), kind, body)

    def need(self, plant: str) -> None:
        """Have the buyers order a component for a plant."""
        cast(Procurement, self._systems["procurement"]).buy(plant)

    def change_shift(self, plant: str) -> None:
        """Have a plant's next shift begin now."""
        cast(Workforce, self._systems["workforce"]).change_now(plant)

    def tell_again(self, system: str, subject: str, attributes: Body) -> None:
        """Have a system tell again, as of now, what it had told wrong of a subject."""
        teller, kind = self._systems[system], subject.split("/")[1]
        with teller.db.transaction():
            teller.announce(subject, f"{kind}.changed", attributes, {})

    def drop(self, name: str, text: str) -> None:
        """Put a file into the folder of the suppliers as it is; without text take it away."""
        drop(self._world, name, text)

    def try_again(self, fault: Fault) -> None:
        """Begin the fault again in a virtual minute."""
        self._db.plan_job(self.now() + MINUTE, "begin", {"fault": fault.name})

    def remember(self, fault: Fault, hit: Hit, held: Body) -> None:
        """Keep a hit, write its truth and plan its mending."""
        self._world.board.remember(fault, hit, held, self.now())
        if fault.params.duration > 0:
            due = self.now() + fault.params.duration * MINUTE
            self._db.plan_job(due, "mend", {"fault": fault.name, "hit": hit.id})

    def forget(self, fault: Fault, hit_id: str) -> None:
        """Write that a hit is mended."""
        self._world.board.forget(fault, hit_id, self.now())

    def _mes(self, plant: str) -> Mes:
        return cast(Mes, self._systems[system_for("mes", plant)])
