"""Stands before a real Tryton and passes everything through, until it is told to be in trouble.

A real product cannot be broken at will. Its door can: it answers 429 and 500 by turns, takes no connection, or lets
Tryton do what it is asked and then never says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import urllib3
from flask import Flask, Response, request

from controltower.simulation.faults.contract import Call, Trouble
from controltower.simulation.servers import SystemServer, wait_for_hang_up

Judge = Callable[[Call], Trouble | None]
LONGEST_SILENCE = 300.0
PATIENCE = urllib3.Timeout(connect=5.0, read=120.0)
# Ways of asking that change nothing.
_QUESTIONS = frozenset(
    {"search_read", "read", "search", "search_count", "get_preferences", "login", "version"}
)
_OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}
)


class _Call(msgspec.Struct):
    """A call of Tryton's JSON-RPC, as far as it matters here."""

    method: str
    params: list[Any] = []


_decode_call = msgspec.json.Decoder(_Call).decode


class Gateway:
    """Forwards the requests of a Flask app to the server at `url`."""

    def __init__(self, url: str, system: str = "erp-hq") -> None:
        self.url = url.rstrip("/")
        self._system = system
        # What Tryton answers is passed on byte for byte: it marks long answers as packed, packed or not.
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=16, timeout=PATIENCE, retries=False)

    def call(self) -> Call:
        """The request at hand as the faults see it: a question counts as a GET. Its number is left out, so that the
        same call tried again is the same."""
        try:
            called = _decode_call(request.get_data())
        except msgspec.MsgspecError:
            return Call(self._system, request.method, request.full_path)
        asks = called.method.rpartition(".")[2] in _QUESTIONS
        text = f"{called.method} {msgspec.json.encode(called.params[:-1]).decode()}"
        return Call(self._system, "GET" if asks else "POST", text)

    def forward(self) -> Response:
        """Tryton's answer to the request at hand; 502 when it has none."""
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        address = self.url + request.full_path.rstrip("?")
        try:
            answer = self._pool.request(
                request.method, address, body=request.get_data(), headers=headers, decode_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            return Response(f"Tryton does not answer: {type(error).__name__}", 502)
        kept = [pair for pair in answer.headers.items() if pair[0].lower() not in _OF_THE_CONNECTION]
        return Response(answer.data, answer.status, kept)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.clear()


def told(trouble: Trouble) -> Response:
    """The answer of a door in trouble."""
    answer = Response(trouble.words, trouble.status)
    if trouble.retry_after:
        answer.headers["Retry-After"] = str(trouble.retry_after)
    return answer


def lose(answer: Response) -> Response:
    """Keep an answer back until the caller has given up."""
    wait_for_hang_up(request.environ.get("werkzeug.socket"), LONGEST_SILENCE)
    return answer


class TroubleProxy:
    """A gateway with a door of its own, for tests. `judge` may be set anew at any time; `door` can be shut."""

    def __init__(self, url: str, judge: Judge = lambda _: None, port: int = 0) -> None:
        self.judge = judge
        self.passed: list[Call] = []  # what Tryton was asked, in the order of asking
        self._gateway = Gateway(url)
        app = Flask("simulation.tryton-door")
        for rule in ("/", "/<path:path>"):
            app.add_url_rule(rule, f"forward {rule}", self._forward, methods=["GET", "POST", "PUT", "DELETE"])
        self.door = SystemServer(app, port)
        self.address = self.door.address

    def __enter__(self) -> TroubleProxy:
        self.door.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.door.shut()
        self._gateway.close()

    def _forward(self, path: str = "") -> Response:
        call = self._gateway.call()
        trouble = self.judge(call)
        if trouble and not trouble.lost:
            return told(trouble)
        self.passed.append(call)
        answer = self._gateway.forward()
        return lose(answer) if trouble else answer
