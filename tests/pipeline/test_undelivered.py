"""What goes wrong on the way out is an exception with an owner and an action, and resolves when it is over."""

import datetime
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.delivery import CANCELLED, DEAD, Delivery
from controltower.domain.exception import Case
from controltower.domain.landscape import Limits, Tier
from controltower.domain.retry import RetryPolicy, Sending
from controltower.domain.subject import Subject
from controltower.pipeline.answer import RESOLVE, act
from controltower.pipeline.deliver import deliver
from controltower.pipeline.detect import detect
from controltower.pipeline.gates import pause, resume
from controltower.pipeline.publish import Lack
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.undelivered import filled, lacking, on_settled
from controltower.rules import sending
from controltower.store import case, delivery, outbox
from controltower.store.engine import reading, writing
from controltower.store.rebuild import WATCHED
from tests.factories import MINUTE, ORDERS, Plantlet, aim, carrying, due

REFUSED = Outcome(FAILED, failure.REFUSED, "order MO-1 has no routing", 422)
AWAY = Outcome(FAILED, failure.UNREACHABLE, "connection refused")
NO_ENTRY = Outcome(FAILED, failure.CREDENTIALS, "token expired", 401)
ORDER = Subject("LYON", "order/MO-1")
GOLD = Tier("gold", 15 * MINUTE, 60 * MINUTE, severity="A", retry=RetryPolicy((5.0,)))
PLANS = replace(ORDERS, tier="gold", team="integration", needs=("quantity",))


def plantlet_of(engine: Engine, *answers: Outcome, **changed: Any) -> Plantlet:
    """A tower that carries orders to the scheduler, whose next answers are these."""
    plantlet = Plantlet(
        engine, carrying(replace(ORDERS, tier="gold", team="integration"), tiers={"gold": GOLD}, **changed)
    )
    (aps,) = aim(plantlet, "aps")
    aps.answers = list(answers)
    return plantlet


def send(plantlet: Plantlet, *orders: int) -> list[Delivery]:
    """Let the ERP speak about some orders, and the tower carry it. Returns all deliveries, oldest first."""
    for order in orders:
        plantlet.say("erp", 1, {"due_date": due(9)}, subject=f"LYON/order/MO-{order}")
    plantlet.record()
    deliver(plantlet.tower, "worker-1", 2.0)
    with reading(plantlet.tower.engine) as connection:
        return outbox.listing(connection)[::-1]


def standing(plantlet: Plantlet, state: str = "open") -> list[Case]:
    """The exceptions of the way out in one state."""
    with reading(plantlet.tower.engine) as connection:
        return [each for each in case.listing(connection, state=state) if each.rule in sending.RULES]


def test_a_failure_group_is_one_exception_with_owner_and_action(engine: Engine) -> None:
    other = REFUSED._replace(words="order MO-2 has no routing")
    plantlet = plantlet_of(engine, REFUSED, other)
    dead = send(plantlet, 1, 2)
    (found,) = standing(plantlet)
    assert (found.rule, found.key, found.sightings) == ("dead-letters", dead[0].group, 2)
    assert (found.team, found.tier, found.severity, found.system) == ("integration", "gold", "A", "aps")
    assert found.title == "Refused: Orders to the scheduler, APS"
    assert "2 messages are dead" in found.why
    assert "has no routing" in found.why
    assert "Correct what APS refuses, in ERP" in found.action
    assert {proof["delivery"] for proof in found.evidence} == {str(each.id) for each in dead}


def test_delivered_ones_ask_the_database_nothing(engine: Engine) -> None:
    plantlet = plantlet_of(engine)
    delivered = send(plantlet, 1)
    on_settled(None, plantlet.tower, delivered)  # type: ignore[arg-type]
    assert standing(plantlet) == []


