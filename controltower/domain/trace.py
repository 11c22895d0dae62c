"""W3C trace context: take a trace up where it comes in, or begin one."""

import re
import secrets

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)


def trace_of(traceparent: str) -> tuple[str, str]:
    """The trace id and the parent's span id of a `traceparent` header; a new trace where it is missing or broken."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found.group(3) and traceparent.startswith("00")):
        return secrets.token_hex(16), ""
    return found.group(1), found.group(2)


def traceparent(trace: str) -> str:
    """The header that carries a trace on, with a span of our own."""
    return f"00-{trace}-{secrets.token_hex(8)}-01"
