"""A small plant network told straight into a database, for tests of what the pages make of it."""

import datetime
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from controltower.domain import cause, drift, standing
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.expectation import MISSED, WAITING, ExpectationRule, Sign
from controltower.domain.flow import Flow, Milestone
from controltower.domain.landscape import (
    Follower, Hooks, Interface, Landscape, Limits, Ownership, Plant, Polling, System, Team, Tier,
)  # fmt: skip
from controltower.domain.subject import Subject, parse_subject
from controltower.domain.value import Value, quantity_value, time_value
from controltower.rules import drift as drift_rule
from controltower.rules import expectation as expectation_rule
from controltower.store import belief, case, channel, event, expectation, message
from controltower.store import drift as drift_store

UTC = datetime.UTC
T0 = datetime.datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)
ALL = ("LYON", "GRAZ", "PORTO")


def plants() -> dict[str, Plant]:
    zones = {"LYON": "Europe/Paris", "GRAZ": "Europe/Vienna", "PORTO": "Europe/Lisbon"}
    return {name: Plant(name, name.title(), ZoneInfo(zone)) for name, zone in zones.items()}


def systems() -> dict[str, System]:
    zone = ZoneInfo("Europe/Paris")
    made = [
        System("erp-hq", "ERP HQ", "erp", ALL, "cloudevents", zone, "erp-team", "gold", hooks=Hooks(), polling=Polling(30)),
        System("aps-hq", "APS HQ", "aps", ALL, "cloudevents", zone, "planning-it", "gold", polling=Polling(20)),
        System("mes-lyon", "MES Lyon", "mes", ("LYON",), "cloudevents", zone, "mes-team", "gold", hooks=Hooks()),
        System("wms-north", "WMS North", "wms", ("LYON", "GRAZ"), "cloudevents", zone, "logistics", "silver", polling=Polling(60)),
    ]
    return {system.id: system for system in made}


def landscape() -> Landscape:
    """Three plants, four systems, the ERP owning dates and quantities, the scheduler the plan."""
    followers = (Follower("aps", 30 * MINUTE, "60"), Follower("mes", 30 * MINUTE, "60"))
    return Landscape(
        plants=plants(),
        systems=systems(),
        ownerships=(
            Ownership("order", "due_date", "erp", followers),
            Ownership("order", "quantity", "erp", tuple(replace(each, tolerance="") for each in followers)),
            Ownership("order", "planned_start", "aps", (Follower("mes", 30 * MINUTE, "300"),)),
            Ownership("order", "status", "mes", (Follower("erp", HOUR),)),
        ),
        expectations=(
            ExpectationRule(
                "schedule-after-release", "The scheduler plans a released order", "order",
                Sign("erp", type="order.released"), Sign("aps", type="order.scheduled"), 30 * MINUTE,
                team="planning-it", action="Ask the scheduler's team to run the plan.",
            ),
            ExpectationRule(
                "acknowledge-schedule", "The MES acknowledges a plan", "order",
                Sign("aps", type="order.scheduled"), Sign("mes", type="order.acknowledged"), 15 * MINUTE,
                team="mes-team", action="Send the plan to the MES again.",
            ),
        ),
        flows=(
            Flow("order-to-schedule", "Order to schedule", (
                Milestone("created", "Created in ERP", Sign("erp", type="order.created")),
                Milestone("released", "Released", Sign("erp", type="order.released")),
                Milestone("planned", "Planned", Sign("aps", type="order.scheduled")),
                Milestone("acknowledged", "Plan acknowledged", Sign("mes", type="order.acknowledged")),
                Milestone("started", "Started", Sign("mes", type="operation.started")),
                Milestone("confirmed", "Confirmed in ERP", Sign("erp", type="order.posted")),
            )),
        ),
        interfaces=(Interface("erp-hq", "aps-hq", ("order",)), Interface("erp-hq", "mes-lyon", ("order",))),
        teams={"mes-team": Team("mes-team", "MES team", "mes@plant.example"), "erp-team": Team("erp-team", "ERP team")},
        tiers={"gold": Tier("gold", 15 * MINUTE, 4 * HOUR, "plant-manager")},
        limits=Limits(),
    )  # fmt: skip


