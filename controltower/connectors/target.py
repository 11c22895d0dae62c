"""The one way in which connectors write to a system over HTTP: it never raises, and tells what was surely not sent
from what may have arrived."""

import base64
import http.client
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import parse_url

from controltower.connectors import connection
from controltower.connectors.answers import clean, outcome_of
from controltower.connectors.contract import FAILED, TAKEN, UNSURE, Outcome
from controltower.domain import failure
from controltower.domain.landscape import System
from controltower.domain.retry import Sending

NOTHING: Mapping[str, str] = MappingProxyType({})
SHOWN_OF_AN_ANSWER = 16 * 1024  # bytes of its body that are kept
LARGEST_ANSWER = 4 * 2**20
_CHUNK = 65536
_LEAST_SECRET = 8  # shorter words are too common to be blotted out wherever they stand
_ALWAYS = {"Accept": "application/json", "User-Agent": "control-tower"}
_KEPT_OF_AN_ANSWER = ("content-type", "retry-after", "location")


class Exchange(NamedTuple):
    """One request and what came of it. `headers` (names in lower case) and `body` are the answer's; empty where
    there was none, cut where it broke off."""

    outcome: Outcome
    headers: Mapping[str, str] = NOTHING
    body: bytes = b""


class _BrokenOff(Exception):
    """An answer whose status came but whose body did not come whole in time."""

    def __init__(self, body: bytes, words: str) -> None:
        super().__init__(words)
        self.body = body


class Target:
    """One system's HTTP interface for writes, its connections kept open. Usable from many threads; follows no
    redirect, keeps no cookie, heeds no proxy or credential of the machine, and never tries again by itself."""

    def __init__(
        self, system: System, url: str, auth: AuthBase | None = None, hidden: Iterable[str] = ()
    ) -> None:
        """`url`: where the system's paths begin. `hidden`: secrets that both sides know and nobody sends, such as
        that of a signature. Raises ValueError when the URL is no http or https address."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url {url!r} must begin with http:// or https://")
        prepared = requests.Request("POST", url, auth=auth).prepare()
        self._credentials = {name: _text(value) for name, value in _shown_by(prepared).items()}
        parts = parse_url(url)
        self._root = (parts.path or "").rstrip("/")
        self._own = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._shown_own = (parts.path or "/") + ("?…" if parts.query else "")
        sending = system.sending or Sending()
        self._seconds = sending.timeout
        self._pool = connection.pool(url, sending.timeout, max(1, sending.in_flight))
        self._secrets = (*_secrets_in(self._credentials), *(each for each in hidden if each))

    def post(self, path: str, body: bytes, headers: Mapping[str, str] = NOTHING) -> Outcome:
        """POST to a path below the URL ("" = the URL itself)."""
        return self.exchange("POST", path, body, headers).outcome

    def put(self, path: str, body: bytes, headers: Mapping[str, str] = NOTHING) -> Outcome:
        """PUT to a path below the URL."""
        return self.exchange("PUT", path, body, headers).outcome

    def patch(self, path: str, body: bytes, headers: Mapping[str, str] = NOTHING) -> Outcome:
        """PATCH a path below the URL."""
        return self.exchange("PATCH", path, body, headers).outcome

    def get(self, path: str, headers: Mapping[str, str] = NOTHING) -> Exchange:
        """GET a path below the URL, as `read_back` does. A good answer is TAKEN."""
        return self.exchange("GET", path, b"", headers)

    def close(self) -> None:
        """Give up the kept connections."""
        self._pool.close()

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] = NOTHING,
        secrets: Mapping[str, str] = NOTHING,
    ) -> Exchange:
        """Ask once. `secrets` are headers that are sent and never shown. Query parameters belong to `path`."""
        shown = {**_ALWAYS, **headers}
        hidden = (*self._secrets, *_secrets_in(secrets)) if secrets else self._secrets
        request = _blotted(_request_bytes(method, self._shown(path), shown, body), hidden)
        connection.begin(self._seconds)
        try:
            found = self._asked(method, self._path(path), body, {**shown, **self._credentials, **secrets})
        except ValueError as error:  # a header or an address that cannot be written, before anything was sent
            found = Exchange(Outcome(FAILED, failure.UNSENDABLE, f"cannot be written: {clean(str(error))}"))
        except (HTTPError, OSError) as error:
            found = Exchange(_no_answer(error, connection.written()))
        return _captured(found, request, hidden)

    def _asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Exchange:
        response = self._pool.urlopen(
            method, path, body or None, headers, retries=False, redirect=False, preload_content=False
        )
        named = {name.lower(): value for name, value in response.headers.items()}
        try:
            content = _read(response)
        except _BrokenOff as broken:
            return Exchange(_broken(response.status, named, broken), named, broken.body)
        return Exchange(outcome_of(response.status, named, content), named, content)

    def _path(self, path: str) -> str:
        return self._root + path if path else self._own

    def _shown(self, path: str) -> str:
        return self._root + path if path else self._shown_own


def _read(response: BaseHTTPResponse) -> bytes:
    """An answer's body, cut at LARGEST_ANSWER. Raises _BrokenOff."""
    chunks: list[bytes] = []
    size = 0
    try:
        while size <= LARGEST_ANSWER and (chunk := response.read1(_CHUNK)):
            chunks.append(chunk)
            size += len(chunk)
    except ReadTimeoutError as error:
        raise _BrokenOff(b"".join(chunks), "did not end its answer in time") from error
    except (HTTPError, OSError) as error:
        raise _BrokenOff(b"".join(chunks), "broke off its answer") from error
    finally:
        if size > LARGEST_ANSWER or response.length_remaining:
            response.close()
    return b"".join(chunks)