def test_dead_letters_resolve_when_none_is_dead_any_more(engine: Engine) -> None:
    plantlet = plantlet_of(engine, REFUSED, REFUSED)
    dead = send(plantlet, 1, 2)
    decide(plantlet, dead[0])
    detect(plantlet.tower)
    (left,) = standing(plantlet)
    assert (left.sightings, "One message is dead" in left.why) == (1, True)
    decide(plantlet, dead[1])
    detect(plantlet.tower)
    assert standing(plantlet) == []
    (over,) = standing(plantlet, "resolved")
    assert "None of its messages is dead any more" in over.resolution


def decide(plantlet: Plantlet, each: Delivery) -> None:
    with writing(plantlet.tower.engine) as connection:
        delivery.put(connection, [each._replace(state=CANCELLED)])


def test_what_a_person_resolved_opens_again_only_with_a_new_death(engine: Engine) -> None:
    plantlet = plantlet_of(engine, REFUSED, REFUSED)
    send(plantlet, 1)
    (found,) = standing(plantlet)
    act(plantlet.tower, found.id, "ada", RESOLVE, "known")
    detect(plantlet.tower)
    assert standing(plantlet) == []
    send(plantlet, 2)
    (again,) = standing(plantlet)
    assert (again.id != found.id, again.key) == (True, found.key)


def test_taken_and_not_shown_in_time_is_an_exception_until_it_is_shown(engine: Engine) -> None:
    plantlet = plantlet_of(engine)
    (taken,) = send(plantlet, 1)
    plantlet.clock.move(61 * MINUTE)
    detect(plantlet.tower)
    (found,) = standing(plantlet)
    assert (found.rule, found.subject, found.opened_at) == ("not-applied", ORDER, taken.applied_by)
    assert detect(plantlet.tower) == 0
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.record()
    detect(plantlet.tower)
    (over,) = standing(plantlet, "resolved")
    assert over.resolution == "APS shows it."


def test_nobody_waits_for_old_words_once_newer_ones_were_taken(engine: Engine) -> None:
    plantlet = plantlet_of(engine)
    send(plantlet, 1)
    plantlet.clock.move(61 * MINUTE)
    detect(plantlet.tower)
    plantlet.say("erp", 2, {"due_date": due(12)})
    send(plantlet)
    detect(plantlet.tower)
    (over,) = standing(plantlet, "resolved")
    assert "Overtaken" in over.resolution


def test_refused_credentials_are_an_exception_until_somebody_resumes(engine: Engine) -> None:
    plantlet = plantlet_of(engine, NO_ENTRY)
    send(plantlet, 1)
    detect(plantlet.tower)
    (found,) = standing(plantlet)
    assert (found.rule, found.system, found.severity, found.team) == (
        "interface-paused",
        "aps",
        "A",
        "aps-team",
    )
    assert "token expired" in found.why
    assert "Renew the credentials of APS" in found.action
    resume(plantlet.tower, "aps", "ada", "new token")
    detect(plantlet.tower)
    assert standing(plantlet) == []


def test_a_person_who_pauses_an_interface_knows_of_it(engine: Engine) -> None:
    plantlet = plantlet_of(engine)
    pause(plantlet.tower, "aps", "ada", "new release")
    detect(plantlet.tower)
    assert standing(plantlet) == []


def test_a_circuit_that_stays_open_is_an_exception_though_each_probe_opens_it_anew(engine: Engine) -> None:
    plantlet = plantlet_of(
        engine, *[AWAY] * 12, sending=Sending(open_after=1), limits=Limits(interrupted_after=5 * MINUTE)
    )
    plantlet.tower = replace(
        plantlet.tower,
        landscape=replace(
            plantlet.tower.landscape, tiers={"gold": replace(GOLD, retry=RetryPolicy((5.0,) * 20))}
        ),
    )
    send(plantlet, 1)
    began = plantlet.clock.now()
    for _ in range(4):
        plantlet.clock.move(MINUTE)
        send(plantlet)
        detect(plantlet.tower)
        assert standing(plantlet) == []
    plantlet.clock.move(2 * MINUTE)
    send(plantlet)
    detect(plantlet.tower)
    (found,) = standing(plantlet)
    assert (found.rule, found.opened_at) == ("circuit-open", began + 5 * MINUTE)
    assert "connection refused" in found.why
    aim(plantlet, "aps")
    plantlet.clock.move(MINUTE)
    send(plantlet)
    detect(plantlet.tower)
    assert standing(plantlet) == []


