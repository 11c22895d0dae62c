"""The ways between the systems, and which of them the tower carries in each of the demo's configurations.

What the tower carries the systems no longer tell each other: the network stays silent on those links.
"""

from __future__ import annotations

# The plan and the floor: schedules to the MES and back, staging requests and staged material. What only the tower can
# carry, planning status and needs, was never a link.
HYBRID = frozenset({"dispatch-to-mes", "progress-to-aps", "staging-to-wms", "material-to-mes"})
EVERYTHING = HYBRID | {
    "orders-to-aps",
    "changes-to-mes",
    "confirmations-to-erp",
    "movements-to-erp",
    "jobs-to-floor",
    "states-to-mes",
}
# A real ERP's books are nobody's but the tower's: decisions about lots too, without which it completes no order.
BESIDE_TRYTON = EVERYTHING | {"decisions-to-erp"}
CARRIED: dict[str, frozenset[str]] = {"nothing": frozenset(), "hybrid": HYBRID, "all": EVERYTHING}


def carried_as(name: str) -> frozenset[str]:
    """The links of a set by its name. Raises ValueError for an unknown one."""
    if name not in CARRIED:
        raise ValueError(f"the tower may carry {', '.join(CARRIED)}; not {name!r}")
    return CARRIED[name]