def _broken(status: int, headers: Mapping[str, str], broken: _BrokenOff) -> Outcome:
    """A refusal stands by its status alone; that all is well needs the whole answer."""
    outcome = outcome_of(status, headers, broken.body)
    if outcome.kind != TAKEN:
        return outcome
    return Outcome(UNSURE, failure.TIMEOUT, f"answered {status} and {broken}", status)


def _no_answer(error: Exception, written: bool) -> Outcome:
    """Without an answer: surely not done where the request did not go out whole, else nobody knows."""
    if not written:
        return Outcome(FAILED, failure.UNREACHABLE, _unreachable(error))
    return Outcome(UNSURE, failure.TIMEOUT, _silent(error))


def _silent(error: Exception) -> str:
    if isinstance(error, ReadTimeoutError):
        return "did not answer in time"
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, http.client.HTTPException) and not isinstance(cause, http.client.RemoteDisconnected):
        return "answered something that is no HTTP"
    return "broke the connection off before it answered"


def _unreachable(error: Exception) -> str:
    if isinstance(error, NameResolutionError):
        return "its host name is not known"
    if isinstance(error, SSLError):
        return f"no secure connection: {clean(str(error))}"
    cause = error.__cause__ or error
    return f"cannot be reached: {cause.strerror if isinstance(cause, OSError) and cause.strerror else _short(error)}"


def _short(error: Exception) -> str:
    return type(error).__name__


def _captured(found: Exchange, request: bytes, hidden: tuple[str, ...]) -> Exchange:
    """The exchange with the bytes of both ways and no secret in them."""
    outcome = found.outcome
    response = _response_bytes(outcome.status, found) if outcome.status else b""
    words = outcome.words
    for secret in hidden:
        words = words.replace(secret, "•••")
    told = outcome._replace(request=request, response=_blotted(response, hidden), words=words)
    return found._replace(outcome=told)


def _request_bytes(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "replace") + body


def _response_bytes(status: int, found: Exchange) -> bytes:
    kept = "".join(
        f"{name}: {found.headers[name]}\r\n" for name in _KEPT_OF_AN_ANSWER if name in found.headers
    )
    return f"HTTP/1.1 {status}\r\n{kept}\r\n".encode("utf-8", "replace") + found.body[:SHOWN_OF_AN_ANSWER]


def _blotted(wire: bytes, hidden: tuple[str, ...]) -> bytes:
    """Bytes without secrets, wherever a target or a mapping repeats one."""
    for secret in hidden:
        wire = wire.replace(secret.encode(), "•••".encode())
    return wire


def _shown_by(prepared: requests.PreparedRequest) -> Mapping[str, str]:
    return {name: value for name, value in prepared.headers.items() if name.lower() != "content-length"}


def _secrets_in(headers: Mapping[str, str]) -> list[str]:
    """What must never be shown of credential headers: the whole value, the token behind its scheme, a password."""
    words = [word for value in headers.values() for word in (value, *_behind_the_scheme(value))]
    return [word for word in dict.fromkeys(words) if len(word) >= _LEAST_SECRET]


def _behind_the_scheme(value: str) -> tuple[str, ...]:
    """The token of a credential, and its secret where it is `user:password` or `user:id:token` in base64."""
    token = value.rpartition(" ")[2]
    try:
        held = base64.b64decode(token, validate=True).decode()
    except ValueError:
        return (token,)
    return token, held.partition(":")[2], held.rpartition(":")[2]


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