def test_what_waits_past_its_deadline_is_one_exception_that_says_what_holds_it(engine: Engine) -> None:
    plantlet = plantlet_of(engine)
    pause(plantlet.tower, "aps", "ada", "new release")
    send(plantlet, 1, 2)
    plantlet.clock.move(datetime.timedelta(hours=1, minutes=1))
    detect(plantlet.tower)
    (found,) = standing(plantlet)
    assert (found.rule, found.sightings, found.team) == ("late-delivery", 2, "integration")
    assert "2 messages for APS" in found.why
    assert "paused by ada (new release)" in found.why
    resume(plantlet.tower, "aps", "ada")
    detect(plantlet.tower)
    (still,) = standing(plantlet)
    assert "paused" not in still.why
    send(plantlet)
    plantlet.clock.move(MINUTE)  # after a pause it begins slowly
    send(plantlet)
    detect(plantlet.tower)
    assert standing(plantlet) == []


def lack(plantlet: Plantlet, *missing: str) -> None:
    with writing(plantlet.tower.engine) as connection:
        lacking(connection, plantlet.tower, [Lack(PLANS, ORDER, missing)])


def test_what_cannot_be_carried_names_who_must_complete_it(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(PLANS, tiers={"gold": GOLD}))
    lack(plantlet, "quantity", "due_date")
    lack(plantlet, "quantity")
    (found,) = standing(plantlet)
    assert (found.rule, found.subject, found.system, found.team) == (
        "cannot-carry",
        ORDER,
        "erp",
        "integration",
    )
    assert (found.sightings, found.severity) == (2, "A")
    assert found.title == "Cannot be sent: order MO-1 lacks quantity, Orders to the scheduler"
    assert found.action == "Give order MO-1 its quantity in ERP; it is sent by itself then."
    with writing(engine) as connection:
        filled(connection, plantlet.tower, [(PLANS, Subject("LYON", "order/MO-2")), (PLANS, ORDER)])
    assert standing(plantlet) == []


def test_a_lack_on_a_route_that_is_gone_is_over(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(PLANS))
    lack(plantlet, "quantity")
    plantlet.tower = replace(plantlet.tower, landscape=carrying())
    with writing(engine) as connection:
        filled(connection, plantlet.tower, [(ORDERS, ORDER)])
    assert len(standing(plantlet)) == 1  # that route needs nothing, so it has filled nothing
    plantlet.tower = replace(plantlet.tower, landscape=replace(carrying(), routes={}))
    detect(plantlet.tower)
    (over,) = standing(plantlet, "resolved")
    assert "No longer carried" in over.resolution


def test_they_outlive_a_ledger_told_anew(engine: Engine) -> None:
    plantlet = plantlet_of(engine, REFUSED)
    send(plantlet, 1)
    lack(plantlet, "quantity")
    before = {each.id for each in standing(plantlet)}
    reprocess(plantlet.tower)
    assert {each.id for each in standing(plantlet)} == before
    assert len(before) == 2
    assert set(sending.RULES) < set(WATCHED)


def test_a_site_that_does_not_want_a_rule_has_none_of_it(engine: Engine) -> None:
    off = Limits(off=frozenset(sending.RULES))
    plantlet = plantlet_of(engine, REFUSED, limits=off)
    dead = send(plantlet, 1)
    lack(plantlet, "quantity")
    send(plantlet, 2)
    plantlet.clock.move(61 * MINUTE)
    detect(plantlet.tower)
    assert (dead[0].state, standing(plantlet)) == (DEAD, [])


def test_every_class_of_errors_has_its_action() -> None:
    assert sending.ACTIONS.keys() == failure.TITLES.keys()
