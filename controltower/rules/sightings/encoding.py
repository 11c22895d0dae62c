"""Text that was read in the wrong character set, or holds what no text should (catalogue 34)."""

from collections.abc import Iterator

from ftfy.badness import is_bad

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting

_REPLACED, _MARK = "\ufffd", "\ufeff"


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    texts = [(name, part) for name, value in event.attributes.items() for part in (value.text, value.native)]
    texts += [*event.refs.items(), ("subject", event.subject.name)]
    for name, text in texts:
        # Nearly all texts of a plant are plain letters: those cost nothing.
        damage = "" if text.isascii() and text.isprintable() else damage_in(text)
        if damage:
            words = f"{name} of {event.subject} {damage}: {text[:60]!r}"
            yield moment.signal(SIGHTING, words, key=f"{event.system} {event.subject.kind} {name}")


def damage_in(text: str) -> str:
    """What is wrong with the characters of a text, in words; "" where nothing is."""
    if _REPLACED in text:
        return "holds the mark of letters that could not be read"
    if _MARK in text:
        return "holds a byte order mark"
    if any(not letter.isprintable() and letter not in "\n\r\t" for letter in text if ord(letter) < 0xA0):
        return "holds control characters"
    return "was read in the wrong character set" if is_bad(text) else ""


SIGHTING = Sighting(
    "encoding",
    "Damaged characters",
    "C",
    "Agree with {system} on UTF-8 for this interface; then read again what was damaged.",
    _seen,
)
