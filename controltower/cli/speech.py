"""How the command line speaks: answers on stdout, troubles on stderr, one function for each."""

from __future__ import annotations

import sys
from collections.abc import Sequence


class Refused(Exception):
    """What was asked cannot be done; the message is for the person who asked."""


def say(text: str = "") -> None:
    """One line of an answer, shown at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line of trouble."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under a head, in columns."""
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
