"""The life of exceptions: causes gather their symptoms, floods become one, what flaps stays open, planned outages
explain; and each says so."""

import datetime
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controltower.domain.exception import Case, resolved
from controltower.domain.remedy import RESYNC, Remedy
from controltower.domain.retry import Window
from controltower.domain.subject import Subject
from controltower.pipeline import outages
from controltower.pipeline.answer import RESOLVE, NotPossible, act
from controltower.pipeline.cases import put
from controltower.pipeline.detect import detect
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.settling import settle
from controltower.store import case, kinship
from controltower.store.case import COUNTING
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, Plantlet, due, landscape


@pytest.fixture
def plantlet(engine: Engine) -> Iterator[Plantlet]:
    made = Plantlet(engine)
    yield made
    made.intake.stop()


def symptom(plantlet: Plantlet, number: int, code: str = "never-announced", system: str = "aps") -> Case:
    """A drift of order MO-<number> at a follower, as the ledger finds it."""
    subject = Subject("LYON", f"order/MO-{number}")
    return Case(
        f"drift-{system}-{number}", "drift", f"Due date of MO-{number} differs", "B", plantlet.clock.now(), subject,
        system, "aps-team", cause="Never told", why=f"MO-{number} was never told.", code=code, watched=True,
        remedy=Remedy(RESYNC, {"subject": str(subject), "target": system}),
    )  # fmt: skip


def silence(plantlet: Plantlet, system: str = "aps") -> Case:
    at = plantlet.clock.now()
    return Case(
        f"source-silent-{system}-{at:%H%M}", "source-silent", f"Silent: {system.upper()}", "A", at, system=system,
        team="aps-team", cause="Source silent", why="Nothing heard.", last_at=at - 30 * MINUTE, key=system,
    )  # fmt: skip


def write(plantlet: Plantlet, *cases: Case) -> None:
    with writing(plantlet.tower.engine) as connection:
        put(connection, plantlet.tower, cases)


def now_of(plantlet: Plantlet, id: str) -> Case:
    with reading(plantlet.tower.engine) as connection:
        found = case.get(connection, id)
    assert found is not None
    return found


def counting(plantlet: Plantlet, state: str = "open") -> list[Case]:
    with reading(plantlet.tower.engine) as connection:
        return case.listing(connection, state=state, standing=COUNTING)


def end(plantlet: Plantlet, *ids: str) -> None:
    over = [resolved(now_of(plantlet, id), plantlet.clock.now(), "They agree again.") for id in ids]
    write(plantlet, *over)


def test_symptoms_of_a_silent_system_are_its_children_before_and_after(plantlet: Plantlet) -> None:
    write(plantlet, symptom(plantlet, 1, "follower-silent"), symptom(plantlet, 2, "overwritten"))
    plantlet.clock.move(10 * MINUTE)
    cause = silence(plantlet)
    write(plantlet, cause)
    plantlet.clock.move(5 * MINUTE)
    write(plantlet, symptom(plantlet, 3, "in-flight"), symptom(plantlet, 4, "follower-silent", "mes"))
    parents = {number: now_of(plantlet, f"drift-aps-{number}").parent for number in (1, 2, 3)}
    assert parents == {1: cause.id, 2: "", 3: cause.id}
    assert now_of(plantlet, "drift-mes-4").parent == ""
    assert {each.id for each in counting(plantlet)} == {cause.id, "drift-aps-2", "drift-mes-4"}


def test_children_that_still_hold_stand_by_themselves_a_while_after_their_parent(plantlet: Plantlet) -> None:
    cause = silence(plantlet)
    write(plantlet, cause, symptom(plantlet, 1), symptom(plantlet, 2))
    end(plantlet, cause.id)
    end(plantlet, "drift-aps-2")
    assert settle(plantlet.tower) == 0
    plantlet.clock.move(11 * MINUTE)
    assert settle(plantlet.tower) == 1
    assert settle(plantlet.tower) == 0
    (alone,) = counting(plantlet)
    assert (alone.id, alone.released_at) == ("drift-aps-1", plantlet.clock.now())
    assert "Silent: APS" in alone.remark
    assert now_of(plantlet, "drift-aps-2").parent == cause.id


