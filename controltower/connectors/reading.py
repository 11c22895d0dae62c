"""How connectors read JSON that they do not trust: every fault becomes an invalid message with its place."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from controltower.connectors.contract import Fault, InvalidMessage

Read = TypeVar("Read")

# Long enough for every key of a real plant, short enough for an index of every database.
LONGEST_NAME = 300
_LONGEST_MESSAGE = 200

_JSON_PATH_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+|\.\.\.)\]")
_MISSING = re.compile(r"missing required field `([^`]+)`")


def decode(decode_bytes: Callable[[bytes | msgspec.Raw], Read], body: bytes | msgspec.Raw) -> Read:
    """Decode JSON with a msgspec decoder's `decode`; raises InvalidMessage with the pointer of the fault."""
    try:
        return decode_bytes(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        place, message = place_of(error)
        raise InvalidMessage([Fault(0, place, message)]) from None


def place_of(error: Exception) -> tuple[str, str]:
    """The RFC 6901 pointer and the plain message of a decoding error."""
    if isinstance(error, RecursionError):
        return "", "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "", "text is not UTF-8"
    message, _, path = str(error).partition(" - at `$")
    place = "".join(
        pointer(name or number) for name, number in _JSON_PATH_STEP.findall(path) if number != "..."
    )
    missing = _MISSING.search(message)
    return place + (pointer(missing[1]) if missing else ""), message[:_LONGEST_MESSAGE]


def told(error: Exception) -> str:
    """The message of a fault in one value: short, whatever the value held."""
    message = str(error).replace("Invalid isoformat string:", "no RFC 3339 time:")
    return message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + " ..."


def pointer(*steps: str | int) -> str:
    """An RFC 6901 pointer from its steps: ("3", "data/x") -> "/3/data~1x"."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def refuse(message: str, place: str = "") -> InvalidMessage:
    """The exception for a message that is wrong as a whole."""
    return InvalidMessage([Fault(0, place, message)])


def name_fault(text: str) -> str:
    """What is wrong with text that names something (an id, a subject, an attribute); "" if nothing is."""
    if not text:
        return "must not be empty"
    if len(text) > LONGEST_NAME:
        return f"must be at most {LONGEST_NAME} characters long"
    return "" if text.isprintable() else "must hold printable characters only"
