"""After an update a system writes its local time as if it were UTC."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)")


class ZoneMisread(Fault):
    """Every time in the letters of one system is whole hours off; `hours` 0 means its own local time, told as UTC."""

    name = "zone-misread"
    title = "Time zone misread"
    what = "local time is written as if it were UTC: every time of the system is off by its zone's hours"
    number = "9"
    system = "mes-graz"
    causes = ("zone-misread",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0, "hours": 0.0}

    def begin(self) -> None:
        """From now on."""
        self.state.setdefault("told", {})
        what = f"{self.params.system} writes its local time as if it were UTC"
        self.hit(self.params.system, [], what, "set its zone, and have it tell the times since again")

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter with all its times moved; what they should be is kept for the mending."""
        if letter.system != self.params.system or not self.holds or self.state.get("right"):
            return [letter]
        self._keep(letter)
        return [replace(letter, content=self._moved(letter.content))]

    def _keep(self, letter: Letter) -> None:
        """The right times of each subject, the newest of each attribute."""
        attributes = (letter.content.get("data") or {}).get("attributes", {})
        times = {
            name: text for name, text in attributes.items() if isinstance(text, str) and _TIME.fullmatch(text)
        }
        if times:
            self.state["told"].setdefault(letter.subject, {}).update(times)

    def _moved(self, held: Any) -> Any:
        if isinstance(held, dict):
            return {name: self._moved(value) for name, value in held.items()}
        if isinstance(held, list):
            return [self._moved(value) for value in held]
        return self._written(held) if isinstance(held, str) and _TIME.fullmatch(held) else held

    def _written(self, text: str) -> str:
        """A time as the system writes it now: the hands of the local clock, and no zone but UTC."""
        local = datetime.fromisoformat(text)
        hours = self.asked("hours")
        moved = local + timedelta(hours=hours) if hours else local.replace(tzinfo=UTC)
        return moved.isoformat(timespec="seconds")

    def mend(self, hit: Body) -> None:
        """The zone is set right, and the times since are told again."""
        self.state["right"] = True
        for subject, times in self.state.get("told", {}).items():
            self.scene.tell_again(hit["system"], subject, times)
