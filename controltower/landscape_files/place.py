"""Where in a TOML file something stands: the way to it through the tables, and its line."""

import re
import tomllib
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
_KEY = re.compile(r"""^\s*([A-Za-z0-9_\-."']+?)\s*=""")


@dataclass(frozen=True)
class Place:
    """A key of a file; `/` steps into a table (by name) or a list (by number)."""

    file: str
    path: Path = ()
    lines: dict[Path, int] = field(default_factory=dict, repr=False, compare=False)

    def __truediv__(self, step: str | int) -> "Place":
        return Place(self.file, (*self.path, step), self.lines)

    @property
    def text(self) -> str:
        """The way through the tables, lists counted from 1: `expectation[2].when.role`."""
        written = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return written.removeprefix(".")

    @property
    def line(self) -> int:
        """The line of the key, or of the nearest table around it; 0 when it is not in the file."""
        for length in range(len(self.path), 0, -1):
            if self.path[:length] in self.lines:
                return self.lines[self.path[:length]]
        return 0


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of each table and each key that stands at the start of a line of a TOML text."""
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            table = _numbered(_steps(header[2]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.setdefault(table, number)
        elif key:
            found.setdefault((*table, *_steps(key[1])), number)
    return found


def _numbered(steps: Path, counts: dict[Path, int]) -> Path:
    """The way to a table below lists: `flow.steps` stands in the latest [[flow]]."""
    found: Path = steps[:1]
    for step in steps[1:]:
        if found in counts:
            found = (*found, counts[found])
        found = (*found, step)
    return found


def _steps(dotted: str) -> Path:
    """`a."b.c".d` -> ("a", "b.c", "d")."""
    try:
        table = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return (dotted,)
    steps: list[str | int] = []
    while isinstance(table, dict):
        ((name, table),) = table.items()
        steps.append(name)
    return tuple(steps)
