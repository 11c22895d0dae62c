"""Sends prepared requests over many kept connections and notes each answer; cheap, so that it is no bottleneck."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

PATIENCE_SECONDS = 30.0
_CHUNK = 1 << 16


class Answer(NamedTuple):
    """The answer to one request: its place in the list, the status, the seconds from sending to the last byte."""

    number: int
    status: int
    seconds: float


class Load(NamedTuple):
    """What became of the requests; `unanswered` were sent, and the connection broke before an answer."""

    answers: list[Answer]
    unanswered: list[int]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds if self.seconds else 0.0

    def good(self) -> list[int]:
        """The places of the requests that were answered 2xx."""
        return [each.number for each in self.answers if 200 <= each.status < 300]

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of the answers came."""
        held = sorted(each.seconds for each in self.answers)
        return held[min(len(held) - 1, int(len(held) * share))] * 1000 if held else float("nan")


class _Connection:
    """One kept connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.number = -1
        self.began = 0.0
        self._out = memoryview(b"")
        self._in = b""

    def begin(self, number: int, request: bytes) -> None:
        self.number, self.began = number, time.perf_counter()
        self._out, self._in = memoryview(request), b""
        self.flush()

    def flush(self) -> bool:
        """Send what the kernel takes; whether all is sent."""
        try:
            while self._out:
                self._out = self._out[self.socket.send(self._out) :]
        except BlockingIOError:
            return False
        return True

    @property
    def sending(self) -> bool:
        return bool(self._out)

    def read(self) -> int:
        """Take in what has come; the status once the answer is whole, else 0. Raises OSError on a broken connection."""
        piece = self.socket.recv(_CHUNK)
        if not piece:
            raise ConnectionResetError
        self._in += piece
        head, found, body = self._in.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return 0
        return int(head[9:12])


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def send(port: int, requests: Sequence[bytes], connections: int = 64, seconds: float = 1e9) -> Load:
    """Send requests one after the other over each connection until all are sent or the time is up."""
    return _Sending(port, requests, connections, seconds).run()


class _Sending:
    def __init__(self, port: int, requests: Sequence[bytes], connections: int, seconds: float) -> None:
        self._left = iter(enumerate(requests))
        self._selector = selectors.DefaultSelector()
        self._answers: list[Answer] = []
        self._unanswered: list[int] = []
        self._busy = 0
        self._began = time.perf_counter()
        self._until = self._began + seconds
        self._lines = list(self._open(port, connections))

    def _open(self, port: int, connections: int) -> Iterator[_Connection]:
        for _ in range(connections):
            try:
                yield _Connection(port)
            except OSError:
                return

    def run(self) -> Load:
        for line in self._lines:
            self._selector.register(line.socket, selectors.EVENT_READ, line)
            self._next(line)
        last = self._began
        while self._busy:
            ready = self._selector.select(PATIENCE_SECONDS)
            if not ready:
                break
            for key, mask in ready:
                self._serve(key.data, mask)
            last = time.perf_counter()
        self._unanswered += [line.number for line in self._lines if line.number >= 0]
        for line in self._lines:
            line.socket.close()
        self._selector.close()
        return Load(self._answers, sorted(set(self._unanswered)), last - self._began)

    def _serve(self, line: _Connection, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE and line.flush():
                self._selector.modify(line.socket, selectors.EVENT_READ, line)
            if mask & selectors.EVENT_READ and (status := line.read()):
                self._answers.append(Answer(line.number, status, time.perf_counter() - line.began))
                self._busy -= 1
                self._next(line)
        except BlockingIOError:
            return
        except OSError:
            self._broken(line)

    def _next(self, line: _Connection) -> None:
        line.number = -1
        chosen = next(self._left, None) if time.perf_counter() < self._until else None
        if chosen is None:
            return
        self._busy += 1
        try:
            line.begin(*chosen)
        except OSError:
            self._broken(line)
            return
        if line.sending:
            self._selector.modify(line.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, line)

    def _broken(self, line: _Connection) -> None:
        self._selector.unregister(line.socket)
        if line.number >= 0:
            self._unanswered.append(line.number)
            line.number = -1
            self._busy -= 1