def test_many_of_a_kind_are_one(plantlet: Plantlet) -> None:
    for number in range(4):
        write(plantlet, symptom(plantlet, number))
    assert len(counting(plantlet)) == 4
    write(plantlet, symptom(plantlet, 4), symptom(plantlet, 5, "overwritten"))
    many = next(each for each in counting(plantlet) if each.rule == "many-alike")
    assert many.title == "Many orders: never told, APS"
    assert (many.cause_code, many.sightings) == ("never-announced", 5)
    assert many.remedy == Remedy(RESYNC, {"target": "aps", "each": "child"})
    write(plantlet, symptom(plantlet, 6))
    assert {each.id for each in counting(plantlet)} == {many.id, "drift-aps-5"}
    assert now_of(plantlet, many.id).sightings == 6
    end(plantlet, *(f"drift-aps-{number}" for number in (0, 1, 2)))
    settle(plantlet.tower)
    assert "3 of them still open" in now_of(plantlet, many.id).why
    end(plantlet, *(f"drift-aps-{number}" for number in (3, 4, 6)))
    settle(plantlet.tower)
    assert now_of(plantlet, many.id).resolution == "None of them is open any more."


def test_a_cause_takes_over_what_was_only_many(plantlet: Plantlet) -> None:
    write(plantlet, *(symptom(plantlet, number, "follower-silent") for number in range(6)))
    assert [each.rule for each in counting(plantlet)] == ["many-alike"]
    cause = silence(plantlet)
    write(plantlet, cause)
    settle(plantlet.tower)
    assert [each.id for each in counting(plantlet)] == [cause.id]
    with reading(plantlet.tower.engine) as connection:
        assert kinship.child_numbers(connection, [cause.id]) == {cause.id: (6, 6)}


def test_a_few_over_a_long_time_are_no_flood(plantlet: Plantlet) -> None:
    for number in range(8):
        write(plantlet, symptom(plantlet, number))
        plantlet.clock.move(10 * MINUTE)
    assert len(counting(plantlet)) == 8


def test_what_returns_soon_is_the_same_exception_with_its_history(plantlet: Plantlet) -> None:
    first = silence(plantlet)
    write(plantlet, first)
    end(plantlet, first.id)
    plantlet.clock.move(5 * MINUTE)
    write(plantlet, silence(plantlet))
    (again,) = counting(plantlet)
    assert (again.id, again.opened_at, again.returns) == (first.id, first.opened_at, 1)
    assert "came back" in again.remark
    with reading(plantlet.tower.engine) as connection:
        assert [each.action for each in case.actions(connection, first.id)] == ["reopen"]
    end(plantlet, first.id)
    plantlet.clock.move(20 * MINUTE)
    write(plantlet, silence(plantlet))
    assert counting(plantlet)[0].id != first.id


def test_what_a_person_has_resolved_is_not_opened_by_looking_again(plantlet: Plantlet) -> None:
    first = silence(plantlet)
    write(plantlet, first)
    plantlet.clock.move(MINUTE)
    act(plantlet.tower, first.id, "ada", RESOLVE, "it is being moved")
    write(plantlet, first._replace(id="source-silent-other"))
    assert counting(plantlet) == []
    plantlet.clock.move(MINUTE)
    write(plantlet, silence(plantlet))
    assert counting(plantlet)[0].id != first.id


def test_what_comes_and_goes_stays_open_until_it_is_calm(plantlet: Plantlet) -> None:
    for number in range(4):
        each = symptom(plantlet, 1)._replace(id=f"drift-aps-{number}", watched=False)
        write(plantlet, each)
        if number < 3:
            plantlet.clock.move(5 * MINUTE)
            end(plantlet, each.id)
            plantlet.clock.move(5 * MINUTE)
    (flapping,) = counting(plantlet)
    assert (flapping.rule, flapping.sightings) == ("flapping", 4)
    assert "flapping, seen 4 times" in flapping.why
    end(plantlet, "drift-aps-3")
    settle(plantlet.tower)
    plantlet.clock.move(10 * MINUTE)
    write(plantlet, symptom(plantlet, 1)._replace(id="drift-aps-4", watched=False))
    assert [(each.id, each.sightings) for each in counting(plantlet)] == [(flapping.id, 5)]
    end(plantlet, "drift-aps-4")
    plantlet.clock.move(31 * MINUTE)
    settle(plantlet.tower)
    assert now_of(plantlet, flapping.id).resolution == "Calm: it has not come back for 30 min."


def test_a_maintenance_window_explains_what_follows_from_it(engine: Engine) -> None:
    land = landscape()
    # It is Monday, 7:00 in Paris.
    window = Window(0, datetime.time(6, 30), datetime.timedelta(hours=1))
    away = replace(land.systems["aps"], maintenance=(window,))
    plantlet = Plantlet(engine, replace(land, systems={**land.systems, "aps": away}))
    plantlet.intake.stop()
    write(
        plantlet, silence(plantlet), symptom(plantlet, 1, "follower-silent"), symptom(plantlet, 2, "rejected")
    )
    assert [each.id for each in counting(plantlet)] == ["drift-aps-2"]
    explained = now_of(plantlet, "drift-aps-1")
    assert explained.suppressed_by == "maintenance of APS until 2026-03-02 06:30 UTC"
    plantlet.clock.move(40 * MINUTE)
    assert settle(plantlet.tower) == 0
    end(plantlet, "drift-aps-1")
    plantlet.clock.move(6 * MINUTE)
    assert settle(plantlet.tower) == 1
    silent = next(each for each in counting(plantlet) if each.rule == "source-silent")
    assert (silent.released_at, "maintenance of APS" in silent.remark) == (plantlet.clock.now(), True)


