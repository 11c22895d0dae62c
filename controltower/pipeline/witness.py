"""Who hears of each step as it is done: the seam at which spans are exported. Nobody listens unless told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controltower.domain.delivery import Delivery
from controltower.store.attempt import Attempt
from controltower.store.message import Message

if TYPE_CHECKING:
    from controltower.pipeline.arrival import Arrival, Receipt
    from controltower.pipeline.translation import Translated


class Witness:
    """Hears everything and tells nothing. A listener overrides what it wants to hear; it must neither raise nor wait.

    A step whose transaction is rolled back is heard of again when it is repeated."""

    def received(self, taken: Sequence[tuple[Arrival, Receipt]]) -> None:
        """Webhooks were stored."""

    def polled(self, kept: Sequence[Message]) -> None:
        """What a poll brought was stored."""

    def recorded(self, translated: Sequence[Translated], seconds: float) -> None:
        """Messages moved the ledger, all in one transaction that took so many seconds."""

    def tried(self, attempts: Sequence[tuple[Delivery, Attempt]]) -> None:
        """Attempts at deliveries came to their end; the deliveries are as they are afterwards."""

    def applied(self, deliveries: Sequence[Delivery]) -> None:
        """Targets show what was delivered."""

    def close(self, patience: float = 2.0) -> None:
        """The process ends: tell what is left, for at most so many seconds."""


NOBODY = Witness()
