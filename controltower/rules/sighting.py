"""What every sighting of the folder sightings/ declares: something odd that one event shows about its interface."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from controltower.domain.belief import Hearing
from controltower.domain.event import Recorded
from controltower.domain.landscape import Landscape
from controltower.domain.memory import Memory
from controltower.domain.remedy import HAND_OVER
from controltower.domain.signal import Signal
from controltower.domain.standing import Standing


class Moment(NamedTuple):
    """One event at the moment before it acts.

    `standing` holds what is believed about its subject, of the attributes that the event tells and no others;
    `before` what its system last said about the subject, None where it never spoke of it. `memory` is what
    sightings remember from one event to the next: lost with the process."""

    recorded: Recorded
    before: Hearing | None
    standing: Standing
    landscape: Landscape
    memory: Memory = Memory()

    def signal(
        self, sighting: "Sighting", words: str, measure: float = 0.0, key: str = "", code: str = ""
    ) -> Signal:
        """A signal of this event; sightings of one key (the system, unless another is given) are one exception."""
        event = self.recorded.event
        return Signal(
            sighting.rule, key or event.system, event.system, self.recorded.learnt_at, self.recorded.position,
            words, event.subject, measure, code,
        )  # fmt: skip

    def figure(self, sighting: "Sighting", name: str) -> Any:
        """One of the sighting's figures: as declared in rules.toml, else its usual value."""
        return self.landscape.limits.of(sighting.rule, name, sighting.figures[name])


class Sighting(NamedTuple):
    """One rule about single events. `quiet`: it is over once it has not been seen for a while (limits.quiet_after);
    else a person closes it, or its repair. `verb`: what mends it (domain.remedy)."""

    rule: str
    title: str
    severity: str
    action: str
    seen: Callable[[Moment], Iterable[Signal]]
    quiet: bool = True
    verb: str = HAND_OVER
    figures: Mapping[str, Any] = {}
