"""Serves one Flask app on one port, with keep-alive, in a thread of its own."""

from __future__ import annotations

import logging
import threading

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class _KeepAlive(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a polled system would fill the log."""


class SystemServer:
    """An HTTP server on 127.0.0.1; port 0 takes a free one."""

    def __init__(self, app: Flask, port: int, host: str = "127.0.0.1") -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server(host, port, app, threaded=True, request_handler=_KeepAlive)
        self.address = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name=app.name, daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join(timeout=1)
        self._server.server_close()


def stop_all(servers: list[SystemServer]) -> None:
    """Stop several servers at once, since each needs a moment to notice."""
    stopping = [threading.Thread(target=server.stop) for server in servers]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join(timeout=2)
