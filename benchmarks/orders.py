"""The stream of a plant network: orders live, overlap, change, and now and then a follower hears of it late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

PLANTS = ("LYON", "GRAZ", "PORTO")
OPERATIONS = (10, 20, 30)
# Orders that begin between two stages of one order's life: about a thousand orders live at any time.
SPREAD = 50
# One order in twenty: its MES hears of a new due date only so many stages later, so drift is always open.
LATE_ONE_IN, LATE_STAGES = 20, 40
_CREATED = datetime(2026, 3, 2, 6, tzinfo=UTC)


class Fact(NamedTuple):
    """One thing that one system says about one subject at one stage of an order's life."""

    stage: int
    system: str
    subject: str
    type: str
    attributes: Mapping[str, Any]
    sequence: int = 0


def due(order: int, days: int = 0) -> str:
    """The due date of an order."""
    return (_CREATED + timedelta(minutes=order, days=7 + days)).isoformat()


def pieces(number: int) -> dict[str, str]:
    return {"value": str(number), "unit": "EA"}


def name(order: int) -> str:
    """An order's number as every system writes it."""
    return f"MO-{order:07d}"


def plant(order: int) -> str:
    return PLANTS[order % 3]


def life(order: int) -> list[Fact]:
    """All that is ever said about one order and its operations, with the senders' own counters."""
    told: Counter[tuple[str, str]] = Counter()
    facts: list[Fact] = []
    for fact in sorted(_facts(order), key=lambda each: each.stage):
        told[fact.system, fact.subject] += 1
        facts.append(fact._replace(sequence=told[fact.system, fact.subject]))
    return facts


def _facts(order: int) -> Iterator[Fact]:
    subject, mes = f"{plant(order)}/order/{name(order)}", f"mes-{plant(order).lower()}"
    asked: dict[str, Any] = {
        "quantity": pieces(100 + order % 50),
        "due_date": due(order),
        "priority": order % 5 + 1,
    }
    planned = {"planned_start": due(order, -3), "planned_end": due(order, -1)}
    worth: dict[str, Any] = {"item": f"PUMP-{order % 40}", "customer": f"C-{order % 900}"}
    worth |= {"value": {"value": str(900 + order % 5000), "currency": "EUR"}}
    yield Fact(0, "erp-hq", subject, "order.created", {"status": "draft", **asked, **worth})
    yield Fact(1, "erp-hq", subject, "order.released", {"status": "released"})
    yield Fact(2, "aps-hq", subject, "order.scheduled", {"status": "released", **asked, **planned})
    yield Fact(4, mes, subject, "order.acknowledged", {"status": "released", **asked, **planned})
    yield Fact(6, "wms-hq", subject, "order.staged", {"material_available": True})
    if order % 3 == 0 or _late(order):
        yield from _moved(order, subject, mes)
    good = {"quantity_good": asked["quantity"]}
    yield Fact(12, mes, subject, "order.completed", {"status": "completed", **good})
    yield Fact(13, "erp-hq", subject, "order.posted", {"status": "completed", **good})
    yield Fact(14, "erp-hq", subject, "order.closed", {"status": "closed"})
    yield Fact(15, mes, subject, "order.closed", {"status": "closed"})
    for number in OPERATIONS:
        yield from _operation(order, number, mes, planned)


def _late(order: int) -> bool:
    return order % LATE_ONE_IN == 7


def _moved(order: int, subject: str, mes: str) -> Iterator[Fact]:
    """The ERP moves the due date, and its followers hear of it: at once, or one of them late."""
    moved = {"due_date": due(order, 4)}
    yield Fact(7, "erp-hq", subject, "order.changed", moved)
    yield Fact(8, "aps-hq", subject, "order.changed", moved)
    yield Fact(8 + LATE_STAGES * _late(order), mes, subject, "order.changed", moved)


def _operation(order: int, number: int, mes: str, planned: Mapping[str, str]) -> Iterator[Fact]:
    subject = f"{plant(order)}/operation/{name(order)}/{number}"
    place = {"resource": f"CUT-{number}", **planned}
    yield Fact(3, "aps-hq", subject, "operation.scheduled", {"status": "released", **place})
    yield Fact(5, mes, subject, "operation.acknowledged", {"status": "released", **place})
    yield Fact(9, mes, subject, "operation.started", {"status": "running", "actual_start": due(order, -3)})
    done = {"status": "completed", "actual_end": due(order, -1), "quantity_good": pieces(100 + order % 50)}
    yield Fact(11, mes, subject, "operation.completed", done)


class Network:
    """Tells the stream order by order: at each tick one order begins and all that live move on."""

    def __init__(self, began: datetime, between: timedelta) -> None:
        self.began, self.between, self.tick = began, between, 0
        self._due: dict[int, list[Fact]] = {}

    @property
    def now(self) -> datetime:
        """When the next tick is."""
        return self.began + self.tick * self.between

    def step(self) -> Iterator[dict[str, Any]]:
        """The events of one tick, about twenty-two: as CloudEvents, in the order in which they happen."""
        for fact in life(self.tick):
            self._due.setdefault(self.tick + fact.stage * SPREAD, []).append(fact)
        at = self.now.isoformat()
        for fact in self._due.pop(self.tick, []):
            yield cloud_event(fact, at)
        self.tick += 1


def cloud_event(fact: Fact, at: str) -> dict[str, Any]:
    """One fact as a canonical event; its id is `<system>:<subject's key>:<number>`, growing as a sender's ids do."""
    key = fact.subject.split("/", 2)[2]
    return {
        "specversion": "1.0",
        "id": f"{fact.system}:{key}:{fact.sequence}",
        "source": fact.system,
        "type": fact.type,
        "subject": fact.subject,
        "time": at,
        "sequence": str(fact.sequence),
        "correlationid": key.partition("/")[0],
        "data": {"attributes": fact.attributes, "refs": {"native_id": key}},
    }
