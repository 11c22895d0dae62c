"""W3C trace context: take a trace up where it comes in, or begin one."""

import random
import re

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)


def trace_of(traceparent: str) -> tuple[str, str]:
    """The trace id and the parent's span id of a `traceparent` header; a new trace where it is missing or broken."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found.group(3) and traceparent.startswith("00")):
        return _fresh(128), ""
    return found.group(1), found.group(2)


def traceparent(trace: str) -> str:
    """The header that carries a trace on, with a span of our own."""
    return f"00-{trace}-{_fresh(64)}-01"


def _fresh(bits: int) -> str:
    """A new id, never zero. It names, it guards nothing: so no call of the system is spent on it at each webhook."""
    return f"{random.getrandbits(bits) or 1:0{bits // 4}x}"
