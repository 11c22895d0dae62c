"""What a fault is: where it may bend the network, what it remembers of each hit, and how it is mended."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, ClassVar, NamedTuple, Protocol

from controltower.simulation.letters import Letter, LinkMessage
from controltower.simulation.truth import Hit

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Params:
    """How a fault was asked to behave; `duration` is virtual minutes, `count` 0 means no limit."""

    system: str = ""
    rate: float = 1.0
    count: int = 1
    duration: float = 180.0
    seed: int = 0
    order: str = ""
    more: Body = field(default_factory=dict)

    def as_body(self) -> Body:
        """The parameters as JSON."""
        return asdict(self)


class Call(NamedTuple):
    """A request that the tower makes of a system: `text` is its path and body."""

    system: str
    method: str
    text: str

    @property
    def writes(self) -> bool:
        return self.method != "GET"


class Trouble(NamedTuple):
    """What a system answers in place of what it should; `lost`: it does what it is asked and never says so; `slow`: it
    does, so many real seconds later; `answer`: its body, where that is not its words alone."""

    status: int = 0
    words: str = ""
    retry_after: int = 0
    lost: bool = False
    slow: float = 0.0
    answer: Body | None = None

    @property
    def refuses(self) -> bool:
        """Whether nothing is done of what was asked."""
        return not self.lost and not self.slow


class Scene(Protocol):
    """What a fault may see and do: make an occasion for itself, and mend what it broke."""

    def now(self) -> float:
        """Virtual unix seconds."""

    def live_orders(self, plant: str = "") -> list[Body]:
        """The ERP's live orders, oldest first, each with `order`, `plant`, `status`, `due`."""

    def rush_order(self, plant: str) -> None:
        """Have the ERP create and release an order at once."""

    def change_due_date(self, order: str, hours: float) -> None:
        """Have a planner move an order's due date in the ERP."""

    def job(self, order: str, plant: str) -> Body | None:
        """What the plant's MES holds of an order."""

    def system(self, system: str) -> Any:
        """A system itself, for what somebody does in it by hand. Raises KeyError where it does not run."""

    def resend(self, message: LinkMessage) -> None:
        """Put a message that never went out back on its link."""

    def resend_order(self, order: str) -> None:
        """Have the ERP tell the APS all it knows of an order."""

    def acknowledge(self, order: str, plant: str) -> None:
        """Have the plant's MES confirm the routing it withheld."""

    def count_stock(self, system: str, quantity: int | None) -> Body:
        """Have a warehouse count a component: it finds so many, or (None) all that were there before."""

    def inject(self, letter: Letter) -> None:
        """Put a letter in a system's outbox as it is."""

    def records(self, system: str, kind: str) -> list[Body]:
        """The records of a kind that a system keeps, oldest first."""

    def correct(self, system: str, kind: str, key: str, changes: Body) -> None:
        """Have somebody set a record of a system right by hand; it is told as any change is."""

    def do_later(self, system: str, kind: str, body: Body) -> None:
        """Put a job on a system's agenda, due at once."""

    def need(self, plant: str) -> None:
        """Have the buyers order a component for a plant."""

    def change_shift(self, plant: str) -> None:
        """Have a plant's next shift begin now."""

    def tell_again(self, system: str, subject: str, attributes: Body) -> None:
        """Have a system tell again, as of now, what it had told wrong of a subject."""

    def drop(self, name: str, text: str) -> None:
        """Put a file into the folder of the suppliers as it is; without text take it away."""

    def try_again(self, fault: Fault) -> None:
        """Begin the fault again in a virtual minute, since there was no occasion yet."""

    def remember(self, fault: Fault, hit: Hit, held: Body) -> None:
        """Write the truth of a hit, keep `held` for mending, and plan the mending."""

    def forget(self, fault: Fault, hit_id: str) -> None:
        """Write that a hit is mended."""


