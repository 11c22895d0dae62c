"""A warehouse counts its stock, and the movement never reaches the ERP's books."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS, STORE, system_for
from controltower.simulation.letters import LinkMessage


class MovementLost(Fault):
    """A count corrects a finished item, and what the warehouse tells the ERP of it is lost from then on."""

    name = "movement-lost"
    title = "Stock of ERP and warehouse differ"
    what = "a warehouse's movements of an item are lost on their way to the ERP: their books differ"
    number = "44"
    system = "erp-hq"
    link = "movements-to-erp"
    causes = ("never-announced",)
    verb = "resync"
    cure = "action"
    reaches = ("wms-north",)
    defaults: ClassVar[Body] = {
        "count": 1,
        "duration": 240.0,
        "pieces": 40.0,
    }

    def begin(self) -> None:
        """A count finds more."""
        plant, item = "GRAZ", PLANTS["GRAZ"].items[-1]
        warehouse = system_for("wms", plant)
        what = f"movements of {item} in {plant} were lost between {warehouse} and the ERP"
        held = {"plant": plant, "item": item, "warehouse": warehouse}
        held["version"] = self._of(self.params.system, held).get("version", 0)
        subject = f"{plant}/stock/{item}/{STORE}"
        self.hit(self.params.system, [subject], what, "count, and bring the ERP's books in line", held)
        more = int(self._of(warehouse, held)["on_hand"]) + int(self.asked("pieces"))
        self.scene.correct(warehouse, "stock", f"{plant}/{item}/{STORE}", {"on_hand": more})

    def carries(self, message: LinkMessage) -> bool:
        """False for the movements of an item, until somebody has written it in the ERP."""
        if message.link != self.link:
            return True
        about = message.body["plant"], message.body["item"]
        held = [hit["held"] for hit in self.state["hits"] if not hit["mended"]]
        return not any((each["plant"], each["item"]) == about and not self._written(each) for each in held)

    def is_good(self, hit: Body) -> bool | None:
        """Whether somebody has written the item in the ERP; from then on its movements get through again."""
        return self._written(hit["held"])

    def mend(self, hit: Body) -> None:
        """The warehouse says again what it holds."""
        held = hit["held"]
        held["version"] = -1
        self.scene.correct(held["warehouse"], "stock", f"{held['plant']}/{held['item']}/{STORE}", {})

    def _written(self, held: Body) -> bool:
        return bool(self._of(self.params.system, held).get("version", 0) != held["version"])

    def _of(self, system: str, held: Body) -> Body:
        """A system's record of the item; {} where it has none."""
        wanted = held["plant"], held["item"], STORE
        stocks = self.scene.records(system, "stock")
        return next((s for s in stocks if (s["plant"], s["item"], s["location"]) == wanted), {})
