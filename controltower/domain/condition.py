"""Something that must not be, seen in what the systems hold together: it holds from one event to a later one."""

import datetime
from typing import NamedTuple

from controltower.domain.belief import Belief
from controltower.domain.remedy import HANDED_OVER, Remedy
from controltower.domain.subject import Subject


class Found(NamedTuple):
    """What a check has found in a view.

    `key` tells findings of one rule at one root apart. `system` is the one that must act, `why` the sentence for
    people (without "now"), `evidence` the words that show it with the beliefs behind them."""

    subject: Subject
    system: str
    why: str
    evidence: tuple[tuple[str, Belief], ...] = ()
    key: str = ""
    code: str = ""
    remedy: Remedy = HANDED_OVER
    title: str = ""
    action: str = ""


class Condition(NamedTuple):
    """A finding that lasts: since when, and when it becomes an exception (None once it has)."""

    id: str
    rule: str
    root: Subject
    key: str
    opened_at: datetime.datetime
    due_at: datetime.datetime | None
    found: Found
