"""The gate in front of a target: pause, maintenance, circuit, pace and retry budget, each by the clock alone."""

import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from controltower.domain import gate as gates
from controltower.domain.gate import (
    CLOSED,
    OPEN,
    PROBING,
    Allowance,
    Gate,
    answered,
    circuit,
    open_up,
    passed,
)
from controltower.domain.retry import Sending, Window

NOON = datetime.datetime(2026, 3, 2, 12, 0, tzinfo=datetime.UTC)  # a Monday
PARIS = ZoneInfo("Europe/Paris")
SECOND = datetime.timedelta(seconds=1)
HOUR = datetime.timedelta(hours=1)


def allowed(gate: Gate, sending: Sending, at: datetime.datetime = NOON, on_the_wire: int = 0) -> Allowance:
    return open_up(gate, sending, at, PARIS, on_the_wire)[1]


def failing(times: int, sending: Sending) -> Gate:
    gate = Gate("mes")
    for _ in range(times):
        gate = answered(gate, sending, NOON, True, "no connection")
    return gate


def test_no_more_than_may_be_in_flight() -> None:
    sending = Sending(in_flight=4)
    assert allowed(Gate("mes"), sending).total == 4
    assert allowed(Gate("mes"), sending, on_the_wire=3).total == 1
    assert allowed(Gate("mes"), sending, on_the_wire=5).total == 0


def test_paused_until_a_moment_then_slowly_again() -> None:
    sending = Sending(in_flight=50, drain=2)
    gate = gates.paused(Gate("mes"), NOON, "ines", "renewing the certificate", NOON + HOUR)
    shut, none = open_up(gate, sending, NOON + 30 * 60 * SECOND, PARIS, 0)
    assert (none.total, none.why) == (0, "paused")
    opened, first = open_up(shut, sending, NOON + HOUR, PARIS, 0)
    assert first.total <= 2
    assert opened.paused_at is None
    later, more = open_up(opened, sending, NOON + HOUR + 30 * SECOND, PARIS, 0)
    assert first.total < more.total < 50
    assert open_up(later, sending, NOON + HOUR + 300 * SECOND, PARIS, 0)[1].total == 50


def test_maintenance_holds_by_the_zone_of_the_system() -> None:
    window = Window(0, datetime.time(12, 30), HOUR)  # Monday 12:30 in Paris is 11:30 UTC
    sending = Sending(windows=(window,))
    assert allowed(Gate("mes"), sending, NOON).why == "maintenance"
    assert allowed(Gate("mes"), sending, NOON + HOUR).total > 0
    assert window.end_of(NOON, PARIS) == NOON + HOUR / 2


def test_window_may_last_past_midnight() -> None:
    window = Window(6, datetime.time(23, 0), 3 * HOUR)  # Sunday 23:00 to Monday 02:00
    monday = datetime.datetime(2026, 3, 2, 0, 30, tzinfo=datetime.UTC)
    assert window.end_of(monday, datetime.UTC) == monday + 1.5 * HOUR
    assert window.end_of(monday + 2 * HOUR, datetime.UTC) is None


def test_circuit_opens_after_failures_in_a_row_and_lets_one_probe_through() -> None:
    sending = Sending(open_after=3, rest=30)
    assert circuit(failing(2, sending), sending, NOON) == CLOSED
    gate = failing(3, sending)
    assert circuit(gate, sending, NOON) == OPEN
    assert allowed(gate, sending).why == "circuit open"
    rested = NOON + 31 * SECOND
    assert circuit(gate, sending, rested) == PROBING
    assert allowed(gate, sending, rested).total == 1
    probing = passed(gate, sending, rested, 0, 1)
    assert allowed(probing, sending, rested).total == 0
    assert circuit(answered(probing, sending, rested, True), sending, rested) == OPEN
    assert circuit(answered(probing, sending, rested, False), sending, rested) == CLOSED


def test_circuit_opens_when_most_of_the_last_answers_were_failures() -> None:
    sending, gate = Sending(open_after=100), Gate("mes")
    for number in range(20):
        gate = answered(gate, sending, NOON, number % 3 != 0)
    assert circuit(gate, sending, NOON) == OPEN


def test_a_lost_probe_is_forgotten() -> None:
    sending = Sending(open_after=1, rest=10)
    probing = passed(failing(1, sending), sending, NOON + 11 * SECOND, 0, 1)
    assert allowed(probing, sending, NOON + 20 * SECOND).total == 0
    assert allowed(probing, sending, NOON + 90 * SECOND).total == 1


def test_retries_have_a_budget_that_first_attempts_and_time_fill() -> None:
    sending = Sending(in_flight=40, budget=0.5)
    gate, first = open_up(Gate("mes"), sending, NOON, PARIS, 0)
    spent = passed(gate, sending, NOON, 0, first.retries)
    assert allowed(spent, sending).retries == 0
    assert allowed(passed(spent, sending, NOON, 20, 0), sending).retries == 10
    assert allowed(spent, sending, NOON + 5 * SECOND).retries == 5


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.integers(0, 30)), max_size=60), st.integers(1, 20))
def test_no_more_pass_in_any_time_than_the_rate_allows(steps: list[tuple[float, int]], rate: int) -> None:
    sending, gate, now, sent = Sending(rate=rate, in_flight=1000), Gate("mes"), NOON, 0
    for seconds, wanted in steps:
        now += seconds * SECOND
        gate, may = open_up(gate, sending, now, PARIS, 0)
        taken = min(wanted, may.total)
        gate, sent = passed(gate, sending, now, taken, 0), sent + taken
    assert sent <= rate * ((now - NOON) / SECOND) + rate + 1


def test_patience_that_a_target_asks_for_holds_for_all() -> None:
    gate = gates.asked_to_wait(Gate("mes"), NOON + 90 * SECOND)
    assert allowed(gate, Sending()).why == "asked to wait"
    assert gates.asked_to_wait(gate, NOON + SECOND).asked_until == NOON + 90 * SECOND
    assert allowed(gate, Sending(), NOON + 91 * SECOND).total > 0
