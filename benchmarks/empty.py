"""The empty handler that ingestion is held against: a Flask view without work, served exactly as the tower is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from benchmarks.towers import ROOT, free_port, serves, wait_for
from controltower.supervisor import die_with_parent
from controltower.web_server import CONNECTIONS, THREADS


def made() -> Flask:
    """One view that answers a webhook at once, without looking at it."""
    app = Flask(__name__)

    @app.post("/hooks/<system>")
    def take(system: str) -> tuple[str, int]:
        return "{}", 202

    @app.get("/healthz")
    def alive() -> str:
        return "{}"

    return app


def _load() -> Any:
    die_with_parent()
    return made()


@contextmanager
def running() -> Iterator[tuple[int, int]]:
    """Serve it in a process of its own; yields (port, process id)."""
    port = free_port()
    served = Popen([sys.executable, "-m", "benchmarks.empty", str(port)], cwd=ROOT)
    try:
        if not wait_for(lambda: serves(port), 30):
            raise RuntimeError("the empty handler did not start")
        yield port, served.pid
    finally:
        served.terminate()
        served.wait(20)


def main() -> None:
    Granian(
        "benchmarks.empty:made", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.WSGI, workers=1,
        blocking_threads=THREADS, backlog=CONNECTIONS, backpressure=CONNECTIONS, http=HTTPModes.http1,
        websockets=False, log_level=LogLevels.error,
    ).serve(target_loader=_load, wrap_loader=False)  # fmt: skip


if __name__ == "__main__":
    main()
