"""The one action that an exception suggests: a verb that the tower can do, or a person to be asked."""

from collections.abc import Mapping
from typing import NamedTuple

RESUBMIT, RESYNC, REPROCESS, BACKFILL = "resubmit", "resync", "reprocess", "backfill"
RENEW, PAUSE, RESUME, HAND_OVER = "renew", "pause", "resume", "hand-over"
RESEND = "resend"
VERBS = (RESUBMIT, RESYNC, REPROCESS, BACKFILL, RENEW, PAUSE, RESUME, RESEND, HAND_OVER)


class Remedy(NamedTuple):
    """What to do about an exception.

    `arguments` by verb: resubmit {"group"} or {"delivery"}; resync {"subject", "target"}, with
    "also" a kind of what belongs to that order; reprocess {"system"};
    backfill {"system", "since"} (RFC 3339); renew {"system"}; pause, resume {"target"}; resend {"channel"};
    hand-over {"to"} (a team, "" for the exception's own).
    """

    verb: str
    arguments: Mapping[str, str] = {}


HANDED_OVER = Remedy(HAND_OVER)
