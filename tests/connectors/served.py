"""A small real HTTP server that answers polls and writes as a test wants it to."""

import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

LONGEST_SILENCE = 60.0


class Asked(NamedTuple):
    """One request: its path, its query (last value of each name), its headers (names in lower case) and the rest."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


class Reply(NamedTuple):
    """What to answer: a JSON value, or exact bytes of a body. `raw`: exact bytes on the wire, after which the
    connection is closed. `silent`: nothing at all, until the asking side gives up."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None
    raw: bytes | None = None
    silent: bool = False


class Served(NamedTuple):
    """A running server, and what it was asked."""

    url: str
    asked: list[Asked]


@contextmanager
def serve(answer: Callable[[Asked], Reply]) -> Iterator[Served]:
    """Serve on a free port until the block ends."""
    asked: list[Asked] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            request = self._request()
            asked.append(request)
            reply = answer(request)
            if reply.silent:
                over.wait(LONGEST_SILENCE)
            if reply.silent or reply.raw is not None:
                self.wfile.write(reply.raw or b"")
                self.close_connection = True
                return
            body = reply.body if reply.body is not None else json.dumps(reply.value).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def _request(self) -> Asked:
            parts = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(parts.query))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            return Asked(parts.path, query, headers, self.command, body)

        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked is in `asked`."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections are kept open by the client: without this, closing would wait for them.
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that gave up waiting is what these tests are about."""
