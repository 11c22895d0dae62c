"""Books in Tryton what the MES reports of an order: that it has begun, and what came of it."""

from typing import Any

from controltower.simulation.tryton.orders import inspect, work_on
from controltower.simulation.tryton.rpc import TrytonClient, TrytonRefusal

# Buttons that bring an order from its state to running, in their order.
_TO_RUNNING = {
    "draft": ("wait", "assign_force", "run"),
    "waiting": ("assign_force", "run"),
    "assigned": ("run",),
}
MOST_OPERATION_STEPS = 50


def start(client: TrytonClient, order: int) -> bool:
    """Bring an order to running; one that runs or is over stays as it is. True. Raises TrytonRefusal."""
    for button in _TO_RUNNING.get(state_of(client, order), ()):
        client.press("production", button, [order])
    return True


def finish(client: TrytonClient, order: int, good: float, accepted: bool) -> bool:
    """Finish an order with its good quantity; False while Tryton waits for the usage decision of its lot.

    Tryton keeps no scrap of an order: what was lost is seen as the output that falls short. Raises TrytonRefusal.
    """
    start(client, order)
    if state_of(client, order) != "running":
        return True
    for _ in range(MOST_OPERATION_STEPS):
        if not work_on(client, order):
            break
    _put_out(client, order, good)
    if client.press("production", "do", [order]) is None:
        return True
    if not accepted:
        return False
    inspect(client, order)
    if client.press("production", "do", [order]) is not None:
        raise TrytonRefusal(
            "inspection", f"order {order} is inspected, and Tryton still asks for an inspection"
        )
    return True


def state_of(client: TrytonClient, order: int) -> str:
    """The order's state in Tryton's words; "" for one that is not there any more."""
    found = client.search_read("production", [["id", "=", order]], ["state"])
    return str(found[0]["state"]) if found else ""


def _put_out(client: TrytonClient, order: int, good: float) -> None:
    outputs: dict[str, Any] = client.call("model.production.read", [order], ["outputs"])[0]
    rows = [["write", outputs["outputs"], {"quantity": good}]]
    client.write("production", [order], {"outputs": rows})
