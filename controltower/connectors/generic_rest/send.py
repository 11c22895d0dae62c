"""Writes to a mapped system: picks the case of its mapping, says it once, and reads the answer and what came of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from controltower.connectors.answers import clean
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
)
from controltower.connectors.generic_rest import send_spec
from controltower.connectors.generic_rest.expression import Expression, as_text
from controltower.connectors.generic_rest.written import (
    Document,
    document,
    encode,
    node,
    part,
    structured,
    template,
)
from controltower.connectors.target import Exchange, Target
from controltower.domain import failure
from controltower.domain.landscape import System

_decode = msgspec.json.Decoder().decode
_UNREADABLE = object()


class Written(NamedTuple):
    """A request as the target wants it."""

    path: str
    body: Any
    headers: Mapping[str, str]


class CompiledCase:
    """One case of a mapping's [send.<kind>], its expressions compiled for one system."""

    def __init__(self, spec: send_spec.Case, system: System) -> None:
        self.spec = spec
        self.when = Expression(spec.when) if spec.when else None
        self._path = template(spec.path)
        self._body = node(spec.body, system.zone) if spec.body is not None else None
        self._values = {name: part(table, system.zone) for name, table in spec.values.items()}
        self._headers = {name: Expression(text) for name, text in spec.headers.items()}
        self.duplicate_when = _optional(spec.duplicate.when if spec.duplicate else "")
        self.busy_when = _optional(spec.busy.when if spec.busy else "")
        self.refused_when = _optional(spec.refused.when if spec.refused else "")
        self.refused_words = _optional(spec.refused.words if spec.refused else "")
        if spec.read_back:
            self.read_back_path = template(spec.read_back.path)
            self.there = Expression(spec.read_back.there)
            self.absent = _optional(spec.read_back.absent)

    def fits(self, held: Document) -> bool:
        """Whether a message is of this case. Raises ValueError."""
        return self.when is None or bool(self.when.search(held))

    def values(self, held: Document) -> Document:
        """The message with the case's own values. Raises ValueError."""
        return {**held, "values": {name: value(held) for name, value in self._values.items()}}

    def written(self, held: Document) -> Written:
        """The request. Raises ValueError that says what the message lacks."""
        headers = {name: expression.text_of(held) for name, expression in self._headers.items()}
        if self.spec.idempotency:
            key = held["idempotency_key"]
            headers[self.spec.idempotency] = key if self.spec.bare_key else structured(key)
        body = self._body(held) if self._body else None
        return Written(self._path(held), body, {name: text for name, text in headers.items() if text})


class MappedTarget:
    """One system that is written to by its mapping."""

    def __init__(self, cases: send_spec.Cases, system: System, target: Target) -> None:
        """Raises ValueError for expressions that are none; the check of the mapping tells them with their place."""
        self._cases = {
            kind: [CompiledCase(case, system) for case in each.values()] for kind, each in cases.items()
        }
        self._target = target
        self.idempotent = all(case.idempotency for each in cases.values() for case in each.values())

    def can_take(self, kind: str) -> bool:
        """Whether the mapping says how messages about a kind of subject are written."""
        return bool(self._cases.get(kind))

    def send(self, outgoing: Outgoing) -> Outcome:
        """Say it once."""
        try:
            case, held = self._case(outgoing)
            written = case.written(held)
            body = b"" if written.body is None else encode(written.body)
        except (ValueError, TypeError, RecursionError) as error:
            return Outcome(FAILED, failure.UNSENDABLE, f"cannot be written: {clean(str(error))}")
        headers = {
            **({"Content-Type": "application/json"} if body else {}),
            **_traced(outgoing),
            **written.headers,
        }
        return _judged(case, self._target.exchange(case.spec.method, written.path, body, headers))

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Ask the target whether it holds what was sent."""
        try:
            case, held = self._case(outgoing)
            if case.spec.read_back is None:
                return ReadBack(UNCLEAR, "its mapping says nothing of reading back")
            path, body = case.read_back_path(held), case.written(held).body
        except (ValueError, TypeError, RecursionError) as error:
            return ReadBack(UNCLEAR, f"cannot be asked for: {clean(str(error))}")
        return _seen(case, self._target.get(path, _traced(outgoing)), held, body)

    def _case(self, outgoing: Outgoing) -> tuple[CompiledCase, Document]:
        """The first case that fits, and the message with that case's values. Raises ValueError."""
        held = document(outgoing)
        for case in self._cases.get(outgoing.subject.kind, ()):
            if case.fits(held):
                return case, case.values(held)
        raise ValueError(f"no case of [send.{outgoing.subject.kind}] fits {outgoing.type}")


