"""The one way in which polled connectors ask a system over HTTP: every way it can fail has a name."""

import email.utils
import http.cookiejar
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import requests
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3 import Retry
from urllib3.exceptions import InvalidHeader

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.reading import Read, place_of

LONGEST_WAIT_ASKED = 3600.0
_CHUNK = 65536
LOGIN = re.compile(r"log[io]n|sign-?in|auth|sso|saml", re.IGNORECASE)


class HeaderAuth(AuthBase):
    """Sends one fixed header, such as a bearer token or an API key."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.name] = self.value
        return request


class Answer(NamedTuple):
    """A good answer: its bytes and its headers (names in lower case)."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, between two bytes, and for the whole answer; bytes of an answer."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0
    largest: int = 64 * 2**20


class Source:
    """One system's HTTP interface, its connections kept open. It never retries: the poll verb backs off."""

    def __init__(self, url: str, auth: AuthBase | None = None, limits: Limits | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url {url!r} must begin with http:// or https://")
        self.url = url.rstrip("/")
        self.limits = limits or Limits()
        self._auth = auth
        # Seconds by which its clock was ahead of ours at its newest answer; None where it never said the time.
        self.ahead: float | None = None
        self._session = requests.Session()
        # Settings of the machine (proxies, .netrc) must not decide which credentials a system is shown.
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """GET a path below the system's URL. Raises SourceUnavailable."""
        return self._asked("GET", path, parameters, None)

    def post(self, path: str, body: bytes) -> Answer:
        """POST JSON to a path below the system's URL. Raises SourceUnavailable."""
        return self._asked("POST", path, None, body)

    def _asked(
        self, method: str, path: str, parameters: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        began = time.monotonic()
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with self._session.request(
                method,
                self.url + path,
                params=parameters,
                data=body,
                auth=self._auth,
                headers={"Accept": "application/json", **sent},
                timeout=(self.limits.connect, self.limits.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._compare_clocks(response)
                if body is None or response.status_code != 201:
                    refuse_bad_status(response)
                answer = self._read(response, began + self.limits.total)
                return Answer(answer, {name.lower(): value for name, value in response.headers.items()})
        except requests.Timeout as error:
            raise SourceUnavailable("timeout", f"{path} did not answer in time: {_short(error)}") from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as error:
            raise SourceUnavailable("contract", f"{path} cannot be asked for: {_short(error)}") from error
        except requests.RequestException as error:
            raise SourceUnavailable("down", f"{path} cannot be reached: {_short(error)}") from error

    def _compare_clocks(self, response: requests.Response) -> None:
        """An answer's Date is written in whole seconds, so that it says the time to half a second."""
        try:
            said = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
        except (TypeError, ValueError):
            return
        self.ahead = said.timestamp() + 0.5 - time.time()

    def same_host_path(self, link: str) -> str:
        """Path and query of a next-page link, below our URL: credentials never go to the host in a link."""
        parts = urllib.parse.urlsplit(link)
        own = urllib.parse.urlsplit(self.url).path
        path = parts.path[len(own) :] if own and parts.path.startswith(own + "/") else parts.path
        if not path.startswith("/"):
            raise SourceUnavailable("contract", f"next-page link {link[:80]!r} has no usable path")
        return path + (f"?{parts.query}" if parts.query else "")

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > self.limits.largest:
                raise SourceUnavailable("contract", f"the answer is larger than {self.limits.largest} bytes")
            if time.monotonic() > deadline:
                raise SourceUnavailable("timeout", f"the answer took longer than {self.limits.total:.0f} s")
        return b"".join(chunks)


def refuse_bad_status(response: requests.Response) -> None:
    """Raise SourceUnavailable for every status but 200, with the system's own words where it gives some."""
    status = response.status_code
    if status == 200:
        return
    if 300 <= status < 400:
        raise _redirected(response)
    kind = _KINDS.get(status) or ("refused" if status >= 500 else "contract")
    message = f"{urllib.parse.urlsplit(response.url).path} answered {status} {_words(response)}".strip()
    raise SourceUnavailable(kind, message, retry_after(response.headers.get("Retry-After")), status)


_KINDS = {
    401: "credentials",
    403: "credentials",
    404: "removed",
    407: "credentials",
    408: "timeout",
    410: "removed",
    429: "throttled",
}


def _redirected(response: requests.Response) -> SourceUnavailable:
    """A redirect is never followed: to a login page it means a spent credential, else a wrong address."""
    target = response.headers.get("Location", "")
    kind = "credentials" if LOGIN.search(target) else "contract"
    words = f"answered {response.status_code}, a redirect to {target[:120]!r}"
    return SourceUnavailable(kind, words, status=response.status_code)


def retry_after(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for (as seconds or HTTP date), an hour at most; None without."""
    if not header:
        return None
    try:
        seconds = Retry().parse_retry_after(header)
    except (InvalidHeader, ValueError, OverflowError):
        return None
    return min(max(float(seconds), 0.0), LONGEST_WAIT_ASKED)


def read_answer(decode_bytes: Callable[[bytes], Read], answer: Answer) -> Read:
    """Decode an answer's JSON; raises SourceUnavailable("contract") with the place of the fault."""
    try:
        return decode_bytes(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        place, message = place_of(error)
        raise SourceUnavailable(
            "contract", f"the answer cannot be read at {place or '/'}: {message}"
        ) from None


def auth_of(settings: Mapping[str, str]) -> AuthBase | None:
    """The credentials by the settings `auth` (none, bearer, basic, header), token, user, password and header.

    Raises ValueError that names the setting which is wrong or missing.
    """
    style = settings.get("auth") or "none"
    if style == "none":
        return None
    if style == "bearer":
        return HeaderAuth("Authorization", f"{settings.get('scheme') or 'Bearer'} {_need(settings, 'token')}")
    if style == "basic":
        return HTTPBasicAuth(_need(settings, "user").encode(), _need(settings, "password").encode())
    if style == "header":
        return HeaderAuth(_need(settings, "header"), _need(settings, "token"))
    raise ValueError(f"setting auth is {style!r}; it must be one of none, bearer, basic, header")


def _need(settings: Mapping[str, str], name: str) -> str:
    value = settings.get(name)
    if not value:
        raise ValueError(f"setting {name} is missing")
    return str(value)


def _words(response: requests.Response) -> str:
    try:
        text = next(response.iter_content(400), b"").decode("utf-8", "replace")
    except requests.RequestException:
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]


def _short(error: Exception) -> str:
    return type(error).__name__
