"""Promises of a service tier pass in working time, and each that passes goes to the next team."""

import datetime
from dataclasses import replace
from zoneinfo import ZoneInfo

from controltower.domain.calendar import ALWAYS, Calendar
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.exception import Case
from controltower.domain.expectation import ExpectationRule, Sign
from controltower.domain.landscape import Landscape, Plant, System, Team, Tier
from controltower.domain.standing import Standing, apply
from controltower.domain.subject import Subject
from controltower.pipeline.escalate import passed, team_told
from controltower.pipeline.promises import promises
from controltower.store.case import ACKNOWLEDGE, ESCALATE, REOPEN, Action

PARIS = ZoneInfo("Europe/Paris")
HOUR = datetime.timedelta(hours=1)
DAY_SHIFT = Calendar("day", PARIS, (((6 * 60, 14 * 60),),) * 5 + ((), ()))
SYSTEM = System("erp", "ERP", "erp", ("LYON",), "cloudevents", PARIS)
LAND = Landscape(
    plants={"LYON": Plant("LYON", "Lyon", PARIS, "day")},
    systems={"erp": SYSTEM},
    teams={id: Team(id, id.title()) for id in ("desk", "head", "boss")},
    tiers={"gold": Tier("gold", HOUR, 4 * HOUR, ("desk", "head", "boss"), calendar="plant")},
    calendars={"day": DAY_SHIFT},
)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=PARIS)


def case(opened: str, **other: object) -> Case:
    given = {"tier": "gold", "system": "erp", **other}
    return Case("x", "rule", "Title", "B", at(opened), **given)  # type: ignore[arg-type]


def did(action: str, moment: str, detail: str = "") -> Action:
    return Action("x", at(moment), "somebody", action, detail)


def test_both_count_in_the_working_time_of_the_plant() -> None:
    for one in (
        case("2026-03-06T13:30"),
        case("2026-03-06T13:30", subject=Subject("LYON", "order/MO-1"), system=""),
    ):
        terms = promises(one, (), LAND)
        assert terms is not None
        assert (terms.acknowledge_by, terms.resolve_by) == (at("2026-03-09T06:30"), at("2026-03-09T09:30"))
        assert terms.due_at == terms.acknowledge_by


def test_after_acknowledging_it_is_due_to_be_resolved() -> None:
    terms = promises(case("2026-03-06T13:30"), [did(ACKNOWLEDGE, "2026-03-06T13:40")], LAND)
    assert terms is not None
    assert terms.due_at == at("2026-03-09T09:30")


def test_what_is_opened_again_or_stands_by_itself_has_its_promises_anew() -> None:
    again = promises(
        case("2026-03-02T06:00"),
        [did(ACKNOWLEDGE, "2026-03-02T06:10"), did(REOPEN, "2026-03-03T06:00")],
        LAND,
    )
    released = promises(case("2026-03-02T06:00", released_at=at("2026-03-03T06:00")), (), LAND)
    assert again is not None
    assert released is not None
    assert again.due_at == released.due_at == at("2026-03-03T07:00")


def test_a_tier_that_is_not_declared_promises_nothing() -> None:
    assert promises(case("2026-03-02T06:00", tier="tin"), (), LAND) is None


def told(one: Case, done: list[Action], now: str) -> list[str]:
    return [action.detail for action in passed(one, done, LAND, at(now))]


def test_each_promise_that_passes_goes_to_the_next_team() -> None:
    one = case("2026-03-02T06:00")
    assert told(one, [], "2026-03-02T06:59") == []
    assert told(one, [], "2026-03-02T07:01") == ["Desk, because nobody acknowledged it in time"]
    made = list(passed(one, [], LAND, at("2026-03-02T07:01")))
    assert told(one, made, "2026-03-02T10:01") == ["Head, because nobody resolved it in time"]
    # Four hours more of the plant's time.
    made += passed(one, made, LAND, at("2026-03-02T10:01"))
    assert told(one, made, "2026-03-02T14:01") == ["Boss, because nobody resolved it in 2 times the time"]
    made += passed(one, made, LAND, at("2026-03-02T14:01"))
    assert told(one, made, "2026-03-20T14:00") == []
    assert [team_told(action.detail, LAND) for action in made] == ["desk", "head", "boss"]


def test_who_acknowledged_in_time_is_followed_by_the_first_team() -> None:
    done = [did(ACKNOWLEDGE, "2026-03-02T06:10")]
    assert told(case("2026-03-02T06:00"), done, "2026-03-02T10:01") == [
        "Desk, because nobody resolved it in time"
    ]
    assert len(told(case("2026-03-02T06:00"), done, "2026-03-30T10:01")) == 3


def test_consequences_and_planned_outages_are_not_escalated() -> None:
    child = case("2026-03-02T06:00", parent="other")
    planned = case("2026-03-02T06:00", suppressed_until=at("2026-04-02T06:00"))
    assert told(child, [], "2026-03-30T10:01") == told(planned, [], "2026-03-30T10:01") == []


def test_escalations_of_an_earlier_life_do_not_count() -> None:
    done = [
        did(ESCALATE, "2026-03-02T07:00", "Desk, because nobody acknowledged it in time"),
        did(REOPEN, "2026-03-03T06:00"),
    ]
    assert told(case("2026-03-02T06:00"), done, "2026-03-03T07:01") == [
        "Desk, because nobody acknowledged it in time"
    ]


def test_the_calendar_of_a_plant_is_found_by_its_word() -> None:
    assert LAND.calendar("plant", "LYON") is DAY_SHIFT
    assert LAND.calendar("plant", "GRAZ") is ALWAYS
    assert LAND.calendar("day") is DAY_SHIFT
    assert LAND.calendar("") is ALWAYS


def test_what_is_expected_is_due_in_working_time() -> None:
    follows = ExpectationRule(
        "follows", "The MES follows", "order", Sign("erp", type="order.released"),
        Sign("mes", type="order.acknowledged"), 2 * HOUR, calendar="plant",
    )  # fmt: skip
    mes = replace(SYSTEM, id="mes", role="mes")
    land = replace(LAND, systems={"erp": SYSTEM, "mes": mes}, expectations=(follows,))
    heard, subject = at("2026-03-06T13:30"), Subject("LYON", "order/MO-1")
    standing = Standing(subject)
    apply(
        standing,
        Recorded(Event("order.released", subject, "erp", "1", heard, "", {}), Position(1, 0), heard),
        land,
    )
    (waiting,) = standing.expectations.values()
    assert waiting.due_at == at("2026-03-09T07:30")
