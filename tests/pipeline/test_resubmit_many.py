"""Dead letters by the hundred: rehearsed, frozen, sent in growing batches, and never twice, whatever dies meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.delivery import CANCELLED, DEAD, DELIVERED, PENDING, RESUBMITTED
from controltower.domain.rehearsal import BLOCKED, SAFE, SUPERSEDED, Selection
from controltower.domain.route import EVERY
from controltower.pipeline import gates
from controltower.pipeline.overtaken import put_all_aside
from controltower.pipeline.resubmit import NotPossible, Stale, discard, resubmit
from controltower.pipeline.runs import advance_runs, begin, cancel_run, go_on, pause_run
from controltower.store import resubmission
from controltower.store.engine import reading
from controltower.store.resubmission import DONE, PAUSED, RUNNING, SENT, SKIPPED, WAITING, Item, Run
from tests.factories import MINUTE, ORDERS, Plantlet, ScriptedTarget, due
from tests.pipeline.resubmitting import (
    REFUSED,
    audited,
    dead_ones,
    outbox_of,
    quantity,
    refused,
    send,
    states,
    tell,
)

ALL = Selection()
TROUBLE = Outcome(FAILED, failure.TROUBLE, "internal error", 500)


def run_of(plantlet: Plantlet, id: int) -> Run:
    with reading(plantlet.tower.engine) as connection:
        found = resubmission.get(connection, id)
    assert found is not None
    return found


def progress(plantlet: Plantlet, id: int) -> dict[str, int]:
    """How many items have which outcome, without those that have none."""
    with reading(plantlet.tower.engine) as connection:
        return {name: n for name, n in resubmission.progress(connection, id).items() if n}


def items_of(plantlet: Plantlet, id: int, outcome: str = "") -> list[Item]:
    with reading(plantlet.tower.engine) as connection:
        return resubmission.items(connection, id, outcome, limit=1000)


def go(plantlet: Plantlet, turns: int = 100) -> list[int]:
    """Let the worker advance and send until nothing happens any more; the size of each helping."""
    helpings: list[int] = []
    for _ in range(turns):
        handled = advance_runs(plantlet.tower)
        if not handled and not send(plantlet):
            break
        helpings += [handled] if handled else []
    return helpings


def test_batches_grow_while_they_go_well(engine: Engine) -> None:
    plantlet, aps = refused(engine, 90)
    (group,) = {each.group for each in dead_ones(plantlet)}
    id = begin(plantlet.tower, Selection(group=group), "ines", "routings added")
    assert (run_of(plantlet, id).total, progress(plantlet, id)) == (90, {WAITING: 90})
    assert go(plantlet) == [1, 5, 20, 50, 14]
    assert progress(plantlet, id) == {DELIVERED: 90}
    assert len({each.key for each in aps.booked}) == len(aps.booked) == 90
    assert run_of(plantlet, id).state == RUNNING  # delivered is not applied
    news = [each for each in outbox_of(plantlet) if each.run == id]
    assert {(each.author, each.reason) for each in news} == {("ines", "routings added")}
    assert [each.action for each in audited(plantlet)].count("delivery.resubmit") == 90


def test_done_when_the_target_shows_it(engine: Engine) -> None:
    plantlet, _ = refused(engine, 2)
    id = begin(plantlet.tower, ALL, "ines", "again")
    go(plantlet)
    plantlet.say("aps", 1, {"due_date": due(9), "quantity": quantity(10)})
    plantlet.record()
    advance_runs(plantlet.tower)
    assert progress(plantlet, id) == {DELIVERED: 1, "applied": 1}
    assert run_of(plantlet, id).state == RUNNING
    plantlet.clock.move(120 * MINUTE)
    advance_runs(plantlet.tower)
    assert run_of(plantlet, id).state == DONE  # it had its time; that it never showed is an exception
    assert progress(plantlet, id) == {DELIVERED: 1, "applied": 1}


def test_the_set_is_frozen_at_the_click(engine: Engine) -> None:
    plantlet, aps = refused(engine, 2)
    id = begin(plantlet.tower, ALL, "ines", "these two")
    aps.answers = [REFUSED]
    tell(plantlet, 1, 9, number=3)
    plantlet.record()
    send(plantlet)
    go(plantlet)
    assert progress(plantlet, id) == {DELIVERED: 2}
    assert [each.subject.key for each in dead_ones(plantlet)] == ["MO-3"]


def test_it_pauses_by_itself_when_most_fail_again(engine: Engine) -> None:
    plantlet, aps = refused(engine, 10)
    id = begin(plantlet.tower, ALL, "ines", "perhaps it works now")
    aps.answers = [REFUSED]
    assert go(plantlet) == [1]
    run = run_of(plantlet, id)
    assert (run.state, "1 of 1" in run.why, "no routing" in run.why) == (PAUSED, True, True)
    assert progress(plantlet, id) == {"failed": 1, WAITING: 9}
    assert (audited(plantlet)[-1].who, audited(plantlet)[-1].action) == ("tower", "resubmission.pause")
    go_on(plantlet.tower, id, "ines")
    assert go(plantlet) == [1, 5, 3]
    assert progress(plantlet, id) == {"failed": 1, DELIVERED: 9}


def test_what_tries_again_by_itself_holds_the_next_batch_for_a_while(engine: Engine) -> None:
    plantlet, aps = refused(engine, 3)
    id = begin(plantlet.tower, ALL, "ines", "again")
    aps.answers = [TROUBLE]
    assert go(plantlet) == [1]
    assert (progress(plantlet, id), run_of(plantlet, id).state) == ({SENT: 1, WAITING: 2}, RUNNING)
    plantlet.clock.move(3 * MINUTE)
    aps.answers = [TROUBLE]
    go(plantlet)
    assert run_of(plantlet, id).state == PAUSED
    plantlet.clock.move(3 * MINUTE)
    send(plantlet)
    assert progress(plantlet, id) == {DELIVERED: 1, WAITING: 2}


def test_old_news_is_left_out_and_told(engine: Engine) -> None:
    plantlet, aps = refused(engine, 3)
    tell(plantlet, 2, 12, number=2)
    plantlet.record()
    send(plantlet)
    id = begin(plantlet.tower, ALL, "ines", "what is safe")
    assert progress(plantlet, id) == {WAITING: 2, SUPERSEDED: 1}
    plantlet.clock.move(MINUTE)
    tell(plantlet, 2, 13, number=3)  # after the click
    plantlet.record()
    go(plantlet)
    assert progress(plantlet, id) == {DELIVERED: 1, SUPERSEDED: 2}
    assert [(item.n, bool(item.why)) for item in items_of(plantlet, id, SUPERSEDED)] == [(2, True), (3, True)]
    # What was old news at the click stays with that person; what was overtaken since nobody has to decide about.
    assert [each.subject.key for each in dead_ones(plantlet)] == ["MO-2"]
    assert [each.action for each in audited(plantlet)].count("delivery.supersede") == 1
    told = [(each.subject.key, each.attributes["due_date"].text) for each in aps.booked]
    assert sorted(told) == [("MO-1", due(9)), ("MO-2", due(12)), ("MO-3", due(13))]


def test_what_newer_news_has_overtaken_is_put_aside_and_nothing_else(engine: Engine) -> None:
    plantlet, _ = refused(engine, 3)
    tell(plantlet, 2, 12, number=2)
    plantlet.record()
    send(plantlet)
    assert put_all_aside(plantlet.tower, ALL, "ines", "newer was told") == 1
    assert [each.subject.key for each in dead_ones(plantlet)] == ["MO-1", "MO-3"]
    line = audited(plantlet)[-1]
    assert (line.who, line.action, line.detail) == ("ines", "delivery.supersede", "newer was told")
    assert put_all_aside(plantlet.tower, ALL, "ines", "again") == 0


def test_old_news_goes_only_when_confirmed_and_known_at_the_click(engine: Engine) -> None:
    plantlet, _ = refused(engine, 2)
    tell(plantlet, 2, 12)
    plantlet.record()
    send(plantlet)
    both = (SAFE, SUPERSEDED)
    with pytest.raises(Stale, match="1 of them"):
        begin(plantlet.tower, ALL, "ines", "all of it", include=both)
    id = begin(plantlet.tower, ALL, "ines", "all of it", include=both, confirm_stale=True)
    tell(plantlet, 2, 13, number=2)
    plantlet.record()
    go(plantlet)
    assert progress(plantlet, id) == {DELIVERED: 1, SUPERSEDED: 1}
    forced = [each for each in outbox_of(plantlet) if each.forced]
    assert [each.subject.key for each in forced] == ["MO-1"]
    assert [each.action for each in audited(plantlet)].count("delivery.force") == 1


def test_what_a_person_has_done_meanwhile_stays(engine: Engine) -> None:
    plantlet, aps = refused(engine, 3)
    first, second, _ = dead_ones(plantlet)
    id = begin(plantlet.tower, ALL, "ines", "again")
    resubmit(plantlet.tower, first.id, "olaf", "by hand")
    discard(plantlet.tower, [second.id], "olaf", "not needed")
    go(plantlet)
    assert progress(plantlet, id) == {SKIPPED: 2, DELIVERED: 1}
    assert [item.why for item in items_of(plantlet, id, SKIPPED)][1] == "It is cancelled meanwhile."
    assert len(aps.booked) == 2


def test_paused_cancelled_and_gone_on(engine: Engine) -> None:
    plantlet, _ = refused(engine, 10)
    id = begin(plantlet.tower, ALL, "ines", "again")
    with pytest.raises(NotPossible):
        go_on(plantlet.tower, id, "ines")
    pause_run(plantlet.tower, id, "ines")
    assert go(plantlet) == []
    go_on(plantlet.tower, id, "ines")
    assert advance_runs(plantlet.tower) == 1
    cancel_run(plantlet.tower, id, "ines")
    assert go(plantlet) == []
    assert progress(plantlet, id) == {DELIVERED: 1, SKIPPED: 9}
    with pytest.raises(NotPossible, match="cancelled"):
        cancel_run(plantlet.tower, id, "ines")
    with pytest.raises(LookupError):
        pause_run(plantlet.tower, id + 1, "ines")
    actions = [each.action for each in audited(plantlet) if each.target == str(id)]
    assert actions == [f"resubmission.{act}" for act in ("begin", "pause", "go-on", "cancel")]


def test_it_waits_while_its_target_is_paused(engine: Engine) -> None:
    plantlet, aps = refused(engine, 3)
    id = begin(plantlet.tower, ALL, "ines", "again")
    gates.pause(plantlet.tower, "aps", "olaf", "update")
    assert go(plantlet) == []
    run = run_of(plantlet, id)
    assert (run.state, "paused by olaf: update" in run.why) == (RUNNING, True)
    gates.resume(plantlet.tower, "aps", "olaf")
    for _ in range(20):
        go(plantlet)
        plantlet.clock.move(MINUTE)
    assert progress(plantlet, id) == {DELIVERED: 3}
    assert (run_of(plantlet, id).why, len(aps.booked)) == ("", 3)


def test_an_item_whose_way_is_barred_that_very_moment_waits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plantlet, _ = refused(engine, 2)
    id = begin(plantlet.tower, ALL, "ines", "again")
    gates.pause(plantlet.tower, "aps", "olaf", "update")
    # The plan was made a moment before the pause.
    monkeypatch.setattr("controltower.pipeline.advance.bars", lambda *_: {})
    advance_runs(plantlet.tower)
    assert progress(plantlet, id) == {WAITING: 2}


def test_all_that_is_left_failing_again_ends_the_run(engine: Engine) -> None:
    plantlet, aps = refused(engine, 1)
    id = begin(plantlet.tower, ALL, "ines", "again")
    aps.answers = [REFUSED]
    go(plantlet)
    assert (run_of(plantlet, id).state, progress(plantlet, id)) == (DONE, {"failed": 1})


def test_a_target_that_is_no_longer_declared_is_told(engine: Engine) -> None:
    plantlet, _ = refused(engine, 1)
    id = begin(plantlet.tower, ALL, "ines", "again")
    gone = replace(plantlet.tower, senders={})
    advance_runs(gone)
    assert [(item.outcome, "sends nothing" in item.why) for item in items_of(plantlet, id)] == [
        (SKIPPED, True)
    ]


def confirmed(engine: Engine, amounts: int) -> tuple[Plantlet, ScriptedTarget]:
    """Messages of one order of which each counts, all refused."""
    route = replace(ORDERS, keep=EVERY)
    plantlet, aps = refused(engine, 0, route)
    aps.answers = [REFUSED] * amounts
    for number in range(1, amounts + 1):
        tell(plantlet, number, 9, amount=number)
        plantlet.record()
        plantlet.clock.move(MINUTE)
    send(plantlet)
    return plantlet, aps


def test_each_order_keeps_its_order(engine: Engine) -> None:
    plantlet, aps = confirmed(engine, 8)
    assert states(plantlet) == [DEAD] * 8
    begin(plantlet.tower, ALL, "ines", "in order")
    go(plantlet)
    assert [each.attributes["quantity"].text for each in aps.booked] == [str(n) for n in range(1, 9)]


def test_after_a_crash_it_goes_on_and_nothing_is_sent_twice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plantlet, aps = refused(engine, 30)
    id = begin(plantlet.tower, ALL, "ines", "again")
    wanted = resubmission.settle

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        monkeypatch.setattr(resubmission, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            advance_runs(plantlet.tower)
        monkeypatch.setattr(resubmission, "settle", wanted)
        advance_runs(plantlet.tower)
        send(plantlet)
    go(plantlet)
    assert progress(plantlet, id) == {DELIVERED: 30}
    assert len({each.key for each in aps.booked}) == len(aps.booked) == 30
    assert run_of(plantlet, id).sent == 30


def test_workers_share_a_run(engine: Engine) -> None:
    plantlet, aps = refused(engine, 60)
    id = begin(plantlet.tower, ALL, "ines", "again")
    with ThreadPoolExecutor(4) as pool:
        for _ in range(12):
            list(pool.map(lambda _: advance_runs(plantlet.tower), range(4)))
            send(plantlet)
    go(plantlet)
    assert progress(plantlet, id) == {DELIVERED: 60}
    assert len(aps.booked) == 60
    assert states(plantlet).count(RESUBMITTED) == 60


def test_nothing_to_send_is_said(engine: Engine) -> None:
    plantlet, _ = refused(engine, 1)
    for selection, include in ((Selection(target="mes"), (SAFE,)), (ALL, (BLOCKED,)), (ALL, ("all",))):
        with pytest.raises(NotPossible):
            begin(plantlet.tower, selection, "ines", "go", include)
    with pytest.raises(NotPossible, match="Say why"):
        begin(plantlet.tower, ALL, "ines", " ")
    with reading(engine) as connection:
        assert resubmission.listing(connection) == []


def test_a_selection_is_kept_to_its_plants(engine: Engine) -> None:
    plantlet, _ = refused(engine, 2)
    ids = tuple(each.id for each in dead_ones(plantlet))
    elsewhere = Selection(ids=ids, plants=("GRAZ",))
    with pytest.raises(NotPossible):
        begin(plantlet.tower, elsewhere, "ines", "go")
    id = begin(plantlet.tower, replace(elsewhere, plants=("LYON",)), "ines", "go")
    with reading(engine) as connection:
        (run,) = resubmission.listing(connection)
    assert (run.id, run.what, [each.delivery for each in items_of(plantlet, id)]) == (
        id, "2 deliveries", sorted(ids),
    )  # fmt: skip
    assert CANCELLED not in states(plantlet)
    assert PENDING not in states(plantlet)
