"""How the calls of a sending reach Tryton: once, with its own patience, each noted as it went over the wire."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from controltower.connectors.contract import FAILED, TAKEN, UNSURE, Outcome
from controltower.connectors.http import Answer
from controltower.connectors.target import Target
from controltower.connectors.tryton.wire import SessionEnded
from controltower.domain import failure
from controltower.domain.landscape import System

_QUESTIONS = frozenset({"search_read", "read", "search", "search_count", "get_preferences", "login"})


class NotDone(Exception):
    """A call that Tryton did not answer, or not as it should; `outcome` is what that means for the sending."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.words)
        self.outcome = outcome


class Noted:
    """What went over the wire in one sending: its last change, else its last question."""

    def __init__(self, traceparent: str) -> None:
        self.trace = {"traceparent": traceparent} if traceparent else {}
        self.changing = False  # whether the last call was a change
        self._exchanges: dict[bool, Outcome] = {}

    def keep(self, method: str, outcome: Outcome) -> None:
        """Note one call."""
        self.changing = is_change(method)
        self._exchanges[self.changing] = outcome

    @property
    def last(self) -> Outcome:
        """The exchange that is shown for the whole sending."""
        return self._exchanges.get(True) or self._exchanges.get(False) or Outcome(TAKEN)


def is_change(method: str) -> bool:
    """Whether a method may change something there: after it, no answer leaves open what happened."""
    return method.rpartition(".")[2] not in _QUESTIONS


class SendingWire:
    """Calls over the one Target of a system. Usable from several threads, each within its own `noting`."""

    def __init__(self, system: System, endpoint: str) -> None:
        # The password goes with the log-in alone; should Tryton ever say it back, it is not kept.
        self._target = Target(system, endpoint, hidden=[str(system.settings.get("password") or "")])
        self._here = threading.local()

    @contextmanager
    def noting(self, traceparent: str = "") -> Iterator[Noted]:
        """Note the calls that this thread makes."""
        self._here.noted = noted = Noted(traceparent)
        try:
            yield noted
        finally:
            self._here.noted = None

    def __call__(self, method: str, body: bytes, headers: Mapping[str, str], secret: str) -> Answer:
        """One call. Raises SessionEnded, NotDone."""
        noted: Noted = self._here.noted
        hidden = {"Authorization": secret} if secret else {}
        exchange = self._target.exchange("POST", "", body, {**headers, **noted.trace}, hidden)
        outcome = exchange.outcome
        if not secret:  # a login: its body holds the password, its answer the session
            outcome = outcome._replace(request=b"", response=b"")
        noted.keep(method, outcome)
        if outcome.status == 401:
            raise SessionEnded("401")
        if outcome.kind != TAKEN:
            raise NotDone(outcome if is_change(method) else _unchanged(outcome))
        return Answer(exchange.body, exchange.headers)


def _unchanged(outcome: Outcome) -> Outcome:
    """A question that was not answered has changed nothing, so that nothing is unknown."""
    if outcome.kind != UNSURE:
        return outcome
    return outcome._replace(kind=FAILED, error=failure.TROUBLE, words=f"a question: {outcome.words}")
