"""Serves the tower over HTTP by granian: many threads, so that the webhooks of one moment share one commit."""

from __future__ import annotations

import socket
from multiprocessing import util
from typing import Any

import structlog
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from controltower import assembly, logs
from controltower.supervisor import die_with_parent

log = structlog.get_logger(__name__)

THREADS = 64
# Connections taken in at once; those beyond wait in the kernel's queue.
CONNECTIONS = 1024
STOP_SECONDS = 7
# One way out for its log, ours.
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {
        "_granian": {"handlers": [], "propagate": True},
        "granian.access": {"handlers": [], "propagate": True},
    },
}


def serve(host: str, port: int) -> int:
    """Serve until SIGTERM or Ctrl-C, then answer what has come in. Returns the exit status."""
    server = Granian(
        "app:app", address=host, port=port, interface=Interfaces.WSGI, workers=1, blocking_threads=THREADS,
        backlog=CONNECTIONS, backpressure=CONNECTIONS, http=HTTPModes.http1, websockets=False,
        log_level=LogLevels.error, log_dictconfig=_LOGGING, respawn_failed_workers=False,
        workers_kill_timeout=STOP_SECONDS,
    )  # fmt: skip
    try:
        server.serve(target_loader=_load, wrap_loader=False)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _load() -> Any:
    """Runs in the serving process: the app, with its last commit waited for at the end."""
    die_with_parent()
    logs.configure()
    app = assembly.open_app()
    assembly.settle_memory()
    # multiprocessing ends its processes without atexit; this is its own way to be called at the end.
    util.Finalize(app, app.extensions["intake"].stop, exitpriority=10)
    util.Finalize(app, app.extensions["pipeline"].witness.close, exitpriority=5)
    log.info("web started")
    return app


def taken(host: str, port: int) -> bool:
    """Whether another program listens on that address already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
