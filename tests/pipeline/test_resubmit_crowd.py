"""Everybody at once: runs, workers, people, systems; each order keeps its order, and nothing goes twice."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from sqlalchemy import Engine

from controltower.domain.delivery import DELIVERED
from controltower.domain.rehearsal import Selection
from controltower.pipeline.deliver import deliver
from controltower.pipeline.receive import Intake
from controltower.pipeline.resubmit import NotPossible, Stale, discard, resubmit
from controltower.pipeline.runs import advance_runs, begin
from controltower.store import resubmission
from controltower.store.engine import reading
from tests.factories import Plantlet, cloud_event, due
from tests.pipeline.resubmitting import dead_ones, outbox_of, quantity, refused, send

ORDERS = 60
ROUNDS = 25


def together(*works: Callable[[], object]) -> list[BaseException]:
    """Do each of some things again and again, all in threads of their own; what went wrong."""
    trouble: list[BaseException] = []

    def again(work: Callable[[], object]) -> None:
        try:
            for _ in range(ROUNDS):
                work()
                time.sleep(0.005)
        except BaseException as error:
            trouble.append(error)
            raise

    threads = [threading.Thread(target=again, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return trouble


class Crowd:
    """A system that goes on talking, and a person who acts on what is dead."""

    def __init__(self, plantlet: Plantlet) -> None:
        self.plantlet, self.chance, self.said = plantlet, random.Random(1), 1

    def speak(self) -> None:
        self.said += 1
        content = {
            "due_date": due(self.chance.randint(10, 28)),
            "quantity": quantity(self.chance.randint(1, 9)),
        }
        subject = f"LYON/order/MO-{self.chance.randint(1, ORDERS)}"
        at = self.plantlet.clock.now()
        self.plantlet.deliver("erp", cloud_event("erp", self.said, content, at, subject=subject))
        self.plantlet.record()

    def act(self) -> None:
        for each in self.chance.sample(left, 1) if (left := dead_ones(self.plantlet)) else ():
            try:
                if self.chance.random() < 0.5:
                    resubmit(self.plantlet.tower, each.id, "olaf", "by hand")
                else:
                    discard(self.plantlet.tower, [each.id], "olaf", "not needed")
            except (NotPossible, Stale):
                continue


def test_everybody_at_once(engine: Engine) -> None:
    plantlet, aps = refused(engine, ORDERS)
    plantlet.intake = Intake(plantlet.tower)
    crowd, tower = Crowd(plantlet), plantlet.tower
    run = begin(tower, Selection(), "ines", "all of it")
    trouble = together(
        lambda: advance_runs(tower), lambda: advance_runs(tower), lambda: deliver(tower, "worker-1", 0.2),
        lambda: deliver(tower, "worker-2", 0.2), crowd.speak, crowd.act,
    )  # fmt: skip
    plantlet.intake.stop()
    while advance_runs(tower) or send(plantlet):
        continue
    assert trouble == []
    with reading(engine) as connection:
        progress = resubmission.progress(connection, run)
    assert progress["waiting"] == progress["sent"] == progress["failed"] == 0
    assert progress[DELIVERED] > 0
    assert max(Counter(each.key for each in aps.booked).values()) == 1
    assert max(Counter(each.original for each in outbox_of(plantlet) if each.original).values()) == 1
    ordinals: dict[object, list[int]] = {}
    for each in aps.booked:
        ordinals.setdefault(each.subject, []).append(each.ordinal)
    assert [told for told in ordinals.values() if told != sorted(told)] == []