class Fault:
    """Base of all faults: bends nothing. `state` is kept across restarts: `{"hits": [...]}`."""

    name: ClassVar[str]
    title: ClassVar[str]
    what: ClassVar[str]
    number: ClassVar[str]
    system: ClassVar[str] = ""
    # It bends how a system answers, not what is in it: then it strikes a real product too, at its door.
    at_the_door: ClassVar[bool] = False
    # The link between two systems that it bends; where the tower carries that, there is nothing to bend.
    link: ClassVar[str] = ""
    defaults: ClassVar[Body] = {}
    # The truth about the answer, by which a tower is scored: the causes of which it must name one, the verb of the
    # action that it must offer, and who mends it: the tower by that `action`, its `owner` alone, or the owner first.
    causes: ClassVar[tuple[str, ...]] = ()
    verb: ClassVar[str] = "hand-over"
    cure: ClassVar[str] = "owner"
    # Systems besides the one that is hit at which it shows.
    reaches: ClassVar[tuple[str, ...]] = ()
    # The configuration beside which it can strike, where the usual one leaves it no room ("carried", "tryton").
    landscape: ClassVar[str] = ""

    def __init__(self, params: Params, scene: Scene, state: Body) -> None:
        self.params = params
        self.scene = scene
        self.state = state
        state.setdefault("hits", [])

    def begin(self) -> None:
        """Switched on: make an occasion soon where none would come by itself."""

    def letters(self, letter: Letter) -> list[Letter]:
        """What becomes of a letter to the tower: nothing, itself, or several."""
        return [letter]

    def carries(self, message: LinkMessage) -> bool:
        """Whether a message between two systems arrives."""
        return True

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """What a native row looks like from outside."""
        return row

    def kept(self, system_id: str, kind: str, record: Body) -> Body:
        """What a system keeps in place of a record that it is about to keep."""
        return record

    def skips(self, system_id: str, kind: str, body: Body) -> bool:
        """Whether a job on a system's agenda is never done."""
        return False

    def dropped(self, system_id: str, name: str, text: str) -> list[tuple[str, str]]:
        """What becomes of a file on its way into a folder: names, which may lead into a folder of it, and contents."""
        return [(name, text)]

    def clock_offset(self, system_id: str) -> float:
        """Seconds by which a system's clock is ahead."""
        return 0.0

    def withholds_routing(self, system_id: str, order: str) -> bool:
        """Whether a MES keeps quiet about a schedule it was sent."""
        return False

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """Whether a named step that a system takes about an order goes wrong this time."""
        return False

    def trouble(self, call: Call) -> Trouble | None:
        """How a system answers the tower while it is in trouble; None as it should."""
        return None

    def shuts(self, system_id: str) -> bool:
        """Whether a system takes no connection at all."""
        return False

    def listed(self, system_id: str, kind: str, rows: list[Body]) -> list[Body]:
        """The records of a list as the fault lets them appear, before they are paged."""
        return rows

    def page_size(self, system_id: str, asked: int) -> int:
        """How many rows a page holds when so many were asked for."""
        return asked

    def ignores_filter(self, system_id: str) -> bool:
        """Whether a system does not heed by which time it is asked for news."""
        return False

    def recorded(self, system_id: str, kind: str, record: Body) -> Body:
        """A record as a list reads it."""
        return record

    def secret(self, system_id: str) -> str:
        """The secret with which a system signs its webhooks instead of the agreed one; "" for that one."""
        return ""

    def certificate_ends(self, system_id: str) -> float | None:
        """When a system's certificate ends (virtual unix seconds); None for long after."""
        return None

    def is_good(self, hit: Body) -> bool | None:
        """Whether what a hit broke is whole again in the systems themselves; None where only the tower can tell."""
        return None

    def mend(self, hit: Body) -> None:
        """Make one hit good; `hit["held"]` is what was kept of it."""

    def asked(self, name: str) -> float:
        """A number that only this fault knows: as asked, else its default."""
        more = self.params.more
        return float(more[name] if name in more else self.defaults[name])

    def wants(self, system_id: str, about: str, order: str = "") -> bool:
        """Whether this occasion is to be hit: right system and order, count not used up, the dice agree."""
        asked = self.params
        if (asked.system and system_id != asked.system) or (asked.order and order != asked.order):
            return False
        if asked.count and len(self.state["hits"]) >= asked.count:
            return False
        return Random(f"{asked.seed}:{self.name}:{about}").random() < asked.rate

    def troubles(self, call: Call, about: str) -> bool:
        """Whether a call is one of those that a fault which stands since it began bends: its dice go by `about`."""
        asked = self.params
        if call.system != asked.system or not self.holds:
            return False
        if asked.order and not re.search(rf"\b{re.escape(asked.order)}\b", call.text):
            return False
        return Random(f"{asked.seed}:{self.name}:{about}").random() < asked.rate

    def stand(self, what: str, mend: str) -> None:
        """Hit once for as long as the fault is on: a system in trouble, for one order or for all."""
        order = self.params.order
        found = [each for each in self.scene.live_orders() if each["order"] == order]
        subjects = [f"{each['plant']}/order/{order}" for each in found]
        of = f" for {order}" if order else ""
        self.hit(self.params.system, subjects, f"{self.params.system} {what}{of}", mend)

    def hit(self, system: str, subjects: list[str], what: str, mend: str, held: Body | None = None) -> None:
        """Say what was just broken."""
        number = len(self.state["hits"]) + 1
        identity = f"{self.name}-{int(self.state.get('since', 0)):x}-{number}"
        told = Hit(
            identity, self.name, system, subjects, what, mend, self.causes, self.verb, self.cure, self.reaches
        )
        self.scene.remember(self, told, held or {})

    @property
    def holds(self) -> bool:
        """Whether any hit is still unmended."""
        return any(not hit["mended"] for hit in self.state["hits"])

    @property
    def exhausted(self) -> bool:
        """Whether the asked number of hits is reached and all are mended."""
        return bool(self.params.count) and len(self.state["hits"]) >= self.params.count and not self.holds

    def hits_on(self, order: str) -> bool:
        """Whether an unmended hit holds this order."""
        return any(hit["held"].get("order") == order for hit in self.state["hits"] if not hit["mended"])
