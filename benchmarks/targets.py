"""Whether all is right where it counts: in the systems that took what the tower carried."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from controltower.simulation.landscape import system_for
from controltower.simulation.network import Network

Body = dict[str, Any]


def problems(network: Network, orders: Sequence[str]) -> list[str]:
    """What is wrong at the targets, a line for each; nothing when every order ended right and none was booked twice."""
    return [
        *(line for order in orders for line in _ended_right(network, order)),
        *(line for system in network.systems for line in _once(network, system)),
        *_postings(network, orders),
        *_picks(network, orders),
        *(line for system in network.systems for line in _in_turn(network, system)),
    ]


def _ended_right(network: Network, number: str) -> Iterator[str]:
    """Closed in the ERP with what the MES has made."""
    order = network.systems["erp-hq"].db.get("order", number)
    job = network.scene.job(number, order["plant"]) if order else None
    if order is None or job is None:
        yield f"{number} is not known in {'the MES' if order else 'the ERP'}"
        return
    if order["status"] != "CLSD":
        yield f"{number} has ended as {order['status']} in the ERP, {job['status']} in the MES"
    if network.world.real_erp:
        return  # what Tryton has booked is read from Tryton itself
    if (order["good"], order["scrap"]) != (job["good"], job["scrap"]):
        booked, made = f"{order['good']}+{order['scrap']}", f"{job['good']}+{job['scrap']}"
        yield f"{number}: {booked} are booked, {made} were made"


def _once(network: Network, system: str) -> Iterator[str]:
    """No key did something twice."""
    did = Counter(each["key"] for each in network.taken(system) if each["key"] and not each["repeated"])
    yield from (
        f"{system} has done {times} times what came as {key}" for key, times in did.items() if times > 1
    )


def _postings(network: Network, orders: Sequence[str]) -> Iterator[str]:
    """Confirmations of an order grow, and the last one alone is final."""
    booked: dict[str, list[Body]] = defaultdict(list)
    for posting in network.systems["erp-hq"].db.listed("posting"):
        booked[posting["order"]].append(posting)
    for order in orders if booked else ():
        final = [posting["final"] for posting in booked[order]]
        goods = [posting["good"] for posting in booked[order]]
        if final.count(True) != 1 or not final[-1]:
            yield f"{order} was finally confirmed {final.count(True)} times"
        if goods != sorted(goods):
            yield f"{order} was confirmed in disorder: {goods}"


def _picks(network: Network, orders: Sequence[str]) -> Iterator[str]:
    """Each order's components were fetched once."""
    systems = sorted({system_for("wms", plant) for plant in ("LYON", "GRAZ", "PORTO")})
    found = Counter(pick["order"] for system in systems for pick in network.systems[system].db.listed("pick"))
    yield from (f"{order} was staged {found[order]} times" for order in orders if found[order] != 1)


def _in_turn(network: Network, system: str) -> Iterator[str]:
    """What is about one subject came in the order in which it was said."""
    by_subject: dict[str, list[Body]] = defaultdict(list)
    for each in network.taken(system):
        if not each["repeated"]:
            by_subject[each["subject"]].append(each)
    for subject, taken in by_subject.items():
        ranks = [_rank(each) for each in taken]
        if any(one > other for one, other in itertools.pairwise(rank for rank in ranks if rank is not None)):
            yield f"{system} heard of {subject} in disorder: {[each['what'] for each in taken]}"


def _rank(taken: Body) -> int | None:
    """What must not go down from one message about a subject to the next."""
    what = taken["what"]
    if (
        "." in what
    ):  # a canonical event: its sequence is its place among all that went there about the subject
        sequence = json.loads(taken["body"]).get("sequence")
        return int(sequence) if sequence else None
    ranks = {"start": 1, "confirmation": 2, "progress confirmed": 1, "progress completed": 2}
    return ranks.get(what)
