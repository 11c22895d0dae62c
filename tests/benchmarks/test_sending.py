"""What the benchmark of sending tells and checks: ten changes in order for each order, and a target that keeps them."""

import msgspec
import requests

from benchmarks import target
from benchmarks.deliveries import Sender, new_secret
from benchmarks.sending import CHANGES, Changes, changed, disorder
from benchmarks.target import Taken


def took(*changes: tuple[int, int]) -> list[Taken]:
    """What a target has that was told these changes: (order, number)."""
    return [
        Taken(float(at), {}, msgspec.json.encode(changed(order, number, "2026-03-02T06:00:00Z")))
        for at, (order, number) in enumerate(changes)
    ]


def test_each_batch_changes_every_order_once() -> None:
    batches = Sender(Changes(7), new_secret()).full_batches(3, 7)
    assert [each.events[0] for each in batches] == [f"erp-hq:MO-0000000:{number}" for number in (1, 2, 3)]
    assert [len(set(each.events)) for each in batches] == [7, 7, 7]


def test_disorder_and_loss_and_doubles_are_seen() -> None:
    whole = [(order, number) for number in range(1, CHANGES + 1) for order in (0, 1)]
    assert disorder(took(*whole), 2) == (0, 0)
    swapped = [*whole[:2], whole[4], whole[3], whole[2], *whole[5:]]
    assert disorder(took(*swapped), 2) == (1, 0)
    assert disorder(took(*whole[:-1]), 2) == (0, 2)
    assert disorder(took(*whole, whole[0]), 2) == (0, 2)


def test_the_target_keeps_what_it_gets_and_forgets_on_demand() -> None:
    with target.running(1.0) as told, requests.Session() as session:
        for number in range(3):
            answer = session.post(
                told.url, data=b"%d" % number, headers={"webhook-id": str(number)}, timeout=5
            )
            assert answer.status_code == 200
        assert [(each.headers["webhook-id"], each.body) for each in told.taken()] == [
            ("0", b"0"),
            ("1", b"1"),
            ("2", b"2"),
        ]
        told.forget()
        assert told.count() == 0
