"""What is to be told is written once with what caused it, held in quiet hours, gathered, and never lost or doubled."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from controltower.connectors.letter import Letter, NotSent
from controltower.domain.calendar import Calendar
from controltower.domain.exception import Case, resolved
from controltower.domain.landscape import Team, Tier
from controltower.domain.notification import (
    DEAD,
    DROPPED,
    ESCALATED,
    OPENED,
    REOPENED,
    RESOLVED,
    SENT,
    WAITING,
    Channel,
    Notification,
    Subscription,
)
from controltower.domain.retry import RetryPolicy
from controltower.domain.subject import Subject
from controltower.pipeline import answer, notify, remedies
from controltower.pipeline.escalate import escalate
from controltower.pipeline.notices import note
from controltower.pipeline.watching import watch
from controltower.rules.notification import FAILED
from controltower.store import case, notification
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, Plantlet, landscape

DAY = Calendar("day", ZoneInfo("UTC"), (((6 * 60, 22 * 60),),) * 7)
TEAMS = {
    "it": Team("it", "IT", "it@plant.example"),
    "desk": Team("desk", "Desk", "desk@plant.example"),
    "boss": Team("boss", "Boss", "boss@plant.example"),
}
FILE = Channel("mail", "file", {"folder": "mail", "from": "Tower <tower@plant.example>"}, RetryPolicy(()))
GOLD = Tier("gold", 15 * MINUTE, 60 * MINUTE, ("desk", "boss"))


def told_tower(engine: Engine, folder: Path, *subscriptions: Subscription) -> Plantlet:
    land = landscape(
        teams=TEAMS, tiers={"gold": GOLD}, channels={"mail": FILE}, subscriptions=subscriptions,
        calendars={"day": DAY},
    )  # fmt: skip
    plantlet = Plantlet(engine, land)
    plantlet.tower = replace(plantlet.tower, address="https://tower.example", folder=folder)
    return plantlet


def exception(plantlet: Plantlet, id: str = "x-1", **other: object) -> Case:
    """An exception that opens now."""
    given = {"subject": Subject("LYON", "order/MO-1"), "team": "it", "tier": "gold", **other}
    made = Case(id, "negative-stock", f"Stock below zero {id}", "B", plantlet.clock.now(), **given)  # type: ignore[arg-type]
    keep(plantlet, made)
    return made


def keep(plantlet: Plantlet, *cases: Case) -> None:
    with writing(plantlet.tower.engine) as connection:
        case.put(connection, cases)


def listed(plantlet: Plantlet) -> Sequence[Notification]:
    with reading(plantlet.tower.engine) as connection:
        return notification.listing(connection)


def states(plantlet: Plantlet) -> list[tuple[str, str, str]]:
    return sorted((each.happening, each.recipient, each.state) for each in listed(plantlet))


ALL = frozenset({OPENED, ESCALATED, RESOLVED, REOPENED})


def test_each_happening_is_told_once(engine: Engine, tmp_path: Path) -> None:
    plantlet = told_tower(
        engine, tmp_path, Subscription("all", "mail", when=ALL), Subscription("too", "mail")
    )
    opened = exception(plantlet)
    assert [note(plantlet.tower), note(plantlet.tower)] == [1, 0]
    assert notify.send_due(plantlet.tower) == 1
    keep(plantlet, resolved(opened, plantlet.clock.now(), "It is well again."))
    note(plantlet.tower)
    answer.act(plantlet.tower, "x-1", "ines", answer.REOPEN, "it is not")
    note(plantlet.tower)
    notify.send_due(plantlet.tower)
    assert states(plantlet) == [(each, "it@plant.example", SENT) for each in (OPENED, REOPENED, RESOLVED)]
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 3


def test_escalations_reach_one_team_after_the_other(engine: Engine, tmp_path: Path) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("up", "mail", when=frozenset({ESCALATED})))
    exception(plantlet)
    exception(plantlet, "child", parent="x-1")
    exception(plantlet, "planned", suppressed_until=plantlet.clock.now() + 300 * MINUTE)
    for _ in range(4):
        plantlet.clock.move(16 * MINUTE)
        escalate(plantlet.tower)
    escalate(plantlet.tower)
    assert states(plantlet) == [
        (ESCALATED, "boss@plant.example", WAITING),
        (ESCALATED, "desk@plant.example", WAITING),
    ]


def test_consequences_and_what_was_over_at_once_are_not_told(engine: Engine, tmp_path: Path) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("all", "mail", when=ALL))
    child = exception(plantlet, "child", parent="other")
    keep(plantlet, resolved(exception(plantlet, "short"), plantlet.clock.now(), "Over."))
    assert note(plantlet.tower) == 0
    keep(plantlet, child._replace(parent=""))
    assert note(plantlet.tower) == 1
    assert [each.exception for each in listed(plantlet)] == ["child"]


def test_quiet_hours_hold_all_but_what_stops_production(engine: Engine, tmp_path: Path) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("day", "mail", calendar="day", when=ALL))
    to_night(plantlet)
    grave = exception(plantlet, "grave")
    keep(plantlet, grave._replace(severity="A"))
    exception(plantlet, "light")
    passing = exception(plantlet, "passing")
    note(plantlet.tower)
    assert notify.send_due(plantlet.tower) == 1
    keep(plantlet, resolved(passing, plantlet.clock.now(), "Over."))
    note(plantlet.tower)
    plantlet.clock.move(8 * 60 * MINUTE)
    notify.send_due(plantlet.tower)
    by_exception = {(each.exception, each.happening): each.state for each in listed(plantlet)}
    assert by_exception == {
        ("grave", OPENED): SENT, ("light", OPENED): SENT, ("passing", OPENED): DROPPED,
    }  # fmt: skip


def to_night(plantlet: Plantlet) -> None:
    now = plantlet.clock.now()
    night = now.replace(hour=23, minute=0, second=0, microsecond=0)
    plantlet.clock.move(night - now if night > now else night - now + datetime.timedelta(days=1))


def test_a_digest_is_one_message(engine: Engine, tmp_path: Path) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("half-hours", "mail", digest=30 * MINUTE))
    for number in range(3):
        exception(plantlet, f"x-{number}")
    note(plantlet.tower)
    assert notify.send_due(plantlet.tower) == 0
    plantlet.clock.move(31 * MINUTE)
    assert notify.send_due(plantlet.tower) == 3
    (file,) = (tmp_path / "mail").glob("*.eml")
    text = file.read_text()
    assert text.count("https://tower.example/exceptions/x-") >= 3


def test_a_flood_goes_as_one_message(engine: Engine, tmp_path: Path) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("all", "mail"))
    for number in range(12):
        exception(plantlet, f"x-{number}")
    note(plantlet.tower)
    assert notify.send_due(plantlet.tower) == 12
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1


def test_a_channel_that_fails_is_an_exception_and_told_again_by_a_button(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("all", "mail", when=ALL))
    (tmp_path / "mail").write_text("a file where the folder should be")
    exception(plantlet)
    note(plantlet.tower)
    notify.send_due(plantlet.tower)
    assert states(plantlet) == [(OPENED, "it@plant.example", DEAD)]
    watch(plantlet.tower)
    assert note(plantlet.tower) == 1  # looked at, but not told over the channel that fails
    with reading(engine) as connection:
        (failing,) = case.open_of(connection, (FAILED,))
    assert len(listed(plantlet)) == 1
    (tmp_path / "mail").unlink()
    remedies.do(plantlet.tower, failing.id, "ines", "mended")
    notify.send_due(plantlet.tower)
    watch(plantlet.tower)
    assert states(plantlet) == [(OPENED, "it@plant.example", SENT)]
    with reading(engine) as connection:
        assert case.open_of(connection, (FAILED,)) == []


def test_what_a_killed_sender_had_taken_goes_again_in_the_same_message(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("all", "mail", digest=30 * MINUTE))
    letters: list[Letter] = []

    def dies(letter: Letter) -> str:
        letters.append(letter)
        raise KeyboardInterrupt

    for number in range(2):
        exception(plantlet, f"x-{number}")
    note(plantlet.tower)
    plantlet.clock.move(31 * MINUTE)
    monkeypatch.setattr(notify, "way", lambda channel, folder: dies)
    with pytest.raises(KeyboardInterrupt):
        notify.send_due(plantlet.tower)
    assert notify.send_due(plantlet.tower) == 0
    later = datetime.datetime.now(datetime.UTC) + 2 * notify.CLAIM
    monkeypatch.setattr(notify, "_real", lambda: later)
    with pytest.raises(KeyboardInterrupt):
        notify.send_due(plantlet.tower)
    assert letters[0].id == letters[1].id


def test_a_channel_is_tried_again_with_patience(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plantlet = told_tower(engine, tmp_path, Subscription("all", "mail"))
    land = plantlet.tower.landscape
    patient = replace(FILE, retry=RetryPolicy((60.0, 60.0)))
    plantlet.tower = replace(plantlet.tower, landscape=replace(land, channels={"mail": patient}))
    exception(plantlet)
    note(plantlet.tower)

    def busy(letter: Letter) -> str:
        raise NotSent("busy", retry_after=30.0)

    start = datetime.datetime.now(datetime.UTC)
    monkeypatch.setattr(notify, "way", lambda channel, folder: busy)
    tried = []
    for minutes in range(4):
        monkeypatch.setattr(notify, "_real", lambda minutes=minutes: start + minutes * MINUTE)
        tried.append(notify.send_due(plantlet.tower))
    assert tried == [1, 1, 1, 0]
    assert listed(plantlet)[0].state == DEAD
