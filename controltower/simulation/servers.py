"""Serves one Flask app on one port, with keep-alive, in a thread of its own; it can be shut and opened again."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import ssl
import threading
import time
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class _KeepAlive(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def setup(self) -> None:
        """Be known to the server while the connection lasts, so that shutting it cuts it."""
        super().setup()
        getattr(self.server, "connected", set()).add(self.connection)

    def finish(self) -> None:
        """Be forgotten again."""
        getattr(self.server, "connected", set()).discard(self.connection)
        # Whoever hung up does not wait for the rest of its answer.
        with contextlib.suppress(OSError):
            super().finish()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a polled system would fill the log."""


class SystemServer:
    """An HTTP server on 127.0.0.1; port 0 takes a free one, and keeps it however often it is shut."""

    def __init__(
        self, app: Flask, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._app, self._host, self.tls = app, host, tls
        self._listen(port)
        self.address = f"{'https' if tls else 'http'}://{host}:{self._server.server_port}"

    def _listen(self, port: int) -> None:
        self._server = make_server(
            self._host, port, self._app, threaded=True, request_handler=_KeepAlive, ssl_context=self.tls
        )
        self._server.connected = set()  # type: ignore[attr-defined]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name=self._app.name,
            daemon=True,
        )
        self.is_open = True

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if not self.is_open:
            return
        self.is_open = False
        self._server.shutdown()
        self._thread.join(timeout=1)
        self._server.server_close()

    def shut(self) -> None:
        """As stop; whoever is connected is cut off."""
        connected: set[Any] = self._server.connected  # type: ignore[attr-defined]
        self.stop()
        for connection in list(connected):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def reopen(self) -> None:
        """Answer on the same port again."""
        if not self.is_open:
            self._listen(self._server.server_port)
            self.start()


def wait_for_hang_up(connection: socket.socket | None, longest: float) -> None:
    """Return when the other side has closed the connection, or after so many seconds."""
    end = time.monotonic() + longest
    while connection is not None and time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            readable, _, _ = select.select([connection], [], [], 0.1)
            if not readable:
                continue
            if connection.recv(1, socket.MSG_PEEK):
                time.sleep(0.1)  # a next request on the same connection: nobody does that before an answer
                continue
        return


def stop_all(servers: list[SystemServer]) -> None:
    """Stop several servers at once, since each needs a moment to notice."""
    stopping = [threading.Thread(target=server.stop) for server in servers]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join(timeout=2)
