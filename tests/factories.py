"""A small landscape and the ways into it: signed webhooks and a polled source, on a clock that the test moves."""

import datetime
import itertools
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from standardwebhooks import Webhook

from controltower.connectors.contract import (
    ABSENT,
    TAKEN,
    THERE,
    UNSURE,
    Outcome,
    Outgoing,
    Page,
    ReadBack,
    SourceUnavailable,
    Translation,
)
from controltower.domain import failure
from controltower.domain.expectation import ExpectationRule, Sign
from controltower.domain.landscape import (
    Follower,
    Hooks,
    Interface,
    Landscape,
    Limits,
    Ownership,
    Plant,
    Polling,
    System,
)
from controltower.domain.retry import Sending
from controltower.domain.route import EVERY, Route
from controltower.pipeline.arrival import Receipt
from controltower.pipeline.receive import Intake
from controltower.pipeline.record import record_waiting
from controltower.pipeline.tower import Tower, build

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
PARIS = ZoneInfo("Europe/Paris")
MINUTE = datetime.timedelta(minutes=1)
MORNING = datetime.datetime(2026, 3, 2, 6, 0, tzinfo=datetime.UTC)


class HandClock:
    """A clock that stands still until a test moves it."""

    speed = 1.0

    def __init__(self, at: datetime.datetime = MORNING) -> None:
        self.at = at

    def now(self) -> datetime.datetime:
        return self.at

    def move(self, span: datetime.timedelta) -> None:
        self.at += span


def system(id: str, role: str, **changed: Any) -> System:
    """A system of the plant LYON that pushes CloudEvents."""
    fields: dict[str, Any] = {
        "title": id.upper(),
        "plants": ("LYON",),
        "connector": "cloudevents",
        "zone": PARIS,
        "team": f"{role}-team",
        "hooks": Hooks(secrets=(SECRET,)),
        "silent_after": datetime.timedelta(days=1),
    }
    return System(id=id, role=role, **(fields | changed))


COMPLETION_POSTED = ExpectationRule(
    name="completion-posted",
    title="Completion reaches the ERP",
    kind="order",
    when=Sign("mes", attribute="status", becomes=frozenset({"completed"})),
    then=Sign("erp", attribute="status", becomes=frozenset({"completed", "closed"})),
    within=30 * MINUTE,
    unless=(Sign("erp", attribute="status", becomes=frozenset({"cancelled"})),),
    severity="A",
    action="Post the completion in the ERP.",
)


def landscape(**changed: Any) -> Landscape:
    """One plant with an ERP, a scheduler and an MES; the ERP owns dates and quantities."""
    systems = [system("erp", "erp"), system("aps", "aps"), system("mes", "mes")]
    followers = (Follower("aps", 15 * MINUTE), Follower("mes", 20 * MINUTE))
    fields: dict[str, Any] = {
        "plants": {"LYON": Plant("LYON", "Lyon", PARIS)},
        "systems": {each.id: each for each in systems},
        "ownerships": (
            Ownership("order", "due_date", "erp", followers),
            Ownership("order", "quantity", "erp", followers),
        ),
        "expectations": (COMPLETION_POSTED,),
        "interfaces": (Interface("erp", "aps", ("order",)), Interface("erp", "mes", ("order",))),
        "limits": Limits(),
    }
    return Landscape(**(fields | changed))


def due(day: int, hour: int = 17) -> str:
    """A due date in March 2026."""
    return f"2026-03-{day:02d}T{hour:02d}:00:00Z"


def cloud_event(
    source: str, sequence: int, attributes: Mapping[str, Any], at: datetime.datetime, **changed: Any
) -> dict[str, Any]:
    """A canonical event about order MO-1 of LYON, unless told otherwise."""
    subject = changed.pop("subject", "LYON/order/MO-1")
    fields = {
        "specversion": "1.0",
        "id": f"{source}:{subject}:{sequence}",
        "source": source,
        "type": "order.changed",
        "subject": subject,
        "time": at.isoformat(),
        "sequence": str(sequence),
        "data": {"attributes": dict(attributes), "refs": {}},
    }
    return fields | changed


