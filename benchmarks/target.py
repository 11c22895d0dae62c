"""A target in a process of its own: it answers each post after so many milliseconds and keeps all it took; at a word it
refuses everything, until it is told to accept again."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from benchmarks.towers import ROOT, free_port, serves, wait_for

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
_REFUSAL = b'{"title": "Unknown routing", "detail": "the order has no routing here"}'
_REFUSED = (
    b"HTTP/1.1 422 Unprocessable Content\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n\r\n%b"
    % (len(_REFUSAL), _REFUSAL)
)
START_SECONDS = 20.0


class Taken(NamedTuple):
    """One post as it came: when (monotonic seconds), its headers (names in lower case) and its body."""

    at: float
    headers: dict[str, str]
    body: bytes


class Target:
    """The running target, seen from outside."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/inbox"

    def taken(self) -> list[Taken]:
        """All that it got, in the order of arrival."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/taken", timeout=60) as answer:
            return msgspec.msgpack.decode(answer.read(), type=list[Taken])

    def count(self) -> int:
        """How many posts it got."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=60) as answer:
            return int(answer.read())

    def forget(self) -> None:
        """Begin anew."""
        self._tell("forget")

    def refuse(self) -> None:
        """Answer 422 to everything from now on, and keep none of it."""
        self._tell("refuse")

    def accept(self) -> None:
        """Take everything again."""
        self._tell("accept")

    def _tell(self, word: str) -> None:
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{word}", timeout=60).close()


@contextmanager
def running(milliseconds: float) -> Iterator[Target]:
    """A target that takes so long for each answer."""
    target = Target(free_port())
    words = [sys.executable, "-m", "benchmarks.target", str(target.port), str(milliseconds)]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        if not wait_for(lambda: serves(target.port), START_SECONDS):
            raise RuntimeError("the target did not start")
        yield target
    finally:
        process.terminate()
        process.wait(10)


class _Line(asyncio.Protocol):
    """One connection that is kept alive."""

    refusing = False  # of the whole target

    def __init__(self, kept: list[Taken], seconds: float) -> None:
        self._kept, self._seconds = kept, seconds
        self._held = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._held[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): held for name, _, held in (line.partition(": ") for line in lines)}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._held) < whole:
                return
            body = bytes(self._held[end + 4 : whole])
            del self._held[:whole]
            self._answer(first, headers, body)

    def _answer(self, first: str, headers: dict[str, str], body: bytes) -> None:
        if first.startswith("POST") and _Line.refusing:
            self._transport.write(_REFUSED)
            return
        if first.startswith("POST"):
            self._kept.append(Taken(time.monotonic(), headers, body))
            if self._seconds:
                asyncio.get_running_loop().call_later(self._seconds, self._transport.write, _ANSWER)
            else:
                self._transport.write(_ANSWER)
            return
        self._transport.write(_framed(self._told(first.split(" ")[1])))

    def _told(self, path: str) -> bytes:
        if path == "/taken":
            return msgspec.msgpack.encode(self._kept)
        if path == "/forget":
            self._kept.clear()
        if path in ("/refuse", "/accept"):
            _Line.refusing = path == "/refuse"
        return str(len(self._kept)).encode()


def _framed(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def _serve(port: int, seconds: float) -> None:
    kept: list[Taken] = []
    server = await asyncio.get_running_loop().create_server(
        lambda: _Line(kept, seconds), "127.0.0.1", port, backlog=512
    )
    await server.serve_forever()


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("port", type=int)
    made.add_argument("milliseconds", type=float)
    asked = made.parse_args()
    asyncio.run(_serve(asked.port, asked.milliseconds / 1000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
