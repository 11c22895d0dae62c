"""A dead message is sent again by hand: as it is or edited, never as old news by accident, and never twice."""

import datetime
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, UNCLEAR, Outcome, ReadBack
from controltower.domain import failure
from controltower.domain.delivery import (
    CANCELLED,
    DEAD,
    DELIVERED,
    PENDING,
    RESUBMITTED,
    RETRYING,
    SENDING,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
)
from controltower.domain.landscape import Tier
from controltower.domain.rehearsal import BLOCKED, SAFE, Selection
from controltower.domain.retry import RetryPolicy
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.pipeline import gates
from controltower.pipeline.rehearse import rehearse, rehearsed
from controltower.pipeline.resubmit import NotPossible, Stale, discard, resubmit
from controltower.pipeline.resync import resync
from controltower.store import delivery
from controltower.store.engine import writing
from tests.factories import CONFIRMATIONS, MINUTE, ORDERS, Plantlet, aim, carrying, due
from tests.pipeline.resubmitting import (
    REFUSED,
    audited,
    dead_ones,
    orders_plant,
    outbox_of,
    quantity,
    refused,
    send,
    states,
    tell,
)

TROUBLE = Outcome(FAILED, failure.TROUBLE, "internal error", 500)
ORDER = Subject("LYON", "order/MO-1")


def verdicts(plantlet: Plantlet) -> list[str]:
    """The verdict on each dead letter, oldest first."""
    return [verdict.kind for _, verdict in rehearsed(plantlet.tower, Selection())]


# ---- as it is ---------------------------------------------------------------------------------------------------


