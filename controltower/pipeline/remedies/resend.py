"""Send what a channel did not take once more, after the channel was mended."""

from controltower.domain.exception import Case
from controltower.domain.remedy import RESEND
from controltower.pipeline import notify
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    channel = case.remedy.arguments["channel"]
    number = notify.resend_all(tower, channel, who, reason)
    if not number:
        raise NotPossible(f"Nothing waits to be sent again over {channel}.")
    return f"{number} sent again over {channel}"


CURE = Cure(RESEND, "Send again over {channel}", _do)
