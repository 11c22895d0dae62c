"""The truth of what was broken on purpose: append-only lines that never reach the tower."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing a fault broke: whose message or record, about which subjects, and what would mend it."""

    id: str
    fault: str
    system: str
    subjects: list[str]
    what: str
    mend: str
    causes: tuple[str, ...] = ()
    verb: str = ""
    cure: str = ""
    reaches: tuple[str, ...] = ()


class Truth:
    """A JSONL file: one line when a fault hits, another when the hit is mended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def injected(self, hit: Hit, at: float) -> None:
        """Write that a fault hit at virtual unix time `at`."""
        self._write(hit, at, "injected")

    def mended(self, hit: Hit, at: float) -> None:
        """Write that a hit was made good at virtual unix time `at`."""
        self._write(hit, at, "mended")

    def read(self) -> list[dict[str, Any]]:
        """Every line so far, oldest first."""
        if not self.path.exists():
            return []
        with self._lock:
            return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def _write(self, hit: Hit, at: float, state: str) -> None:
        line = {
            "id": hit.id,
            "fault": hit.fault,
            "at": datetime.fromtimestamp(at, UTC).isoformat(),
            "system": hit.system,
            "subjects": hit.subjects,
            "what": hit.what,
            "mend": hit.mend,
            "causes": list(hit.causes),
            "verb": hit.verb,
            "cure": hit.cure,
            "reaches": list(hit.reaches),
            "state": state,
        }
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
