"""How far a subject has come in its flow: the same events give the same answer, in whatever order they are heard."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controltower.domain.event import Event, Position, Recorded
from controltower.domain.expectation import Sign
from controltower.domain.flow import Flow, Step, Trouble
from controltower.domain.flow_evidence import Evidence, gather, take
from controltower.domain.flow_progress import (
    AHEAD,
    CANCEL,
    COMPLETED,
    DONE,
    IDLE,
    PASSED,
    REOPEN,
    RETRY,
    RUNNING,
    SKIP,
    SKIPPED,
    STOPPED,
    WAITING,
    WRONG,
    Act,
    Grounds,
    Progress,
    judge,
)
from controltower.domain.subject import Subject, parse_subject
from controltower.domain.value import Value
from tests.factories import MINUTE, MORNING

ORDER = Subject("LYON", "order/1")
ROLES = {"erp": "erp", "aps": "aps", "mes": "mes", "wms": "wms", "buyer": "procurement"}


def status(role: str, *values: str) -> tuple[Sign, ...]:
    return (Sign(role, attribute="status", becomes=frozenset(values)),)


SHORT = (Sign("aps", attribute="feasible", becomes=frozenset({"false"})),)
FLOW = Flow(
    "order-to-schedule",
    "Order to schedule",
    (
        Step("entered", "Entered", status("erp", "firm", "released"), within=5 * MINUTE),
        Step("valid", "Validated", after=("entered",), check="order-complete", needs=("item", "due_date")),
        Step(
            "scheduled",
            "Scheduled",
            status("aps", "released"),
            after=("valid",),
            within=30 * MINUTE,
            trouble=Trouble((*SHORT, Sign("aps", type="order.rejected"))),
        ),
        Step(
            "told",
            "Buyer told",
            (Sign("procurement", type="order.acknowledged"),),
            after=("valid",),
            when=SHORT,
        ),
        Step("sent", "Plan sent", after=("scheduled", "told"), route="plans"),
        Step("noted", "Noted", (Sign("wms", type="order.staged"),), after=("sent",), optional=True),
        Step("started", "Started", (Sign("mes", type="operation.started"),), after=("sent", "noted")),
    ),
    begins=status("erp", "firm", "released"),
    cancelled=status("erp", "cancelled"),
    within=datetime.timedelta(hours=2),
)


def said(
    system: str, minute: float, kind: str = "order.changed", subject: str = "LYON/order/1", **held: str
) -> Recorded:
    at = MORNING + minute * MINUTE
    event = Event(
        kind, parse_subject(subject), system, f"{system}{at}", at, at.isoformat(),
        {name: Value(text) for name, text in held.items()},
    )  # fmt: skip
    return Recorded(event, Position(int(minute * 100) + 1, 0), at + MINUTE)


def whole(at: float = 0, **held: str) -> Recorded:
    """An order that lacks nothing."""
    due = (MORNING + datetime.timedelta(days=3)).isoformat()
    return said("erp", at, **({"status": "firm", "item": "PUMP-7", "due_date": due} | held))


def standing(
    *history: Recorded, acts: Sequence[Act] = (), plans: float | None = None, flow: Flow = FLOW
) -> Progress:
    return grounds(gather(flow, history, ROLES), acts, plans, flow)


def grounds(
    evidence: Evidence, acts: Sequence[Act] = (), plans: float | None = None, flow: Flow = FLOW
) -> Progress:
    carried = {} if plans is None else {"plans": MORNING + plans * MINUTE}
    owners = {"item": "erp", "due_date": "erp"}
    return judge(Grounds(flow, ORDER, evidence, acts, carried, roles=ROLES, owners=owners))


def states(progress: Progress) -> dict[str, str]:
    return {each.step.name: each.state for each in progress.steps}


def act(minute: float, action: str, step: str = "") -> Act:
    return Act(MORNING + minute * MINUTE, "ada", action, step, "because")


def test_a_flow_waits_at_the_step_whose_turn_it_is() -> None:
    progress = standing(whole())
    assert states(progress) == {
        "entered": DONE, "valid": DONE, "scheduled": WAITING, "told": IDLE, "sent": AHEAD, "noted": IDLE,
        "started": AHEAD,
    }  # fmt: skip
    scheduled = progress.at_step("scheduled")
    assert scheduled is not None
    assert (scheduled.ready_at, scheduled.due_at) == (MORNING, MORNING + 31 * MINUTE)


def test_before_its_sign_nothing_has_begun() -> None:
    progress = standing(said("mes", 0, "operation.started", "LYON/operation/1/10"))
    assert (progress.state, progress.began_at, progress.open_steps) == (AHEAD, None, [])


def test_what_an_operation_says_by_its_type_counts_and_its_status_does_not() -> None:
    flow = Flow("f", "F", (Step("run", "Run", status("mes", "running")),), begins=status("erp", "firm"))
    running = said("mes", 5, "operation.started", "LYON/operation/1/10", status="running")
    assert states(standing(whole(), running, flow=flow)) == {"run": WAITING}
    assert standing(whole(), running).at_step("started").state == DONE  # type: ignore[union-attr]


def test_it_is_completed_in_time_or_late() -> None:
    history = [
        whole(),
        said("aps", 10, status="released"),
        said("mes", 60, "operation.started", "LYON/operation/1/10"),
    ]
    progress = standing(*history, plans=20)
    assert (progress.state, progress.ended_at, progress.in_time) == (COMPLETED, MORNING + 60 * MINUTE, True)
    late = standing(*history[:2], said("mes", 121, "operation.started", "LYON/operation/1/10"), plans=20)
    assert (late.state, late.in_time) == (COMPLETED, False)
    assert progress.at_step("sent").took == 10 * MINUTE  # type: ignore[union-attr]


def test_a_step_without_its_sign_is_passed_once_the_flow_went_on() -> None:
    progress = standing(whole(), said("mes", 60, "operation.started", "LYON/operation/1/10"))
    assert states(progress)["scheduled"] == states(progress)["sent"] == PASSED
    assert (progress.state, states(progress)["told"]) == (COMPLETED, IDLE)


def test_an_order_that_lacks_something_goes_wrong_until_it_is_mended() -> None:
    lacking = standing(whole(item="", due_date=MORNING.isoformat()))
    valid = lacking.at_step("valid")
    assert valid is not None
    assert (valid.state, valid.faults) == (WRONG, ("no item", "the due date lies in the past"))
    assert states(lacking)["scheduled"] == AHEAD
    mended = standing(whole(item="", due_date=MORNING.isoformat()), whole(9))
    assert mended.at_step("valid").at == MORNING + 9 * MINUTE  # type: ignore[union-attr]
    assert states(mended)["scheduled"] == WAITING


def test_what_changes_later_was_validated_before() -> None:
    later = (MORNING + datetime.timedelta(days=4)).isoformat()
    moved = standing(whole(), said("erp", 60, due_date=later)).at_step("valid")
    assert moved is not None
    assert (moved.state, moved.at) == (DONE, MORNING)


def test_a_date_that_passes_later_is_no_lack() -> None:
    due = (MORNING + 5 * MINUTE).isoformat()
    progress = standing(whole(due_date=due), said("erp", 60, due_date=due, item="PUMP-7"))
    assert states(progress)["valid"] == DONE


def test_a_shortage_asks_for_the_buyer_and_holds_the_schedule_up() -> None:
    short = standing(whole(), said("aps", 10, feasible="false"))
    assert (states(short)["scheduled"], states(short)["told"]) == (WRONG, WAITING)
    again = standing(whole(), said("aps", 10, feasible="false"), said("aps", 12, feasible="false"))
    assert again.at_step("scheduled").wrong.at == MORNING + 10 * MINUTE  # type: ignore[union-attr]
    found = standing(whole(), said("aps", 10, feasible="false"), said("aps", 20, feasible="true"))
    assert (states(found)["scheduled"], states(found)["told"]) == (WAITING, WAITING)


def test_a_shortage_after_the_schedule_is_trouble_until_something_later_is_done() -> None:
    history = [whole(), said("aps", 5, status="released"), said("aps", 10, feasible="false")]
    assert states(standing(*history))["scheduled"] == WRONG
    assert states(standing(*history, plans=7))["scheduled"] == WRONG
    assert states(standing(*history, plans=12))["scheduled"] == DONE


def test_a_rejection_is_settled_by_a_retry_or_by_the_step_done_anew() -> None:
    history = [whole(), said("aps", 10, "order.rejected")]
    assert states(standing(*history))["scheduled"] == WRONG
    assert states(standing(*history, said("aps", 15, status="released")))["scheduled"] == DONE
    retried = standing(*history, acts=[act(20, RETRY, "scheduled")]).at_step("scheduled")
    assert retried is not None
    assert (retried.state, retried.due_at) == (WAITING, MORNING + 50 * MINUTE)
    assert states(standing(*history, acts=[act(9, RETRY, "scheduled")]))["scheduled"] == WRONG


def test_people_skip_reopen_and_cancel() -> None:
    skip = act(20, SKIP, "scheduled")
    skipped = standing(whole(), acts=[skip])
    assert (states(skipped)["scheduled"], states(skipped)["sent"]) == (SKIPPED, WAITING)
    assert states(standing(whole(), acts=[skip, act(25, REOPEN, "scheduled")]))["scheduled"] == WAITING
    cancelled = standing(whole(), acts=[act(30, CANCEL)])
    assert (cancelled.state, cancelled.ended_at, cancelled.open_steps) == (STOPPED, MORNING + 30 * MINUTE, [])
    assert standing(whole(), acts=[act(30, CANCEL), act(31, REOPEN)]).state == RUNNING


def test_a_cancelled_order_ends_its_flow_unless_it_was_completed_before() -> None:
    history = [whole(), said("erp", 30, status="cancelled")]
    assert standing(*history).state == STOPPED
    assert standing(*history, acts=[act(40, REOPEN)]).state == RUNNING
    done = said("mes", 29, "operation.started", "LYON/operation/1/10")
    assert standing(*history, done).state == COMPLETED


SAYINGS = st.lists(
    st.tuples(
        st.sampled_from(["erp", "aps", "mes", "wms", "buyer"]),
        st.sampled_from(["order.changed", "order.rejected", "order.acknowledged", "order.staged"]),
        st.sampled_from(
            [{"status": "firm"}, {"status": "released"}, {"status": "cancelled"}, {"feasible": "false"},
             {"feasible": "true"}, {"item": ""}, {"item": "PUMP-7"}, {}]
        ),
        st.integers(0, 30),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(sayings=SAYINGS, rnd=st.randoms(use_true_random=False))
def test_whatever_order_the_news_come_in_it_stands_alike(sayings: list[Any], rnd: Any) -> None:
    history = [whole()] + [
        said(system, minute, kind, **held)._replace(position=Position(number + 100, 0))
        for number, (system, kind, held, minute) in enumerate(sayings)
    ]
    told = gather(FLOW, history, ROLES)
    rnd.shuffle(history)
    heard = _heard(history)
    assert not told.disordered
    assert (heard.first, heard.latest, heard.runs) == (told.first, told.latest, told.runs)
    assert grounds(heard) == grounds(told)


def _heard(history: Iterable[Recorded]) -> Evidence:
    """One by one, as the tower does: from the whole history only where order matters."""
    evidence, known = Evidence(), list[Recorded]()
    for recorded in history:
        known.append(recorded)
        take(evidence, FLOW, recorded, ROLES)
        if evidence.disordered:
            evidence = gather(FLOW, known, ROLES)
    return evidence


@given(sayings=SAYINGS)
def test_hearing_something_twice_changes_nothing(sayings: list[Any]) -> None:
    history = [
        said(system, minute, kind, **held)._replace(position=Position(number + 100, 0))
        for number, (system, kind, held, minute) in enumerate(sayings)
    ]
    assert grounds(_heard([*history, *history])) == grounds(gather(FLOW, history, ROLES))


def test_what_an_expectation_watches_is_due_when_that_says() -> None:
    flow = Flow(
        "f", "F", (Step("run", "Run", status("mes", "running"), expectation="runs", within=5 * MINUTE),),
        begins=status("erp", "firm"),
    )  # fmt: skip
    evidence = gather(flow, [whole()], ROLES)
    due = MORNING + 9 * MINUTE
    told = judge(Grounds(flow, ORDER, evidence, expected={"runs": due})).steps[0]
    assert (told.due_at, judge(Grounds(flow, ORDER, evidence)).steps[0].due_at) == (due, None)
