"""One fault's examination: break something, wait for the tower to say so, do what it suggests, see it mended."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from controltower.simulation.faults.contract import Fault
from controltower.simulation.network import Network
from controltower.simulation.score.answers import Answers, Said
from controltower.simulation.score.marking import BY_THE_TOWER, Hit, Mark, is_about, names_cause

MINUTE = timedelta(minutes=1)
HAND_OVER = "hand-over"
# Virtual minutes: until there is an occasion, until it must be found, until it must be over, until nothing is open.
OCCASION, PATIENCE, MENDING, SETTLING = 240, 480, 300, 120
# The fault does not end by itself before it is found.
FOR_GOOD = 100_000.0
OWNER_SEES_IT = 5  # minutes after which its owner mends what only he can
LISTENING = timedelta(hours=1)


class Steps(Protocol):
    """A tower that is moved by hand."""

    def step(self) -> None:
        """All that is due now."""


class Examiner:
    """Moves a network and a tower, and marks what the tower says."""

    def __init__(self, network: Network, tower: Steps, answers: Answers, seed: int) -> None:
        self._network, self._tower, self._answers, self._seed = network, tower, answers, seed
        self._spent = 0.0  # real seconds of the tower's last step

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._network.world.moment, UTC)

    def live(self, minutes: int) -> None:
        """Let time pass."""
        for _ in range(minutes):
            self._network.advance(MINUTE)
            began = time.monotonic()
            self._tower.step()
            self._spent = time.monotonic() - began

    def everything(self) -> list[Said]:
        """Whatever the tower has ever said."""
        return list(self._answers.exceptions().values())

    def orders(self) -> int:
        """How many orders there were."""
        erp = self._network.systems["erp-hq"]
        return len(erp.db.listed("order"))

    def settle(self) -> list[Said]:
        """Wait until nothing is open; what still is."""
        for _ in range(SETTLING):
            left = self._answers.open_ones()
            if not left:
                return []
            self.live(1)
        return list(self._answers.open_ones().values())

    def examine(self, name: str, round: int) -> Mark:
        """Inject one fault once. Never raises for what the tower does wrong."""
        mark = Mark(name)
        known, began = set(self._answers.exceptions()), self.now
        asked = {"seed": self._seed + round, "duration": FOR_GOOD}
        self._network.fault_on(name, asked)
        fault = self._network.world.board.active(name)
        hits = self._await_hits(name, began)
        if not hits or fault is None:
            mark.notes.append("it found no occasion to strike")
            self._network.fault_off(name)
            return mark
        mark.injected, mark.mendable = True, fault.cure in BY_THE_TOWER
        fresh = self._await_found(mark, name, began, known)
        self._mend(mark, fault, name, began, known, fresh)
        self._network.fault_off(name)
        self._count_false(mark, name, began, known)
        return mark

    def _hits(self, name: str, began: datetime) -> list[Hit]:
        return [
            line
            for line in self._network.truth.read()
            if line["fault"] == name
            and line["state"] == "injected"
            and datetime.fromisoformat(line["at"]) >= began
        ]

    def _await_hits(self, name: str, began: datetime) -> list[Hit]:
        for _ in range(OCCASION):
            hits = self._hits(name, began)
            if hits:
                return hits
            self.live(1)
        return self._hits(name, began)

    def _fresh(self, began: datetime, known: set[str]) -> list[Said]:
        """What the tower has said since, of what it had not said before."""
        found = self._answers.exceptions(since=began - LISTENING)
        return [said for id, said in found.items() if id not in known]

    def _await_found(self, mark: Mark, name: str, began: datetime, known: set[str]) -> Said | None:
        """Wait for an answer with the right cause; the best answer there was."""
        best: Said | None = None
        for _ in range(PATIENCE):
            hits = self._hits(name, began)
            related = [said for said in self._fresh(began, known) if is_about(said, hits)]
            right = [said for said in related if any(names_cause(said, hit) for hit in hits)]
            best = _best(right, hits) or _best(related, hits)
            if related and not mark.found:
                mark.found = True
            if right:
                break
            self.live(1)
        if best is not None:
            self._mark_answer(mark, best, self._hits(name, began))
        return best

    def _mark_answer(self, mark: Mark, best: Said, hits: list[Hit]) -> None:
        mark.cause_right = any(names_cause(best, hit) for hit in hits)
        mark.action_right = mark.cause_right and any(best.verb == hit["verb"] for hit in hits)
        at = max(best.opened_at, min(datetime.fromisoformat(hit["at"]) for hit in hits))
        mark.detect_seconds = max(0.0, (self.now - at).total_seconds()) + self._spent
        if not mark.cause_right:
            mark.notes.append(f"said {best.cause} ({best.rule}), right is {' or '.join(hits[0]['causes'])}")
        elif not mark.action_right:
            mark.notes.append(f"offered {best.verb}, right is {hits[0]['verb']}")

    def _mend(
        self, mark: Mark, fault: Fault, name: str, began: datetime, known: set[str], best: Said | None
    ) -> None:
        if fault.cure != "action":
            self.live(OWNER_SEES_IT)
            if best is not None and fault.cure == "owner" and best.verb == HAND_OVER:
                self._answers.remedy(best.id, "as the exception suggests")
            self._network.fault_off(name)
        if best is None:
            mark.notes.append("never found")
            return
        if fault.cure in BY_THE_TOWER:
            mark.notes += self._act(best, fault, name, began, known)
        left = self._await_over(fault, name, began, known)
        mark.mended = not left
        if left:
            mark.notes.append(f"still open: {'; '.join(left)}"[:400])

    def _act(self, best: Said, fault: Fault, name: str, began: datetime, known: set[str]) -> list[str]:
        """Do what is suggested; where its owner has to be first, a little after him."""
        if fault.cure == "owner then action":
            self.live(2)
        hits = self._hits(name, began)
        asked = (
            self._answers.remedy(said.id, "as the exception suggests")
            for said in self._alike(best, began, known, hits)
        )
        return [words for words in asked if words.startswith("refused")]

    def _alike(self, best: Said, began: datetime, known: set[str], hits: list[Hit]) -> list[Said]:
        """The answer and all others still open that say the same: a person would press the button of each."""
        return [
            said
            for said in self._fresh(began, known)
            if (said.id == best.id or (said.rule, said.verb) == (best.rule, best.verb))
            and said.resolved_at is None
            and is_about(said, hits)
        ]

    def _await_over(self, fault: Fault, name: str, began: datetime, known: set[str]) -> list[str]:
        """Wait until all that the fault gave rise to has resolved and its damage is gone; what is left of it."""
        left: list[str] = []
        for minute in range(MENDING):
            hits = self._hits(name, began)
            related = [said for said in self._fresh(began, known) if is_about(said, hits)]
            if minute == MENDING // 2:
                self._press_what_is_left(related)
            left = [f"{said.rule} {said.title}" for said in related if said.resolved_at is None]
            left += [f"damage: {hit['what']}" for hit in fault.state["hits"] if fault.is_good(hit) is False]
            if not left:
                return []
            self.live(1)
        return left

    def _press_what_is_left(self, related: Iterable[Said]) -> None:
        """What did not go by itself has a button of its own, and somebody on duty would press it."""
        for said in related:
            if said.resolved_at is None and said.verb not in ("", HAND_OVER):
                self._answers.remedy(said.id, "as the exception suggests")

    def _count_false(self, mark: Mark, name: str, began: datetime, known: set[str]) -> None:
        hits = self._hits(name, began)
        strange = [said for said in self._fresh(began, known) if not is_about(said, hits)]
        mark.false = len(strange)
        mark.notes += [f"false: {said.rule} {said.title}: {said.why}"[:300] for said in strange[:5]]


def _best(found: Iterable[Said], hits: list[Hit]) -> Said | None:
    """Of several answers the one that offers the right action, and a parent rather than its child."""
    verbs = {hit["verb"] for hit in hits}

    def rank(said: Said) -> tuple[bool, bool, datetime]:
        return said.verb not in verbs, bool(said.parent), said.opened_at

    return min(found, key=rank, default=None)
