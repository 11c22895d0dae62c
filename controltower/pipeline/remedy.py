"""What every file of the folder remedies/ declares: one verb that mends an exception."""

from collections.abc import Callable
from typing import NamedTuple

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower


class Cure(NamedTuple):
    """One verb. `title`: the button's words, with {system} or {target} out of the arguments. `do(tower, case, who,
    reason)` returns what it did, in words; raises NotPossible (pipeline.answer) with the reason where it cannot.
    `effect`: what will happen, as the person is told before it does."""

    verb: str
    title: str
    do: Callable[[Tower, Case, str, str], str]
    effect: str = ""
