"""After a failover a system answers from older data."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

AGE = 3600.0


class RestoredOlder(Fault):
    """The warehouse's lists come from a backup: what was counted since is unseen again, stamps go backwards."""

    name = "restored-older"
    title = "Restore to older data"
    what = "after a failover the warehouse's list of stock is the one of an hour ago, older stamps and all"
    number = "65"
    system = "wms-north"
    causes = ("restored-older",)
    verb = "backfill"
    cure = "owner then action"
    # Its stock is the ERP's too, which goes on.
    reaches = ("erp-hq",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """Remember the list as it is; strike once something in it has moved for good."""
        if self.params.system != "wms-north":
            raise ValueError("only wms-north can be asked for its stock as of an earlier time")
        warehouse = self.scene.system(self.params.system)
        moved = [stock for stock in warehouse.db.listed("stock") if self._moved(stock)]
        if "before" not in self.state:
            self.state["before"] = {_name(each): each for each in warehouse.db.listed("stock")}
        elif moved and self.scene.now() >= self.state["since"] + 1800.0:
            subjects = [f"{each['plant']}/stock/{each['item']}/{each['location']}" for each in moved]
            what = f"the stock list of {self.params.system} is an old one: {len(moved)} positions went back"
            self.hit(self.params.system, subjects, what, "restore the newest data, then read all again")
            return
        self.scene.try_again(self)

    def recorded(self, system_id: str, kind: str, record: Body) -> Body:
        """The record as the backup has it."""
        if system_id != self.params.system or kind != "stock" or not self.holds:
            return record
        old: Body = self.state["before"].get(_name(record), record)
        return {**old, "pk": record["pk"]}

    def _moved(self, stock: Body) -> bool:
        """Whether a position was counted otherwise by a stamp that is surely newer."""
        old = self.state.get("before", {}).get(_name(stock))
        amounts = ("on_hand", "reserved")
        return old is not None and stock["changed"] > old["changed"] + 900.0 and any(
            stock[name] != old[name] for name in amounts
        )  # fmt: skip


def _name(stock: Body) -> str:
    return f"{stock['plant']}/{stock['item']}/{stock['location']}"
