"""A declared flow: what begins it, its steps, what shows each one done or going wrong, and who is asked then."""

import datetime
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from controltower.domain.expectation import Sign
from controltower.domain.subject import Subject, order_of


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
    def _seen(self) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
        """The (role, type) and (role, attribute) pairs that any of its signs looks at."""
        signs = list(self._signs())
        return (
            frozenset((sign.role, sign.type) for sign in signs if sign.type),
            frozenset((sign.role, sign.attribute) for sign in signs if sign.attribute),
        )

    def _signs(self) -> Iterator[Sign]:
        yield from (*self.begins, *self.cancelled)
        for step in self.steps:
            yield from (*step.shown, *step.when, *step.watched, *step.trouble.signs)

    def looks_at(self, role: str, event_type: str, attributes: Set[str]) -> bool:
        """Whether an event of a role can move the flow by what it says."""
        types, pairs = self._seen
        return (
            (role, event_type) in types
            or any((role, name) in pairs for name in attributes)
            or not self.checked.isdisjoint(attributes)
        )

    @cached_property
    def expectations(self) -> frozenset[str]:
        """The rules that watch steps of it."""
        return frozenset(step.expectation for step in self.steps if step.expectation)

    @cached_property
    def routes(self) -> frozenset[str]:
        """The routes that show steps done."""
        return frozenset(step.route for step in self.steps if step.route)


def flow_subject(subject: Subject) -> Subject:
    """Whose flow an event moves: an operation's event moves its order's."""
    order = order_of(subject) if subject.kind == "operation" else None
    return Subject(subject.plant, f"order/{order}") if order else subject
