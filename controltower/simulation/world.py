"""What every simulated system shares: the present moment, the seed, addresses, credentials and the faults."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from controltower.simulation.credentials import Credentials
from controltower.simulation.faults.board import FaultBoard

FIRST_MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Pace:
    """How busy the company is: minutes between new orders, how many may live at once, orders at first start (0: nobody
    orders by themselves).

    `length`: what work, picks and messages between systems take, 1.0 as in a plant; 0.01 makes machines so quick that
    an order lives minutes, for runs in real time. `most_orders`: no new ones after so many, 0 = without end.
    """

    order_minutes: tuple[float, float] = (6.0, 10.0)
    live_orders: int = 40
    first_orders: int = 6
    changes: float = 0.3
    cancellations: float = 0.02
    length: float = 1.0
    most_orders: int = 0


@dataclass
class World:
    """Mutable only in `moment` (virtual unix seconds), which the network alone moves, and in told answers."""

    seed: int
    moment: float
    birth: float
    credentials: Credentials
    board: FaultBoard
    pace: Pace = field(default_factory=Pace)
    addresses: dict[str, str] = field(default_factory=dict)
    told_answers: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    carried: frozenset[str] = frozenset()  # links that the tower carries: the network is silent on them
    drop: Path | None = None  # the folder into which suppliers drop files, where somebody reads them
    real_erp: bool = False  # a real ERP, behind a bridge, in the simulated one's place
    lock: threading.RLock = field(default_factory=threading.RLock)

    def told_answer(self, system_id: str) -> tuple[int, int] | None:
        """The (status, retry-after seconds) this system was told to answer next, counted down."""
        status, times, retry_after = self.told_answers.get(system_id, (0, 0, 0))
        if times < 1:
            return None
        self.told_answers[system_id] = (status, times - 1, retry_after)
        return status, retry_after
