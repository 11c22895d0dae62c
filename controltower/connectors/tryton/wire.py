"""How a session's calls reach Tryton: as polls do, with patience for long lists."""

from collections.abc import Mapping
from typing import Protocol

import msgspec
import requests

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.http import Answer, refuse_bad_status

CONNECT_SECONDS, READ_SECONDS = 5.0, 120.0


class SessionEnded(Exception):
    """Tryton no longer knows the session (401)."""


class Wire(Protocol):
    """Carries the calls of a session."""

    def __call__(self, method: str, body: bytes, headers: Mapping[str, str], secret: str) -> Answer:
        """POST one call of `method`; `secret` is its Authorization, "" for none. Raises SessionEnded where Tryton
        answers 401, SourceUnavailable or an exception of its own for every other way to fail."""
        ...


class PollingWire:
    """Calls with the patience of a poll, which may ask for long lists."""

    def __init__(self, url: str, database: str) -> None:
        self._endpoint, self._root = endpoint(url, database), f"{url.rstrip('/')}/"
        self._http = requests.Session()
        # Settings of the machine (proxies, .netrc) must not decide which credentials a system is shown.
        self._http.trust_env = False

    def __call__(self, method: str, body: bytes, headers: Mapping[str, str], secret: str) -> Answer:
        """One call. Raises SessionEnded, SourceUnavailable."""
        return self._called(self._endpoint, method, body, headers, secret)

    def at_the_root(self, method: str) -> Answer:
        """A call without parameters that asks the server itself, not a database. Raises as a call does."""
        body = msgspec.json.encode({"id": 0, "method": method, "params": []})
        return self._called(self._root, method, body, {"Content-Type": "application/json"}, "")

    def _called(
        self, address: str, method: str, body: bytes, headers: Mapping[str, str], secret: str
    ) -> Answer:
        shown = {"Authorization": secret} if secret else {}
        try:
            response = self._http.post(
                address,
                data=body,
                headers={**headers, **shown},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.Timeout as error:
            raise SourceUnavailable("timeout", f"{method} did not answer in time") from error
        except requests.RequestException as error:
            raise SourceUnavailable("down", f"{method}: {type(error).__name__}") from error
        if response.status_code == 401:
            raise SessionEnded("401")
        refuse_bad_status(response)
        return Answer(response.content, {name.lower(): value for name, value in response.headers.items()})


def endpoint(url: str, database: str) -> str:
    """Where a database answers JSON-RPC."""
    return f"{url.rstrip('/')}/{database}/rpc/"
