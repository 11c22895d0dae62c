"""A promise of service whose error budget is being spent too fast."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.slo import ALERTS, Alert, Slo

BURN = "slo-burn"
# The burn rates at which the alerts speak, and how many bad events there must be at least.
FIGURES: Mapping[str, Mapping[str, Any]] = {BURN: {**{each.name: each.burn for each in ALERTS}, "bad": 5.0}}
_SEVERITY = {"fast": "B", "steady": "B", "slow": "C"}


def case_of(
    slo: Slo, alert: Alert, limit: float, worst: tuple[str, str], landscape: Landscape, now: datetime.datetime
) -> Case:
    """The exception about an objective. `worst`: the name and target that spend most of its budget."""
    system = next((each for each in reversed(worst) if each in landscape.systems), "")
    declared = landscape.system(system) if system else None
    most = f" Most of it: {' to '.join(each for each in worst if each)}." if any(worst) else ""
    return Case(
        id=f"{BURN}-{event_id(slo.name, f'{now:%Y-%m-%dT%H}')}",
        rule=BURN,
        title=f"Promise at risk: {slo.title}",
        severity=_SEVERITY[alert.name],
        opened_at=now,
        system=system,
        team=slo.team or (declared.team if declared else ""),
        tier=declared.tier if declared else "",
        cause="Error budget spent too fast",
        why=f"Over the last {_words(alert.long)}, and still over the last {_words(alert.short)}, its error budget is"
        f" spent more than {limit:.3g} times as fast as the promise of {slo.target * 100:g} % allows.{most}",
        action="See on the page Latency and SLA what is late there, and mend that first; slow down changes until then.",
        last_at=now,
        key=slo.name,
        watched=True,
    )  # fmt: skip


def _words(length: datetime.timedelta) -> str:
    hours = length.total_seconds() / 3600
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