def test_a_declared_outage_explains_until_it_is_ended(plantlet: Plantlet) -> None:
    write(plantlet, silence(plantlet))
    later = plantlet.clock.now() + datetime.timedelta(hours=8)
    with pytest.raises(NotPossible, match="why"):
        outages.declare(plantlet.tower, "aps", "ada", " ", later)
    with pytest.raises(NotPossible, match="future"):
        outages.declare(plantlet.tower, "aps", "ada", "move", plantlet.clock.now() - MINUTE)
    with pytest.raises(LookupError):
        outages.declare(plantlet.tower, "nobody", "ada", "move", later)
    made = outages.declare(plantlet.tower, "aps", "ada", "moves to another rack", later)
    assert counting(plantlet) == []
    plantlet.clock.move(60 * MINUTE)
    write(plantlet, symptom(plantlet, 1))
    assert "moves to another rack" in now_of(plantlet, "drift-aps-1").suppressed_by
    outages.end(plantlet.tower, "aps", made.id, "ada")
    with pytest.raises(LookupError):
        outages.end(plantlet.tower, "aps", made.id, "ada")
    assert settle(plantlet.tower) == 0
    plantlet.clock.move(16 * MINUTE)
    settle(plantlet.tower)
    assert [each.rule for each in counting(plantlet)] == ["source-silent"]
    assert now_of(plantlet, "drift-aps-1").parent == counting(plantlet)[0].id


def test_an_exception_says_what_it_costs(plantlet: Plantlet) -> None:
    told = {"quantity": {"value": "120", "unit": "EA"}, "value": {"value": "1234.50", "currency": "EUR"}}
    plantlet.say("erp", 1, {**told, "promise_date": due(12)})
    plantlet.say("erp", 1, {**told, "promise_date": due(9)}, subject="LYON/order/MO-2")
    plantlet.record()
    write(plantlet, symptom(plantlet, 1), symptom(plantlet, 2))
    assert now_of(plantlet, "drift-aps-1").impact == {
        "orders": ["MO-1"], "count": 1, "quantity": "120 EA", "value": "1234.5 EUR", "promise_date": due(12),
    }  # fmt: skip
    cause = silence(plantlet)
    write(plantlet, cause)
    assert now_of(plantlet, cause.id).impact == {
        "orders": ["MO-1", "MO-2"], "count": 2, "quantity": "240 EA", "value": "2469 EUR", "promise_date": due(9),
    }  # fmt: skip


def test_told_again_exceptions_keep_their_life(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.record()
    write(plantlet, silence(plantlet)._replace(rule="source-trouble", watched=True))
    plantlet.clock.move(16 * MINUTE)
    detect(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        before = {each.id: each for each in case.listing(connection)}
    assert sum(1 for each in before.values() if each.parent) == 1
    reprocess(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        assert {each.id: each for each in case.listing(connection)} == before


def test_what_a_missed_answer_leaves_undone_at_an_order_is_its_child(plantlet: Plantlet) -> None:
    missed = symptom(plantlet, 1)._replace(
        id="expectation-1", rule="completion-posted", code="completion-posted"
    )
    write(plantlet, symptom(plantlet, 1), symptom(plantlet, 2))
    write(plantlet, missed)
    write(plantlet, symptom(plantlet, 1)._replace(id="drift-aps-1b"))
    assert {each.id for each in counting(plantlet)} == {missed.id, "drift-aps-2"}
    end(plantlet, missed.id, "drift-aps-1")
    plantlet.clock.move(11 * MINUTE)
    settle(plantlet.tower)
    assert {each.id for each in counting(plantlet)} == {"drift-aps-1b", "drift-aps-2"}


def test_trouble_with_one_message_gathers_only_what_is_about_it(plantlet: Plantlet) -> None:
    trouble = symptom(plantlet, 1)._replace(id="trouble", rule="delivery-trouble", code="locked")
    write(plantlet, symptom(plantlet, 1, "retrying"), symptom(plantlet, 2, "retrying"), trouble)
    assert {each.id for each in counting(plantlet)} == {trouble.id, "drift-aps-2"}
