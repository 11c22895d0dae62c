"""What went wrong on the way out, told so that the same failure many times is one row."""

import hashlib
import re

# Classes of errors, from messaging practice: what each means decides whether trying again can help.
UNREACHABLE = "unreachable"  # no connection, so nothing was sent
TIMEOUT = "timeout"  # sent, and no answer: it may have been done
BUSY = "busy"  # 429
TROUBLE = "trouble"  # 408, 425, 5xx
REFUSED = "refused"  # a 4xx with the target's own reason: the content is at fault
CREDENTIALS = "credentials"  # 401, 403, 407
CONFLICT = "conflict"  # 409, 412: the target holds something else
GONE = "gone"  # 404, 410
UNSENDABLE = "unsendable"  # our own connector cannot write it
UNCLEAR = "unclear"  # an unknown outcome that could not be read back

TITLES = {
    UNREACHABLE: "Not reachable",
    TIMEOUT: "No answer in time",
    BUSY: "Too many requests",
    TROUBLE: "Trouble at the target",
    REFUSED: "Refused",
    CREDENTIALS: "Credentials refused",
    CONFLICT: "Conflict",
    GONE: "Not found there",
    UNSENDABLE: "Cannot be written for the target",
    UNCLEAR: "Outcome unknown",
}

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
