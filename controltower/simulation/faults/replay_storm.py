"""A system replays its backlog after a restore: everything that it has said comes again, as fast as it goes."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class ReplayStorm(Fault):
    """Once it has said `facts` facts, it says all of them again, `times` times over."""

    name = "replay-storm"
    title = "Replay storm"
    what = "a MES replays its backlog: dozens of known facts come again within minutes, several times over"
    number = "67"
    system = "mes-graz"
    causes = ("replay-storm",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 30.0, "facts": 25.0, "times": 4.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter; when enough have gone, all of them once more."""
        if letter.system != self.params.system or self.state["hits"]:
            return [letter]
        said = self.state.setdefault("said", [])
        said.append(asdict(letter))
        if len(said) < self.asked("facts"):
            return [letter]
        what = f"{letter.system} says its last {len(said)} facts again, {self.asked('times'):g} times over"
        self.hit(letter.system, [], what, "stop the replay; none of it may count twice")
        past = [Letter(**each) for each in said]
        again = [
            replace(each, not_before=self.scene.now() + 60.0 * number)
            for number in range(1, int(self.asked("times")) + 1)
            for each in past
        ]
        return [letter, *again]
