"""A mistake in the configuration: in which file, at which place, what is wrong and how it is cured."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from controltower.landscape_files.place import Place

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Problem:
    """One mistake. `line` is 0 where it belongs to a file as a whole; a warning does not stop the tower."""

    file: str
    place: str
    what: str
    cure: str
    severity: str = ERROR
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{self.place} " if self.place else ""
        return f"{self.severity}: {where}: {subject}{self.what}. {self.cure}"


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` holds every mistake, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass
class Findings:
    """Collects what is wrong while the files are read."""

    problems: list[Problem] = field(default_factory=list)

    def error(self, place: Place, what: str, cure: str) -> None:
        self._add(place, what, cure, ERROR)

    def warning(self, place: Place, what: str, cure: str) -> None:
        self._add(place, what, cure, WARNING)

    def unknown(self, place: Place, noun: str, word: str, known: Iterable[str]) -> None:
        """A word outside a closed list, with the nearest one that is in it."""
        self.error(place, f"names the unknown {noun} {word!r}", suggestion(word, known))

    def _add(self, place: Place, what: str, cure: str, severity: str) -> None:
        self.problems.append(Problem(place.file, place.text, what, cure, severity, place.line))

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == ERROR]


def suggestion(word: str, known: Iterable[str]) -> str:
    """The nearest known word, else all of them: the cure of a misspelling."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {', '.join(words)}." if words else "None is declared yet."
