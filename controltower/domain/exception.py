"""Something that a person must look at: opened by a finding, resolved by itself when its condition clears."""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from controltower.domain.remedy import HANDED_OVER, Remedy
from controltower.domain.subject import Subject

OPEN, RESOLVED = "open", "resolved"


class Case(NamedTuple):
    """One exception: which rule found what, with the evidence, whose it is and what to do.

    The id is derived from what the rule found, so that reprocessing makes the same one. `opened_at` is when the
    condition came true (a deadline that passed), not when the tower happened to look. Severity: A stops production
    or falsifies books, B delays, C is a nuisance.
    """

    id: str
    rule: str
    title: str
    severity: str
    opened_at: datetime.datetime
    subject: Subject | None = None
    system: str = ""
    team: str = ""
    tier: str = ""
    cause: str = ""
    why: str = ""
    action: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()
    sightings: int = 1
    last_at: datetime.datetime | None = None
    resolved_at: datetime.datetime | None = None
    resolution: str = ""
    # What sightings of one and the same thing have in common; "" where every finding is its own exception.
    key: str = ""
    # The cause as one short name, such as "never-announced"; "" stands for the rule's own name.
    code: str = ""
    remedy: Remedy = HANDED_OVER
    # What it costs, as far as the ledger knows: {"orders": [...], "quantity", "value", "promise_date", ...}.
    impact: Mapping[str, Any] = {}
    # The exception that this one is a consequence of: then nobody is alarmed by it.
    parent: str = ""
    # Found by watching, not by reading: the inbox could not tell it again.
    watched: bool = False
    # A planned outage explains it until then; nobody is alarmed meanwhile, and `suppressed_by` says what it is.
    suppressed_until: datetime.datetime | None = None
    suppressed_by: str = ""
    # Since when it stands by itself, after it was a child or suppressed, and the sentence that says so.
    released_at: datetime.datetime | None = None
    remark: str = ""
    # How often its condition has come back since it was first opened.
    returns: int = 0

    @property
    def cause_code(self) -> str:
        return self.code or self.rule

    @property
    def state(self) -> str:
        return OPEN if self.resolved_at is None else RESOLVED

    @property
    def counts(self) -> bool:
        """Whether somebody is to be alarmed: it is nobody's child, and no planned outage explains it."""
        return not self.parent and self.suppressed_until is None

    @property
    def stands_since(self) -> datetime.datetime:
        """From when its promises count: since it was opened, or since it stands by itself."""
        return self.released_at or self.opened_at


def resolved(case: Case, at: datetime.datetime, resolution: str) -> Case:
    """The case after its condition cleared, with the reason."""
    return case._replace(resolved_at=at, resolution=resolution)


def sighted(case: Case, at: datetime.datetime, evidence: Mapping[str, Any], why: str) -> Case:
    """The case after one more sighting; the first and the latest few pieces of evidence are kept."""
    kept = (
        case.evidence
        if len(case.evidence) < _KEPT
        else (*case.evidence[: _KEPT // 2], *case.evidence[_KEPT // 2 + 1 :])
    )
    return case._replace(sightings=case.sightings + 1, last_at=at, evidence=(*kept, evidence), why=why)


_KEPT = 8
