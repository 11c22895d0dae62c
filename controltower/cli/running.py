"""What runs: `run` (everything), `web` and `worker` (one part each, for several machines)."""

from __future__ import annotations

import argparse
import signal

from controltower import assembly, logs, web_server
from controltower.cli import whole
from controltower.cli.ground import database, settings_for
from controltower.cli.speech import Refused
from controltower.demo import EVERYTHING, HYBRID, SIMULATED, TRYTON
from controltower.workers import Worker


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this file's verbs."""
    parser = verbs.add_parser("run", help="run the tower: web and worker, started again when they die")
    parser.add_argument("--demo", action="store_true", help="with the simulated plant network")
    parser.add_argument("--erp", choices=(SIMULATED, TRYTON), default=SIMULATED, help="the demo's ERP")
    parser.add_argument(
        "--carried", choices=(HYBRID, EVERYTHING), default=HYBRID, help="what the tower carries in the demo"
    )
    parser.add_argument("--speed", type=float, default=60.0, help="the demo's seconds per real second")
    parser.add_argument("--seed", type=int, default=7, help="the same number, the same demo life")
    parser.add_argument("--no-story", action="store_true", help="the demo plays no faults of its own accord")
    parser.add_argument("--no-worker", action="store_true", help="the worker runs elsewhere")
    _add_address(parser)
    parser.set_defaults(do=whole.run)
    parser = verbs.add_parser("web", help="run the web server alone")
    _add_address(parser)
    parser.set_defaults(do=web, demo=False)
    parser = verbs.add_parser(
        "worker", help="run a worker alone: records, detects, polls what no other one polls"
    )
    parser.set_defaults(do=worker, demo=False)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (127.0.0.1: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8000)


_STOPPING = {signal.SIGTERM, signal.SIGINT}


def web(asked: argparse.Namespace) -> int:
    """Serve until told to stop."""
    logs.configure()
    settings = settings_for(asked)
    with database(settings):
        # A mistake is told here, not by a server that starts again and again.
        assembly.open_landscape(settings)
    return web_server.serve(asked.host, asked.port)


def worker(asked: argparse.Namespace) -> int:
    """Work until told to stop, then finish what is begun."""
    logs.configure()
    settings = settings_for(asked)
    # Blocked before any thread begins, so that all inherit it; an event set by a handler could deadlock with its wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    with database(settings) as connected:
        working = Worker(assembly.open_tower(settings, connected))
        assembly.settle_memory()
        working.start()
        signal.sigwait(_STOPPING)
        stopped = working.stop()
        working.tower.witness.close(1.0)
        if not stopped:
            raise Refused(
                "A job was still running; what it had not committed is done again by the next worker."
            )
    return 0