def test_sent_again_as_it_is_under_the_same_key(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    (dead,) = dead_ones(plantlet)
    copy = resubmit(plantlet.tower, dead.id, "ines", "routing added")
    old, new = outbox_of(plantlet)
    assert (old.state, old.replaced_by) == (RESUBMITTED, copy.id)
    assert (new.state, new.original, new.author, new.reason) == (PENDING, dead.id, "ines", "routing added")
    assert (new.key, new.ordinal, new.attributes, new.trace) == (
        dead.key,
        dead.ordinal,
        dead.attributes,
        dead.trace,
    )
    assert (new.edited, new.forced, new.attempts) == (False, False, 0)
    send(plantlet)
    assert [each.key for each in aps.booked] == [dead.key]
    assert states(plantlet) == [RESUBMITTED, DELIVERED]
    entry = audited(plantlet)[-1]
    assert (entry.who, entry.action, entry.target) == ("ines", "delivery.resubmit", str(dead.id))
    assert "routing added" in entry.detail


def test_a_reason_is_needed(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    (dead,) = dead_ones(plantlet)
    for attempt in (
        lambda: resubmit(plantlet.tower, dead.id, "ines", "  "),
        lambda: discard(plantlet.tower, [dead.id], "ines", ""),
        lambda: resync(plantlet.tower, ORDER, "aps", "ines", " "),
    ):
        with pytest.raises(NotPossible, match="Say why"):
            attempt()
    assert states(plantlet) == [DEAD]


def test_an_unknown_one_cannot_be_found(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    with pytest.raises(LookupError):
        resubmit(plantlet.tower, 1, "ines", "why not")
    assert states(plantlet) == [DEAD]


def test_the_second_click_does_not_send_it_twice(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    (dead,) = dead_ones(plantlet)
    resubmit(plantlet.tower, dead.id, "ines", "first click")
    with pytest.raises(NotPossible, match="taken its place"):
        resubmit(plantlet.tower, dead.id, "ines", "second click")
    assert states(plantlet) == [RESUBMITTED, PENDING]


def test_the_manual_one_replaces_the_automatic_retry(engine: Engine) -> None:
    plantlet, aps = orders_plant(engine)
    aps.answers = [TROUBLE]
    tell(plantlet, 1, 9)
    plantlet.record()
    send(plantlet)
    (retrying,) = outbox_of(plantlet)
    assert retrying.state == RETRYING
    resubmit(plantlet.tower, retrying.id, "ines", "it is up again")
    send(plantlet)
    plantlet.clock.move(datetime.timedelta(days=2))
    send(plantlet)
    assert states(plantlet) == [RESUBMITTED, DELIVERED]
    assert len(aps.booked) == 1


@pytest.mark.parametrize("state", [SENDING, UNKNOWN])
def test_what_is_on_its_way_is_left_alone(engine: Engine, state: str) -> None:
    plantlet, _ = refused(engine)
    (dead,) = dead_ones(plantlet)
    with writing(engine) as connection:
        delivery.put(connection, [dead._replace(state=state, next_at=plantlet.clock.now())])
    with pytest.raises(NotPossible, match="being read back"):
        resubmit(plantlet.tower, dead.id, "ines", "now")
    assert discard(plantlet.tower, [dead.id], "ines", "give up") == 0
    ((_, verdict),) = rehearsed(plantlet.tower, Selection(ids=(dead.id,)))
    assert verdict.kind == BLOCKED


def test_what_was_taken_is_not_sent_again(engine: Engine) -> None:
    plantlet, _ = orders_plant(engine)
    tell(plantlet, 1, 9)
    plantlet.record()
    send(plantlet)
    (taken,) = outbox_of(plantlet)
    with pytest.raises(NotPossible, match="resync"):
        resubmit(plantlet.tower, taken.id, "ines", "again")
    assert taken.state == DELIVERED


# ---- the guard against old news ---------------------------------------------------------------------------------


def older_than_told(engine: Engine) -> Plantlet:
    """A dead delivery that is older than one that the target took."""
    plantlet, _ = refused(engine)
    plantlet.clock.move(5 * MINUTE)
    tell(plantlet, 2, 12)
    plantlet.record()
    send(plantlet)
    assert states(plantlet) == [DEAD, DELIVERED]
    return plantlet


def test_old_news_asks_again_and_the_forced_one_is_marked(engine: Engine) -> None:
    plantlet = older_than_told(engine)
    dead, newer = outbox_of(plantlet)
    assert rehearse(plantlet.tower, Selection(group=dead.group)).counts[SUPERSEDED] == 1
    ((_, verdict),) = rehearsed(plantlet.tower, Selection(group=dead.group), SUPERSEDED)
    assert [fact["delivery"] for fact in verdict.facts if "delivery" in fact] == [newer.id]
    assert any("12 Mar" in str(fact["what"]) for fact in verdict.facts)
    with pytest.raises(Stale) as asked:
        resubmit(plantlet.tower, dead.id, "ines", "send it")
    assert asked.value.verdict.kind == SUPERSEDED
    assert states(plantlet) == [DEAD, DELIVERED]
    forced = resubmit(plantlet.tower, dead.id, "ines", "send it all the same", confirm_stale=True)
    assert forced.forced
    send(plantlet)
    kept = outbox_of(plantlet)[-1]
    assert (kept.forced, kept.state, kept.original) == (True, DELIVERED, dead.id)
    entry = audited(plantlet)[-1]
    assert (entry.who, entry.action) == ("ines", "delivery.force")
    assert "told something newer" in entry.detail


def test_what_the_owner_no_longer_says_is_old_news(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    aps.answers = [REFUSED]
    plantlet.clock.move(MINUTE)
    tell(plantlet, 2, 12)
    plantlet.record()
    send(plantlet)
    assert verdicts(plantlet) == [SUPERSEDED, SAFE]


def test_what_the_target_itself_holds_by_now_is_no_older_than_that(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    plantlet.say("aps", 1, {"due_date": due(20)}, at=plantlet.clock.now() + MINUTE)
    plantlet.record()
    ((_, verdict),) = rehearsed(plantlet.tower, Selection())
    assert (verdict.kind, "itself holds" in verdict.why) == (SUPERSEDED, True)


def test_an_older_value_of_the_target_is_what_the_message_is_for(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    plantlet.say("aps", 1, {"due_date": due(2)}, at=plantlet.clock.now() - MINUTE)
    plantlet.record()
    assert verdicts(plantlet) == [SAFE]


def test_what_the_target_holds_already_is_delivered(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.record()
    assert verdicts(plantlet) == [SAFE]  # it says nothing of the quantity
    plantlet.say("aps", 2, {"quantity": quantity(10)})
    plantlet.record()
    assert verdicts(plantlet) == [DELIVERED]
    (dead,) = dead_ones(plantlet)
    with pytest.raises(Stale):
        resubmit(plantlet.tower, dead.id, "ines", "again")


def test_a_paused_target_blocks_and_keeps_what_is_sent_again(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    gates.pause(plantlet.tower, "aps", "ines", "update")
    ((dead, verdict),) = rehearsed(plantlet.tower, Selection())
    assert (verdict.kind, "paused by ines: update" in verdict.why) == (BLOCKED, True)
    resubmit(plantlet.tower, dead.id, "ines", "for later")
    send(plantlet)
    assert (states(plantlet), aps.booked) == ([RESUBMITTED, PENDING], [])


# ---- the order of a lane ----------------------------------------------------------------------------------------


def confirmations(engine: Engine, *answers: Outcome) -> Plantlet:
    """Three confirmations of an order, of which the first answers are given."""
    plantlet = Plantlet(engine, carrying(CONFIRMATIONS))
    plantlet.intake.stop()
    (erp,) = aim(plantlet, "erp")
    erp.answers = list(answers)
    for sequence, good in enumerate((10, 20, 30), 1):
        plantlet.say("mes", sequence, {"quantity_good": quantity(good)})
        plantlet.record()
        plantlet.clock.move(MINUTE)
    send(plantlet)
    return plantlet


def booked(plantlet: Plantlet) -> list[str]:
    erp = plantlet.tower.senders["erp"]
    return [each.attributes["quantity_good"].text for each in erp.booked]  # type: ignore[attr-defined]


def test_a_resubmission_takes_its_originals_place(engine: Engine) -> None:
    plantlet = confirmations(engine, REFUSED)
    assert states(plantlet) == [DEAD, WAITING, WAITING]
    (dead,) = dead_ones(plantlet)
    resubmit(plantlet.tower, dead.id, "ines", "mended")
    send(plantlet)
    assert booked(plantlet) == ["10", "20", "30"]


def test_one_that_waits_its_turn_keeps_it(engine: Engine) -> None:
    plantlet = confirmations(engine, REFUSED)
    first, second, _ = outbox_of(plantlet)
    copy = resubmit(plantlet.tower, second.id, "ines", "by way of trial")
    assert (copy.state, copy.ordinal) == (WAITING, second.ordinal)
    resubmit(plantlet.tower, first.id, "ines", "mended")
    send(plantlet)
    assert booked(plantlet) == ["10", "20", "30"]


def test_a_discarded_one_releases_its_lane(engine: Engine) -> None:
    plantlet = confirmations(engine, REFUSED)
    (dead,) = dead_ones(plantlet)
    assert discard(plantlet.tower, [dead.id, dead.id, 7], "ines", "counted by hand") == 1
    send(plantlet)
    assert booked(plantlet) == ["20", "30"]
    assert states(plantlet) == [CANCELLED, DELIVERED, DELIVERED]
    entry = audited(plantlet)[-1]
    assert (entry.action, entry.target, entry.detail) == ("delivery.discard", str(dead.id), "counted by hand")


def test_one_behind_a_dead_one_that_stays_is_blocked(engine: Engine) -> None:
    plantlet = confirmations(engine, REFUSED)
    first, second, _ = outbox_of(plantlet)
    with writing(engine) as connection:
        delivery.put(connection, [second._replace(state=DEAD, group="other")])
    alone = rehearsed(plantlet.tower, Selection(ids=(second.id,)))
    assert [(verdict.kind, verdict.facts[0]["delivery"]) for _, verdict in alone] == [(BLOCKED, first.id)]
    both = rehearse(plantlet.tower, Selection(ids=(first.id, second.id)))
    assert both.counts[SAFE] == 2


def test_every_one_counts_though_its_source_has_moved_on(engine: Engine) -> None:
    plantlet = confirmations(engine, REFUSED)
    assert verdicts(plantlet) == [SAFE]


def test_what_may_have_arrived_is_read_back_before_it_is_sent_again(engine: Engine) -> None:
    tiers = {"gold": Tier("gold", MINUTE, MINUTE, retry=RetryPolicy((5.0,)))}
    plantlet, aps = orders_plant(engine, replace(ORDERS, tier="gold"), tiers=tiers)
    aps.lost_answers = 1
    readable, aps.read_back = aps.read_back, lambda outgoing: ReadBack(UNCLEAR, "no list of orders")  # type: ignore[method-assign]
    tell(plantlet, 1, 9)
    plantlet.record()
    for _ in range(4):
        send(plantlet)
        plantlet.clock.move(MINUTE)
    (dead,) = dead_ones(plantlet)
    assert dead.error == failure.UNCLEAR
    aps.read_back = readable  # type: ignore[method-assign]
    with pytest.raises(Stale):
        resubmit(plantlet.tower, dead.id, "ines", "less", {"quantity": Value("5", "EA")})
    resubmit(plantlet.tower, dead.id, "ines", "try again")
    send(plantlet)
    assert states(plantlet) == [RESUBMITTED, DELIVERED]
    assert (len(aps.booked), len(aps.attempts)) == (1, 1)


def test_what_had_not_arrived_is_sent_once_it_was_read_back(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    (dead,) = dead_ones(plantlet)
    with writing(engine) as connection:
        delivery.put(connection, [dead._replace(error=failure.UNCLEAR)])
    resubmit(plantlet.tower, dead.id, "ines", "try again")
    send(plantlet)
    plantlet.clock.move(MINUTE)
    send(plantlet)
    assert states(plantlet) == [RESUBMITTED, DELIVERED]
    assert (len(aps.looks), len(aps.booked)) == (1, 1)


# ---- resync -----------------------------------------------------------------------------------------------------


def test_resync_tells_a_follower_the_present_values(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    (dead,) = dead_ones(plantlet)
    (made,) = resync(plantlet.tower, ORDER, "aps", "ines", "it lost its data")
    assert (made.author, made.reason, made.attributes) == ("ines", "it lost its data", dead.attributes)
    assert (made.state, made.key != dead.key) == (PENDING, True)
    send(plantlet)
    assert [each.key for each in aps.booked] == [made.key]
    assert verdicts(plantlet) == [DELIVERED]
    entry = audited(plantlet)[-1]
    assert (entry.action, entry.target, "it lost its data" in entry.detail) == (
        "delivery.resync",
        "aps",
        True,
    )


def test_resync_says_what_it_cannot_do(engine: Engine) -> None:
    plantlet, _ = refused(engine, route=replace(ORDERS, needs=("due_date",)))
    for subject, target, said in (
        (ORDER, "mes", "sends nothing|No route"),
        (Subject("LYON", "stock/A"), "aps", "No route"),
        (Subject("LYON", "order/MO-9"), "aps", "Nothing is known"),
    ):
        with pytest.raises(NotPossible, match=said):
            resync(plantlet.tower, subject, target, "ines", "try")
    plantlet.say("erp", 1, {"quantity": quantity(1)}, subject="LYON/order/MO-2")
    plantlet.record()
    with pytest.raises(NotPossible, match="needs due date"):
        resync(plantlet.tower, Subject("LYON", "order/MO-2"), "aps", "ines", "try")
    assert len(outbox_of(plantlet)) == 1