def _judged(case: CompiledCase, exchange: Exchange) -> Outcome:
    """The outcome after the mapping's own words about the target's answers."""
    outcome, spec, body = exchange.outcome, case.spec, exchange.body
    if spec.duplicate and outcome.status == spec.duplicate.status and _holds(case.duplicate_when, body):
        return outcome._replace(kind=TAKEN, error="", words="it had this key already", retry_after=None)
    if spec.busy and outcome.status == spec.busy.status and _holds(case.busy_when, body):
        return outcome._replace(kind=FAILED, error=failure.BUSY)
    if outcome.kind != TAKEN or case.refused_when is None:
        return outcome
    return _looked_through(case, outcome, _answer(body))


def _looked_through(case: CompiledCase, outcome: Outcome, answer: Any) -> Outcome:
    """A good status, unless the answer's body refuses."""
    refused = case.refused_when
    if answer is _UNREADABLE:
        words = f"answered {outcome.status} with something that cannot be read"
        return outcome._replace(kind=UNSURE, error=failure.TIMEOUT, words=words)
    if refused is None or not _true(refused, answer):
        return outcome
    return outcome._replace(kind=FAILED, error=failure.PARTIAL, words=_words(case, answer, outcome.status))


def _seen(case: CompiledCase, exchange: Exchange, sent: Document, body: Any) -> ReadBack:
    """What an answer to the question says, in doubt nothing."""
    outcome = exchange.outcome
    kept = {"request": outcome.request, "response": outcome.response}
    if outcome.error in (failure.GONE, failure.REMOVED):
        # What was to be deleted and is gone, was done.
        kind = THERE if case.spec.method == "DELETE" else ABSENT
        return ReadBack(kind, f"it is not there: {outcome.words}", **kept)
    answer = _answer(exchange.body) if outcome.kind == TAKEN else _UNREADABLE
    if answer is _UNREADABLE:
        return ReadBack(UNCLEAR, outcome.words or "its answer cannot be read", **kept)
    held = {"answer": answer, "sent": sent, "body": _answer(encode(body))}
    try:
        if case.there.search(held):
            return ReadBack(THERE, f"it shows {case.there.text}", **kept)
        if case.absent is None or case.absent.search(held):
            return ReadBack(ABSENT, f"it does not show {case.there.text}", **kept)
    except ValueError as error:
        return ReadBack(UNCLEAR, clean(str(error)), **kept)
    return ReadBack(UNCLEAR, "its answer shows neither that it is there nor that it is not", **kept)


def _holds(condition: Expression | None, body: bytes) -> bool:
    if condition is None:
        return True
    answer = _answer(body)
    return answer is not _UNREADABLE and _true(condition, answer)


def _true(condition: Expression, answer: Any) -> bool:
    try:
        return bool(condition.search(answer))
    except ValueError:
        return False


def _words(case: CompiledCase, answer: Any, status: int) -> str:
    try:
        told = as_text(case.refused_words.search(answer)) if case.refused_words else ""
    except ValueError:
        told = ""
    return clean(told) or f"answered {status} with a refusal"


def _answer(body: bytes) -> Any:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _UNREADABLE


def _optional(text: str) -> Expression | None:
    return Expression(text) if text else None


def _traced(outgoing: Outgoing) -> dict[str, str]:
    return {"traceparent": outgoing.traceparent} if outgoing.traceparent else {}
