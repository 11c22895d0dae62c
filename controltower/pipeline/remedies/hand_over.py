"""Hand an exception to a named owner, with a text that says what is wrong, since when, and what is asked."""

from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import HAND_OVER
from controltower.pipeline import answer
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def letter(case: Case, landscape: Landscape) -> str:
    """The prepared text: plain words for somebody who has never seen the tower."""
    about = f"About: {case.subject.kind} {case.subject.key}, {case.subject.plant}. " if case.subject else ""
    since = f"{case.opened_at:%Y-%m-%d %H:%M} UTC"
    where = f"System: {landscape.system(case.system).title}. " if case.system else ""
    return f"{case.title}. Since {since}. {about}{where}{case.why} Please: {case.action}"


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked = case.remedy.arguments.get("to") or case.team
    team = tower.landscape.teams.get(asked)
    to = team.name if team else asked or "nobody in particular"
    answer.act(tower, case.id, who, answer.ASSIGN, to)
    return f"handed to {to}"


CURE = Cure(
    HAND_OVER, "Hand to its owner", _do, "It is assigned to its owner; nothing is sent to any system."
)
