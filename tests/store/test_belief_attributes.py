"""Of many beliefs about a subject only those of the attributes asked for are read."""

from sqlalchemy import Engine

from controltower.domain.belief import Belief
from controltower.domain.event import Position
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.store import belief
from controltower.store.engine import reading, writing
from tests.factories import MORNING

ORDERS = [Subject("LYON", f"order/MO-{number}") for number in range(900)]


def held(attribute: str, system: str) -> Belief:
    return Belief(attribute, system, Value("1", "", ""), MORNING, 1, MORNING, Position(1, 0), MORNING)


def test_each_subject_has_its_own_attributes(engine: Engine) -> None:
    told = [
        (order, held(attribute, system))
        for order in ORDERS
        for attribute in ("status", "due_date", "quantity")
        for system in ("erp", "mes")
    ]
    wanted = {
        order: frozenset({"status"} if n % 2 else {"due_date", "status"}) for n, order in enumerate(ORDERS)
    }
    with writing(engine) as connection:
        belief.put(connection, told)
    with reading(engine) as connection:
        found = belief.of_attributes(connection, wanted)
        assert belief.of_attributes(connection, {}) == []
    expected = [(order, each) for order, each in told if each.attribute in wanted[order]]
    assert sorted(found) == sorted(expected)
