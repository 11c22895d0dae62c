"""What every file of the folder watches/ declares."""

import datetime
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower


class Watch(NamedTuple):
    """`present`: the exceptions that should be open now, each with a `key` by which its rule knows it again and an id
    that says since when (a condition that ends and comes back is a new one). Reads only, by index: it is asked every
    few seconds. `over`: the sentence when one of them is no more."""

    rules: tuple[str, ...]
    present: Callable[[Connection, Tower, datetime.datetime], Iterable[Case]]
    over: str
