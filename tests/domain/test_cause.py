"""Each cause of a drift, told by the history that proves it."""

import datetime
import itertools

import pytest

from controltower.domain import cause
from controltower.domain.cause import Finding, Witness
from controltower.domain.drift import Drift
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.landscape import Landscape
from controltower.domain.standing import Standing, apply
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from tests.factories import MINUTE, MORNING, due, landscape

ORDER = Subject("LYON", "order/MO-1")


class Story:
    """What the systems said, one after the other, a minute apart."""

    def __init__(self, land: Landscape | None = None) -> None:
        self.land = land or landscape()
        self.history: list[Recorded] = []
        self.standing = Standing(ORDER)
        self._count = itertools.count(1)

    def tell(self, system: str, happening: str = "changed", day: int = 0, back: int = 0) -> "Story":
        number = next(self._count)
        at = MORNING + (number - back) * MINUTE
        attributes = {"due_date": Value(due(day))} if day else {}
        event = Event(
            f"order.{happening}", ORDER, system, f"{system}-{number}", at, at.isoformat(), attributes
        )
        recorded = Recorded(event, Position(number, 0), MORNING + number * MINUTE)
        self.history.append(recorded)
        apply(self.standing, recorded, self.land)
        return self

    @property
    def drift(self) -> Drift:
        (only,) = [each for each in self.standing.drifts.values() if each.follower == "aps"]
        return only

    def cause(self, witness: Witness = Witness()) -> Finding:  # noqa: B008  frozen
        return cause.find(self.drift, self.history, self.land, witness)


def agreed() -> Story:
    return Story().tell("erp", day=9).tell("aps", day=9)


def test_never_told() -> None:
    finding = agreed().tell("erp", day=12).cause()
    assert finding.cause == "never-announced"
    assert [item["message"] for item in finding.evidence] == ["3", "2"]


def test_rejected() -> None:
    finding = agreed().tell("erp", day=12).tell("aps", "rejected").cause()
    assert finding.cause == "rejected"
    assert finding.evidence[-1]["message"] == "4"


def test_told_but_not_applied() -> None:
    finding = agreed().tell("erp", day=12).tell("aps", "acknowledged").cause()
    assert finding.cause == "not-applied"


def test_overwritten_later() -> None:
    finding = agreed().tell("erp", day=12).tell("aps", day=12).tell("aps", day=20).cause()
    assert finding.cause == "overwritten"
    assert "20 Mar" in finding.why


def test_an_old_message_overtook_a_newer_one() -> None:
    finding = agreed().tell("erp", day=12).tell("aps", day=12).tell("aps", day=9).cause()
    assert finding.cause == "out-of-order"


def test_no_interface_is_declared() -> None:
    story = Story(landscape(interfaces=())).tell("erp", day=9).tell("aps", day=9).tell("erp", day=12)
    assert story.cause().cause == "not-routed"


@pytest.mark.parametrize(
    ("witness", "expected"),
    [
        (Witness(silent_since=MORNING), "follower-silent"),
        (Witness(parked=[77]), "unmapped"),
    ],
)
def test_what_is_known_of_the_follower(witness: Witness, expected: str) -> None:
    finding = agreed().tell("erp", day=12).cause(witness)
    assert finding.cause == expected


def test_a_new_word_of_the_owner_gives_the_follower_time_again() -> None:
    story = agreed().tell("erp", day=12)
    first = story.drift.allowed_until
    story.tell("erp", day=13)
    assert story.drift.allowed_until - first == datetime.timedelta(minutes=1)
    assert story.drift.owner_value.text == due(13)


def test_every_cause_has_a_title() -> None:
    told = agreed().tell("erp", day=12).cause()
    assert told.cause in cause.TITLES
    assert told.action
