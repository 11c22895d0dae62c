"""What went wrong on the way out, told so that the same failure many times is one row."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

# Classes of errors, from messaging practice: what each means decides whether trying again can help.
UNREACHABLE = "unreachable"  # no connection, so nothing was sent
TIMEOUT = "timeout"  # sent, and no answer: it may have been done
BUSY = "busy"  # 429
TROUBLE = "trouble"  # 408, 425, 5xx
REFUSED = "refused"  # a 4xx with the target's own reason: the content is at fault
CREDENTIALS = "credentials"  # 401, 407, a log-in page
FORBIDDEN = "forbidden"  # 403: it knows us, and this we may not do
CONFLICT = "conflict"  # 409, 412: the target holds something else
GONE = "gone"  # 404
REMOVED = "removed"  # 410: this way is there no more
LOCKED = "locked"  # 423, or its words say so: somebody else has it open
PERIOD_CLOSED = "period-closed"  # its words say so: nothing more is booked to that date
PARTIAL = "partial"  # a good status, and an error inside
UNSENDABLE = "unsendable"  # our own connector cannot write it
UNCLEAR = "unclear"  # an unknown outcome that could not be read back

TITLES = {
    UNREACHABLE: "Not reachable",
    TIMEOUT: "No answer in time",
    BUSY: "Too many requests",
    TROUBLE: "Trouble at the target",
    REFUSED: "Refused",
    CREDENTIALS: "Credentials refused",
    FORBIDDEN: "Not permitted",
    CONFLICT: "Conflict",
    GONE: "Not found there",
    REMOVED: "Interface removed",
    LOCKED: "Locked by somebody",
    PERIOD_CLOSED: "Period closed",
    PARTIAL: "Accepted with an error inside",
    UNSENDABLE: "Cannot be written for the target",
    UNCLEAR: "Outcome unknown",
}

# The cause that an exception names, one short word for each class.
CODES = {
    UNREACHABLE: "target-down",
    TIMEOUT: "no-answer",
    BUSY: "throttled",
    TROUBLE: "server-errors",
    REFUSED: "rejected",
    CREDENTIALS: "credentials-expired",
    FORBIDDEN: "forbidden",
    CONFLICT: "conflict",
    GONE: "not-found",
    REMOVED: "api-removed",
    LOCKED: "locked",
    PERIOD_CLOSED: "period-closed",
    PARTIAL: "partial-success",
    UNSENDABLE: "unsendable",
    UNCLEAR: "unknown-outcome",
}

# What many systems say by words alone, behind a 400 or 409 (regular expressions). A site adds its own to [send] says.
SAYS: Mapping[str, str] = {
    PERIOD_CLOSED: r"\b(posting|accounting|fiscal|booking)\s+(period|date|month)s?\b.*\b(closed|not open|not allowed)\b"
    r"|\bperiods?\b.*\b(is|are) (already )?closed\b",
    LOCKED: r"\b(is|are) (currently )?(locked|blocked|being (edited|processed|changed)) by\b|\block (is )?held by\b",
}
# Only a refusal of the content is looked at more closely: what else an answer says, its status says well enough.
_VAGUE = frozenset({REFUSED, CONFLICT, LOCKED})

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# Words that hold a digit name this order, that time, this amount; the rest is what the failures have in common.
_NUMBERED = re.compile(r"\S*\d\S*")


def normalised(words: str) -> str:
    """What a target said, without what belongs to this one message: quoted parts, numbers, names with digits."""
    text = _NUMBERED.sub("#", _QUOTED.sub("#", words))
    return " ".join(text.split())[:200]


def fingerprint(route: str, target: str, error: str, words: str) -> str:
    """The failure group of a failure: 16 hex letters over route, target, class and normalised message."""
    text = "\n".join((route, target, error, normalised(words)))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def named(error: str, words: str, says: Mapping[str, str] | None = None) -> str:
    """The class of a failure by the target's own words, where its status says but that it refuses.

    `says`: class -> regular expression, before those that all systems share."""
    if error not in _VAGUE:
        return error
    patterns = (*(says or {}).items(), *SAYS.items())
    return next((each for each, pattern in patterns if _compiled(pattern).search(words)), error)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
