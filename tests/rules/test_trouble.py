"""Trouble on the way out and in has one name for each cause: told from deliveries, gates and channels made by hand."""

import datetime
from dataclasses import replace
from typing import Any

import pytest

from controltower.domain import failure
from controltower.domain.delivery import PENDING, RETRYING, SENDING, UNKNOWN, WAITING, Delivery
from controltower.domain.event import Position
from controltower.domain.gate import Gate
from controltower.domain.landscape import Limits, Polling
from controltower.domain.subject import Subject
from controltower.pipeline.watches.delivery_trouble import groups
from controltower.pipeline.watches.job_dead import unasked
from controltower.pipeline.watches.repeats import judged
from controltower.rules import trouble
from controltower.rules.repeats import Repeat
from controltower.rules.sending import late, late_code
from controltower.store.channel import POLL, Channel
from tests.factories import MINUTE, MORNING, landscape

MES = "mes"


def failing(number: int = 1, error: str = failure.TROUBLE, state: str = RETRYING, **more: Any) -> Delivery:
    """A delivery that has failed three times since the morning."""
    given = {"attempts": 3, "first_failed_at": MORNING, "words": "no", **more}
    return Delivery(
        number, Subject("LYON", f"order/MO-{number}"), "plans", MES, "aps", "order.changed", {}, {}, "e",
        Position(1, 0), MORNING, MORNING, number, f"k{number}", "", state=state, error=error, **given,
    )  # fmt: skip


WELL = Gate(MES, recent=(0,) * 17 + (1, 1, 1), failures=1)
ILL = Gate(MES, recent=(0, 1, 1, 1, 1, 1), failures=5)


def codes(gate: Gate, *deliveries: Delivery) -> list[tuple[str, int]]:
    taken = {MES: MORNING + 5 * MINUTE}
    return [(each.code, len(each.failing)) for each in groups(deliveries, {MES: gate}, taken)]


@pytest.mark.parametrize(
    ("error", "words", "named"),
    [
        (failure.REFUSED, "The posting period 2026/02 is closed", failure.PERIOD_CLOSED),
        (failure.REFUSED, "Posting period 001 2026 is not open", failure.PERIOD_CLOSED),
        (failure.REFUSED, "Order MO-7 is locked by user MEIER", failure.LOCKED),
        (failure.CONFLICT, "Order MO-7 is currently being processed by MEIER", failure.LOCKED),
        (failure.REFUSED, "The work centre is locked for maintenance", failure.REFUSED),
        (failure.REFUSED, "The order is closed", failure.REFUSED),
        (failure.CONFLICT, "changed meanwhile", failure.CONFLICT),
        (failure.TROUBLE, "Order MO-7 is locked by user MEIER", failure.TROUBLE),
    ],
)
def test_words_tell_what_a_bare_refusal_means(error: str, words: str, named: str) -> None:
    assert failure.named(error, words) == named


def test_a_site_knows_the_words_of_its_own_systems() -> None:
    says = {failure.LOCKED: r"Beleg .* gesperrt"}
    assert failure.named(failure.REFUSED, "Beleg 4711 ist gesperrt", says) == failure.LOCKED
    assert failure.named(failure.REFUSED, "Beleg 4711 ist gesperrt") == failure.REFUSED


def test_every_class_has_a_code_and_a_title() -> None:
    assert failure.CODES.keys() == failure.TITLES.keys()


def test_what_fails_for_one_reason_is_one_exception() -> None:
    busy, down = failing(1, failure.BUSY), failing(2, failure.TROUBLE)
    assert codes(ILL, busy, failing(3, failure.BUSY), down) == [("server-errors", 1), ("throttled", 2)]


def test_one_lane_that_fails_beside_others_that_pass_is_blocked() -> None:
    assert codes(WELL, failing()) == [("blocked-lane", 1)]
    assert codes(ILL, failing()) == [("server-errors", 1)]
    assert codes(WELL, failing(error=failure.LOCKED)) == [("locked", 1)]
    (alone,) = groups([failing()], {MES: WELL}, {MES: MORNING - MINUTE})
    assert alone.code == "server-errors"


