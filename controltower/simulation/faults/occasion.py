"""Where a fault that strikes an order finds one that suits it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from controltower.simulation.faults.contract import Body, Fault

STARTED = ("released", "ready", "running")


def strike(fault: Fault, orders: Iterable[Body], hit: Callable[[Body], None]) -> None:
    """Hit as many of the orders as are asked for; look again in a minute when there were too few."""
    wanted = fault.params.count or 1
    for order in orders:
        if len(fault.state["hits"]) >= wanted:
            break
        if not fault.hits_on(order["order"]) and fault.wants(
            fault.params.system, order["order"], order["order"]
        ):
            hit(order)
    if len(fault.state["hits"]) < wanted:
        fault.scene.try_again(fault)


def in_the_plants(fault: Fault, statuses: Collection[str]) -> list[Body]:
    """The ERP's live orders, youngest first, that a MES holds in one of its statuses, their routing confirmed."""
    return [
        order
        for order in reversed(fault.scene.live_orders())
        if order["status"] in ("REL", "PCNF") and _held_as(fault, order, statuses)
    ]


def _held_as(fault: Fault, order: Body, statuses: Collection[str]) -> bool:
    job = fault.scene.job(order["order"], order["plant"])
    return job is not None and job["revision"] is not None and job["status"] in statuses


def subject(order: Body) -> str:
    """An order's subject."""
    return f"{order['plant']}/order/{order['order']}"
