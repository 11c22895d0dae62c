"""The belief matrix of an order: attribute by system, the owner's word first, disagreements marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from controltower.domain.belief import Belief
from controltower.domain.drift import OPEN, Drift
from controltower.domain.landscape import Landscape, System
from controltower.domain.subject import Subject
from controltower.domain.value import differ
from controltower.domain.vocabulary import ATTRIBUTES, value_kind

AGREES, TOLERATED, DISAGREES, DIFFERS, ALONE = "agrees", "tolerated", "disagrees", "differs", ""
ROLE_ORDER = "erp aps mes shopfloor wms procurement supplier quality workforce analytics middleware".split()


@dataclass(frozen=True)
class Cell:
    """What one system holds; `mark` says how it stands to the owner's word."""

    belief: Belief
    mark: str = ALONE
    drift: str = ""  # the id of the drift, where there is one


@dataclass
class Row:
    """One attribute: its owner, the owner's belief, and a cell for each system that holds one."""

    attribute: str
    kind: str
    owner: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def owners(self) -> Cell | None:
        return self.cells.get(self.owner)

    @property
    def disputed(self) -> bool:
        return any(cell.mark == DISAGREES for cell in self.cells.values())


@dataclass(frozen=True)
class Matrix:
    systems: tuple[str, ...]
    rows: tuple[Row, ...]


def matrix(subject: Subject, held: Iterable[Belief], landscape: Landscape, drifts: Iterable[Drift]) -> Matrix:
    """Lay out beliefs about one subject; `drifts` are those that lasted at the same moment."""
    rows: dict[str, Row] = {}
    for belief in held:
        row = rows.setdefault(belief.attribute, new_row(subject, belief.attribute, landscape))
        row.cells[belief.system] = Cell(belief)
    known = {(each.attribute, each.follower): each for each in drifts}
    for row in rows.values():
        mark_row(row, subject, landscape, known)
    return Matrix(columns(rows.values(), landscape), tuple(sorted(rows.values(), key=in_order(subject.kind))))


def new_row(subject: Subject, attribute: str, landscape: Landscape) -> Row:
    ownership = landscape.ownership(subject.kind, attribute)
    owner = landscape.owner_system(subject.plant, ownership) if ownership else None
    return Row(attribute, value_kind(subject.kind, attribute), owner.id if owner else "")


def mark_row(
    row: Row, subject: Subject, landscape: Landscape, drifts: Mapping[tuple[str, str], Drift]
) -> None:
    """Compare each cell with the owner's: past its allowance, within it, outside any duty to follow, or the same."""
    if row.owners is None:
        return
    tolerances = followers_of(subject, row.attribute, landscape)
    for system, cell in row.cells.items():
        if system == row.owner:
            continue
        apart = differ(row.kind, row.owners.belief.value, cell.belief.value, tolerances.get(system, ""))
        drift = drifts.get((row.attribute, system))
        row.cells[system] = Cell(
            cell.belief,
            mark_of(apart, system in tolerances, drift),
            drift.id if drift else "",
        )


def mark_of(apart: bool, follows: bool, drift: Drift | None) -> str:
    if not apart:
        return AGREES
    if not follows:
        return DIFFERS
    return DISAGREES if drift and drift.state == OPEN else TOLERATED


def followers_of(subject: Subject, attribute: str, landscape: Landscape) -> dict[str, str]:
    """System id -> tolerance, of those that must follow the owner."""
    ownership = landscape.ownership(subject.kind, attribute)
    terms = ownership.followers if ownership else ()
    return {
        system.id: each.tolerance for each in terms for system in landscape.of_role(subject.plant, each.role)
    }


def columns(rows: Iterable[Row], landscape: Landscape) -> tuple[str, ...]:
    """The systems that hold anything, in the order in which an order's news flows."""
    held = {system for row in rows for system in row.cells}
    return tuple(sorted(held, key=lambda each: (role_rank(landscape.systems.get(each)), each)))


def role_rank(system: System | None) -> int:
    return ROLE_ORDER.index(system.role) if system and system.role in ROLE_ORDER else len(ROLE_ORDER)


def in_order(kind: str) -> Callable[[Row], tuple[bool, int, str]]:
    """Disputed rows first, then the vocabulary's order, then attributes nobody has declared."""
    names = list(ATTRIBUTES.get(kind, {}))

    def place(row: Row) -> tuple[bool, int, str]:
        return (
            not row.disputed,
            names.index(row.attribute) if row.attribute in names else len(names),
            row.attribute,
        )

    return place
