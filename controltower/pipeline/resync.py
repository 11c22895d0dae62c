"""A follower is told the owner's present values once more, whatever it was told before."""

from collections.abc import Sequence

from controltower.domain.delivery import Delivery
from controltower.domain.landscape import System
from controltower.domain.route import Route
from controltower.domain.subject import Subject
from controltower.domain.vocabulary import attribute_title
from controltower.pipeline import lanes
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.publish import Lack, compose
from controltower.pipeline.resubmit import reason_of
from controltower.pipeline.tower import Tower
from controltower.store import audit
from controltower.store.engine import again_when_deadlocked, one_at_a_time, writing


@again_when_deadlocked
def resync(tower: Tower, subject: Subject, target: str, who: str, reason: str) -> list[Delivery]:
    """Send a system the present values about a subject, by each route that leads to it. Returns the new deliveries.

    Raises NotPossible when no route leads there, or when what it would have to say is not known."""
    reason = reason_of(reason)
    system, routes = _ways(tower, subject, target)
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        made = [compose(connection, tower, route, system, subject) for route in routes]
        new = [each._replace(author=who, reason=reason) for each in made if isinstance(each, Delivery)]
        if not new:
            raise NotPossible(_lack(system, subject, made))
        stored = lanes.insert(connection, tower, new)
        for each in stored:
            detail = f"{subject} by {each.route}, as {each.id}: {reason}"
            audit.write_down(connection, audit.Entry(tower.now(), who, "delivery.resync", target, detail))
    return stored


def _ways(tower: Tower, subject: Subject, target: str) -> tuple[System, list[Route]]:
    system = tower.landscape.system(target)
    if target not in tower.senders:
        raise NotPossible(f"The tower sends nothing to {target}.")
    routes = [
        route for route in tower.landscape.routes_of(subject.kind)
        if route.target == system.role and system.serves(subject.plant)
    ]  # fmt: skip
    if not routes:
        raise NotPossible(f"No route carries {subject.kind}s of {subject.plant} to {target}.")
    return system, routes


def _lack(system: System, subject: Subject, made: Sequence[Delivery | Lack | None]) -> str:
    """Why nothing could be sent, in words."""
    missing = {name: None for each in made if isinstance(each, Lack) for name in each.missing}
    if not missing:
        return f"Nothing is known about {subject} that {system.id} would be told."
    return (
        f"{system.id} needs {', '.join(map(attribute_title, missing))} of {subject}, which nobody has told."
    )
