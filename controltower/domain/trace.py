"""W3C trace context: take a trace up where it comes in, begin one where none does, carry it on."""

import hashlib
import random
import re

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)
_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")


def carried(traceparent: str) -> tuple[str, str]:
    """The trace id and the parent's span id of a `traceparent` header; ("", "") where it is missing or broken."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found.group(3) and traceparent.startswith("00")):
        return "", ""
    return found.group(1), found.group(2)


def trace_of(traceparent: str) -> tuple[str, str]:
    """As `carried`, but with a new trace where none comes in."""
    trace, parent = carried(traceparent)
    return trace or _fresh(128), parent


def is_trace(text: str) -> bool:
    """Whether a text is a trace id."""
    return _TRACE.fullmatch(text) is not None


def trace_for(message: int) -> str:
    """A new trace for a message that brings none: its own number in the left half, so that the trace leads back to
    it without an index, and chance in the right one, as the standard advises."""
    return f"{message:016x}{_fresh(64)}"


def message_of(trace: str) -> int:
    """The number of the message with which a trace began, if the trace began here."""
    return int(trace[:16], 16)


def span_of(*names: str | int) -> str:
    """The span id of a thing: the same whoever asks, so that spans of several processes and retries fit together."""
    digest = hashlib.blake2b("\n".join(map(str, names)).encode(), digest_size=8).hexdigest()
    return digest if digest.strip("0") else "1".zfill(16)


def delivery_span(delivery: int) -> str:
    """The span of an outgoing message's making: its creation context, which every attempt carries."""
    return span_of("delivery", delivery)


def message_span(message: int) -> str:
    """The span of a message's arrival."""
    return span_of("message", message)


def traceparent(trace: str, span: str = "") -> str:
    """The header that carries a trace on, with a span of our own."""
    return f"00-{trace}-{span or _fresh(64)}-01"


def _fresh(bits: int) -> str:
    """A new id, never zero. It names, it guards nothing: so no call of the system is spent on it at each webhook."""
    return f"{random.getrandbits(bits) or 1:0{bits // 4}x}"
