"""A sender's retry makes a new id: the tower cannot know the message again by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter

# Where each dialect writes the id of a message.
IDS = ("id", "messageId")


class RepeatedFact(Fault):
    """Puts a letter in the outbox a second time, its content the same but for the id."""

    name = "repeated-fact"
    title = "Same fact, new id"
    what = "a message goes out again with all it said before, under an id of its own"
    number = "5"
    system = "mes-lyon"
    causes = ("repeated-fact",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 30.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, and perhaps the same under another id."""
        named = next((name for name in IDS if name in letter.content), "")
        about = f"{letter.subject}:{letter.type}"
        # A sign of life is about no subject: it is no fact that could count twice.
        if (
            not named
            or not letter.subject
            or letter.not_before
            or not self.wants(letter.system, about, letter.order)
        ):
            return [letter]
        what = f"{letter.type} about {letter.subject} was sent again under another id"
        self.hit(letter.system, [letter.subject], what, "count it once; the sender must keep ids on a retry")
        again = {**letter.content, named: f"{letter.content[named]}/again"}
        return [letter, replace(letter, content=again)]
