"""The seed scenario as a story: orders through all plants without a hand, trouble, and a person who mends it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from benchmarks import targets
from controltower.simulation.landscape import ALL
from controltower.simulation.network import Network

Body = dict[str, Any]
OVER = ("CLSD", "DLFL")
# Nothing has moved for so many steps: then only a person can go on.
STILL = 12
AT_ONCE = 200
REASON = "The system that refused takes messages again"


class Stage(Protocol):
    """Where the story is played: a network, a tower that is asked through its API, and time that passes."""

    network: Network

    def step(self) -> None:
        """Let a moment pass: a minute of the plants', or a few seconds of ours."""

    def ask(self, method: str, path: str, body: Body | None = None) -> tuple[int, Body]:
        """A call of the tower's API with an integration team's key: status and answer."""


@dataclass(frozen=True)
class Plot:
    """`every`: steps between two orders. Troubles last minutes of the network's clock; 0 leaves one out."""

    orders: int = 50
    every: int = 2
    down: float = 0.0
    refuses: float = 0.0
    busy: float = 0.0
    most_steps: int = 1500


@dataclass
class Outcome:
    """What came of it. `problems` is empty when all is right at the targets and in the tower."""

    orders: list[str] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    without_a_hand: int = 0
    dead: list[Body] = field(default_factory=list)
    exceptions: list[Body] = field(default_factory=list)
    resubmitted: int = 0
    resynced: int = 0
    deliveries: dict[str, dict[str, int]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    faults: list[Body] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_body(self) -> Body:
        """All of it as JSON."""
        return asdict(self)


class Story:
    """Plays a plot on a stage."""

    def __init__(self, stage: Stage, plot: Plot, say: Callable[[str], None] = lambda _: None) -> None:
        self.stage, self.plot, self.say = stage, plot, say
        self.outcome = Outcome()
        self._before = set(self._numbers())

    def play(self) -> Outcome:
        """From the first order to the last posted confirmation."""
        began = time.monotonic()
        self._enter_orders()
        self._wait("until only a person can go on")
        self.outcome.orders = self._ours()
        self.outcome.without_a_hand = len(self._done())
        self._end_troubles()
        self._as_a_person()
        self._wait("until all orders have ended")
        self._look()
        self.outcome.seconds = round(time.monotonic() - began, 1)
        return self.outcome

    # ---- the plants -------------------------------------------------------------------------------------

    def _enter_orders(self) -> None:
        """One order after the other, in each plant by turns; the troubles begin when a third is there."""
        for number in range(self.plot.orders):
            if number == self.plot.orders // 3:
                self._begin_troubles()
            self.stage.network.scene.rush_order(ALL[number % len(ALL)])
            for _ in range(self.plot.every):
                self._step()
        self.say(f"{self.plot.orders} orders entered")

    def _begin_troubles(self) -> None:
        plot, network = self.plot, self.stage.network
        wanted: tuple[tuple[str, str, float, Body], ...] = (
            ("target-down", "aps-hq", plot.down, {}),
            ("target-refuses", "mes-porto", plot.refuses, {}),
            ("target-busy", "erp-hq", plot.busy, {"rate": 0.5}),
            ("answer-lost", "erp-hq", plot.busy, {"rate": 0.5}),
        )
        for fault, system, minutes, more in wanted:
            if minutes:
                network.fault_on(fault, {"system": system, "duration": minutes, **more})
                self.say(f"{system}: {fault} for {minutes:g} min")

    def _end_troubles(self) -> None:
        """Whatever still lasts; a person would not resubmit into it."""
        self.outcome.faults = self.stage.network.truth.read()
        for fault in self.stage.network.faults():
            if fault["active"]:
                self.stage.network.fault_off(fault["name"])

    def _step(self) -> None:
        self.stage.step()
        self.outcome.steps += 1

    def _wait(self, what: str) -> None:
        """Until all orders are done, or nothing has moved for a while and no trouble lasts."""
        still, before = 0, None
        while len(self._done()) < self.plot.orders and self.outcome.steps < self.plot.most_steps:
            self._step()
            now = self._picture()
            lasts = any(fault["active"] for fault in self.stage.network.faults())
            still = still + 1 if now == before and not lasts else 0
            before = now
            if still >= STILL:
                break
        self.say(f"waited {what}: {len(self._done())} of {self.plot.orders} orders have ended")

    def _picture(self) -> tuple[Any, ...]:
        """What changes as long as anything moves."""
        erp = self.stage.network.systems["erp-hq"].db
        orders = [erp.get("order", number) or {} for number in self._ours()]
        held = tuple((order.get("status"), order.get("good"), order.get("version")) for order in orders)
        return held, tuple(len(self.stage.network.taken(system)) for system in self.stage.network.systems)

    def _numbers(self) -> list[str]:
        return [order["order"] for order in self.stage.network.systems["erp-hq"].db.listed("order")]

    def _ours(self) -> list[str]:
        return [number for number in self._numbers() if number not in self._before]

    def _done(self) -> list[str]:
        erp = self.stage.network.systems["erp-hq"].db
        return [number for number in self._ours() if (erp.get("order", number) or {}).get("status") in OVER]

    # ---- the tower --------------------------------------------------------------------------------------

    def _listed(self, path: str) -> Iterator[Body]:
        """The items of a list of the API, page by page."""
        cursor = ""
        while True:
            status, answer = self.stage.ask("GET", f"{path}&limit={AT_ONCE}{cursor}")
            if status != 200:
                raise RuntimeError(f"the tower answered {status} to {path}: {answer}")
            yield from answer["items"]
            if not answer["next"]:
                return
            cursor = f"&cursor={answer['next']}"

    def _as_a_person(self) -> None:
        """Look at the dead letters and send them again, the oldest first. In the place of old news the target is told
        what holds now."""
        self.outcome.dead = list(self._listed("/messages?direction=out&state=dead"))
        self.outcome.exceptions = list(self._listed("/exceptions?state=open"))
        resynced: set[tuple[str, str]] = set()
        for each in sorted(self.outcome.dead, key=lambda each: int(each["id"])):
            lane = each["system"], each["subject"]
            if lane in resynced:  # all that this one could say has been said by then
                self._discard(each["id"], "The target has been told what holds now")
                continue
            status, answer = self.stage.ask("POST", f"/messages/{each['id']}/resubmit", {"reason": REASON})
            if status == 200:
                self.outcome.resubmitted += 1
            elif answer.get("title") == "Old news":
                self._resync(each["id"], answer["detail"])
                resynced.add(lane)
            else:
                self.outcome.problems.append(f"{each['id']} was not resubmitted: {status} {answer}")
        if self.outcome.dead:
            self.say(f"{self.outcome.resubmitted} dead letters sent again, {self.outcome.resynced} resynced")

    def _resync(self, id: str, why: str) -> None:
        """Send what the owners say now, and give the old one up."""
        status, answer = self.stage.ask("POST", f"/messages/{id}/resync", {"reason": why})
        if status != 200:
            self.outcome.problems.append(f"{id} was not resynced: {status} {answer}")
        self._discard(id, why)
        self.outcome.resynced += 1

    def _discard(self, id: str, why: str) -> None:
        """Give a dead letter up. It may have been superseded meanwhile, which is as well."""
        self.stage.ask("POST", f"/messages/{id}/discard", {"reason": why})

    def _look(self) -> None:
        """At the targets and into the tower: is all right?"""
        outcome, network = self.outcome, self.stage.network
        outcome.problems += targets.problems(network, outcome.orders)
        if len(outcome.orders) != self.plot.orders:
            outcome.problems.append(f"{len(outcome.orders)} orders were entered, not {self.plot.orders}")
        states: dict[str, Counter[str]] = {}
        for each in self._listed("/messages?direction=out"):
            states.setdefault(each["route"], Counter())[each["state"]] += 1
        outcome.deliveries = {route: dict(found) for route, found in sorted(states.items())}
        for route, found in outcome.deliveries.items():
            stuck = found.keys() & {"dead", "unknown", "retrying", "waiting", "pending", "sending"}
            outcome.problems += [f"{found[state]} messages of {route} are {state}" for state in sorted(stuck)]
        outcome.problems += [
            f"a dead letter without an owner or an action: {each['title']}"
            for each in outcome.exceptions
            if not (each["team"] and each["action"])
        ]
        taken = {system: network.taken(system) for system in network.systems}
        outcome.taken = {system: len(found) for system, found in taken.items() if found}
        outcome.repeated = sum(each["repeated"] for found in taken.values() for each in found)
