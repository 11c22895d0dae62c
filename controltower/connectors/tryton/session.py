"""One logged-in session of a Tryton database: calls its JSON-RPC and names every way in which that can fail."""

import base64
import itertools
import threading
from typing import Any, NamedTuple

import msgspec

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.http import Answer, read_answer
from controltower.connectors.tryton.wire import SessionEnded, Wire

_GONE_WHILE_READING = "don't exist"
_TRIES = 3
CONCURRENCY = "ConcurrencyException"
# The kinds of refusal by which Tryton answers; anything else is the text of a crash.
REFUSALS = frozenset({"UserError", "UserWarning", "LoginException", CONCURRENCY, "RateLimitException"})


class Refusal(Exception):
    """Tryton understood the call and said no: its kind and its own words."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(f"{kind}: {words}" if words else kind)
        self.kind = kind
        self.words = words


class _Reply(msgspec.Struct, gc=False):
    """Tryton answers HTTP 200 with either of the two."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Any = None


class _Login(NamedTuple):
    authorization: str
    context: dict[str, Any]


_decode_reply = msgspec.json.Decoder(_Reply).decode


class Session:
    """Logs in at its first call and keeps the token; when Tryton has ended the session it logs in once more.

    Safe to call from several threads.
    """

    def __init__(self, wire: Wire, login: str, password: str) -> None:
        self._send = wire
        self._user, self._password = login, password
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._login: _Login | None = None

    def call(self, method: str, *params: Any, context: dict[str, Any] | None = None) -> msgspec.Raw:
        """The raw bytes of a method's result; `context` is added to the user's own.

        Raises Refusal when Tryton says no, SourceUnavailable when it cannot be asked.
        """
        for attempt in range(_TRIES):
            try:
                return self._call_logged_in(method, params, context or {})
            except Refusal as refusal:
                # A record deleted while Tryton was reading the list: the next reading does without it.
                if _GONE_WHILE_READING not in refusal.words or attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _call_logged_in(self, method: str, params: tuple[Any, ...], context: dict[str, Any]) -> msgspec.Raw:
        login = self._logged_in(None)
        try:
            return self._post(method, [*params, {**login.context, **context}], login.authorization)
        except SessionEnded:
            login = self._logged_in(login)
        try:
            return self._post(method, [*params, {**login.context, **context}], login.authorization)
        except SessionEnded:
            raise SourceUnavailable("credentials", "Tryton does not accept its own new session") from None

    def _logged_in(self, ended: _Login | None) -> _Login:
        """The present login; a new one where there is none or the present one is the `ended` one."""
        with self._lock:
            if self._login is None or self._login is ended:
                self._login = None
                self._login = self._log_in()
            return self._login

    def _log_in(self) -> _Login:
        try:
            answer = self._post("common.db.login", [self._user, {"password": self._password}, "en"], None)
            granted = msgspec.json.decode(answer)
            if granted is None:
                raise SourceUnavailable(
                    "credentials", f"Tryton does not know {self._user!r} by this password"
                )
            user, token = granted[:2]
            words = base64.b64encode(f"{self._user}:{user}:{token}".encode()).decode()
            authorization = f"Session {words}"
            preferences = self._post("model.res.user.get_preferences", [True, {}], authorization)
            return _Login(authorization, msgspec.json.decode(preferences, type=dict[str, Any]))
        except (Refusal, SessionEnded) as error:
            # What is none of Tryton's own refusals is a crash, which says nothing about the password.
            crashed = isinstance(error, Refusal) and error.kind not in REFUSALS
            words = f"Tryton refused the login {self._user!r}: {error}"
            raise SourceUnavailable("refused" if crashed else "credentials", words) from None
        except (TypeError, ValueError) as error:
            raise SourceUnavailable("contract", f"cannot read the answer to the login: {error}") from None

    def _post(self, method: str, params: list[Any], authorization: str | None) -> msgspec.Raw:
        body = msgspec.json.encode({"id": next(self._ids), "method": method, "params": params})
        # Tryton marks long answers as gzip whether asked for or not, and packs them only when asked for.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        return result_of(self._send(method, body, headers, authorization or ""))


def result_of(answer: Answer) -> msgspec.Raw:
    """The raw bytes of an answer's result. Raises Refusal, SourceUnavailable."""
    reply = read_answer(_decode_reply, answer)
    if reply.error:
        raise _refusal(reply.error)
    return reply.result


def _refusal(error: Any) -> Refusal:
    """`["UserError", ["words", "", null]]` or `["words", "traceback"]`."""
    kind, details = (error[0], error[1:]) if isinstance(error, list) and error else (error, [])
    first = details[0] if details else ""
    words = first[0] if isinstance(first, list) and first else first
    return Refusal(str(kind)[:200], str(words)[:500])
