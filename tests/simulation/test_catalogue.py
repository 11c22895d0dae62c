"""Every fault of the catalogue is injected or left out with a reason, and says what the right answer to it is."""

import pytest

from controltower.domain.remedy import VERBS
from controltower.simulation.faults.contract import Fault
from controltower.simulation.faults.left_out import LEFT_OUT
from controltower.simulation.faults.registry import REGISTRY
from controltower.simulation.score.catalogue import TITLES, page, tried
from controltower.stepped import CARRIED


def test_the_catalogue_has_all_its_numbers() -> None:
    assert list(TITLES) == [str(number) for number in range(1, 85)]


def test_each_number_is_tried_or_left_out_with_a_reason() -> None:
    missing = {number: TITLES[number] for number, faults in tried().items() if not faults}
    assert missing.keys() == LEFT_OUT.keys()
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


@pytest.mark.parametrize("fault", REGISTRY.values(), ids=lambda fault: fault.name)
def test_a_fault_knows_the_right_answer(fault: type[Fault]) -> None:
    assert fault.number in TITLES
    assert fault.causes
    assert fault.verb in VERBS
    assert fault.cure in ("action", "owner", "owner then action")
    assert fault.landscape in ("", *CARRIED)
    assert fault.what
    assert fault.title


def test_the_page_tells_of_every_fault() -> None:
    told = page()
    assert all(f"`{name}`" in told for name in REGISTRY)
    assert all(reason in told for reason in LEFT_OUT.values())