class Plantlet:
    """A tower with its door, driven by hand."""

    def __init__(self, engine: Engine, land: Landscape | None = None) -> None:
        self.clock = HandClock()
        self.tower: Tower = build(engine, land or landscape(), self.clock)  # type: ignore[arg-type]
        self.intake = Intake(self.tower)
        self._deliveries = itertools.count(1)

    def deliver(self, system: str, events: Sequence[Any] | Any, delivery: str = "") -> Receipt:
        """Send one signed webhook: one event, or a list of them as a batch."""
        batch = isinstance(events, list)
        body = json.dumps(events)
        headers = signed(body, delivery or f"delivery-{next(self._deliveries)}")
        headers["content-type"] = f"application/cloudevents{'-batch' if batch else ''}+json"
        return self.intake.receive(system, headers, body.encode())

    def say(self, system: str, sequence: int, attributes: Mapping[str, Any], **changed: Any) -> Receipt:
        """Let a system say something about MO-1 now."""
        at = changed.pop("at", self.clock.now())
        return self.deliver(system, cloud_event(system, sequence, attributes, at, **changed))

    def record(self) -> int:
        """Let the ledger take over all that waits."""
        return sum(iter(lambda: record_waiting(self.tower), 0))


def signed(body: str, delivery: str, secret: str = SECRET) -> dict[str, str]:
    """The headers of a good delivery, signed now."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery, now, body),
    }


class ScriptedSource:
    """A connector's polling half whose pages, or whose trouble, a test sets; the verb under test is real."""

    def __init__(self, system: System, translate: Any) -> None:
        self.system, self._translate = system, translate
        self.pages: list[Page] = []
        self.trouble: SourceUnavailable | None = None
        self.asked: list[Mapping[str, Any]] = []

    def translate(self, envelope: Any) -> Translation:
        made: Translation = self._translate(envelope)
        return made

    def identify(self, envelope: Any) -> None:
        return None

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        self.asked.append(cursors)
        yield from self.pages
        if self.trouble is not None:
            raise self.trouble


ORDERS = Route(
    "orders-to-aps",
    "Orders to the scheduler",
    "erp",
    "aps",
    "order",
    (Sign("erp", attribute="due_date"), Sign("erp", attribute="quantity")),
    ("due_date", "quantity"),
)
CONFIRMATIONS = Route(
    "confirmations-to-erp",
    "Confirmations to the ERP",
    "mes",
    "erp",
    "order",
    (Sign("mes", attribute="quantity_good"),),
    ("quantity_good", "quantity_scrap"),
    keep=EVERY,
    waits_behind_dead=True,
)


def carrying(*routes: Route, sending: Sending | None = None, **changed: Any) -> Landscape:
    """The small landscape whose tower carries by some routes itself, and sends to each of its systems."""
    land = landscape(interfaces=(), **changed)
    how = sending or Sending(in_flight=4)
    systems = {id: replace(each, sending=how) for id, each in land.systems.items()}
    wanted = routes or (ORDERS, CONFIRMATIONS)
    return replace(land, systems=systems, routes={route.name: route for route in wanted})


class ScriptedTarget:
    """A target's sending half with a state of its own: what it took, by key; its answers are set by the test.

    `answers`: outcomes for the next sendings, none of which is booked; then it takes everything."""

    def __init__(self, system: System, idempotent: bool = False) -> None:
        self.system, self.idempotent = system, idempotent
        self.answers: list[Outcome] = []
        self.lost_answers = 0  # so many of the next are taken, and nobody hears of it
        self.attempts: list[Outgoing] = []
        self.booked: list[Outgoing] = []
        self.looks: list[str] = []
        self._guard = threading.Lock()

    def can_take(self, kind: str) -> bool:
        return True

    def send(self, outgoing: Outgoing) -> Outcome:
        with self._guard:
            self.attempts.append(outgoing)
            if self.answers:
                return self.answers.pop(0)
            if not (self.idempotent and any(each.key == outgoing.key for each in self.booked)):
                self.booked.append(outgoing)
            if self.lost_answers:
                self.lost_answers -= 1
                return Outcome(UNSURE, failure.TIMEOUT, "no answer within 1 s")
            return Outcome(TAKEN, status=200, request=b"sent", response=b"ok")

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        with self._guard:
            self.looks.append(outgoing.key)
            there = any(each.key == outgoing.key for each in self.booked)
            return ReadBack(THERE if there else ABSENT, "read back")


def aim(plantlet: Plantlet, *ids: str, idempotent: bool = False) -> list[ScriptedTarget]:
    """Let the tower of a plantlet send to scripted targets instead of the wire."""
    systems = plantlet.tower.landscape.systems
    targets = {id: ScriptedTarget(systems[id], idempotent) for id in ids}
    plantlet.tower = replace(plantlet.tower, senders={**plantlet.tower.senders, **targets})
    return [targets[id] for id in ids]


POLLED = system("stock", "wms", polling=Polling(every=10), hooks=None)