@pytest.mark.parametrize("state", [UNKNOWN, SENDING])
def test_what_is_asked_back_is_of_unknown_outcome(state: str) -> None:
    assert codes(WELL, failing(error=failure.TIMEOUT, state=state)) == [("unknown-outcome", 1)]


def test_what_a_pause_or_an_open_circuit_holds_up_is_told_by_these() -> None:
    assert codes(replace(WELL, paused_at=MORNING), failing()) == []
    assert codes(replace(WELL, opened_at=MORNING), failing()) == []
    assert codes(replace(WELL, opened_at=MORNING), failing(error=failure.TIMEOUT, state=UNKNOWN)) != []


def test_the_exception_names_the_order_where_it_is_one() -> None:
    (group,) = groups([failing()], {MES: WELL}, {MES: MORNING + MINUTE})
    case = trouble.failing(group._replace(behind=2), landscape())
    assert (case.code, case.subject, case.remedy.verb) == ("blocked-lane", failing().subject, "hand-over")
    assert "2 more about the same wait behind" in case.why


@pytest.mark.parametrize(
    ("kind", "state", "error", "code"),
    [
        ("circuit open", PENDING, "", "target-down"),
        ("asked to wait", PENDING, "", "throttled"),
        ("", WAITING, "", "blocked-lane"),
        ("", RETRYING, failure.LOCKED, "locked"),
        ("", PENDING, "", ""),
    ],
)
def test_late_messages_name_what_holds_them_up(kind: str, state: str, error: str, code: str) -> None:
    waiting = failing(error=error, state=state)
    assert late_code(waiting, kind) == code
    assert late(waiting, 1, kind, "", landscape()).cause_code == (code or "late-delivery")


@pytest.mark.parametrize("kind", trouble.SOURCES)
def test_a_source_in_trouble_is_told_by_its_kind(kind: str) -> None:
    system = landscape().systems["aps"]
    case = trouble.source(system, kind, MORNING, MORNING + 10 * MINUTE, "said so")
    assert case.code == trouble.SOURCES[kind][0]
    assert "said so" in case.why
    assert system.title in case.action


def repeats(number: int, known: int = 1, original: int | None = None) -> list[Repeat]:
    return [Repeat(100 - n, MORNING - n * MINUTE, known, original) for n in range(number)]


@pytest.mark.parametrize(
    ("found", "rules"),
    [
        (repeats(3), []),
        (repeats(49), []),
        (repeats(10, known=5), ["replay-storm"]),
        (repeats(4, original=7), []),
        (repeats(5, original=7), ["retry-amplification"]),
        (repeats(50, original=7), ["replay-storm", "retry-amplification"]),
    ],
)
def test_repeats_are_a_replay_when_many_and_amplified_when_of_one(
    found: list[Repeat], rules: list[str]
) -> None:
    system = landscape().systems[MES]
    assert [each.rule for each in judged(system, found, Limits())] == rules


def test_a_source_that_is_no_longer_asked_while_others_are() -> None:
    polled = {
        id: replace(landscape().systems["aps"], id=id, polling=Polling(every=2.0)) for id in ("one", "two")
    }
    now = MORNING + 120 * MINUTE

    def dead(**tried: datetime.datetime) -> list[str]:
        channels = {id: Channel(id, POLL, last_attempt_at=at) for id, at in tried.items()}
        return [each.system for each in unasked(polled, channels, 60.0, 30 * MINUTE, now)]

    assert dead(one=now, two=now - 5 * MINUTE) == []
    assert dead(one=now, two=now - 60 * MINUTE) == ["two"]
    # The tower has just begun again: nobody was asked for a while.
    assert dead(one=now - 60 * MINUTE, two=now - 120 * MINUTE) == []


def test_a_source_that_asked_for_patience_is_no_dead_job() -> None:
    now, system = MORNING + 120 * MINUTE, replace(landscape().systems["aps"], polling=Polling(every=2.0))
    waits = Channel("aps", POLL, last_attempt_at=MORNING, next_at=now)
    tried = {"aps": waits, "other": Channel("other", POLL, last_attempt_at=now)}
    assert list(unasked({"aps": system}, tried, 1.0, 30 * MINUTE, now)) == []
