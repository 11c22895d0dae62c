"""The writing half of one Tryton: brings a record step by step to what is wanted, and tells how that ended."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from controltower.connectors.contract import (
    ABSENT,
    FAILED,
    TAKEN,
    THERE,
    UNCLEAR,
    UNSURE,
    Outcome,
    Outgoing,
    ReadBack,
    SourceUnavailable,
)
from controltower.connectors.tryton import inspections, order_steps
from controltower.connectors.tryton.books import Books, NotThere
from controltower.connectors.tryton.order_wanted import wanted
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.sending import NotDone, SendingWire
from controltower.connectors.tryton.session import CONCURRENCY, Refusal, Session
from controltower.connectors.tryton.step import Contrary, NotWanted, Step, Unwritable
from controltower.domain import failure
from controltower.domain.landscape import System
from controltower.domain.retry import Sending
from controltower.domain.subject import Subject

KINDS = frozenset({"order", "inspection"})
ASSIGN_BUTTONS = {"try": "assign_try", "force": "assign_force"}
MOST_STEPS = 30
SPARE_SECONDS = 15.0
_ERRORS: dict[str, str] = {
    "UserError": failure.REFUSED,
    "UserWarning": failure.REFUSED,
    "LoginException": failure.CREDENTIALS,
    "RateLimitException": failure.BUSY,
}
_OUR_OWN: dict[type[Exception], str] = {
    Unwritable: failure.UNSENDABLE,
    NotWanted: failure.REFUSED,
    Contrary: failure.CONFLICT,
    NotThere: failure.GONE,
}
# An answer in another shape than that of the Tryton we know.
_UNREADABLE = (LookupError, TypeError, ValueError, ArithmeticError)

Propose = Callable[[], Step | None]


class Desk:
    """Usable from several threads."""

    def __init__(self, places: Places, wire: SendingWire, session: Session, assign: str) -> None:
        """`session` calls over `wire`; `assign`: "try" or "force". Raises ValueError."""
        if assign not in ASSIGN_BUTTONS:
            raise ValueError(
                f"setting assign of {places.system.id} must be one of {', '.join(ASSIGN_BUTTONS)}"
            )
        self._places, self._wire, self._session = places, wire, session
        self._assign = ASSIGN_BUTTONS[assign]
        self._books = Books(session, places)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Bring the record to what is wanted, from where it stands."""
        with self._wire.noting(outgoing.traceparent) as noted:
            try:
                outcome = self._carry_out(self._proposer(outgoing))
            except NotDone as error:
                outcome = error.outcome
            except Refusal as refusal:
                outcome = _refused(refusal)
            except SourceUnavailable as error:
                outcome = _unavailable(error, noted.changing)
            except tuple(_OUR_OWN) as error:
                outcome = Outcome(FAILED, _OUR_OWN[type(error)], str(error))
            except _UNREADABLE as error:
                outcome = _unavailable(_unread(error), noted.changing)
            last = noted.last
            return outcome._replace(
                request=last.request, response=last.response, status=outcome.status or last.status
            )

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether nothing is left to do there."""
        with self._wire.noting(outgoing.traceparent) as noted:
            kind, words = self._looked(outgoing)
            return ReadBack(kind, words, noted.last.request, noted.last.response)

    def _looked(self, outgoing: Outgoing) -> tuple[str, str]:
        try:
            step = self._proposer(outgoing)()
        except tuple(_OUR_OWN) as error:
            return ABSENT, str(error)
        except (NotDone, Refusal, SourceUnavailable) as error:
            return UNCLEAR, str(error)
        except _UNREADABLE as error:
            return UNCLEAR, str(_unread(error))
        return (ABSENT, f"still to do: {step.words}") if step else (THERE, "Tryton holds it all")

    def _proposer(self, outgoing: Outgoing) -> Propose:
        """What finds the next step, from what Tryton holds at that time."""
        subject, books = outgoing.subject, self._books
        if subject.kind == "order":
            aim = wanted(self._places, outgoing)
            return lambda: order_steps.next_step(books, books.order(subject), aim, self._assign)
        if subject.kind == "inspection":
            decided = inspections.decision(outgoing)
            if decided is None:
                return lambda: None
            order = Subject(subject.plant, f"order/{decided.order}")
            return lambda: inspections.next_step(books, books.order(order), decided)
        raise Unwritable(f"Tryton is told of orders and inspections, not of a {subject.kind}")

    def _carry_out(self, propose: Propose) -> Outcome:
        done: list[str] = []
        until = time.monotonic() + _patience(self._places.system)
        while (step := propose()) is not None:
            if time.monotonic() > until:
                # The claim on a message ends some time: what is done stays done, the next attempt goes on from here.
                return Outcome(
                    FAILED, failure.TROUBLE, f"no time left for {step.words} after {', '.join(done)}"
                )
            if (done and done[-1] == step.words) or len(done) == MOST_STEPS:
                return Outcome(FAILED, failure.REFUSED, f"{step.words}: {step.vain}")
            if _is_form(self._session.call(step.method, *step.params, context={"_timestamp": step.stamps})):
                return _asked(step, done)
            done.append(step.words)
        return Outcome(TAKEN, words=", ".join(done) or "Tryton held it all already", status=200)


def _patience(system: System) -> float:
    """Seconds in which a sending must have taken its last step, so that its claim outlives it."""
    return (system.sending or Sending()).timeout + SPARE_SECONDS


def _is_form(answer: msgspec.Raw) -> bool:
    """Whether a button answers with a form to be filled in, which means that it did nothing."""
    found: Any = msgspec.json.decode(answer)
    return isinstance(found, dict)


def _asked(step: Step, done: list[str]) -> Outcome:
    if step.asks:
        return Outcome(TAKEN, words=", ".join([*done, step.asks]), status=200)
    return Outcome(FAILED, failure.CONFLICT, f"Tryton wants a form to be filled in before it is {step.words}")


def _refused(refusal: Refusal) -> Outcome:
    if refusal.kind == CONCURRENCY:
        return Outcome(FAILED, failure.TROUBLE, f"somebody else changed it at the same time: {refusal.words}")
    error = _ERRORS.get(refusal.kind)
    if error is None:  # a crash: its text stands where the kind would, and a traceback follows
        return Outcome(FAILED, failure.TROUBLE, f"Tryton failed: {refusal.kind}")
    return Outcome(FAILED, error, refusal.words or refusal.kind)


def _unread(error: Exception) -> SourceUnavailable:
    return SourceUnavailable("contract", f"Tryton's answer cannot be read: {type(error).__name__}: {error}")


def _unavailable(error: SourceUnavailable, changing: bool) -> Outcome:
    if error.kind == "credentials":
        return Outcome(FAILED, failure.CREDENTIALS, str(error))
    if changing and error.kind == "contract":  # it may have been done, but what was answered is no answer
        return Outcome(UNSURE, failure.TIMEOUT, str(error))
    return Outcome(FAILED, failure.TROUBLE, str(error))
