"""A shift that nobody clocked out is seen once the next one has begun, or after too long."""

import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controltower.domain.subject import parse_subject
from controltower.pipeline.watches.open_shift import _open
from tests.factories import MORNING
from tests.rules.values import LANDSCAPE, belief

HOUR = datetime.timedelta(hours=1)
TOWER = cast("Any", SimpleNamespace(landscape=LANDSCAPE))


def seen(states: dict[str, str], hours: float) -> list[str]:
    told = [
        (parse_subject(f"LYON/shift/{name}"), belief("state", "workforce", state))
        for name, state in sorted(states.items(), reverse=True)
    ]
    return [case.key for case in _open(told, TOWER, MORNING + hours * HOUR)]


@pytest.mark.parametrize(
    ("states", "hours", "found"),
    [
        ({"day-A": "running", "day-B": "planned"}, 9, []),
        ({"day-A": "running", "day-B": "running"}, 0.25, []),
        ({"day-A": "running", "day-B": "running"}, 1, ["LYON/shift/day-A"]),
        ({"day-A": "running", "day-B": "ended", "day-C": "running"}, 1, ["LYON/shift/day-A"]),
        ({"day-A": "ended", "day-B": "running"}, 1, []),
        ({"day-A": "running", "day-B": "planned"}, 17, ["LYON/shift/day-A"]),
    ],
)
def test_shifts_that_run_on(states: dict[str, str], hours: float, found: list[str]) -> None:
    assert seen(states, hours) == found