class Teller:
    """Tells events into the ledger's tables, one message each, as the pipeline would."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.landscape = landscape()
        self.standings: dict[Subject, standing.Standing] = {}
        self.histories: dict[Subject, list[Recorded]] = {}
        self.last_id = 1000

    def tell(self, system: str, type: str, subject: str, at: datetime.datetime, **attributes: object) -> Recorded:
        """One event by one webhook, learnt three seconds after it happened. Values: text, time, (amount, unit)."""
        about = parse_subject(subject)
        self.last_id += 1
        said = Event(
            type, about, system, f"{system}:{self.last_id}", at, at.isoformat(),
            {name: value_of(held) for name, held in attributes.items()},
        )  # fmt: skip
        channel_name = "hook" if self.landscape.systems[system].hooks else "poll"
        trace = f"{self.last_id:032x}"
        recorded = Recorded(said, Position(self.last_id, 0), at + datetime.timedelta(seconds=3), channel_name, trace)
        self._keep_message(recorded)
        self._keep_standing(recorded)
        return recorded

    def _keep_message(self, recorded: Recorded) -> None:
        said = recorded.event
        body = f'{{"id": "{said.source_id}", "type": "{said.type}", "password": "hush"}}'.encode()
        kept = message.Message(
            self.last_id, said.subject.plant, said.system, recorded.channel, "", "", recorded.learnt_at, message.RECORDED,
            "application/json", said.source_id, len(body), 1, None, None, 1, None, recorded.trace,
        )  # fmt: skip
        message.add(self.connection, [(kept, message.Payload({"authorization": "Bearer hush", "webhook-id": "m1"}, body))])
        event.add(self.connection, [recorded])

    def _keep_standing(self, recorded: Recorded) -> None:
        about = recorded.event.subject
        held = self.standings.setdefault(about, standing.Standing(about))
        self.histories.setdefault(about, []).append(recorded)
        standing.apply(held, recorded, self.landscape)
        belief.put(self.connection, [(about, held.beliefs[key]) for key in held.changed_beliefs])
        belief.put_hearings(self.connection, [(about, held.hearings[system]) for system in held.changed_hearings])
        drift_store.put(self.connection, list(held.changed_drifts.values()))
        expectation.put(self.connection, list(held.changed_expectations.values()))

    def pass_time(self, now: datetime.datetime) -> None:
        """Let deadlines run out: settling becomes open with its cause, waiting becomes missed."""
        for each in drift_store.due(self.connection, now):
            found = cause.find(each, self.histories[each.subject], self.landscape, cause.Witness())
            late = each._replace(state=drift.OPEN, cause=found.cause, why=found.why, evidence=found.evidence)
            drift_store.put(self.connection, [late])
            case.put(self.connection, [drift_rule.case_of(late, self.landscape, found.action)])
        for waiting in expectation.due(self.connection, now):
            if waiting.state == WAITING:
                missed = waiting._replace(state=MISSED)
                expectation.put(self.connection, [missed])
                case.put(self.connection, [expectation_rule.case_of(missed, self.landscape)])

    def park(self, system: str, at: datetime.datetime, pointer: str, words: str) -> int:
        """A message that could not be used. Returns its id."""
        self.last_id += 1
        kept = message.Message(
            self.last_id, "LYON", system, "hook", "", "", at, message.PARKED, "application/json", "", 34, 1, None, None, 0,
            [{"element": 0, "pointer": pointer, "message": words}], f"{self.last_id:032x}",
        )  # fmt: skip
        message.add(self.connection, [(kept, message.Payload({}, b'{"data": {"quantity": "twelve EA"}}'))])
        return self.last_id


def value_of(held: object) -> Value:
    if isinstance(held, datetime.datetime):
        return time_value(held.isoformat())
    if isinstance(held, tuple):
        return quantity_value(*held)
    return Value(str(held))


def tell_story(connection: Connection, orders: int = 12) -> datetime.datetime:
    """Orders of LYON; the due date of MO-1001 and MO-1004 moves in the ERP and the scheduler never hears of it.

    Returns the moment at which to look: both drifts are open, one plan was never acknowledged."""
    teller = Teller(connection)
    due = T0 + datetime.timedelta(days=5, hours=10)
    for number in range(1001, 1001 + orders):
        order, start = f"LYON/order/MO-{number}", T0 + (number - 1001) * 3 * MINUTE
        facts = {"item": "PUMP-7", "quantity": ("120", "EA"), "due_date": due, "value": ("15400", "EUR"), "priority": "3"}
        teller.tell("erp-hq", "order.created", order, start, status="firm", **facts)
        teller.tell("erp-hq", "order.released", order, start + 5 * MINUTE, status="released")
        plan = {"planned_start": T0 + 26 * HOUR, "planned_end": T0 + 30 * HOUR, "due_date": due}
        teller.tell("aps-hq", "order.scheduled", order, start + 9 * MINUTE, quantity=("120", "EA"), **plan)
        if number != 1001:
            teller.tell("mes-lyon", "order.acknowledged", order, start + 11 * MINUTE, quantity=("120", "EA"), **plan)
    for number in (1001, 1004):
        moved = T0 + HOUR + number % 10 * MINUTE
        teller.tell("erp-hq", "order.changed", f"LYON/order/MO-{number}", moved, due_date=due + 24 * number % 7 * HOUR + 48 * HOUR)
    operation = "LYON/operation/MO-1002/10"
    teller.tell("aps-hq", "operation.scheduled", operation, T0 + 15 * MINUTE, resource="CUT-1", planned_start=T0 + 70 * MINUTE, planned_end=T0 + 110 * MINUTE)
    teller.tell("mes-lyon", "operation.started", operation, T0 + 75 * MINUTE, status="running", resource="CUT-2", actual_start=T0 + 75 * MINUTE)
    teller.park("mes-lyon", T0 + 80 * MINUTE, "/data/quantity", "'twelve' is no decimal number")
    teller.tell("erp-hq", "order.changed", "LYON/order/MO-1003", T0 + 2 * HOUR, quantity=("150", "EA"))
    now = T0 + 2 * HOUR + 10 * MINUTE
    teller.pass_time(now)
    tell_channels(connection, now)
    return now


def tell_channels(connection: Connection, now: datetime.datetime) -> None:
    """The ERP and the scheduler are heard; the warehouse answers nothing since two hours."""
    channel.heard(connection, "erp-hq", now - MINUTE, 40, 2)
    channel.heard(connection, "mes-lyon", now - 20 * MINUTE, 24, 0)
    recent, long_ago = now - 8 * datetime.timedelta(seconds=1), now - 2 * HOUR
    channel.put(connection, channel.Channel("aps-hq", "poll", recent, recent, recent, next_at=now + MINUTE, messages=31))
    channel.put(connection, channel.Channel("erp-hq", "poll", recent, recent, recent, next_at=now + MINUTE, messages=12))
    down = channel.Channel("wms-north", "poll", recent, long_ago, long_ago, 14, "connection refused", "down", now + MINUTE, 9)
    channel.put(connection, down)
    channel.begin_outage(connection, channel.Outage("wms-north", "poll", "down", "connection refused", long_ago, None))
    channel.move_cursor(connection, "aps-hq", "manufacturingorder", {"lastmodified": "2026-03-02T09:20:31"}, recent)
