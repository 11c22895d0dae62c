"""What a process remembers between events without writing it down: bounded, and no truth hangs on it."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Memory:
    """Keeps the newest `most` things under their names; the one that was not touched longest is forgotten first."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, Any] = OrderedDict()

    def recall(self, name: Hashable) -> Any:
        """What is held under a name; None for nothing."""
        return self._held.get(name)

    def keep(self, name: Hashable, value: Any) -> None:
        """Hold this under a name from now on."""
        self._held[name] = value
        self._held.move_to_end(name)
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def forget(self, name: Hashable) -> None:
        """Hold nothing under a name."""
        self._held.pop(name, None)
