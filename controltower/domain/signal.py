"""Something odd that a message or a source showed: the raw material of exceptions about interfaces."""

import datetime
from typing import NamedTuple

from controltower.domain.event import Position
from controltower.domain.subject import Subject


class Signal(NamedTuple):
    """One sighting. Sightings of one `rule` and `key` are one exception for as long as they keep coming.

    `measure` is the rule's own figure (seconds of skew, missing numbers ...), `words` the sentence for people."""

    rule: str
    key: str
    system: str
    at: datetime.datetime
    position: Position
    words: str
    subject: Subject | None = None
    measure: float = 0.0
    # The cause, where the rule knows several; "" stands for the rule's own name.
    code: str = ""
