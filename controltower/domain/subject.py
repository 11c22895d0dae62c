"""What a fact is about: an order, an operation, a stock position ... of one plant."""

from typing import NamedTuple

from controltower.domain.vocabulary import KINDS


class Subject(NamedTuple):
    """A plant and a name of the form `<kind>/<key>`; written `LYON/order/MO-1001`."""

    plant: str
    name: str

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]

    @property
    def key(self) -> str:
        return self.name.partition("/")[2]

    def __str__(self) -> str:
        return f"{self.plant}/{self.name}"


def parse_subject(text: str) -> Subject:
    """Read `<plant>/<kind>/<key>`; ValueError says what is wrong with it."""
    plant, _, name = text.partition("/")
    kind, _, key = name.partition("/")
    if not (plant and kind and key):
        raise ValueError("must read <plant>/<kind>/<key>")
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(sorted(KINDS))}")
    if any(ord(letter) < 32 for letter in text):
        raise ValueError("must not hold control characters")
    return Subject(plant, name)


def order_subject(plant: str, order: str) -> Subject:
    """The subject of an order number."""
    return Subject(plant, f"order/{order}")


def order_of(subject: Subject) -> str | None:
    """The order number that an order or an operation belongs to; None for any other kind."""
    kind, _, key = subject.name.partition("/")
    if kind == "order":
        return key
    return key.rpartition("/")[0] or key if kind == "operation" else None
