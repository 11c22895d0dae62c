"""A declared flow: what begins it, its steps, what shows each one done or going wrong, and who is asked then."""

import datetime
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from controltower.domain.expectation import Sign
from controltower.domain.subject import Subject, order_of

Held = TypeVar("Held")
# Keys of what was seen beside the steps' own names, which hold no colon.
BEGUN, CANCELLED = ":begun", ":cancelled"


def key_when(step: str) -> str:
    """Under which key it is kept that a conditional step is needed."""
    return f":when:{step}"


def key_done(step: str) -> str:
    """Under which key the latest event of a type that shows a step done is kept."""
    return f":done:{step}"


def key_wrong(step: str) -> str:
    """Under which key the latest event of a type that shows a step going wrong is kept."""
    return f":wrong:{step}"


def key_good(attribute: str, system: str) -> str:
    """Under which key it is kept that a system said something fit of an attribute that a check asks for."""
    return f":good:{attribute} {system}"


@dataclass(frozen=True)
class Trouble:
    """What makes a step go wrong, and what is asked of whom then. Signs are enough; the words have defaults."""

    signs: tuple[Sign, ...] = ()
    title: str = ""
    team: str = ""
    severity: str = ""
    action: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a flow. Any one of `shown`, `check` and `route` is enough to show it done.

    `after`: the steps that it waits for. `when`: it is needed only once one of these signs was seen. `optional`: nobody
    waits for it. `check`: a built-in check of what the owner says (domain.flow_check), over the attributes `needs`.
    `route`: done when the target has applied what this route carries (taken it, where the route is never verified).
    `within`: how soon after what it waits for; `expectation`: the rule that already watches that and tells of it,
    begun by the signs in `watched`. `resend`: the route that is sent again when a person retries the step; its own one
    if none is named.
    """

    name: str
    title: str
    shown: tuple[Sign, ...] = ()
    after: tuple[str, ...] = ()
    when: tuple[Sign, ...] = ()
    check: str = ""
    needs: tuple[str, ...] = ()
    route: str = ""
    resend: str = ""
    optional: bool = False
    within: datetime.timedelta | None = None
    expectation: str = ""
    watched: tuple[Sign, ...] = ()
    team: str = ""
    severity: str = "B"
    action: str = ""
    trouble: Trouble = Trouble()

    @cached_property
    def is_plain(self) -> bool:
        """Whether its signs alone say how it stands."""
        return not (self.trouble.signs or self.check)

    @property
    def sends(self) -> str:
        """The route that a retry sends again; "" where there is none."""
        return self.resend or self.route


@dataclass(frozen=True)
class Flow:
    """Steps in their order; a step stands behind all those that it waits for. `within`: the promise for the whole."""

    name: str
    title: str
    steps: tuple[Step, ...]
    kind: str = "order"
    begins: tuple[Sign, ...] = ()
    cancelled: tuple[Sign, ...] = ()
    within: datetime.timedelta | None = None

    @cached_property
    def by_name(self) -> dict[str, Step]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}

    @cached_property
    def later(self) -> dict[str, frozenset[str]]:
        """Step -> every step that comes after it, directly or not."""
        found: dict[str, set[str]] = {step.name: set() for step in self.steps}
        for step in reversed(self.steps):
            for before in step.after:
                found[before] |= {step.name} | found[step.name]
        return {name: frozenset(after) for name, after in found.items()}

    @cached_property
    def judged(self) -> frozenset[str]:
        """The attributes whose present value matters, because it can make a step go wrong or a check fail."""
        troubled = [step for step in self.steps if step.trouble.signs]
        signs = (sign for step in troubled for sign in (*step.trouble.signs, *step.shown))
        return frozenset(sign.attribute for sign in signs if sign.attribute) | self.checked

    @cached_property
    def checked(self) -> frozenset[str]:
        """The attributes that checks ask for."""
        return frozenset(name for step in self.steps if step.check for name in step.needs)

    @cached_property
    def by_type(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(role, event type) -> the keys under which it is kept that such an event was seen."""
        return _gathered(((sign.role, sign.type), key) for key, sign in self._signs() if sign.type)

    @cached_property
    def by_value(self) -> dict[tuple[str, str], tuple[tuple[str, frozenset[str]], ...]]:
        """(role, attribute) -> the keys under which values are kept, and which values; any where none is named."""
        signs = ((key, sign) for key, sign in self._signs() if sign.attribute)
        return _gathered(((sign.role, sign.attribute), (key, sign.becomes)) for key, sign in signs)

    @cached_property
    def latest_by_type(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(role, event type) -> the keys under which the latest such event is kept, because a step can go wrong."""
        troubled = [step for step in self.steps if step.trouble.signs]
        done = ((key_done(step.name), sign) for step in troubled for sign in step.shown)
        wrong = ((key_wrong(step.name), sign) for step in troubled for sign in step.trouble.signs)
        return _gathered(((sign.role, sign.type), key) for key, sign in (*done, *wrong) if sign.type)

    @cached_property
    def _troubling(self) -> frozenset[tuple[str, str]]:
        signs = (sign for step in self.steps for sign in step.trouble.signs)
        return frozenset((sign.role, sign.attribute) for sign in signs if sign.attribute)

    def _signs(self) -> Iterator[tuple[str, Sign]]:
        """Each sign whose first sight counts, with the key under which it is kept."""
        yield from ((BEGUN, sign) for sign in self.begins)
        yield from ((CANCELLED, sign) for sign in self.cancelled)
        for step in self.steps:
            yield from ((step.name, sign) for sign in step.shown)
            yield from ((key_when(step.name), sign) for sign in step.when)
            yield from ((f":watch:{step.name}", sign) for sign in step.watched)

    def looks_at(self, role: str, event_type: str, attributes: Set[str]) -> bool:
        """Whether an event of a role can move the flow by what it says."""
        if (role, event_type) in self.by_type or (role, event_type) in self.latest_by_type:
            return True
        pairs = ((role, name) for name in attributes)
        return not self.checked.isdisjoint(attributes) or any(
            pair in self.by_value or pair in self._troubling for pair in pairs
        )

    @cached_property
    def expectations(self) -> frozenset[str]:
        """The rules that watch steps of it."""
        return frozenset(step.expectation for step in self.steps if step.expectation)

    @cached_property
    def routes(self) -> frozenset[str]:
        """The routes that show steps done."""
        return frozenset(step.route for step in self.steps if step.route)


def _gathered(pairs: Iterable[tuple[tuple[str, str], Held]]) -> dict[tuple[str, str], tuple[Held, ...]]:
    found: dict[tuple[str, str], list[Held]] = {}
    for name, held in pairs:
        found.setdefault(name, []).append(held)
    return {name: tuple(held) for name, held in found.items()}


def flow_subject(subject: Subject) -> Subject:
    """Whose flow an event moves: an operation's event moves its order's."""
    order = order_of(subject) if subject.kind == "operation" else None
    return Subject(subject.plant, f"order/{order}") if order else subject
