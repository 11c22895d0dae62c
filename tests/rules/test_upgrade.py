"""What began to differ with a new version is laid at its door, and nothing else is."""

import datetime

import pytest

from controltower.domain.drift import OPEN, Drift
from controltower.domain.event import Position
from controltower.domain.subject import parse_subject
from controltower.domain.value import Value
from controltower.rules.upgrade import Change, broken_by, case_of
from tests.factories import MINUTE, MORNING
from tests.rules.values import LANDSCAPE

HOUR = datetime.timedelta(hours=1)
CHANGE = Change("erp", "7.52", "8.00", MORNING)


def drift(number: int, minutes: int, owner: str = "erp", follower: str = "mes") -> Drift:
    at = MORNING + minutes * MINUTE
    subject = parse_subject(f"LYON/order/MO-{number}")
    values = Value("2026-03-04T22:59:59Z"), Value("2026-03-04T12:00:00Z")
    return Drift(
        f"d{number}", subject, "due_date", owner, follower, *values, at, at, at, Position(number, 0), OPEN
    )


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (drift(1, 5), True),
        (drift(1, -30), True),
        (drift(1, -90), False),
        (drift(1, 5, "aps", "mes"), False),
        (drift(1, 5, "mes", "erp"), True),
    ],
)
def test_only_what_began_with_the_new_version_at_its_system(one: Drift, counts: bool) -> None:
    assert bool(broken_by(CHANGE, [one], HOUR)) == counts


def test_the_exception_names_both_versions_and_what_differs() -> None:
    case = case_of(CHANGE, [drift(1, 5), drift(2, 9), drift(2, 9, follower="aps")], LANDSCAPE)
    assert (case.cause_code, case.system, case.key) == ("version-changed", "erp", "erp")
    assert "from version 7.52 to 8.00; since then 2 subjects disagree with others about due date" in case.why
    assert len(case.evidence) == 3
