"""Letters to the tower and messages between systems: what is said, before any dialect encloses it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Letter:
    """One fact for the tower, in its sender's own shape.

    `not_before` is virtual unix seconds; `waits` holds it back until a later letter about the same subject has
    gone; `broken` replaces the enclosed text; `webhook_id` is the delivery's own id, where it must be the same as
    another's.
    """

    system: str
    subject: str
    type: str
    content: dict[str, Any]
    not_before: float = 0.0
    waits: bool = False
    broken: str | None = None
    webhook_id: str = ""

    @property
    def order(self) -> str:
        """The order number in the subject, or an empty text."""
        parts = self.subject.split("/")
        return parts[2] if len(parts) > 2 and parts[1] in ("order", "operation") else ""


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """One message of a named link from one system to another, about one order or other key."""

    link: str
    sender: str
    target: str
    method: str
    path: str
    about: str
    body: Any

    def as_body(self) -> dict[str, Any]:
        """The message as JSON for an agenda or a fault's memory."""
        return asdict(self)
