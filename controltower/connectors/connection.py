"""Connections of the way out: they note whether a request went out whole, and wait for a whole answer only so long."""

import http.client
import io
import socket
import threading
import time
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Timeout, parse_url

LONGEST_CONNECT = 5.0

# The request that this thread is at: whether it went out whole, and how long its answer may take.
_at = threading.local()


def begin(seconds: float) -> None:
    """This thread is about to ask; the whole answer may take so many seconds."""
    _at.written, _at.seconds = False, seconds


def written() -> bool:
    """Whether this thread's last request was handed to the network whole. One that was cut off in the middle is never
    carried out."""
    return bool(_at.written)


class _Timely(io.RawIOBase):
    """What a socket reads, until a moment: each byte that drips in would else begin the waiting anew."""

    def __init__(self, connection: socket.socket, raw: io.RawIOBase, until: float) -> None:
        self._connection = connection
        self._raw = raw
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Timely(sock, self.fp.detach(), time.monotonic() + _at.seconds))


class _Noted:
    """Mixed into the connections of both kinds."""

    sock: socket.socket | None

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(
                _at.seconds
            )  # a kept connection still has what was left of its last answer's time
        super().request(*arguments, **options)  # type: ignore[misc]
        _at.written = True


class _Plain(_Noted, HTTPConnection):
    response_class = _Answer


class _Secured(_Noted, HTTPSConnection):
    response_class = _Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecuredPool(HTTPSConnectionPool):
    ConnectionCls = _Secured


def pool(url: str, seconds: float, size: int) -> HTTPConnectionPool:
    """Kept connections to the host of a URL, so many at once. It heeds no proxy of the machine."""
    parts = parse_url(url)
    timeout = Timeout(connect=min(LONGEST_CONNECT, seconds), read=seconds)
    host = parts.host or ""
    if parts.scheme == "https":
        return _SecuredPool(host, parts.port, timeout=timeout, maxsize=size, ca_certs=certifi.where())
    return _PlainPool(host, parts.port, timeout=timeout, maxsize=size)
