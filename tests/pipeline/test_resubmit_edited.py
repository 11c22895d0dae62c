"""A message is edited before it is sent again: held to the contract, under a key of its own, its original kept."""

import pytest
from sqlalchemy import Engine

from controltower.domain.delivery import DEAD
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.pipeline.resubmit import InvalidContent, Stale, resubmit
from tests.factories import MINUTE, ORDERS, due
from tests.pipeline.resubmitting import (
    REFUSED,
    audited,
    dead_ones,
    outbox_of,
    refused,
    send,
    states,
    tell,
    with_locked,
)

ORDER = Subject("LYON", "order/MO-1")


def test_an_edited_one_has_a_key_of_its_own_and_its_original_is_kept(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    (dead,) = dead_ones(plantlet)
    new = resubmit(plantlet.tower, dead.id, "ines", "they take 5 at most", {"quantity": Value(" 5.0", "EA")})
    assert (new.edited, new.forced, new.original, new.key != dead.key) == (True, False, dead.id, True)
    assert new.attributes == {**dead.attributes, "quantity": Value("5", "EA")}
    kept = outbox_of(plantlet)[0]
    assert (kept.attributes, kept.replaced_by) == (dead.attributes, new.id)
    send(plantlet)
    assert [each.attributes["quantity"].text for each in aps.booked] == ["5"]
    assert "edited" in audited(plantlet)[-1].detail


def test_an_edit_that_changes_nothing_is_none(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    (dead,) = dead_ones(plantlet)
    new = resubmit(plantlet.tower, dead.id, "ines", "as it is", dict(dead.attributes))
    assert (new.edited, new.key) == (False, dead.key)


@pytest.mark.parametrize(
    ("wanted", "place", "said"),
    [
        ({"quantity": Value("many", "EA")}, "/attributes/quantity", "decimal"),
        ({"quantity": Value("5")}, "/attributes/quantity", "unit"),
        ({"due_date": Value("tomorrow")}, "/attributes/due_date", "isoformat"),
        ({"due_date": Value("2026-03-11T10:00:00Z")}, "/attributes/due_date", "locked"),
        ({"status": Value("released")}, "/attributes/status", "locked"),
        ({"customer": Value("ACME")}, "/attributes/customer", "does not carry"),
        ({"colour/~": Value("red")}, "/attributes/colour~1~0", "no attribute"),
    ],
)
def test_an_edit_is_held_to_the_contract(
    engine: Engine, wanted: dict[str, Value], place: str, said: str
) -> None:
    route = with_locked(ORDERS, "due_date") if said == "locked" else ORDERS
    plantlet, _ = refused(engine, route=route)
    (dead,) = dead_ones(plantlet)
    with pytest.raises(InvalidContent) as refusal:
        resubmit(plantlet.tower, dead.id, "ines", "edit", wanted)
    ((pointer, words),) = refusal.value.places
    assert (pointer, said in words) == (place, True)
    assert states(plantlet) == [DEAD]


def test_an_edit_of_old_news_is_old_news_unless_it_mends_that(engine: Engine) -> None:
    plantlet, aps = refused(engine)
    aps.answers = [REFUSED]
    plantlet.clock.move(MINUTE)
    tell(plantlet, 2, 12)
    plantlet.record()
    send(plantlet)
    old, _ = dead_ones(plantlet)
    with pytest.raises(Stale):
        resubmit(plantlet.tower, old.id, "ines", "less", {"quantity": Value("5", "EA")})
    mended = resubmit(plantlet.tower, old.id, "ines", "as the ERP says now", {"due_date": Value(due(12))})
    assert (mended.edited, mended.forced) == (True, False)


def test_a_time_without_a_zone_is_the_plants(engine: Engine) -> None:
    plantlet, _ = refused(engine)
    (dead,) = dead_ones(plantlet)
    new = resubmit(plantlet.tower, dead.id, "ines", "later", {"due_date": Value("2026-03-11 10:00")})
    assert new.attributes["due_date"] == Value("2026-03-11T09:00:00Z")
