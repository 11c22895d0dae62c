"""Waiting for something that another thread or process brings about, without ever measuring how long it took."""

import time
from collections.abc import Callable

PATIENCE = 120.0


def becomes(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether a condition comes true while we wait."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
