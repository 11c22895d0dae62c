"""Reads go to a replica that lags behind: what was seen already is unseen again."""

from __future__ import annotations

from typing import Any, ClassVar

from controltower.simulation.faults.contract import Body, Fault


class StaleReplica(Fault):
    """The scheduler's lists come by turns from the primary and from a replica that still has the version before."""

    name = "stale-replica"
    title = "Replica lag"
    what = "the scheduler's lists show an order's newest version, and a few minutes later the one before it again"
    number = "56"
    system = "aps-hq"
    causes = ("stale-read",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """A rush order, so that there is a version to be lost again."""
        self.scene.rush_order("LYON")

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row; by turns the version before, once the newest has been shown."""
        if system_id != self.params.system or "reference" not in row or "lastmodified" not in row:
            return row
        known: dict[str, Any] = self.state.setdefault("versions", {}).setdefault(
            f"{kind} {row['reference']}", {"new": row, "old": None, "turn": 0}
        )
        if known["new"]["lastmodified"] != row["lastmodified"]:
            known.update(old=known["new"], new=row, turn=0)
        known["turn"] += 1
        if known["turn"] % 2 or not self._lags(known):
            return row
        self._strike(row, known)
        old: Body = known["old"]
        return old

    def _lags(self, known: Body) -> bool:
        """Whether the two versions differ in more than their stamps; after its mending the replica has caught up."""
        over = bool(self.state["hits"]) and not self.holds
        bare = [{**each, "lastmodified": ""} for each in (known["new"], known["old"]) if each]
        return not over and len(bare) == 2 and bare[0] != bare[1]

    def _strike(self, row: Body, known: Body) -> None:
        if self.state["hits"]:
            return
        what = (
            f"the list of {self.params.system} shows an older version of {row['reference']} after the newest"
        )
        self.hit(self.params.system, [], what, "read from the primary, or have the replica caught up")
